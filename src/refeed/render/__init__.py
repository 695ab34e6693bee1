"""Feed -> bytes, one module per format. Pure: no clock, file, locale or time zone."""
