"""The types that are passed between the stages: frozen, keyword-only, without I/O.

    Dump -> RawEntry -> CleanResult(Entry) -> StoredEntry -> Feed -> bytes

Times are aware UTC datetimes in whole seconds. Only SQL has them as numbers of seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple, NewType

SafeHtml = NewType("SafeHtml", str)
"""HTML that has passed the sanitizer; only `refeed.clean.sanitize` creates it."""

Format = Literal["atom", "rss", "json"]
FORMATS: tuple[Format, ...] = ("atom", "rss", "json")

FeedKind = Literal["all", "source", "topic", "filtered", "view"]
"""`view` is the former name of `filtered`. Addresses with it redirect to the new ones."""
DigestPeriod = Literal["daily", "weekly"]
DIGEST_PERIODS: tuple[DigestPeriod, ...] = ("daily", "weekly")
DerivedPart = Literal["daily", "weekly", "stories"]
DIGEST_KINDS: tuple[FeedKind, ...] = ("all", "source", "topic")
"""The kinds of feeds that have digests."""
STORY_KINDS: tuple[FeedKind, ...] = ("all", "topic")
"""The kinds of feeds that have a feed of stories."""
FEED_KINDS: tuple[FeedKind, ...] = ("all", "source", "topic", "filtered", "view")


class FeedPath(NamedTuple):
    """The path of a feed: `all`, `source/<slug>`, `topic/<slug>` or `filtered/<slug>`. Addresses, file names below
    feeds/, the store and the feed's id contain it as text.

    A tuple, because it is a key of many tables: a dataclass has its hash computed in Python.
    """

    kind: FeedKind
    slug: str = ""
    """Empty only for `all`."""
    part: DerivedPart | Literal[""] = ""
    """What is made of the feed: its stories or digests, `topic/climate/daily`. The store and config.yaml know only
    feeds without it."""

    def __str__(self) -> str:
        return "/".join(filter(None, (self.kind, self.slug, self.part)))

    @property
    def base(self) -> FeedPath:
        """The feed that this one is made of."""
        return FeedPath(self.kind, self.slug)

    @classmethod
    def parse(cls, text: str) -> FeedPath:
        """Parse the text form. Raises ValueError."""
        name, _, slug = text.partition("/")
        kind = next((kind for kind in FEED_KINDS if kind == name), None)
        if kind is None or (kind == "all") != (not slug) or str(cls(kind, slug)) != text:
            raise ValueError(f"invalid feed path {text!r}: must be all, source/<slug>, topic/<slug> or filtered/<slug>")
        return cls(kind, slug)


ALL_FEED = FeedPath("all")
"""The feed of all entries."""


class Outcome(StrEnum):
    """What became of a file. The store, `status` and `explain` use these words."""

    ACCEPTED = "accepted"
    FLAGGED = "flagged"
    QUARANTINED = "quarantined"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dump:
    """One file as it was read."""

    path: str
    """The path that people see: relative if possible, without raw control characters."""
    folder: str
    """The first folder below the dump root, or empty. It names the source when the host is unknown."""
    data: bytes
    first_seen: datetime
    """When this content was first seen. It replaces a date that is missing or impossible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What the feed or the program that a dump comes from says about it, apart from title, link, date and text."""

    guid: str = ""
    """What identifies the item where it comes from; empty when that is its link."""
    source: str = ""
    """The source that the entry belongs to, whatever its link says; empty when the link's host decides."""
    sources: tuple[str, ...] = ()
    """Further sources to which the sender may write, where the link's host decides."""
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    language: str = ""
    """BCP 47, or empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawEntry:
    """A parsed dump. Its text and HTML are those of the dump, not interpreted and not sanitized."""

    title: str
    link: str
    """An absolute http(s) URL, without credentials, that a URL parser accepts."""
    dump_time: datetime
    """The time in the header; `Dump.first_seen` if that is missing or impossible (the entry is then flagged)."""
    html: str
    folder: str = ""
    origin: Origin = Origin()
    authors: tuple[str, ...] = ()
    """From the origin or front matter; the cleaner finds bylines in the body."""
    tags: tuple[str, ...] = ()
    issues: tuple[str, ...] = ()
    """Problems that a person may want to look at, each as a short sentence."""
    layout: str = ""
    """The layout of the header in words, shown by `explain`."""
    written_date: datetime | None = None
    """The date in the front matter above a header that has a date too, in UTC."""
    has_date: bool = True
    """False when `dump_time` is `Dump.first_seen`."""
    is_page: bool = False
    """True when the body is a whole saved page, in which the article has to be found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What the cleaner removed from the body, and the step or rule that did it."""

    step: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person who contributed to an entry and is not its author."""

    name: str
    role: str = ""
    """The role in the words of the source: 翻译, 责编, 审校 …"""


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
    """The last change that readers notice. The cleaner sets it to `published`; `store.dump_recording` moves it."""
    language: str
    """BCP 47: zh-Hans, zh-Hant, en, or und when the text does not show it."""
    authors: tuple[str, ...] = ()
    contributors: tuple[Person, ...] = ()
    summary: str = ""
    """Plain text."""
    html: SafeHtml
    image: Image | None = None
    images: tuple[str, ...] = ()
    """The URLs of all images in order, the lead image first."""
    enclosures: tuple[Enclosure, ...] = ()
    rights: str = ""
    original: str | None = None
    """Link to the original article, if this one is a translation."""
    original_language: str = "en"
    """BCP 47. English unless a rule says otherwise: the known sources link only to English originals."""
    tags: tuple[str, ...] = ()
    """Tags that the source gives."""
    section: str = ""
    """The section of the source, from its URL or column; empty when the source has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldOrigin:
    """Where the value of a field comes from, shown by `explain`: published <- "in-body date, Asia/Shanghai"."""

    field: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What identifies an entry, as far as one dump tells."""

    link_id: str
    """The id made from the link."""
    guid_id: str = ""
    """The id made from source and guid; empty for a dump that comes from no feed or program."""
    other_guid_ids: tuple[str, ...] = ()
    """The ids made from other spellings of the guid, which mean the same item."""
    former_ids: tuple[str, ...] = ()
    """Ids that earlier versions may have made from the link. The first that the store has stands for `link_id`."""
    owner_id: str = ""
    """The id that the link has in the source which its host belongs to, if that is another source."""
    is_certain: bool = True
    """False where no rule knows the host, or an earlier version made another id. Which of the ids the entry has then
    depends on its other dumps, and on those with the same link or guid: see `store.identity_resolution`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanResult:
    """An entry, and how it was made."""

    entry: Entry
    fingerprint: str
    """Equal for two dumps exactly when readers see the same title, text and images in both."""
    identity: Identity = Identity(link_id="")
    removed: tuple[Removal, ...] = ()
    issues: tuple[str, ...] = ()
    """The issues of the raw entry, then those that the cleaner found. If there are any, the outcome is `flagged`."""
    origins: tuple[FieldOrigin, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A topic that an entry has or nearly has, with the score and its reasons. In the store also a named search."""

    topic: str
    """The topic's id; for a named search the path of its feed, `filtered/<slug>`."""
    score: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source as feeds and pages show it."""

    id: str
    """An ASCII slug that never changes."""
    title: str
    link: str = ""
    language: str = ""
    """BCP 47; empty when its rule names none. Its feed then has the language of most of its entries."""
    icon: str = ""
    configured: bool = True
    """False for a source without a rule. Its name is made from its folder or host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """An entry as one feed shows it."""

    entry: Entry
    source: Source | None = None
    """The source of the entry in feeds with several sources; None in the feed of one source."""
    publisher: str = ""
    """The name of the source in every feed: the author of an entry without a byline."""
    labels: tuple[tuple[str, str], ...] = ()
    """Topics as (id, title)."""
    repost_links: tuple[str, ...] = ()
    """Links of other entries with the same text. The feed shows this entry instead of them."""
    summary_only: bool = False
    """Whether the entry is too large for a document (`feeds.pagination.is_oversized`). Only its summary and a link to
    its page are then shown."""


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
    language: str = "en"
    """BCP 47; empty for the language of most of its entries."""
    link: str = ""
    """The site that the feed is about, if it is not our own."""
    icon: str = ""
    """A small square image: a path on our own site, or an absolute URL."""
    logo: str = ""
    """A larger image: a path or a URL as in `icon`."""
    mixed: bool = False
    """Whether its entries are from several sources, so that each entry names its source."""
    query: str = ""
    """The query string, without `?`, of a feed that is filtered by query. `path` is that of the unfiltered feed."""
    private: bool = False
    """Served only at addresses with a token, and listed nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFeed:
    """A feed as feeds.json lists it, without its entries."""

    info: FeedInfo
    entries: int | None = 0
    """Number of entries in its document and all archives; None for a filtered feed, whose entries are not counted."""
    updated: datetime | None = None
    """When it last changed; None while it has no entries."""
    archives: tuple[str, ...] = ()
    """Names of its archives, oldest first."""

    @property
    def is_empty(self) -> bool:
        """Whether it has no entries yet. Lists for people leave it out; the feed of everything is never left out."""
        return self.updated is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The publisher: what every document says about this site."""

    id: str
    """Prefix of every feed id: a tag URI, for example `tag:example.org,2026`. It does not name our host."""
    title: str
    base_url: str
    """Public address without a trailing slash. Links contain it, ids do not."""
    author: str
    language: str = "en"
    hubs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """The content of one document, independent of its format."""

    site: Site
    info: FeedInfo
    updated: datetime
    """When the feed last changed: computed from its entries, not from the clock."""
    entries: tuple[FeedEntry, ...]
    """Newest first."""
    tombstones: tuple[Tombstone, ...] = ()
    archive: str | None = None
    """`2020-06` or `2020-06-2` for an archive document, None for the subscription document."""
    previous: str | None = None
    """The next older archive (RFC 5005 prev-archive)."""
    next: str | None = None
    """The next newer archive (RFC 5005 next-archive), in an archive document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """An entry as one of the reports of a story: what digests show of it."""

    id: str
    """The entry's UUID, without `urn:uuid:`."""
    source: str
    source_title: str
    title: str
    link: str
    published: datetime
    language: str
    lead: str
    """The summary, as plain text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestStory:
    """An event in a digest, told by one or several sources."""

    reports: tuple[Report, ...]
    """The report that gives the title comes first, the others follow by time."""
    html: SafeHtml | None
    """The text of the fullest report; None if it is too large, or withdrawn."""
    fullest: str
    """Id of the report with that text."""
    more: int = 0
    """Number of reports that are not named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """A day or a week of a feed on one page. It keeps the texts of the time when it was closed."""

    name: str
    """The day `2020-07-22`, or the ISO week `2020-W30`, that it covers."""
    opened: datetime
    closed: datetime
    stories: tuple[DigestStory, ...]
    """The largest stories first."""
    others: tuple[Report, ...] = ()
    """The stories beyond the limit, each by one report."""
    more: int = 0
    """Number of stories that are not named at all."""
    members: tuple[str, ...] = ()
    """The entries of the feed that it covers, whether it names them or not."""
    corrected: datetime | None = None
    """When an entry of it was last withdrawn, and left it."""
