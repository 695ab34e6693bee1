"""Which characters a feed can carry."""

from __future__ import annotations

import re

ILLEGAL_XML_CHARS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 cannot carry, not even as a reference (its section 2.2)."""


def xml_safe(text: str) -> str:
    """The text with U+FFFD for each character that XML cannot carry: feedgen raises ValueError for one in any string,
    and one entry would cost the feed. Replaced and never deleted: what stood on both sides of it in sanitised HTML
    could make a link live again."""
    return ILLEGAL_XML_CHARS.sub("\ufffd", text)
