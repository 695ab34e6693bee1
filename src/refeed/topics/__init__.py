"""Entry + topic rules -> labels, with the reasons. Pure: no file, clock or state beyond the rules it was built with."""
