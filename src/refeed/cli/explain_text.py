"""Why an entry is as it is, for people: line by line, stage by stage."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bs4 import BeautifulSoup

from ..clock import format_rfc3339
from ..ingest.entry_builder import BuildResult, EntryBuilder
from ..model import Entry
from ..topics.fields import extract_body_text
from ..topics.reposts import compute_minhash, estimate_containment

if TYPE_CHECKING:  # a file is explained without the store
    from ..store.rows import StoredEntry


def format_header(made: BuildResult) -> Iterator[str]:
    """What stood at the top of a dump, and which rule its link asks for; for people."""
    if made.raw is None or made.source is None:
        return
    rule = made.source.id if made.source.configured else "none: cleaned by what recurs everywhere"
    at = format_rfc3339(made.raw.dump_time) if made.raw.has_date else "no date"
    yield f"  {'header':<10} {made.raw.layout}, {at}, {made.raw.link}"
    yield f"  {'rule':<10} {rule}"


def format_near_misses(entry: Entry, maker: EntryBuilder) -> Iterator[str]:
    """Topics that anything in an entry speaks for, though not enough, with the score that they ask for; for people."""
    for verdict in maker.matcher.explain(entry):
        if not verdict.accepted:
            yield f"  not        {verdict}"


def format_same_text(stored: StoredEntry, others: Iterable[StoredEntry]) -> Iterator[str]:
    """How much of an entry's text is in each of the others, and which of them feeds show; for people."""
    mine = compute_minhash(extract_body_text(stored.entry.html))
    for other in others:
        entry = other.entry
        theirs = compute_minhash(extract_body_text(entry.html))
        if mine and theirs:
            share = estimate_containment(mine, theirs)
            part = f"{share:.0%} in {entry.link} ({entry.source}, {format_rfc3339(entry.published)})"
            yield f"  same text  {part}{_which(stored, other)}"


def _which(stored: StoredEntry, other: StoredEntry) -> str:
    """Of two reports of one text, every feed that could hold both shows one."""
    shown = {"this": other.entry.link in stored.repost_links, "that": stored.entry.link in other.repost_links}
    return "".join(f"; feeds that could hold both show {one} one" for one, is_shown in shown.items() if is_shown)


def format_withdrawal(stored: StoredEntry) -> Iterator[str]:
    """Whether an operator took the entry out of every document; for people."""
    if stored.withdrawn is not None:
        id = stored.entry.id.removeprefix("urn:uuid:")
        when = format_rfc3339(stored.withdrawn)
        yield f"  withdrawn  {when}: no document holds it; `refeed restore {id}` brings it back"


def format_diff(made: BuildResult) -> Iterator[str]:
    """The body before and after, as text, line against line: `-` is gone from it, `+` stands otherwise."""
    if made.raw is None or made.cleaned is None:
        return
    before, after = (
        [line for line in BeautifulSoup(html, "lxml").get_text("\n").splitlines() if line.strip()]
        for html in (made.raw.html, made.cleaned.entry.html)
    )
    yield from difflib.unified_diff(
        [" ".join(line.split()) for line in before],
        [" ".join(line.split()) for line in after],
        "dump",
        "entry",
        "",
        "",
        1,
        "",
    )


def format_explanation(account: Mapping[str, Any], origins: Mapping[str, str] | None = None) -> Iterator[str]:
    """The account for people, line by line."""
    yield f"{account['file']}: {account['outcome']}" + (f" ({account['reason']})" if account["reason"] else "")
    if "id" not in account:
        return
    for name in _TOLD:
        value = account[name]
        if value in (None, "", []):
            continue
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        where = f"   <- {origins[name]}" if origins and name in origins else ""
        yield f"  {name:<10} {text}{where}"
    if account["image"]:
        yield f"  {'image':<10} {account['image']['url']}  {account['image']['caption']}".rstrip()
    for topic in account["topics"]:
        yield f"  topic      {topic['topic']}: {topic['score']:g}; {'; '.join(topic['reasons'])}"
    for removed in account["removed"]:
        yield f"  - {removed['step']}: {removed['text']}"


_TOLD = (
    "id",
    "source",
    "link",
    "title",
    "published",
    "updated",
    "language",
    "authors",
    "summary",
    "rights",
    "original",
    "tags",
)
