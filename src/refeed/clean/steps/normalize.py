"""Steps for the form of a text: each picture and caption once, headings from h2, dividers between texts, the lead."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from ...model import Removal
from .. import blocks as b
from .. import url_cleaner
from ..blocks import Block
from ..draft import Draft
from ..text import collapse_whitespace
from .rule_driven import add_matched_people, matched_groups

_FILE_NAME = re.compile(
    r"[\w .()@+%-]*\.(?:jpe?g|png|gif|webp)|(?:image|img|photo|picture|图片|图像|照片)?[\W\d_]*", re.IGNORECASE
)


def merge_duplicate_images(draft: Draft) -> None:
    """Each picture once: lazy loaders, no-script copies and repeated lead images show it twice."""
    seen: dict[str, Block] = {}
    gone: list[Block] = []
    for block in b.walk_blocks(draft.blocks):
        if block.kind != "figure":
            continue
        first = seen.setdefault(url_cleaner.picture_key(block.url), block)
        if first is block:
            continue
        first.credit = first.credit or block.credit
        first.alt = first.alt or block.alt
        if block.runs and not first.runs:
            first.runs = block.runs
        draft.removed.append(Removal(step="twins", text=block.url))
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


def normalize_captions(draft: Draft) -> None:
    """A line that repeats a figure's alt is its caption; an alt that repeats the caption, or is a file name, goes."""
    gone: list[Block] = []
    for block, following in pairwise(draft.blocks):
        if block.kind == "figure" and not block.runs and following.kind == "p":
            text = collapse_whitespace(following.text)
            if text and text == collapse_whitespace(block.alt) and len(draft.text_blocks()) > 1:
                block.runs = following.runs
                gone.append(following)
    draft.remove_blocks(gone)
    for block in b.walk_blocks(draft.blocks):
        if block.kind == "figure" and block.alt:
            told = "".join((block.text + block.credit).split())
            if _FILE_NAME.fullmatch(block.alt) or "".join(block.alt.split()) in told:
                block.alt = ""


_STARRED = re.compile(r"\*\*([^*\n]{1,80})\*\*")


def normalize_headings(draft: Draft) -> None:
    """Headings from h2 down without a gap; a line in **stars** is bold; a heading of nothing but bold is not bold."""
    used = sorted({block.kind for block in b.walk_blocks(draft.blocks) if block.kind in b.HEADING_KINDS})
    level = {kind: b.HEADING_KINDS[index] for index, kind in enumerate(used)}
    for block in b.walk_blocks(draft.blocks):
        if block.kind in level:
            block.kind = level[block.kind]
            block.runs = b.normalize_runs(
                (text, tuple(mark for mark in marks if mark[0] != "strong")) for text, marks in block.runs
            )
        elif block.kind == "p" and len(block.runs) == 1 and (match := _STARRED.fullmatch(block.runs[0][0])):
            block.runs = [(match[1].strip(), (("strong", ""),))]


def join_datelines(draft: Draft) -> None:
    """`华盛顿 —` left on a line of its own goes back in front of its text."""
    for at, block in enumerate(draft.blocks[:4]):
        text = block.text
        if block.kind == "p" and len(text) <= 20 and text.endswith(("—", "–")) and at + 1 < len(draft.blocks):
            following = draft.blocks[at + 1]
            if following.kind == "p":
                following.runs = b.normalize_runs([*block.runs, (" ", ()), *following.runs])
                draft.blocks.remove(block)
            return


def normalize_dividers(draft: Draft) -> None:
    """Dividers only between two texts, and one where several were."""
    kept: list[Block] = []
    for block in draft.blocks:
        if block.kind == "hr" and (not kept or kept[-1].kind == "hr"):
            continue
        kept.append(block)
    while kept and kept[-1].kind == "hr":
        kept.pop()
    draft.blocks = kept


def extract_lead(draft: Draft) -> None:
    """The source's own summary: above the lead image, or a bold first paragraph. It stays in the text."""
    texts = draft.text_blocks()
    if not texts:
        return
    first = texts[0]
    pattern = draft.rule.lead
    if pattern is not None and _is_above_picture(draft, first) and (match := pattern.search(first.text)):
        _lift_byline(draft, first, matched_groups(match))
        draft.lead = first.text
        draft.log_origin("summary", "the source's lead")
    elif len(first.text) >= _SHORTEST_LEAD and len(texts) > 1 and _is_bold(first):
        draft.lead = first.text
        draft.log_origin("summary", "bold first paragraph")


_SHORTEST_LEAD = 30


def _is_above_picture(draft: Draft, first: Block) -> bool:
    if draft.blocks[0] is not first:
        return False
    return draft.lead_above_dropped_image or (len(draft.blocks) > 1 and draft.blocks[1].kind == "figure")


def _is_bold(block: Block) -> bool:
    return all(("strong", "") in marks for text, marks in block.runs if text.strip())


def _lift_byline(draft: Draft, first: Block, groups: dict[str, str]) -> None:
    """Take a byline that stands before the lead, on the same line, out of the text."""
    if "author" not in groups:
        return
    add_matched_people(draft, groups, "lead")
    cut = len(first.text) - len(groups.get("lead", ""))
    draft.log_removed("lifted: byline", first.text[:cut])
    first.runs = b.cut_text(first.runs, 0, cut)
