"""A body of plain text -> paragraphs."""

from __future__ import annotations

import re

_TAG = re.compile(r"<[A-Za-z/!?]")
_BLANK_LINE = re.compile(r"\n[ \t\u3000]*\n\s*")


def paragraphs(body: str) -> str:
    """The body; when it has blank lines and no markup at all, each block between them as a paragraph.

    Posts and text files are written so, and as HTML they would run together into one.
    """
    if "\n" not in body or _TAG.search(body):
        return body
    blocks = _BLANK_LINE.split(body)
    return "\n".join(f"<p>{block}</p>" for block in blocks) if len(blocks) > 1 else body
