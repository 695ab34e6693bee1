"""Steps for the form of a text: each picture and caption once, headings from h2, dividers between texts, the lead."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from ..model import Removed
from . import blocks as b
from . import links
from .blocks import Block
from .draft import Draft
from .ruled import apply_groups, named_groups
from .text import squeezed

_FILE_NAME = re.compile(
    r"[\w .()@+%-]*\.(?:jpe?g|png|gif|webp)|(?:image|img|photo|picture|图片|图像|照片)?[\W\d_]*", re.IGNORECASE
)


def twins(draft: Draft) -> None:
    """Each picture once: lazy loaders, no-script copies and repeated lead images show it twice."""
    seen: dict[str, Block] = {}
    gone: list[Block] = []
    for block in b.walk(draft.blocks):
        if block.kind != "figure":
            continue
        first = seen.setdefault(links.identity(block.url), block)
        if first is block:
            continue
        first.credit = first.credit or block.credit
        first.alt = first.alt or block.alt
        if block.runs and not first.runs:
            first.runs = block.runs
        draft.removed.append(Removed(step="twins", text=block.url))
        if block.runs and first.runs is not block.runs and block.text not in first.text:
            block.kind = "p"
        else:
            gone.append(block)
    if gone:
        draft.blocks = _without(draft.blocks, set(map(id, gone)))


def _without(found: Sequence[Block], gone: set[int]) -> list[Block]:
    kept: list[Block] = []
    for block in found:
        if id(block) in gone:
            continue
        if block.children:
            block.children = _without(block.children, gone)
            if not block.children:
                continue
        kept.append(block)
    return kept


def captions(draft: Draft) -> None:
    """A line that repeats a figure's alt is its caption; an alt that repeats the caption, or is a file name, goes."""
    gone: list[Block] = []
    for block, following in pairwise(draft.blocks):
        if block.kind == "figure" and not block.runs and following.kind == "p":
            text = squeezed(following.text)
            if text and text == squeezed(block.alt) and len(draft.texts()) > 1:
                block.runs = following.runs
                gone.append(following)
    draft.remove(gone)
    for block in b.walk(draft.blocks):
        if block.kind == "figure" and block.alt:
            told = "".join((block.text + block.credit).split())
            if _FILE_NAME.fullmatch(block.alt) or "".join(block.alt.split()) in told:
                block.alt = ""


_STARRED = re.compile(r"\*\*([^*\n]{1,80})\*\*")


def headings(draft: Draft) -> None:
    """Headings from h2 down without a gap; a line in **stars** is bold; a heading of nothing but bold is not bold."""
    used = sorted({block.kind for block in b.walk(draft.blocks) if block.kind in b.HEADINGS})
    level = {kind: b.HEADINGS[index] for index, kind in enumerate(used)}
    for block in b.walk(draft.blocks):
        if block.kind in level:
            block.kind = level[block.kind]
            block.runs = b.tidy(
                (text, tuple(mark for mark in marks if mark[0] != "strong")) for text, marks in block.runs
            )
        elif block.kind == "p" and len(block.runs) == 1 and (match := _STARRED.fullmatch(block.runs[0][0])):
            block.runs = [(match[1].strip(), (("strong", ""),))]


def datelines(draft: Draft) -> None:
    """`华盛顿 —` left on a line of its own goes back in front of its text."""
    for at, block in enumerate(draft.blocks[:4]):
        text = block.text
        if block.kind == "p" and len(text) <= 20 and text.endswith(("—", "–")) and at + 1 < len(draft.blocks):
            following = draft.blocks[at + 1]
            if following.kind == "p":
                following.runs = b.tidy([*block.runs, (" ", ()), *following.runs])
                draft.blocks.remove(block)
            return


def dividers(draft: Draft) -> None:
    """Dividers only between two texts, and one where several were."""
    kept: list[Block] = []
    for block in draft.blocks:
        if block.kind == "hr" and (not kept or kept[-1].kind == "hr"):
            continue
        kept.append(block)
    while kept and kept[-1].kind == "hr":
        kept.pop()
    draft.blocks = kept


def lead(draft: Draft) -> None:
    """The source's own summary: above the lead image, or a bold first paragraph. It stays in the text."""
    texts = draft.texts()
    if not texts:
        return
    first = texts[0]
    pattern = draft.ready.lead
    if pattern is not None and _is_above_picture(draft, first) and (match := pattern.search(first.text)):
        _lift_byline(draft, first, named_groups(match))
        draft.lead = first.text
        draft.note_origin("summary", "the source's lead")
    elif len(first.text) >= _SHORTEST_LEAD and len(texts) > 1 and _is_bold(first):
        draft.lead = first.text
        draft.note_origin("summary", "bold first paragraph")


_SHORTEST_LEAD = 30


def _is_above_picture(draft: Draft, first: Block) -> bool:
    if draft.blocks[0] is not first:
        return False
    return draft.above_picture or (len(draft.blocks) > 1 and draft.blocks[1].kind == "figure")


def _is_bold(block: Block) -> bool:
    return all(("strong", "") in marks for text, marks in block.runs if text.strip())


def _lift_byline(draft: Draft, first: Block, groups: dict[str, str]) -> None:
    """Take a byline that stands before the lead, on the same line, out of the text."""
    if "author" not in groups:
        return
    apply_groups(draft, groups, "lead")
    cut = len(first.text) - len(groups.get("lead", ""))
    draft.drop("lifted: byline", first.text[:cut])
    first.runs = b.cut_text(first.runs, 0, cut)
