"""Feed -> bytes: one function for each format, one for each list of feeds, and the checks of what they write."""
