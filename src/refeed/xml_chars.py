"""Text -> text that XML 1.0 can hold."""

from __future__ import annotations

import re

ILLEGAL_XML_CHARS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML 1.0 (section 2.2) does not allow, not even as a reference."""


def xml_safe(text: str) -> str:
    """The text with U+FFFD for each character that XML does not allow.

    feedgen raises ValueError for such a character in any string, and one entry would cost the whole feed. They are
    replaced and never deleted: joining what is on both sides of one in sanitised HTML could make a link live again.
    """
    return ILLEGAL_XML_CHARS.sub("\ufffd", text)
