"""Dump -> RawEntry: bytes to text, header to fields. Judges nothing in the body. Pure."""
