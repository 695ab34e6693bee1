"""The words of config.yaml, as types with their defaults. What is special about sources and topics is in `rules`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Literal

from msgspec import Meta

from .field_types import check_language_tags, check_url
from .filter_rules import FilteredFeedRule
from .source_rules import SourceRule
from .topic_rules import TopicRule
from .upstream_rules import FetchSettings, UpstreamRule

# `dumps.limits` in config.yaml: what a dump may be.

MAX_DEPTH = 256
"""The cleaner walks no deeper, whatever is allowed: parsers move what lies below, and Python's stack ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a dump may be at most, how it is named, how long it has to rest. Raises ValueError naming the field."""

    bytes: int = 5_000_000
    """A larger file is refused by its size, unread."""
    title: int = 1000
    """Characters; a longer title is cut."""
    link: int = 2000
    """Characters as the dump has them; a longer link is refused."""
    depth: int = 256
    """Elements within one another, 256 at most; a deeper body is published as plain text."""
    attributes: int = 128
    """On one element; a body that has more somewhere is published as plain text."""
    seconds: float = 2.0
    """For cleaning one body."""
    memory: int = 512_000_000
    """Bytes, for the process that cleans."""
    suffixes: tuple[str, ...] = (".md", ".txt", ".html")
    """In any case; other files are not dumps."""
    settle: timedelta = timedelta(seconds=2)
    """How long size and time of a file must stand still before it is read, where no event said that it is complete."""

    def __post_init__(self) -> None:
        for name in ("bytes", "title", "link", "depth", "attributes", "seconds", "memory"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name}: {value} is no number above 0")
        if self.depth > MAX_DEPTH:
            raise ValueError(f"depth: {self.depth} is above {MAX_DEPTH}, and nothing deeper is ever taken apart")
        if self.settle < timedelta(0):
            raise ValueError(f"settle: {self.settle} is below 0")
        if not self.suffixes:
            raise ValueError("suffixes: none given, so no file would be a dump")
        for suffix in self.suffixes:
            if not suffix.startswith(".") or "/" in suffix or len(suffix) < 2 or suffix != suffix.lower():
                raise ValueError(f"suffixes: {suffix!r} is no suffix; write it in lower case with its dot, such as .md")


DEFAULT_LIMITS = Limits()


Positive = Annotated[int, Meta(ge=1)]

_BASE_URL = re.compile(r"https?://[^/\s?#]+[^\s?#]*")


def check_base_url(key: str, url: str) -> None:
    """Raise ValueError, naming the key, unless addresses can be made by writing paths after this one."""
    if not _BASE_URL.fullmatch(url):
        raise ValueError(f"{key}: {url!r} is no http(s) address such as https://feeds.example.org")
    check_url(key, url)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSettings:
    """Who publishes, and under which address."""

    id: str = "tag:refeed.invalid,2026"
    title: str = "refeed"
    author: str = "refeed"
    language: str = "zh-Hans"
    base_url: str = ""
    indexed: Literal["feeds", "everything", "nothing"] = "feeds"
    """What search engines may list: the pages of feeds, those of entries too (other people's articles), or nothing."""
    restore_from: str = ""
    """Where these feeds are published already: an empty store is filled from there."""

    def __post_init__(self) -> None:
        if self.base_url:
            check_base_url("base_url", self.base_url)
        if self.restore_from:
            check_url("restore_from", self.restore_from)
        check_language_tags("language", (self.language,))
        if not self.id.startswith(("tag:", "urn:", "http://", "https://")) or " " in self.id:
            raise ValueError(f"id: {self.id!r} is no IRI; write a tag URI such as tag:example.org,2026")


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpSettings:
    """Where dumps are, and how they are watched."""

    folders: tuple[str, ...] = ("dumps",)
    """The last one is where fetched and pushed dumps are written."""
    rescan: timedelta = timedelta(minutes=1)
    """How often every folder is looked through, whatever events said."""
    polling: bool = False
    """Do without file events, for folders on network disks."""
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if self.rescan < timedelta(seconds=1):
            raise ValueError(f"rescan: {self.rescan} is too short; once a second is the most")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSettings:
    """How much a subscription document holds."""

    entries: Annotated[int, Meta(ge=1, le=1000)] = 50
    bytes: Annotated[int, Meta(ge=10_000, le=10_000_000)] = 512_000


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSubSettings:
    """Hubs that are told of changes (WebSub)."""

    hubs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for hub in self.hubs:
            check_url("hubs", hub)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """How documents are sent, and how often they may be asked for."""

    age: timedelta = timedelta(minutes=5)
    """How long a cache may keep a subscription document without asking again."""
    archive_age: timedelta = timedelta(days=1)
    """The same for archives, which hardly ever change."""
    stale: timedelta = timedelta(days=1)
    """How long it may go on serving what it has while this server does not answer."""
    robots: str = ""
    """X-Robots-Tag of documents, such as noindex."""
    proxies: Annotated[int, Meta(ge=0, le=10)] = 0
    """Proxies in front that can be trusted to name the client in X-Forwarded-For."""
    polls: Annotated[int, Meta(ge=0)] = 0
    """Polls without If-None-Match or If-Modified-Since that one address may make of one document in each `per`;
    more are answered by 429. 0 sets no limit."""
    per: timedelta = timedelta(hours=1)
    memory: Annotated[int, Meta(ge=1_000_000)] = 64_000_000
    """Bytes of documents that each web process keeps."""

    def __post_init__(self) -> None:
        for name in ("age", "archive_age", "stale", "per"):
            if getattr(self, name) < timedelta(seconds=0 if name != "per" else 1):
                raise ValueError(f"{name}: {getattr(self, name)} is too short")
        if not re.fullmatch(r"[A-Za-z0-9:,_ -]*", self.robots):
            raise ValueError(f"robots: {self.robots!r} is no list of words such as noindex, nofollow")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSettings:
    """Who may see what is private. Sources, topics and views say themselves whether they are."""

    site: Literal["public", "private"] = "public"
    """Private: every feed is, and there are no pages."""
    readers: tuple[str, ...] = ("reader",)
    """Names of one's own choosing; each gets a token of its own for each private feed (`refeed tokens`)."""
    revoked: tuple[str, ...] = ()
    """First characters, eight or more, of tokens that open nothing any more."""

    def __post_init__(self) -> None:
        for name in self.readers:
            if not name.strip() or not name.isprintable() or self.readers.count(name) > 1:
                raise ValueError(f"readers: {name!r} is empty, unprintable or given twice")
        for start in self.revoked:
            if not re.fullmatch(r"[a-z2-7]{8,32}", start):
                raise ValueError(f"revoked: {start!r} is not how a token begins; `refeed tokens` shows its first eight")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFile:
    """config.yaml as it is written."""

    site: SiteSettings = field(default_factory=SiteSettings)
    dumps: DumpSettings = field(default_factory=DumpSettings)
    feeds: FeedSettings = field(default_factory=FeedSettings)
    websub: WebSubSettings = field(default_factory=WebSubSettings)
    http: HttpSettings = field(default_factory=HttpSettings)
    access: AccessSettings | Literal["public", "private"] = field(default_factory=AccessSettings)
    """`access: private` alone is short for `access: {site: private}`."""
    sources: tuple[SourceRule, ...] = ()
    """Sources of one's own, or what is to be different about a built-in one (same id)."""
    topics: tuple[TopicRule, ...] = ()
    filtered_feeds: tuple[FilteredFeedRule, ...] = ()
    retired: tuple[str, ...] = ()
    """Paths of feeds that there are no longer, such as topic/olympics-2024: answered by 410, so that readers let go."""
    upstreams: tuple[UpstreamRule, ...] = ()
    fetch: FetchSettings = field(default_factory=FetchSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that the program is told, by config.yaml and the environment, checked and complete."""

    config_file: str
    site: SiteSettings
    dumps: DumpSettings
    feeds: FeedSettings
    websub: WebSubSettings
    http: HttpSettings
    access: AccessSettings
    sources: tuple[SourceRule, ...]
    topics: tuple[TopicRule, ...]
    filtered_feeds: tuple[FilteredFeedRule, ...]
    retired: tuple[str, ...]
    upstreams: tuple[UpstreamRule, ...]
    fetch: FetchSettings
    port: int
    database_url: str
    feeds_dir: str
    var_dir: str
    web_concurrency: int
    push_token: str = field(repr=False)
    access_secret: str = field(repr=False)
    log_format: str

    @property
    def limits(self) -> Limits:
        """What a dump may be."""
        return self.dumps.limits
