"""Steps that extract the lines of metadata around a text: sections, names, dates and counts above it, names below it.

They stand above the text in any order, also around a standfirst: one paragraph between the title and the text. A line
counts only when each piece of it is known.
"""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise, takewhile
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from ..blocks import (
    HEADING_KINDS,
    Block,
    Run,
    extract_links,
    join_lines,
    leaf_blocks,
    normalize_runs,
    split_lines,
    text_of_runs,
    text_outside_links,
)
from ..body_dates import BodyDate, has_date_label, parse_body_date, split_date
from ..bylines import BYLINE_TAIL, CAPITALIZED_NAME, MAX_CREDITS_LENGTH, is_job, parse_credits
from ..draft import Draft
from ..text import collapse_whitespace, only_letters
from ..url_cleaner import is_author_link, is_tag_link
from .line_patterns import TAG_WORDS, match_leftover

_FIRST_BLOCKS = 12
"""How far down metadata may stand. Of these, pictures and headings do not count."""
_LAST_BLOCKS = 10
_MOST_LINES = 6
_LONGEST_LINE = 40
"""A longer paragraph without metadata is the standfirst, or begins the text."""
_LONGEST_METADATA = 120
_SHORTEST_TITLE = 4
_LONGEST_SECTION = 30
_DIGIT = re.compile(r"\d")
_WORD = re.compile(r"\w")
_LETTER = re.compile(r"[^\W\d_]")
_SEPARATOR = re.compile(
    r"\s*[|｜丨︱]\s*|\s+[·•∙/—–-]\s+|\s{2,}|"
    r"\s*(?=(?:来源|來源|作者|记者|编辑|責任編輯|责任编辑|Source|Author|By)\s*[:：])|"
    r"\s*[([]?\s*(?=(?:(?:Last )?Updated|Aktualisiert|Mis à jour|Actualizado|Atualizado|Aggiornato|"
    r"modifica il|[UÚ]ltim[ao] (?:modifica|aggiornamento|actualización|atualização)|Dernière mise|"
    r"Laatst bijgewerkt|Uppdaterad|Oppdatert|Opdateret|Päivitetty|Aktualizacja|Güncelleme|Обновлено|수정)\b)"
)
_UPDATED = (
    r"(?:(?:last )?updated|aktualisiert|mis à jour|actualizado|atualizado|aggiornato|modifica|uppdaterad|oppdatert|"
    r"opdateret|päivitetty|aktualizacja|güncelleme|обновлено|수정)"
)
_DASHED_TIME = re.compile(r"(?<=\d{4})\s?[-–—,|]\s?(?=\d{1,2}[:.h]\d{2}\b)")
"""Between a day and its time."""
_UPDATE = re.compile(
    rf"{_UPDATED}[: ]{{1,2}}(?:(?:at|um|à|a las|às|alle|kl|il|le|am|på)\.? )?[\d.:h/ ]{{4,16}}\)?", re.IGNORECASE
)
_UPDATE_WORD = re.compile(rf"\b{_UPDATED}\b", re.IGNORECASE)
_LABELLED_SOURCE = re.compile(
    r"(?:来源|來源|出处|出處|Source|Quelle|Fuente|Fonte|Bron|Källa|Kilde|Lähde|Źródło|Zdroj|Kaynak|Forrás|Sursa|Nguồn|Sumber|"
    r"Источник|Джерело|المصدر|출처|出典)\s*[:：]\s*\S.{0,40}"
)
_LABELLED = re.compile(r"\w[\w ]{1,30}\s?[:：]\s?\S.{0,60}")
_SENTENCE_ENDS = (".", "。", "!", "?", "！", "？")
_AGE = re.compile(
    r"(?:(?:published|updated|posted|aktualisiert|veröffentlicht|publié|mis à jour|publicado|actualizado)[: ]{1,2})?(?:"
    r"(?:vor|hace|il y a|há|för) \d{1,3}\s?[^\W\d_]{1,12}|"
    r"\d{1,3}\s?[^\W\d_]{1,12} (?:ago|fa|atrás|geleden|назад|sedan|siden|temu|전)|\d{1,3}(?:초|분|시간|일|개월|년) ?전|"
    r"\d{1,3}\s?(?:分钟|分鐘|小时|小時|天|日|時間|分|个月|個月|年)前|"
    r"(?:heute|gestern|today|yesterday|hoy|ayer|aujourd['’]hui|hier|今天|昨天|今日|昨日|сегодня|вчера|сьогодні|вчора|"
    r"vandaag|gisteren|oggi|ieri|hoje|ontem|i ?dag|i ?går|tänään|eilen|"
    r"dziś|dzisiaj|wczoraj|dnes|včera|bugün|dün|오늘|어제)[,，]?\s?"
    r"(?:(?:um|at|à|às|a las|alle|om|kl\.?|klo|o|в|о) )?\d{1,2}[:.h]\d{2}(?: ?(?:uhr|h|am|pm))?)",
    re.IGNORECASE,
)
_DAY_WITHOUT_YEAR = re.compile(
    r"\d{1,2}\.? (?:de )?[^\W\d_]{3,12},? (?:(?:um|à|a las|alle|om|kl\.?|klo|o|в|о) )?\d{1,2}[:.h]\d{2}(?: ?uhr)?",
    re.IGNORECASE,
)
"""Beside a name; alone it may be when something will happen."""
_BY = re.compile(
    r"(?:(?:written|posted|published|submitted|geschrieben|veröffentlicht|publié|escrito|publicado|scritto|"
    r"pubblicato)(?: |$)|"
    r"on|am|le|el|em|il|by|von|par|por|di|da|door|автор|текст|and|und|et|y|e|и|with|mit|foto|[\W\d_]|作者|文)*",
    re.IGNORECASE,
)
"""What stands between the names of a byline."""
_NAMES = rf"{CAPITALIZED_NAME}(?:(?:,| and| und| et| y| e| и| &|, and) {CAPITALIZED_NAME})*"
_BYLINE = re.compile(
    r"(?:[Bb][Yy]|[Vv]on|[Pp]ar|[Pp]or|[Dd]i|Door|Av|Af|Автор|Авторы|(?:Written|Words|Story|Text) by|Text von)[:：]? "
    rf"(?P<names>{_NAMES}){BYLINE_TAIL}{{0,2}}|"
    r"(?:取材・)?文\s*[/／|｜丨︱:：=＝]\s*(?P<written>[^。，:：]{2,20})|"
    r"(?P<reporter>[가-힣]{2,4}) ?(?:[가-힣]{0,4}기자|특파원|논설위원)(?:\s?=?\s?[\w.+-]{2,40}@[\w.-]{3,40})?|"
    r"(?:كتبت?|بقلم|تقرير)\s?[:：]\s?(?P<arabic>[\u0620-\u06ff]{2,20}(?: [\u0620-\u06ff]{2,20}){1,3})|"
    r"submitted by (?P<user>/?u/[\w-]{2,30})"
)


class _Line(NamedTuple):
    """All that a line of metadata says."""

    dates: list[BodyDate]
    names: list[str]
    credits: list[tuple[str, str]]
    sections: list[str]


def extract_preamble(draft: Draft) -> None:
    """Extract sections, dates and names from the lines above the text, and from those below a standfirst."""
    lines = at = 0
    standfirst = named = False
    while at < min(_FIRST_BLOCKS, len(draft.blocks)) and lines < _MOST_LINES and len(draft.blocks) > 1:
        block = draft.blocks[at]
        if block.kind in ("figure", "hr", *HEADING_KINDS):  # a heading is the title, a rubric above it, a subtitle
            at += 1
            continue
        found = _read_block(draft, block)
        if found and (not standfirst or _may_stand_below(draft, block, found, named=named)):
            _apply(draft, block, found)
            named = bool(found.names)
            continue
        if block.kind != "p" or (len(block.text) > _LONGEST_LINE and standfirst):
            return
        standfirst = standfirst or len(block.text) > _LONGEST_LINE
        lines += 1
        at += 1


def _may_stand_below(draft: Draft, block: Block, found: _Line, *, named: bool) -> bool:
    """True for names or a time below the standfirst. A day alone may head a part of the text, as others below do."""
    if found.sections or _LABELLED_SOURCE.fullmatch(block.text) or block is draft.blocks[-1]:
        return False
    if found.names or named or not found.dates:
        return True
    below = draft.blocks[draft.blocks.index(block) + 1 :]
    has_time = not all(date.day_only for date in found.dates)
    return (has_time or has_date_label(block.text)) and not any(
        len(other.text) < _LONGEST_LINE and parse_body_date(other.text) for other in below if other.is_text
    )


def _apply(draft: Draft, block: Block, found: _Line) -> None:
    for date in found.dates:
        draft.set_date(date, f"line above the text: {block.text[:60]}")
    for names in found.names:
        _add_names(draft, names, "line above the text")
    draft.add_credits(found.credits, "line above the text")
    if found.sections:
        draft.section = draft.section or found.sections[-1]
        draft.add_tags(found.sections)
    step = "date and byline" if found.dates else "byline" if found.names else "sections" if found.sections else "source"
    draft.log_removed(f"lifted: {step}", block.text)
    draft.blocks.remove(block)


def _read_block(draft: Draft, block: Block) -> _Line | None:
    """Read a paragraph or a list that is only metadata; None for any other block."""
    if block.kind in ("ul", "ol"):
        return _read_list(draft, block)
    if block.kind != "p":
        return None
    lines = split_lines(block.runs)
    texts = [text_of_runs(line).strip() for line in lines]
    if len(lines) > 3 or any(len(text) > _LONGEST_METADATA for text in texts):
        return None
    if match := _match_byline(block):
        return _Line([], [_names_of(match)], [], [])
    if block.text.startswith(draft.title) and len(lines) == 1 and len(draft.title) >= _SHORTEST_TITLE:
        date, names = split_date(block.text[len(draft.title) :])  # `Title admin Tue, 11/14/2023 - 22:13`
        if date and len(names) <= _LONGEST_LINE:
            return _Line([date], [names], [], [])
    if len(lines) == 1 and (found := _read_links(draft, lines[0])):
        return found
    if len(lines) == 1 and not extract_links(lines[0]) and _is_rubric(draft, texts[0]):
        return _Line([], [], [], [] if draft.is_outlet(texts[0]) else [texts[0]])
    if len(lines) == 1 and _LABELLED_SOURCE.fullmatch(texts[0]) and not texts[0].endswith(_SENTENCE_ENDS):
        return _Line([], [], [], [])
    if _DIGIT.search(block.text) is None:
        return None
    date = parse_body_date(texts[-1])
    if date is None:
        return _read_pieces(draft, block.text.replace("\n", " | "))
    # A day without a time may be the first line of a diary. It is metadata only when it is in italics, as the full-text
    # service writes it, or when it is the only line and close to the dump's time.
    if date.day_only and not all(("em", "") in marks for text, marks in block.runs if text.strip()):
        day = date.at.replace(tzinfo=draft.raw.dump_time.tzinfo)
        if len(lines) > 1 or abs(draft.raw.dump_time - day) > timedelta(hours=72):
            return None
    return _Line([date], texts[:-1], [], [])


def _read_list(draft: Draft, box: Block) -> _Line | None:
    """Read a list whose items are all metadata, and one of them a date or a name."""
    leaves = leaf_blocks([box])
    if len(leaves) > _MOST_LINES or not all(leaf.is_text for leaf in leaves):
        return None
    total = _Line([], [], [], [])
    for leaf in leaves:
        date = parse_body_date(leaf.text)
        found = _Line([date], [], [], []) if date else _read_block(draft, leaf)
        if found is None and not (_LABELLED.fullmatch(leaf.text) or _match_count(draft, leaf.text)):
            return None
        if found:
            total = _Line(*(before + more for before, more in zip(total, found, strict=True)))  # type: ignore[operator]
    return total if total.dates or total.names or (total.sections and len(leaves) == len(total.sections)) else None


def _read_links(draft: Draft, line: list[Run]) -> _Line | None:
    """Read a line of links to the source's pages of authors or sections."""
    links = extract_links(line)
    if not links or not all(draft.rule.is_own_link(url) and len(text) <= _LONGEST_LINE for url, text in links):
        return None
    outside = collapse_whitespace(text_outside_links(line))
    if all(is_author_link(url) and not _DIGIT.search(text) for url, text in links):
        pieces = [
            piece for each in _SEPARATOR.split(_DASHED_TIME.sub(" ", outside)) if (piece := each.strip(" ,，、:："))
        ]
        found = [split_date(piece) for piece in pieces]  # `Written by … on November 7, 2023`
        pieces = [rest for date, rest in found if rest or date is None]
        dates = [date for date, _ in found if date]
        rest = [
            piece
            for piece in pieces
            if not (
                _BY.fullmatch(piece)
                or parse_body_date(piece)
                or _AGE.fullmatch(piece)
                or _DAY_WITHOUT_YEAR.fullmatch(piece)
            )
        ]
        if all(draft.is_outlet(piece) or is_job(piece) or _match_count(draft, piece) for piece in rest):
            return _Line(dates, [text for _, text in links], [], [])
    if TAG_WORDS.fullmatch(outside) and all(_is_section_link(draft, *link) for link in links):
        return _Line([], [], [], [text.strip(" /|›»>#") for _, text in links])
    return None


def _is_section_link(draft: Draft, url: str, text: str) -> bool:
    """True for a link to tags or to a section that the entry's own address begins with."""
    page, entry = url.partition("?")[0].rstrip("/"), draft.raw.link
    is_above = len(page) < len(entry) and entry.startswith(page + "/")
    return len(text) <= _LONGEST_SECTION and _LETTER.search(text) is not None and (is_above or is_tag_link(url))


def _is_rubric(draft: Draft, text: str) -> bool:
    """True for the name of a section: it is in the entry's address, or the name of the site, its folder or a tag."""
    letters = only_letters(text)
    if not letters or len(text) > _LONGEST_SECTION or draft.rule.is_configured:
        return False
    folders = unquote(urlsplit(draft.raw.link).path).split("/")[:-1]
    return letters in draft.outlet_names or (len(letters) > 1 and letters in map(only_letters, folders))


def _read_pieces(draft: Draft, text: str) -> _Line | None:
    """Read `2020-07-01 12:00 来源：某报 | 作者：某人 | 5 min read`, where each piece is known."""
    pieces = [piece for piece in _SEPARATOR.split(_DASHED_TIME.sub(" ", text)) if piece]
    found = _Line([], [], [], [])
    known = 0
    for piece in pieces:
        if date := parse_body_date(piece):
            found.dates.append(date)
        elif match := _BYLINE.fullmatch(piece):
            found.names.append(_names_of(match))
        elif credits := parse_credits(piece):
            found.credits.extend(credits)
            continue
        elif not (_match_count(draft, piece) or _AGE.fullmatch(piece) or _UPDATE.fullmatch(piece)):
            if not (_LABELLED_SOURCE.fullmatch(piece) or draft.is_outlet(piece)):
                return None
            continue
        known += 1
    return found if known and (known > len(found.names) or len(pieces) > 1) else None


def _match_count(draft: Draft, text: str) -> bool:
    return any(match_leftover(kind, text, draft.language) for kind in ("counts", "comments"))


def extract_byline(draft: Draft) -> None:
    """Extract `By Ada Lovelace and Charles Babbage` or `文/某人` when a first or the last paragraphs are only that.

    A paragraph about the author, which has the name in it, may follow.
    """
    texts = draft.text_blocks()
    below = [*takewhile(lambda block: bool(_names_in(draft, block)), reversed(texts[2:]))]
    above_notes = [
        block
        for block, note in pairwise(texts[-_LAST_BLOCKS:])
        if any(name.split()[-1] in note.text for name in _names_in(draft, block))
    ]
    for block in [*texts[:2], *above_notes, *reversed(below)]:
        if block in draft.blocks and len(draft.blocks) > 1 and (names := _names_in(draft, block)):
            for name in names:
                _add_names(draft, name, f"line: {block.text}")
            draft.log_removed("lifted: byline", block.text)
            draft.blocks.remove(block)


def extract_end_date(draft: Draft) -> None:
    """Extract dates with a time, or with a label that says what they date, when they are all of a last paragraph."""
    for block in [other for other in draft.text_blocks()[-2:] if other.kind == "p"]:
        if len(draft.text_blocks()) < 3 or extract_links(block.runs):
            continue
        lines = [collapse_whitespace(line) for line in block.text.split("\n")]
        dates = [_end_date(line) for line in lines]
        if all(dates):
            for date, line in zip(dates, lines, strict=True):
                draft.set_date(date, f"line below the text: {line}")
            draft.log_removed("lifted: date", collapse_whitespace(block.text))
            draft.remove_blocks([block])


def _end_date(line: str) -> BodyDate | None:
    date = parse_body_date(line)
    is_told = date and (date.is_update or not date.day_only or has_date_label(line) or _UPDATE_WORD.search(line))
    return date if is_told else None


def extract_submitter(draft: Draft) -> None:
    """Extract a byline that is the first line of the last paragraph, above a link to what was submitted."""
    last = draft.blocks[-1] if draft.blocks else None
    lines = split_lines(last.runs) if last and last.kind == "p" else []
    match = _BYLINE.fullmatch(collapse_whitespace(text_of_runs(lines[0]))) if len(lines) > 1 else None
    if last and match:
        _add_names(draft, _names_of(match), f"line: {match[0]}")
        draft.log_removed("lifted: byline", match[0])
        last.runs = normalize_runs(join_lines(lines[1:]))


def _names_in(draft: Draft, block: Block) -> list[str]:
    """Return the names in a paragraph that is a byline, or links to authors."""
    if match := _match_byline(block):
        return [_names_of(match)]
    found = _read_links(draft, block.runs) if block.kind == "p" and "\n" not in block.text else None
    return found.names if found else []


def _match_byline(block: Block) -> re.Match[str] | None:
    if len(block.text) > 2 * MAX_CREDITS_LENGTH:
        return None
    text = collapse_whitespace(block.text)
    return _BYLINE.fullmatch(text.rstrip(". ")) if len(text) <= MAX_CREDITS_LENGTH else None


def _names_of(match: re.Match[str]) -> str:
    return str(next(filter(None, match.groups())))


def _add_names(draft: Draft, names: str, origin: str) -> None:
    if "u/" in names[:3]:  # a user, whose name has a slash
        draft.add_authors([names], origin)
    else:
        draft.add_byline(names, origin)
