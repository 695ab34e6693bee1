"""Dump -> RawEntry: bytes to text, the header taken apart; nothing of the body is judged. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..model import Dump, RawEntry
from ..rules import DEFAULT, Limits
from .dates import Written, instant
from .encoding import decoded
from .front import Front, front_matter
from .header import Header, header, line_number, skip_blanks
from .links import checked_link
from .plain import paragraphs
from .several import unfolded
from .titles import clean_title, cut, stand_in

__all__ = ["parse"]

_AHEAD = timedelta(days=1)


def parse(dump: Dump, limits: Limits = DEFAULT) -> RawEntry:
    """Take a dump apart. The same dump gives the same entry, whatever the clock says.

    Doubts become `flags`. Raises QuarantineError, and nothing else, whatever the bytes are: its text names
    the byte, line or field that is wrong, and what to do.
    """
    text, flags = decoded(dump.data)
    front, start = front_matter(text, skip_blanks(text, 0))
    head = header(text, start, within=front is not None)
    if front and not head.layout:
        link = checked_link(front.link, "front matter, from", limits.link)
    else:
        link = checked_link(head.link, f"line {head.line}", limits.link)
    at, undated = _at(head, front, dump.seen)
    flags += undated + head.flags
    body, doubts = unfolded(head.body, lambda place: line_number(text, head.start + place))
    flags += doubts
    body = paragraphs(body)
    if not body:
        flags += ("the body is empty",)
    title, doubts = clean_title(head.title.strip() or (front.title if front else ""), limits.title)
    flags += doubts
    return RawEntry(
        title=title or stand_in(body, link),
        link=link,
        at=at,
        html=body,
        folder=dump.folder,
        authors=front.authors if front else (),
        tags=front.tags if front else (),
        flags=flags,
        layout=_layout(front, head),
        dated=not undated,
    )


def _layout(front: Front | None, head: Header) -> str:
    if not front:
        return head.layout
    return f"front matter + {head.layout}" if head.layout else "front matter"


def _at(head: Header, front: Front | None, seen: datetime) -> tuple[datetime, tuple[str, ...]]:
    """The first date that makes sense; the comment, the date line and the front matter are asked in this order."""
    dates = head.dates
    if front and front.date:
        dates += (Written(text=front.date, at=instant(front.date)),)
    if not dates:
        return _stand_in(seen, "no date")
    date = next((date for date in dates if date.at), dates[0])
    if date.at is None:
        return _stand_in(seen, f"the date {cut(date.text, 40)!r} makes no sense")
    if date.at > seen + _AHEAD:
        return _stand_in(seen, f"the date lies in the future ({date.at:%Y-%m-%d})")
    return date.at, ()


def _stand_in(seen: datetime, doubt: str) -> tuple[datetime, tuple[str, ...]]:
    return seen.replace(microsecond=0), (f"{doubt}; the time the dump was first seen stands in",)
