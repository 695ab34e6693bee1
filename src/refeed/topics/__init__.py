"""Entry + topic rules -> labels with reasons. Pure: uses no file and no clock, and keeps no state except the rules."""
