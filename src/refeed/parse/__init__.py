"""Dump -> RawEntry: bytes to text, the header taken apart; nothing of the body is judged. Pure."""
