"""Every type that travels between the stages: frozen, keyword-only, free of I/O.

    Dump -> RawEntry -> CleanResult(Entry) -> StoredEntry -> Feed -> bytes

Instants are aware UTC datetimes in whole seconds; only SQL holds seconds as numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, NewType

SafeHtml = NewType("SafeHtml", str)
"""HTML that has passed the sanitizer; only `refeed.clean.sanitize` makes it."""

Format = Literal["atom", "rss", "json"]
FORMATS: tuple[Format, ...] = ("atom", "rss", "json")

FeedKind = Literal["all", "source", "topic", "filtered", "view"]
"""`view` is the former name of `filtered`: its addresses redirect."""
FEED_KINDS: tuple[FeedKind, ...] = ("all", "source", "topic", "filtered", "view")


@dataclass(frozen=True, slots=True, order=True)
class FeedPath:
    """Which feed: `all`, `source/<slug>`, `topic/<slug>` or `filtered/<slug>`. As text it is the feed's path in
    addresses, below feeds/, in the store and in its id."""

    kind: FeedKind
    slug: str = ""
    """Empty for `all` alone."""

    def __str__(self) -> str:
        return f"{self.kind}/{self.slug}" if self.slug else self.kind

    @classmethod
    def parse(cls, text: str) -> FeedPath:
        """The feed of a path as text. Raises ValueError."""
        name, _, slug = text.partition("/")
        kind = next((kind for kind in FEED_KINDS if kind == name), None)
        if kind is None or (kind == "all") != (not slug) or str(cls(kind, slug)) != text:
            raise ValueError(f"invalid feed path {text!r}: must be all, source/<slug>, topic/<slug> or filtered/<slug>")
        return cls(kind, slug)


ALL_FEED = FeedPath("all")
"""The feed of everything."""


class Outcome(StrEnum):
    """The outcome of a file; the same word in the store, in `status` and in `explain`."""

    ACCEPTED = "accepted"
    FLAGGED = "flagged"
    QUARANTINED = "quarantined"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dump:
    """One file as it was read."""

    path: str
    """For people: relative where it can be, never with a raw control character."""
    folder: str
    """First folder under the dump root; empty in the root itself. Names the source of an unknown host."""
    data: bytes
    first_seen: datetime
    """When this content was first seen: replaces a date that is missing or impossible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawEntry:
    """A parsed dump; text and HTML as the dump has them, neither interpreted nor safe."""

    title: str
    link: str
    """An absolute http(s) URL, without credentials, that a URL parser accepts."""
    dump_time: datetime
    """The header's instant, or `Dump.first_seen` where the header has none that makes sense (then flagged)."""
    html: str
    folder: str = ""
    authors: tuple[str, ...] = ()
    """From front matter only; the cleaner finds bylines in the body."""
    tags: tuple[str, ...] = ()
    issues: tuple[str, ...] = ()
    """What a person may want to look at, each a short sentence."""
    layout: str = ""
    """The layout of the header, in words, for `explain`."""
    has_date: bool = True
    """False when `dump_time` is the time first seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What the cleaner removed from the body, and the step or rule that did it."""

    step: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person who took part in an entry other than as its author."""

    name: str
    role: str = ""
    """As the source says it: 翻译, 责编, 审校 …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """The lead image: the original URL, and what the source says about it."""

    url: str
    caption: str = ""
    credit: str = ""
    type: str = ""
    """Media type; empty when unknown."""
    length: int = 0
    """In bytes; 0 when unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A media file that belongs to an entry."""

    url: str
    type: str
    length: int = 0
    """In bytes; 0 when unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An article as readers get it. No string contains a character that XML does not allow."""

    id: str
    """`urn:uuid:` and the UUIDv5 of the canonical link; it never changes."""
    source: str
    link: str
    """The canonical link."""
    title: str
    published: datetime
    updated: datetime
    """Last change that a reader would care for. The cleaner sets it to `published`; `store.dump_recording` moves it."""
    language: str
    """BCP 47: zh-Hans, zh-Hant, en …"""
    authors: tuple[str, ...] = ()
    contributors: tuple[Person, ...] = ()
    summary: str = ""
    """Plain text."""
    html: SafeHtml
    image: Image | None = None
    images: tuple[str, ...] = ()
    """Every image's URL, in order; the lead image first."""
    enclosures: tuple[Enclosure, ...] = ()
    rights: str = ""
    original: str | None = None
    """Link to the article in its first language."""
    original_language: str = "en"
    """BCP 47. English unless a rule says otherwise, as all originals are that the known sources link to."""
    tags: tuple[str, ...] = ()
    """The source's own."""
    section: str = ""
    """The section of the source, from its URL or column; empty when the source has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldOrigin:
    """Where the value of a field is from, for `explain`: published <- "in-body date, Asia/Shanghai"."""

    field: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanResult:
    """An entry, and how it was made."""

    entry: Entry
    fingerprint: str
    """Equal for two dumps exactly when people read the same in them (title, text, images)."""
    removed: tuple[Removal, ...] = ()
    issues: tuple[str, ...] = ()
    """Those of the raw entry, then the cleaner's own; with any, the outcome is `flagged`."""
    origins: tuple[FieldOrigin, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A topic that an entry has, or nearly had, and why."""

    topic: str
    score: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source as feeds and pages show it."""

    id: str
    """An ASCII slug that never changes."""
    title: str
    link: str = ""
    language: str = "zh-Hans"
    icon: str = ""
    configured: bool = True
    """False for a source without a rule, which is named from its folder or host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """An entry as one feed shows it."""

    entry: Entry
    source: Source | None = None
    """Its source, in feeds that mix sources; None in a source's own feed."""
    labels: tuple[tuple[str, str], ...] = ()
    """Topics as (id, title)."""
    repost_links: tuple[str, ...] = ()
    """Links of other entries with the same text, in whose place this one is shown."""
    summary_only: bool = False
    """Too large for a document (`feeds.pagination.is_oversized`): shown by its summary and a link to its own page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """An entry that the operator has withdrawn (RFC 6721)."""

    id: str
    when: datetime
    source: Source | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedInfo:
    """A feed without its entries."""

    path: FeedPath
    title: str
    subtitle: str = ""
    language: str = "zh-Hans"
    link: str = ""
    """The site that the feed is about, when that is not our own page."""
    icon: str = ""
    """A small square image: a path on our own site, or an absolute URL."""
    logo: str = ""
    """A larger one, in the same form."""
    mixed: bool = False
    """Whether its entries are from several sources, so that each names its own."""
    query: str = ""
    """What follows the `?` in the address of a feed filtered by query; its path is that of the feed it filters."""
    private: bool = False
    """Served only at addresses with a token, and listed nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFeed:
    """A feed in feeds.json: what the store knows about it beside its entries."""

    info: FeedInfo
    entries: int | None = 0
    """In its document and all archives; None for a filtered feed, whose entries are not counted."""
    updated: datetime | None = None
    """When it last changed; None while it has no entries."""
    archives: tuple[str, ...] = ()
    """Names of its archives, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The publisher: what every document says about this site."""

    id: str
    """Prefix of every feed id, a tag URI such as `tag:example.org,2026`; never the host we run on."""
    title: str
    base_url: str
    """Public address without a trailing slash; in links only, never in an id."""
    author: str
    language: str = "zh-Hans"
    hubs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """The content of one document, independent of its format."""

    site: Site
    info: FeedInfo
    updated: datetime
    """When it last changed, from the entries: never from the clock."""
    entries: tuple[FeedEntry, ...]
    """Newest first."""
    tombstones: tuple[Tombstone, ...] = ()
    archive: str | None = None
    """`2020-06` or `2020-06-2` for an archive document, None for the subscription document."""
    previous: str | None = None
    """The archive just older than this document (RFC 5005 prev-archive)."""
    next: str | None = None
    """The archive just newer than this archive document."""
