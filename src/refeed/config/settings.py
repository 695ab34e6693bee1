"""Types for config.yaml with their defaults: a dataclass for each section, `ConfigFile` for the file, `Settings`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Literal

from msgspec import Meta

from ..model import FeedPath
from .field_types import check_base_url, check_language_tags, check_url
from .filter_rules import FilteredFeedRule
from .source_rules import SourceRule
from .topic_rules import TopicRule

DEFAULT_PACKS = ("chinese-news/sources",)
"""The packs of a config.yaml without `packs`: the built-in sources, as in earlier versions, and no topics."""

MAX_DEPTH = 256
"""The most levels of elements that the cleaner reads. Parsers move deeper elements, and Python's stack is limited."""

_SOURCE_FOLDER = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_BRANCH = re.compile(r"(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_./-]{0,199}(?<![./])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`dumps.limits`: how large a dump may be, how it is named, when it is complete."""

    bytes: int = 5_000_000
    """The largest size of a file. A larger file is not read."""
    title: int = 1000
    """The longest title in characters. A longer title is cut."""
    link: int = 2000
    """The longest link in characters, as written in the dump. A dump with a longer link is quarantined."""
    depth: int = 256
    """The most levels of nested elements, up to 256. A deeper body is published as plain text."""
    attributes: int = 128
    """The most attributes of one element. A body with an element that has more is published as plain text."""
    seconds: float = 2.0
    """The time limit for cleaning one body."""
    memory: int = 512_000_000
    """The memory limit in bytes for a process that cleans a body."""
    suffixes: tuple[str, ...] = (".md", ".txt", ".html")
    """Suffixes of dumps; in a file's name they may be in any case. Other files are ignored."""
    settle: timedelta = timedelta(seconds=2)
    """How long a file must be unchanged before it is read, unless a file event says that it is complete."""

    def __post_init__(self) -> None:
        for name in ("bytes", "title", "link", "depth", "attributes", "seconds", "memory"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name}: must be a number above 0, got {value}")
        if self.depth > MAX_DEPTH:
            raise ValueError(f"depth: must be at most {MAX_DEPTH}, got {self.depth}")
        if self.settle < timedelta(0):
            raise ValueError(f"settle: must be 0s or more, got {self.settle}")
        if not self.suffixes:
            raise ValueError("suffixes: must not be empty, or no file would be a dump")
        for index, suffix in enumerate(self.suffixes):
            if not suffix.startswith(".") or "/" in suffix or len(suffix) < 2 or suffix != suffix.lower():
                raise ValueError(f"suffixes[{index}]: must be in lower case with a dot, such as .md, got {suffix!r}")


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSettings:
    """The publisher, and the address of the feeds."""

    id: str = "tag:refeed.invalid,2026"
    title: str = "refeed"
    author: str = "refeed"
    language: str = "zh-Hans"
    base_url: str = ""
    indexed: Literal["feeds", "everything", "nothing"] = "feeds"
    """What search engines may list: the pages of feeds, also the pages of entries (others' articles), or nothing."""
    restore_from: str = ""
    """The address at which these feeds are already published. An empty store is filled from there."""

    def __post_init__(self) -> None:
        if self.base_url:
            check_base_url("base_url", self.base_url)
        if self.restore_from:
            check_url("restore_from", self.restore_from)
        check_language_tags("language", (self.language,))
        if not self.id.startswith(("tag:", "urn:", "http://", "https://")) or " " in self.id:
            raise ValueError(f"id: must be an IRI such as tag:example.org,2026, got {self.id!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpSettings:
    """The dump folders, and how they are watched."""

    folders: tuple[str, ...] = ("dumps",)
    """Fetched and pushed dumps are written to the last folder."""
    rescan: timedelta = timedelta(minutes=1)
    """How often every folder is scanned, in addition to file events."""
    polling: bool = False
    """Do not use file events, which do not work for folders on network disks."""
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if self.rescan < timedelta(seconds=1):
            raise ValueError(f"rescan: must be at least 1s, got {self.rescan}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSettings:
    """How much a subscription document contains."""

    entries: Annotated[int, Meta(ge=1, le=1000)] = 50
    bytes: Annotated[int, Meta(ge=10_000, le=10_000_000)] = 512_000


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSubSettings:
    """Hubs that are notified of changes (WebSub)."""

    hubs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for index, hub in enumerate(self.hubs):
            check_url(f"hubs[{index}]", hub)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """How documents are sent, and how often they may be requested."""

    age: timedelta = timedelta(minutes=5)
    """How long a cache may keep a subscription document without revalidating it."""
    archive_age: timedelta = timedelta(days=1)
    """How long a cache may keep an archive without revalidating it. Archives rarely change."""
    stale: timedelta = timedelta(days=1)
    """How long a cache may serve its copy while this server does not answer."""
    robots: str = ""
    """The value of X-Robots-Tag for documents, for example noindex."""
    proxies: Annotated[int, Meta(ge=0, le=10)] = 0
    """The number of trusted proxies in front of the server that add to X-Forwarded-For."""
    polls: Annotated[int, Meta(ge=0)] = 0
    """The number of requests without If-None-Match or If-Modified-Since that one client address may make for one
    document in each `per`. More requests are answered by 429. 0 sets no limit."""
    per: timedelta = timedelta(hours=1)
    memory: Annotated[int, Meta(ge=1_000_000)] = 64_000_000
    """Bytes of documents that each web process keeps."""

    def __post_init__(self) -> None:
        for name, least in (("age", 0), ("archive_age", 0), ("stale", 0), ("per", 1)):
            if getattr(self, name) < timedelta(seconds=least):
                raise ValueError(f"{name}: must be at least {least}s, got {getattr(self, name)}")
        if not re.fullmatch(r"[A-Za-z0-9:,_ -]*", self.robots):
            raise ValueError(f"robots: must be words such as noindex, nofollow, got {self.robots!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSettings:
    """Who may read private feeds. Sources, topics and filtered feeds also have an `access` key."""

    site: Literal["public", "private"] = "public"
    """`private`: every feed is private, and there are no pages."""
    readers: tuple[str, ...] = ("reader",)
    """Freely chosen names. Each reader has a separate token for each private feed (`refeed tokens`)."""
    revoked: tuple[str, ...] = ()
    """The first eight or more characters of each token that is no longer valid."""

    def __post_init__(self) -> None:
        for index, name in enumerate(self.readers):
            if not name.strip() or not name.isprintable() or self.readers.count(name) > 1:
                raise ValueError(f"readers[{index}]: {name!r} is empty, unprintable or given twice")
        for index, start in enumerate(self.revoked):
            if not re.fullmatch(r"[a-z2-7]{8,32}", start):
                what = f"must be the first eight characters of a token, or more, got {start!r}; see `refeed tokens`"
                raise ValueError(f"revoked[{index}]: {what}")


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamRule:
    """A place that dumps come from: a feed (`source` and `url`) or a git repository of dumps (`git`)."""

    source: str = ""
    """The folder that a feed's dumps are written to. It names the source of hosts without a rule."""
    url: str = ""
    """An RSS, Atom or JSON feed."""
    git: str = ""
    """The URL of a repository, https or file."""
    branch: str = ""
    """The branch to pull; empty means the default branch."""
    paths: tuple[str, ...] = ()
    """The folders of the repository to read; empty means all folders."""
    every: timedelta = timedelta(hours=1)

    def __post_init__(self) -> None:
        if bool(self.url) == bool(self.git):
            raise ValueError("an upstream needs either url (a feed) or git (a repository)")
        if self.url:
            self._check_feed()
        else:
            self._check_git()
        if self.every < timedelta(minutes=1):
            raise ValueError("every: must be at least 1m, out of politeness; 30m or 1h is usual")

    @property
    def address(self) -> str:
        """The URL of the feed or the repository, which identifies the upstream."""
        return self.url or self.git

    def _check_feed(self) -> None:
        check_url("url", self.url)
        if not _SOURCE_FOLDER.fullmatch(self.source):
            raise ValueError(f"source: invalid slug {self.source!r}: use a to z, 0 to 9 and hyphens, such as bbc")
        if self.branch or self.paths:
            raise ValueError("branch and paths belong to git, not to url")

    def _check_git(self) -> None:
        check_url("git", self.git, ("https", "file"))
        if self.source:
            raise ValueError("source belongs to url; in a repository the folders name the sources")
        if self.branch and not _BRANCH.fullmatch(self.branch):
            raise ValueError(f"branch: invalid name of a branch: {self.branch!r}")
        for index, path in enumerate(self.paths):
            if not path.strip("/") or path.startswith("-") or ".." in path.split("/") or not path.isprintable():
                raise ValueError(f"paths[{index}]: must be a folder of the repository, got {path!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSettings:
    """Limits on every outgoing request."""

    allow: tuple[str, ...] = ()
    """Hosts (`feeds.internal`, `127.0.0.1:8080`) and networks (`10.0.0.0/8`) that may be private or on any port."""
    connect: timedelta = timedelta(seconds=3)
    time: timedelta = timedelta(seconds=15)
    """The time limit for one request with all its redirects, from the first byte to the last."""
    bytes: int = 5_000_000
    """The largest size of one decoded response."""
    redirects: int = 3
    git_time: timedelta = timedelta(minutes=10)
    """The time limit for one pull."""
    git_bytes: int = 1_000_000_000
    """The largest size of one file that git writes, including packfiles."""
    enrich: bool = False
    """Request the size and type of enclosures and lead images, and the icons of sources."""

    def __post_init__(self) -> None:
        for name in ("connect", "time", "git_time"):
            if getattr(self, name) <= timedelta(0):
                raise ValueError(f"{name}: must be longer than 0s")
        for name, least in (("bytes", 1000), ("git_bytes", 1000), ("redirects", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name}: must be {least} or more, got {getattr(self, name)}")
        for index, entry in enumerate(self.allow):
            if not entry or "//" in entry or not entry.isprintable() or " " in entry:
                what = f"must be a host, host:port or network, without http://, got {entry!r}"
                raise ValueError(f"allow[{index}]: {what}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFile:
    """The content of config.yaml."""

    site: SiteSettings = field(default_factory=SiteSettings)
    dumps: DumpSettings = field(default_factory=DumpSettings)
    feeds: FeedSettings = field(default_factory=FeedSettings)
    websub: WebSubSettings = field(default_factory=WebSubSettings)
    http: HttpSettings = field(default_factory=HttpSettings)
    access: AccessSettings | Literal["public", "private"] = field(default_factory=AccessSettings)
    """`access: private` is short for `access: {site: private}`."""
    packs: tuple[str, ...] = DEFAULT_PACKS
    """Folders of sources and topics, next to config.yaml or built in. `<pack>/sources` means only its sources."""
    sources: tuple[SourceRule, ...] = ()
    """Additional sources, or changes to the source of a pack with the same id."""
    topics: tuple[TopicRule, ...] = ()
    """Additional topics, or changes to the topic of a pack with the same id."""
    filtered_feeds: tuple[FilteredFeedRule, ...] = ()
    retired: tuple[FeedPath, ...] = ()
    """Feeds that no longer exist, for example topic/olympics-2024. They are answered by 410, so readers unsubscribe."""
    upstreams: tuple[UpstreamRule, ...] = ()
    fetch: FetchSettings = field(default_factory=FetchSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The values of config.yaml, its packs and the environment, validated and with defaults and complete paths."""

    config_file: str
    pack_dirs: tuple[str, ...]
    """The folders of the operator's own packs."""
    site: SiteSettings
    dumps: DumpSettings
    feeds: FeedSettings
    websub: WebSubSettings
    http: HttpSettings
    access: AccessSettings
    sources: tuple[SourceRule, ...]
    topics: tuple[TopicRule, ...]
    filtered_feeds: tuple[FilteredFeedRule, ...]
    retired: tuple[FeedPath, ...]
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
        """`dumps.limits`."""
        return self.dumps.limits
