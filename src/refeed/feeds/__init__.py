"""Defines the feeds, the entries that each one shows, and who may read it."""
