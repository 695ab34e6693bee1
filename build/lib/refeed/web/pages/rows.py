"""Entries of the store -> what lists of entries and the page of one entry show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from ...model import Entry, FeedEntry
from ...store import Member, Store, Stored
from .outlook import Name, Outlook

_SUMMARY = 140
"""Characters of a summary in a list: three lines on a phone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An entry in a list."""

    id: str
    title: str
    language: str
    summary: str
    image: str
    source: str
    source_name: Name
    published: datetime
    zone: ZoneInfo
    reasons: tuple[str, ...]
    """Why it is in the topic that the list is of."""


def rows(store: Store, outlook: Outlook, members: Sequence[Member], topic: str = "") -> list[Row]:
    """The entries of these places, in their order, but for those of private sources."""
    found = store.entries([member.id for member in members])
    return [_row(s.entry, outlook, _reasons(s, topic)) for s in found if outlook.is_open(s.entry.source)]


def rows_of_view(entries: Iterable[FeedEntry], outlook: Outlook) -> list[Row]:
    """The entries as a view shows them."""
    return [_row(shown.entry, outlook, ()) for shown in entries if outlook.is_open(shown.entry.source)]


def _reasons(stored: Stored, topic: str) -> tuple[str, ...]:
    return next((label.reasons for label in stored.labels if label.topic == topic), ())


def _row(entry: Entry, outlook: Outlook, reasons: tuple[str, ...]) -> Row:
    return Row(
        id=entry.id.removeprefix("urn:uuid:"),
        title=entry.title,
        language=entry.language,
        summary=shortened(entry.summary),
        image=entry.image.url if entry.image else "",
        source=entry.source,
        source_name=outlook.source(entry.source),
        published=entry.published,
        zone=outlook.zone(entry.source),
        reasons=reasons,
    )


def shortened(text: str, most: int = _SUMMARY) -> str:
    """Cut where a sentence or a word ends, if there is such a place in the last third."""
    if len(text) <= most:
        return text
    cut = text[:most]
    for end in ("。", "！", "？", ". ", "；", "，", " "):
        place = cut.rfind(end)
        if place > most * 2 // 3:
            return cut[: place + 1].rstrip(" ，；") + ("" if end in "。！？. " and end != " " else "…")
    return cut + "…"
