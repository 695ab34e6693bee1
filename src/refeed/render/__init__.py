"""Feed -> bytes, one module per format, and a validator. Pure: no clock, file, locale or time zone."""
