"""Feed -> bytes, one module a format, and a check of what they write. Pure: no clock, file, locale or time zone."""
