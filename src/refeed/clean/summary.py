"""A finished draft -> the summary of its entry, as plain text."""

from __future__ import annotations

from collections.abc import Iterable

from . import blocks as b
from .blocks import Block
from .draft import Draft
from .text import beginning, one_line, squeezed

_LONGEST = 200
"""Characters, at most; the source's own lead may have twice as many."""


def summary(draft: Draft) -> str:
    """The source's lead, otherwise the first sentences of the text, otherwise the first words that there are."""
    if draft.lead:
        return beginning(one_line(draft.lead), 2 * _LONGEST)
    texts = [block for block in draft.blocks if block.kind != "figure"]
    return beginning(_sentences(texts) or _first_words(texts) or _first_words(draft.blocks), _LONGEST)


def _sentences(blocks: Iterable[Block]) -> str:
    """The first paragraphs, until they are long enough."""
    text = ""
    for block in blocks:
        if block.kind == "p" and not _is_aside(block):
            text += (" " if text and text[-1].isascii() else "") + one_line(block.text)
            if len(text) >= _LONGEST // 3:
                break
    return text


def _is_aside(block: Block) -> bool:
    """Nothing but links, or a short bold line: no sentence to begin a summary with."""
    if len(block.text) < 30 and all(("strong", "") in marks for _, marks in block.runs):
        return True
    return bool(b.links(block.runs)) and not squeezed(b.unlinked(block.runs))


def _first_words(blocks: Iterable[Block]) -> str:
    return next((one_line(block.text) for block in blocks if block.text.strip()), "")
