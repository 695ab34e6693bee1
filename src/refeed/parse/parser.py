"""Dump -> RawEntry: bytes to text, the header taken apart; nothing of the body is judged. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import datetime, timedelta

from ..config.settings import DEFAULT_LIMITS, Limits
from ..model import Dump, RawEntry
from .encoding import decode_dump
from .front_matter import FrontMatter, parse_front_matter
from .header import DumpHeader, line_number, parse_header, skip_blanks
from .header_fields import (
    WrittenDate,
    clean_line,
    clean_title,
    fallback_title,
    parse_header_date,
    truncate,
    validate_link,
)

_AHEAD = timedelta(days=1)


def parse_dump(dump: Dump, limits: Limits = DEFAULT_LIMITS) -> RawEntry:
    """Take a dump apart. The same dump gives the same entry, whatever the clock says.

    Doubts become `flags`. Raises QuarantineError, and nothing else, whatever the bytes are: its text names
    the byte, line or field that is wrong, and what to do.
    """
    text, flags = decode_dump(dump.data)
    front, start = parse_front_matter(text, skip_blanks(text, 0))
    head = parse_header(text, start, after_front_matter=front is not None)
    if front and not head.layout:
        link = validate_link(front.link, "front matter, from", limits.link)
    else:
        link = validate_link(head.link, f"line {head.link_line}", limits.link)
    at, undated = _at(head, front, dump.first_seen)
    flags += undated + head.flags
    body, doubts = unfolded(head.body, lambda place: line_number(text, head.body_start + place))
    flags += doubts
    body = paragraphs(body)
    if not body:
        flags += ("the body is empty",)
    title, doubts = clean_title(head.title.strip() or (front.title if front else ""), limits.title)
    flags += doubts
    return RawEntry(
        title=title or fallback_title(body, link),
        link=link,
        dump_time=at,
        html=body,
        folder=dump.folder,
        authors=front.authors if front else (),
        tags=front.tags if front else (),
        issues=flags,
        layout=_layout(front, head),
        has_date=not undated,
    )


def _layout(front: FrontMatter | None, head: DumpHeader) -> str:
    if not front:
        return head.layout
    return f"front matter + {head.layout}" if head.layout else "front matter"


def _at(head: DumpHeader, front: FrontMatter | None, seen: datetime) -> tuple[datetime, tuple[str, ...]]:
    """The first date that makes sense; the comment, the date line and the front matter are asked in this order."""
    dates = head.dates
    if front and front.date:
        dates += (WrittenDate(text=front.date, at=parse_header_date(front.date)),)
    if not dates:
        return _stand_in(seen, "no date")
    date = next((date for date in dates if date.at), dates[0])
    if date.at is None:
        return _stand_in(seen, f"the date {truncate(date.text, 40)!r} makes no sense")
    if date.at > seen + _AHEAD:
        return _stand_in(seen, f"the date lies in the future ({date.at:%Y-%m-%d})")
    return date.at, ()


def _stand_in(seen: datetime, doubt: str) -> tuple[datetime, tuple[str, ...]]:
    return seen.replace(microsecond=0), (f"{doubt}; the time the dump was first seen stands in",)


# A body in which further dumps stand -> one body that shows them all. The first is the entry. The others become
# sections below it, each under its title, which links to its page: nothing vanishes, and whoever looks after the
# dumps is told to split the file.

# One quantifier that can give back, and only within its line: linear, whatever the body is.
_HEADER = re.compile(
    r"^\[(?P<link>.*)\)[ \t]*\n\s*(?P<comment><!--[^<>]{0,200}-->\s*)?-{3,}[ \t]*$(?P<date>\s*日期[ \t]*[:：][^\n]*)?",
    re.MULTILINE,
)
_COMMENT_ABOVE = re.compile(r"<!--[^<>]{0,200}-->\s*\Z")
_ABOVE = 300
# More are not meant to be there; those beyond stay in the text as they are.
_MOST = 10_000


def unfolded(body: str, line_of: Callable[[int], int]) -> tuple[str, tuple[str, ...]]:
    """The body with the headers inside it turned into headings, and the doubt that says where the second one stands.

    A line with a link above a line of dashes is a header only when it has a date, too.
    `line_of` gives the line, in the dump, of a place in the body.
    """
    if "](" not in body or "---" not in body:
        return body, ()
    parts: list[str] = []
    done, second, count = 0, 0, 1
    for match in _HEADER.finditer(body):
        title, opening, link = match["link"].rpartition("](")
        above = _comment_above(body, max(done, match.start() - _ABOVE), match.start())
        dated = above or match["comment"] or match["date"]
        if not (opening and dated and link.strip().lower().startswith("http")):
            continue
        if count == _MOST:
            break
        start = above.start() if above else match.start()
        parts += [body[done:start].strip(), _heading(title, link)]
        second = second or line_of(match.start())
        done, count = match.end(), count + 1
    if count == 1:
        return body, ()
    parts.append(body[done:].strip())
    doubt = f"{count} articles in one file, the second in line {second}; they are published as one: split the file"
    return "\n".join(part for part in parts if part), (doubt,)


def _comment_above(body: str, start: int, end: int) -> re.Match[str] | None:
    if not body[start:end].rstrip().endswith("-->"):
        return None
    return _COMMENT_ABOVE.search(body, start, end)


def _heading(title: str, link: str) -> str:
    return f'<h2><a href="{html.escape(link.strip())}">{html.escape(clean_line(title) or link.strip())}</a></h2>'


# A body of plain text -> paragraphs.

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
