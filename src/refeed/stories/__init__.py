"""Entries -> stories, one for each event, and digests of a day or a week."""
