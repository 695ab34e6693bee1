"""Dump -> RawEntry: bytes become text, the header becomes fields. The body is not judged. Pure."""
