"""What became of a dump or an entry -> lines for people, stage by stage."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from bs4 import BeautifulSoup

from ..clock import format_rfc3339
from ..ingest.entry_builder import BuildResult, EntryBuilder
from ..model import Entry
from ..topics.fields import extract_body_text
from ..topics.reposts import compute_minhash, estimate_containment
from ..web.entry_json import ExplainedEntry, ExplainedFile

if TYPE_CHECKING:  # a file is explained without the store
    from ..store.rows import StoredEntry

_FIELDS = (
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
"""Keys of `explain --json` that get a line each."""


def format_explanation(result: ExplainedFile, origins: Mapping[str, str] | None = None) -> Iterator[str]:
    """Lines of what `explain --json` prints as one object. `origins`: where each field was found."""
    yield f"{result.file}: {result.outcome}" + (f" ({result.reason})" if result.reason else "")
    if not isinstance(result, ExplainedEntry):
        return
    for name in _FIELDS:
        value = getattr(result, name)
        if not value:
            continue
        text = ", ".join(value) if isinstance(value, tuple) else value
        origin = f"   <- {origins[name]}" if origins and name in origins else ""
        yield f"  {name:<10} {text}{origin}"
    if result.image:
        yield f"  {'image':<10} {result.image.url}  {result.image.caption}".rstrip()
    for label in result.topics:
        yield f"  topic      {label.topic}: {label.score:g}; {'; '.join(label.reasons)}"
    for removal in result.removed:
        yield f"  - {removal.step}: {removal.text}"


def format_header(built: BuildResult) -> Iterator[str]:
    """Lines about a dump's header and the source rule that its link selects."""
    if built.raw is None or built.source is None:
        return
    date = format_rfc3339(built.raw.dump_time) if built.raw.has_date else "no date"
    yield f"  {'header':<10} {built.raw.layout}, {date}, {built.raw.link}"
    yield f"  {'rule':<10} {built.source.id if built.source.configured else 'none: generic cleaning'}"


def format_near_misses(entry: Entry, builder: EntryBuilder) -> Iterator[str]:
    """Lines about topics that have some evidence in an entry, but too little, with the score that they need."""
    for verdict in builder.matcher.explain(entry):
        if not verdict.accepted:
            yield f"  not        {verdict}"


def format_same_text(stored: StoredEntry, copies: Iterable[StoredEntry]) -> Iterator[str]:
    """Lines about entries with the same text: how much of it each has, and which of the two feeds show."""
    own = compute_minhash(extract_body_text(stored.entry.html))
    for copy in copies:
        entry = copy.entry
        other = compute_minhash(extract_body_text(entry.html))
        if own and other:
            line = f"  same text  {estimate_containment(own, other):.0%} in {entry.link}"
            line += f" ({entry.source}, {format_rfc3339(entry.published)})"
            # A feed that could hold both shows one of them, which links to the other.
            if entry.link in stored.repost_links:
                line += "; feeds that could hold both show this one"
            if stored.entry.link in copy.repost_links:
                line += "; feeds that could hold both show that one"
            yield line


def format_withdrawal(stored: StoredEntry) -> Iterator[str]:
    """A line if an operator has withdrawn the entry."""
    if stored.withdrawn is not None:
        id = stored.entry.id.removeprefix("urn:uuid:")
        when = format_rfc3339(stored.withdrawn)
        yield f"  withdrawn  {when}: it is in no document; `refeed restore {id}` brings it back"


def format_diff(built: BuildResult) -> Iterator[str]:
    """A unified diff of the body's text before and after cleaning."""
    if built.raw is None or built.cleaned is None:
        return
    before, after = (
        [" ".join(line.split()) for line in BeautifulSoup(html, "lxml").get_text("\n").splitlines() if line.strip()]
        for html in (built.raw.html, built.cleaned.entry.html)
    )
    yield from difflib.unified_diff(before, after, "dump", "entry", n=1, lineterm="")
