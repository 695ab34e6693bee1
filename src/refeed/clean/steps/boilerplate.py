"""Steps that extract what stands above and below a text: dates, names, credits, rights, tags, and the title again."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import takewhile

from ..blocks import (
    HEADING_KINDS,
    Block,
    extract_links,
    join_lines,
    normalize_runs,
    split_lines,
    text_of_runs,
)
from ..body_dates import parse_body_date
from ..bylines import BYLINE_TAIL, CAPITALIZED_NAME, MAX_CREDITS_LENGTH, is_author_role, parse_credits
from ..draft import Draft
from ..text import collapse_whitespace, only_letters
from .leftovers import match_leftover

_PREAMBLE_BLOCKS = 3
_LONGEST_PREAMBLE_LINE = 40
_LONGEST_METADATA = 120
_DIGIT = re.compile(r"\d")
_PREAMBLE_SEPARATOR = re.compile(
    r"\s*[|｜丨︱]\s*|\s+[·•∙/—–-]\s+|\s{2,}|"
    r"\s*(?=(?:来源|來源|作者|记者|编辑|責任編輯|责任编辑|Source|Author|By)\s*[:：])"
)
_LABELLED_SOURCE = re.compile(r"(?:来源|來源|出处|出處|Source|Quelle|Fuente|Источник|出典)\s*[:：]\s*\S.{0,40}")


def extract_preamble(draft: Draft) -> None:
    """Extract date and names from paragraphs above the text. The text begins at the first longer paragraph."""
    above = [block for block in draft.blocks[: 2 * _PREAMBLE_BLOCKS] if block.kind not in ("figure", "hr")]
    for block in above[:_PREAMBLE_BLOCKS]:
        if not block.is_text or len(draft.blocks) == 1:
            return
        if _extract_metadata(draft, block):
            draft.log_removed("lifted: date and byline", block.text)
            draft.blocks.remove(block)
        elif _extract_byline(draft, block):
            continue
        elif len(block.text) > _LONGEST_PREAMBLE_LINE:
            return


def _extract_metadata(draft: Draft, block: Block) -> bool:
    """Extract date and names from a block that holds nothing else; False for any other block."""
    lines = [text_of_runs(line).strip() for line in split_lines(block.runs)]
    if len(lines) > _PREAMBLE_BLOCKS or any(len(line) > _LONGEST_METADATA for line in lines):
        return False
    if _DIGIT.search(block.text) is None:
        return False
    date = parse_body_date(lines[-1])
    if date is None:
        return _extract_pieces(draft, block)
    # A day without a time may be the first line of a diary. It is metadata only when it is in italics, as the full-text
    # service writes it, or when it is the only line and close to the dump's time.
    if date.day_only and not all(("em", "") in marks for text, marks in block.runs if text.strip()):
        day = date.at.replace(tzinfo=draft.raw.dump_time.tzinfo)
        if "\n" in block.text or abs(draft.raw.dump_time - day) > timedelta(hours=72):
            return False
    draft.set_date(date, f"line above the text: {lines[-1]}")
    draft.add_byline("、".join(lines[:-1]), "line above the text")
    return True


def _extract_pieces(draft: Draft, block: Block) -> bool:
    """Extract `2020-07-01 12:00 来源：某报 | 作者：某人 | 5 min read`, where each piece is known; else False."""
    pieces = [piece for piece in _PREAMBLE_SEPARATOR.split(block.text.replace("\n", " | ")) if piece]
    dates = [parse_body_date(piece) for piece in pieces]
    others = [piece for piece, date in zip(pieces, dates, strict=True) if date is None]
    bylines = [match for piece in others if (match := _BYLINE.fullmatch(piece))]
    counts = [
        piece for piece in others if any(match_leftover(kind, piece, draft.language) for kind in ("counts", "comments"))
    ]
    if not (len(others) < len(pieces) or counts or (bylines and len(pieces) > 1)):
        return False
    for piece in others:
        known = piece in counts or _BYLINE.fullmatch(piece) or _LABELLED_SOURCE.fullmatch(piece) or parse_credits(piece)
        if not known and not draft.is_outlet(piece):
            return False
    for piece, date in zip(pieces, dates, strict=True):
        draft.set_date(date, f"line above the text: {piece}")
    for match in bylines:
        draft.add_byline(match["names"] or match["written"] or "", "line above the text")
    for piece in others:
        draft.add_credits(parse_credits(piece), "line above the text")
    return True


_FIRST_BLOCKS = 6


def drop_repeated_title(draft: Draft) -> None:
    """Drop a heading near the start, or a first paragraph, that only repeats the title."""
    titles = {only_letters(draft.title), only_letters(draft.raw.title)} - {""}
    while repeated := next(
        (block for block in draft.blocks[:_FIRST_BLOCKS] if only_letters(block.text) in titles), None
    ):
        is_first = repeated in draft.blocks[:2] and len(draft.text_blocks()) > 1
        if repeated.kind not in HEADING_KINDS and not (repeated.kind == "p" and is_first):
            return
        draft.log_removed("title repeated", repeated.text)
        draft.blocks.remove(repeated)


_SHORTEST_LEAD = 12


def drop_repeated_lead(draft: Draft) -> None:
    """Drop a heading, or the next paragraph below a picture, that only repeats the first paragraph.

    A paragraph further down is the author's own refrain.
    """
    texts = draft.text_blocks()[:_FIRST_BLOCKS]
    lead = only_letters(texts[0].text) if texts else ""
    if len(lead) < _SHORTEST_LEAD:
        return
    start = draft.blocks.index(texts[0])
    for block in texts[1:]:
        above = draft.blocks[start + 1 : draft.blocks.index(block)]
        is_next = block is texts[1] and any(other.kind == "figure" for other in above)
        if only_letters(block.text) == lead and (block.kind in HEADING_KINDS or is_next):
            draft.log_removed("lead repeated", block.text)
            draft.blocks.remove(block)


def extract_credit_lines(draft: Draft) -> None:
    """Extract lines of roles and names (记者：甲 责编：乙) from the first and last paragraphs."""
    texts = draft.text_blocks()
    edges = [*texts[:2], *texts[max(2, len(texts) - 4) :]]
    for block in edges:
        text = block.text
        if "\n" in text or (len(text) <= MAX_CREDITS_LENGTH and "。" not in text):
            _extract_credits(draft, block, is_first=block is texts[0])
    draft.remove_blocks([block for block in edges if not block.runs])


def _extract_credits(draft: Draft, block: Block, *, is_first: bool) -> None:
    """Extract credits from the first line and the last two of a paragraph.

    In the first paragraph, a single name whose role is not in AUTHOR_ROLES stays, because it may begin a sentence
    (编辑 and a name).
    """
    lines = split_lines(block.runs)
    kept = []
    for index, line in enumerate(lines):
        text = collapse_whitespace(text_of_runs(line))
        credits = parse_credits(text) if index in (0, len(lines) - 2, len(lines) - 1) else []
        if credits and (not is_first or len(credits) > 1 or is_author_role(credits[0][0])):
            draft.add_credits(credits, f"line: {text[:60]}")
            draft.log_removed("lifted: credits", text)
        else:
            kept.append(line)
    if len(kept) != len(lines):
        block.runs = normalize_runs(join_lines(kept))


_NAMES = rf"{CAPITALIZED_NAME}(?:(?:,| and| und| et| y| e| и| &|, and) {CAPITALIZED_NAME})*"
_BYLINE = re.compile(
    r"(?:[Bb][Yy]|Von|Par|Por|Di|Door|Автор|Авторы|(?:Written|Words|Story|Text) by|Text von)[:：]? "
    rf"(?P<names>{_NAMES}){BYLINE_TAIL}{{0,2}}|"
    r"(?:取材・)?文\s*[/／|｜丨︱:：=＝]\s*(?P<written>[^。，:：]{2,20})|"
    r"submitted by (?P<user>/?u/[\w-]{2,30})"
)


def extract_byline(draft: Draft) -> None:
    """Extract `By Ada Lovelace and Charles Babbage` or `文/某人` when a first or the last paragraphs are only that."""
    texts = draft.text_blocks()
    below = [*takewhile(_match_byline, reversed(texts[2:]))]
    for block in [*texts[:2], *reversed(below)]:
        _extract_byline(draft, block)


def _match_byline(block: Block) -> re.Match[str] | None:
    text = collapse_whitespace(block.text)
    return _BYLINE.fullmatch(text.rstrip(". ")) if len(text) <= MAX_CREDITS_LENGTH else None


def _extract_byline(draft: Draft, block: Block) -> bool:
    text, match = collapse_whitespace(block.text), _match_byline(block)
    if match is None or len(draft.blocks) == 1:
        return False
    if match["user"]:
        draft.add_authors([match["user"]], f"line: {text}")
    else:
        draft.add_byline(match["names"] or match["written"], f"line: {text}")
    draft.log_removed("lifted: byline", text)
    draft.blocks.remove(block)
    return True


_STRAY_WORD = re.compile(r"Array|null|undefined|NaN|\[object Object\]")


def drop_stray_words(draft: Draft) -> None:
    """Drop words like `null` that software wrote in place of a missing picture or name."""
    stray = [block for block in draft.blocks[:3] if block.kind == "p" and _STRAY_WORD.fullmatch(block.text)]
    for block in stray:
        draft.log_removed("stray words", block.text)
    draft.remove_blocks(stray)


def extract_small_print(draft: Draft) -> None:
    """Extract rights, notices of the first publication and tags from the last paragraphs."""
    while line := next((block for block in draft.text_blocks()[-3:] if _extract_rights_or_tags(draft, block)), None):
        draft.blocks.remove(line)


def _extract_rights_or_tags(draft: Draft, block: Block) -> bool:
    text = collapse_whitespace(block.text)
    if len(draft.blocks) == 1:
        return False
    if match_leftover("rights", text, draft.language):
        draft.rights = f"{draft.rights} {text}".strip()
        draft.log_origin("rights", "line below the text")
        draft.log_removed("lifted: rights", text)
        return True
    if match := match_leftover("tags", text, draft.language):
        names = next(group for group in match.groups() if group)
        draft.add_tags([name for _, name in extract_links(block.runs)] or re.split(r"[、，,;；|/]|\s{2,}", names))
        draft.log_removed("lifted: tags", text)
        return True
    return False
