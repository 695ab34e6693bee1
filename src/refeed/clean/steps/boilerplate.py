"""Steps that extract what stands around a text: the title again, credits, rights and tags."""

from __future__ import annotations

import re
from itertools import pairwise

from ..blocks import (
    HEADING_KINDS,
    Block,
    cut_text,
    extract_links,
    join_lines,
    normalize_runs,
    split_lines,
    text_of_runs,
)
from ..bylines import MAX_CREDITS_LENGTH, is_author_role, parse_credits
from ..captions import is_credited_name, parse_credit
from ..draft import Draft
from ..image_urls import picture_key
from ..text import collapse_whitespace, display_width, only_letters
from ..titles import cut_behind
from .line_patterns import MANY_BLOCKS, match_leftover

_FIRST_BLOCKS = 6
_LONGEST_RUBRIC = 30
_NARROWEST_TITLE = 16


def drop_repeated_title(draft: Draft) -> None:
    """Drop a heading near the start, or a first paragraph, that repeats the title, and the rubric directly above it.

    What the title has behind the words of such a heading is the name of the site.
    """
    for block in draft.blocks[:_FIRST_BLOCKS]:
        if block.kind in HEADING_KINDS and (title := cut_behind(draft.title, collapse_whitespace(block.text))):
            draft.title = title
    while repeated := next((block for block in draft.blocks[:_FIRST_BLOCKS] if _repeats_title(draft, block)), None):
        is_first = repeated in draft.blocks[:2] and len(draft.text_blocks()) > 1
        if repeated.kind not in HEADING_KINDS and not (repeated.kind == "p" and is_first):
            return
        draft.log_removed("title repeated", repeated.text)
        above = draft.blocks[: draft.blocks.index(repeated)]
        draft.blocks.remove(repeated)
        rubric = above[0].text if len(above) == 1 and above[0].is_text else ""
        if 0 < len(rubric) <= _LONGEST_RUBRIC and rubric[-1].isalnum() and "\n" not in rubric and len(draft.blocks) > 1:
            draft.section = draft.section or rubric
            draft.log_removed("lifted: sections", rubric)
            draft.blocks.remove(above[0])


def _repeats_title(draft: Draft, block: Block) -> bool:
    """True for the title again; in a heading also with a kicker before it, or without the one that the title has."""
    letters, title = only_letters(block.text), only_letters(draft.title)
    if not letters or letters in (title, only_letters(draft.raw.title)):
        return bool(letters)
    if block.kind not in HEADING_KINDS or display_width(draft.title) < _NARROWEST_TITLE:
        return False
    if block in draft.blocks[:2] and _has_all_words(block.text, draft.title):
        return True
    if letters.endswith(title):
        return len(letters) - len(title) <= _LONGEST_RUBRIC
    kicker = draft.title[: -len(block.text)].rstrip() if draft.title.endswith(block.text) else ""
    if sum(other.kind == block.kind for other in draft.blocks) > 1:
        return False  # a collection of news, whose title is that of the first one
    return kicker.endswith((":", "：", "|", "｜", "–", "—", "】", "]")) and len(kicker) <= len(block.text)


_TITLE_WORD = re.compile(r"\w+")
_FEWEST_WORDS = 5


def _has_all_words(heading: str, title: str) -> bool:
    """True for a longer wording of the title: all of its words, in any order, and at most as many others."""
    words, wanted = ([*map(str.casefold, _TITLE_WORD.findall(text))] for text in (heading, title))
    return len(wanted) >= _FEWEST_WORDS and set(wanted) <= set(words) and len(words) <= 2 * len(wanted)


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
    below_pictures = _blocks_below_pictures(draft)
    for block in edges:
        text = block.text
        if id(block) in below_pictures and parse_credit(text):
            continue  # who made the picture
        if "\n" in text or (len(text) <= MAX_CREDITS_LENGTH and "。" not in text):
            _extract_credits(draft, block, is_first=block is texts[0])
    draft.remove_blocks([block for block in edges if not block.runs])


def _blocks_below_pictures(draft: Draft) -> set[int]:
    """Return `id(block)` of the blocks that may say who made the picture above them. A rule says that itself.

    A picture that is repeated goes later, and what is below it stays behind.
    """
    below: set[int] = set()
    seen: set[str] = set()
    for figure, block in pairwise(() if draft.rule.is_configured else draft.blocks):
        if figure.kind == "figure" and (key := picture_key(figure.url)) not in seen:
            seen.add(key)
            below.add(id(block))
    return below


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


_END_BRACKET = re.compile(r"(?<=[。！？!?.…”」』])\s*[（(【\[]([^（）()【】\[\]]{1,60})[）)】\]]\s*$")
_END_SIGN = re.compile(r"(?<=[。！？!?.…”」』）)])\s*[■◼∎◾♦□▪]\s*$")
_END_WORD = re.compile(r"(?:全文|本文)?完|终|終|了|END|未完待[续續]|全文终|完结|完結")
_NAMES_IN_BRACKETS = re.compile(r"【(?:[\u3400-\u9fff々]{2,4}[ 　]?[\u3400-\u9fff々ぁ-んァ-ヶ]{0,4}[、・]?){1,4}】")
_REPORTER_IN_HASHES = re.compile(
    r"[#＃]\s?(?:记者|記者)([\u3400-\u9fff]{2,4}?)的?"
    r"(?:采访|採訪)?(?:报道|報道|報導)\s?[#＃]"
)
_LAST_CHARACTERS = 80


def extract_end_brackets(draft: Draft) -> None:
    """Extract what stands in brackets or as a sign after the last sentence: an end mark, or who wrote the text."""
    texts = [block for block in draft.text_blocks() if block.kind == "p"]
    for block in texts[:2]:
        if match := _REPORTER_IN_HASHES.search(block.text):
            draft.add_authors([match[1]], f"in the text: {match[0]}")
            _cut(draft, block, match, "lifted: credits")
    while texts and not draft.rule.is_configured and _cut_end(draft, texts[-1]):
        pass


def _cut_end(draft: Draft, block: Block) -> bool:
    start = max(0, len(block.text) - _LAST_CHARACTERS)
    if match := _END_SIGN.search(block.text, start):
        _cut(draft, block, match, "end marks")
        return True
    match = _END_BRACKET.search(block.text, start)
    if match is None:
        return False
    if _END_WORD.fullmatch(match[1].strip()):
        _cut(draft, block, match, "end marks")
    elif credits := parse_credits(match[1]):
        draft.add_credits(credits, f"end of the text: {match[0]}")
        _cut(draft, block, match, "lifted: credits")
    elif draft.language == "ja" and _NAMES_IN_BRACKETS.fullmatch(match[0].strip()):
        draft.add_byline(match[1], f"end of the text: {match[0]}")
        _cut(draft, block, match, "lifted: byline")
    else:
        return False
    return True


def _cut(draft: Draft, block: Block, match: re.Match[str], step: str) -> None:
    draft.log_removed(step, match[0])
    block.runs = cut_text(block.runs, match.start(), match.end())


_PHOTO_LABEL = re.compile(
    r"[（(\[]?\s?(?:(?:Crédits?|Credits?|Header|Featured|Main|Cover|Lead|Titel)[ -]?)?"
    r"(?:Foto\w*|Photo\w*|Titelbild|Bild|Picture|Image|Imagen|Zdjęcie|Fotoğraf|Kuva|Ljósmynd|Skjáskot|写真|画像|사진|[图圖][片像]?|Фото|صورة)"
    r"[\w ]{0,20}\s?[:：/]",
    re.IGNORECASE,
)
_CAPTION_END = re.compile(
    r"[（(【\[][^（）()【】\[\]]{2,40}(?:摄影?|攝影?|供图|供圖|提供|撮影)[）)】\]]|"
    r"[（(]\s?(?:AP|Reuters|AFP|EPA|Getty)? ?(?:Photo|Foto|Image|Bild|Фото)(?: credit| by)?\s?[:/ ][^()]{3,60}[)）]|"
    r"(?<=[.!?»”\"’]) ?(?:Foto|Photo|Bild|Fotografía|Фото|Ljósmynd|Skjáskot|Kuva|Zdjęcie)(?: by)?\s?[:/]\s?"
    r"[A-ZÀ-ÞА-ЯЁ][^.!?]{2,60}\.?"
)
_LONGEST_CAPTION = 300


def extract_lone_credits(draft: Draft) -> None:
    """Extract a line that says who made a picture, and drop a caption, where the picture itself is not in the body."""
    if draft.rule.is_configured or len(draft.blocks) > MANY_BLOCKS:
        return
    removed: list[Block] = []
    texts = len(draft.text_blocks())
    for at, block in enumerate(draft.blocks):
        if (
            block.kind != "p"
            or texts - len(removed) < 2
            or len(block.text) > _LONGEST_CAPTION
            or extract_links(block.runs)
        ):
            continue
        text = collapse_whitespace(block.text)
        label = _PHOTO_LABEL.match(text)
        name = text[label.end() :].strip(" )）]") if label else ""
        if label and len(text) <= MAX_CREDITS_LENGTH and is_credited_name(name):
            draft.add_credits([(label[0].strip(" :：/(（["), name)], f"line: {text[:60]}")
            draft.log_removed("lifted: credits", text)
            removed.append(block)
        elif _is_lone_caption(text) and all(near.kind != "figure" for near in draft.blocks[max(0, at - 1) : at + 2]):
            draft.log_removed("captions without pictures", text)
            removed.append(block)
    draft.remove_blocks(removed)


def _is_lone_caption(text: str) -> bool:
    """True for one or two sentences that end with who made a picture of it."""
    if len(text) > _LONGEST_CAPTION or "\n" in text:
        return False
    match = next((found for found in _CAPTION_END.finditer(text) if found.end() == len(text)), None)
    return match is not None and match.start() > 0 and "。" not in text[: match.start()].rstrip("。")


_STRAY_WORD = re.compile(r"Array|null|undefined|NaN|\[object Object\]")


def drop_stray_words(draft: Draft) -> None:
    """Drop words like `null` that software wrote in place of a missing picture or name."""
    stray = [block for block in draft.blocks[:3] if block.kind == "p" and _STRAY_WORD.fullmatch(block.text)]
    for block in stray:
        draft.log_removed("stray words", block.text)
    draft.remove_blocks(stray)


def extract_small_print(draft: Draft) -> None:
    """Extract rights, notices of the first publication and tags from the last paragraphs."""
    has_sign = any(block.text.startswith("©") for block in draft.text_blocks())
    below_pictures = _blocks_below_pictures(draft) if has_sign else set[int]()

    def is_small_print(block: Block) -> bool:
        return not (id(block) in below_pictures and block.text.startswith("©")) and _extract_rights_or_tags(
            draft, block
        )

    while line := next(filter(is_small_print, draft.text_blocks()[-3:]), None):
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
