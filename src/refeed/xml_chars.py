"""Text -> text that XML 1.0 can hold."""

from __future__ import annotations

import re

ILLEGAL_XML_CHARS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML 1.0 (section 2.2) does not allow, not even as a reference."""


def xml_safe(text: str) -> str:
    """The text with U+FFFD for each character that XML does not allow.

    feedgen raises ValueError for such a character in any string, so one entry would break the whole feed. Characters
    are replaced, not deleted: deletion joins the text on both sides, which could restore a link that was sanitized.
    """
    return ILLEGAL_XML_CHARS.sub("\ufffd", text)
