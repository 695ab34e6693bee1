"""Why an entry is as it is: one shape for `explain --json` and `/entry/<uuid>.json`, and the same for people."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from bs4 import BeautifulSoup

from .making import Made, Maker
from .model import Entry, Label, Outcome, Removed
from .store import Stored
from .store.packing import Notes
from .topics import share, sketch


def account_of_file(file: str, made: Made) -> dict[str, Any]:
    """What became of a dump, in the shape in which `refeed entries` exports."""
    head = {"file": file, "outcome": made.outcome.value, "reason": made.reason}
    if made.cleaned is None:
        return head | {"flags": []}
    cleaned = made.cleaned
    return head | {"flags": list(cleaned.flags)} | _entry(cleaned.entry, made.labels, cleaned.removed)


def account_of_entry(stored: Stored, notes: Notes, file: str) -> dict[str, Any]:
    """The same for an entry of the store; `file` is the newest of its dumps."""
    outcome = Outcome.FLAGGED if notes.flags else Outcome.ACCEPTED
    head = {"file": file, "outcome": outcome.value, "reason": "; ".join(notes.flags) or None, "flags": [*notes.flags]}
    return head | _entry(stored.entry, stored.labels, notes.removed)


def ignored(file: str, reason: str, outcome: Outcome = Outcome.IGNORED) -> dict[str, Any]:
    """What is said of a file that was never opened, or could not be read."""
    return {"file": file, "outcome": outcome.value, "reason": reason, "flags": []}


def rfc3339(instant: datetime) -> str:
    """An instant as every machine-readable answer writes it: `2020-07-20T10:20:18Z`."""
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def header(made: Made, maker: Maker) -> Iterator[str]:
    """What stood at the top of a dump, and which rule its link asks for; for people."""
    if made.raw is None:
        return
    rule = maker.known.rule(made.raw)
    yield f"  {'header':<10} {made.raw.layout}, {rfc3339(made.raw.at)}, {made.raw.link}"
    yield f"  {'rule':<10} {rule.id if rule else 'none: cleaned by what recurs everywhere'}"


def near_misses(entry: Entry, maker: Maker) -> Iterator[str]:
    """Topics that anything in an entry speaks for, though not enough, with the score that they ask for; for people."""
    for verdict in maker.matcher.explain(entry):
        if not verdict.accepted:
            yield f"  not        {verdict}"


def same_text(entry: Entry, others: Iterable[Entry]) -> Iterator[str]:
    """How much of an entry's text is in each of the others; for people."""
    mine = sketch(entry)
    for other in others:
        theirs = sketch(other)
        if mine and theirs:
            yield f"  same text  {share(mine, theirs):.0%} in {other.link} ({other.source}, {rfc3339(other.published)})"


def difference(made: Made) -> Iterator[str]:
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


def told(account: Mapping[str, Any], origins: Mapping[str, str] | None = None) -> Iterator[str]:
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


def _entry(entry: Entry, labels: tuple[Label, ...], removed: tuple[Removed, ...]) -> dict[str, Any]:
    image = entry.image
    return {
        "id": entry.id,
        "source": entry.source,
        "link": entry.link,
        "title": entry.title,
        "published": rfc3339(entry.published),
        "updated": rfc3339(entry.updated),
        "language": entry.language,
        "authors": list(entry.authors),
        "contributors": [{"name": person.name, "role": person.role} for person in entry.contributors],
        "summary": entry.summary,
        "html": entry.html,
        "image": {"url": image.url, "caption": image.caption, "credit": image.credit} if image else None,
        "images": list(entry.images),
        "enclosures": [{"url": e.url, "type": e.type, "length": e.length} for e in entry.enclosures],
        "rights": entry.rights,
        "original": entry.original,
        "tags": list(entry.tags),
        "section": entry.section,
        "topics": [{"topic": label.topic, "score": label.score, "reasons": [*label.reasons]} for label in labels],
        "removed": [{"step": piece.step, "text": piece.text} for piece in removed],
    }
