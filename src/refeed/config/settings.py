"""Types for config.yaml with their defaults: a dataclass for each section, `ConfigFile` for the file, `Settings`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Annotated, Literal

from annotated_types import Ge, Interval, MinLen

from ..model import DerivedPart, FeedPath
from .field_types import (
    BaseUrl,
    Check,
    Duration,
    GitUrl,
    LanguageTag,
    Parse,
    Slug,
    Text,
    TimeZone,
    Url,
    check_token,
    duration,
    matching,
)
from .filter_rules import FilteredFeedRule
from .source_rules import SourceRule
from .topic_rules import TopicRule

DEFAULT_PACKS = ("chinese-news/sources",)
"""The packs of a config.yaml without `packs`: the built-in sources, as in earlier versions, and no topics."""

MAX_DEPTH = 256
"""The most levels of elements that the cleaner reads. Parsers move deeper elements, and Python's stack is limited."""

PositiveInt = Annotated[int, Ge(1)]
Suffix = Annotated[str, matching(r"\.[^/A-Z]+", "in lower case with a dot, such as .md")]
Iri = Annotated[str, matching(r"(?:tag:|urn:|https?://)[^ ]*", "an IRI such as tag:example.org,2026")]
_TOKEN_START = "the first eight characters of a token, or more (see `refeed tokens`)"


def _check_readers(names: tuple[str, ...]) -> None:
    if wrong := next((name for name in names if not name.isprintable() or names.count(name) > 1), ""):
        raise ValueError(f"{wrong!r} is unprintable or given twice")


def _parse_time(text: str) -> time:
    """A time of day: `06:00`. Raises ValueError."""
    if not re.fullmatch(r"(?:[01]\d|2[0-3]):[0-5]\d", text):
        raise ValueError(f'must be a time in quotes from "00:00" to "23:59", got {text!r}')
    return time.fromisoformat(text)


def _check_repository_path(path: str) -> None:
    if not path.strip("/") or path.startswith("-") or ".." in path.split("/") or not path.isprintable():
        raise ValueError(f"must be a folder of the repository, got {path!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`dumps.limits`: how large a dump may be, how it is named, when it is complete."""

    bytes: PositiveInt = 5_000_000
    """The largest size of a file. A larger file is not read."""
    title: PositiveInt = 1000
    """The longest title in characters. A longer title is cut."""
    link: PositiveInt = 2000
    """The longest link in characters, as written in the dump. A dump with a longer link is quarantined."""
    depth: Annotated[int, Interval(ge=1, le=MAX_DEPTH)] = 256
    """The most levels of nested elements, up to 256. A deeper body is published as plain text."""
    attributes: PositiveInt = 128
    """The most attributes of one element. A body with an element that has more is published as plain text."""
    seconds: Annotated[float, Interval(gt=0, le=3600)] = 2.0
    """Processor time that one dump may take, from its bytes to its entry."""
    memory: PositiveInt = 512_000_000
    """Bytes of memory that one dump may take."""
    suffixes: Annotated[tuple[Suffix, ...], MinLen(1)] = (".md", ".txt", ".html")
    """Suffixes of dumps; in a file's name they may be in any case. Other files are ignored."""
    containers: tuple[Suffix, ...] = (".eml", ".mbox", ".xml", ".rss", ".atom", ".json")
    """Suffixes of files that hold several articles: mail, and saved feeds. Each article counts as a dump."""
    container_bytes: PositiveInt = 100_000_000
    """The largest size of a container. The other limits are those of each article in it."""
    settle: Duration = timedelta(seconds=2)
    """How long a file must be unchanged before it is read, unless a file event says that it is complete."""

    @property
    def all_suffixes(self) -> tuple[str, ...]:
        """Suffixes of all files that are read."""
        return self.suffixes + self.containers


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSettings:
    """The publisher, and the address of the feeds."""

    id: Annotated[str, matching(r"(?:tag:|urn:|https?://)[^ ]*", "an IRI such as tag:example.org,2026")] = (
        "tag:refeed.invalid,2026"
    )
    title: str = "refeed"
    author: str = ""
    """The title, if it is empty."""
    contact: Annotated[str, matching(r"(?:mailto:|tel:|https://)[!-~]+|", "a URI such as mailto:admin@example.org")] = (
        ""
    )
    """Whom to tell about holes, in `/.well-known/security.txt`."""
    language: LanguageTag = "en"
    """Of what refeed itself writes in feeds, and of pages for visitors with another language. Never the machine's."""
    timezone: TimeZone = "UTC"
    """In which a day of the digests begins and ends."""
    base_url: BaseUrl | Literal[""] = ""
    indexed: Literal["feeds", "everything", "nothing"] = "feeds"
    """What search engines may list: the pages of feeds, also the pages of entries (others' articles), or nothing."""
    restore_from: Url | Literal[""] = ""
    """The address at which these feeds are already published. An empty store is filled from there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpSettings:
    """The dump folders, and how they are watched."""

    folders: Annotated[tuple[str, ...], MinLen(1)] = ("dumps",)
    """Fetched and pushed dumps are written to the last folder."""
    rescan: Annotated[timedelta, duration("1s")] = timedelta(minutes=1)
    """How often every folder is scanned, in addition to file events."""
    polling: bool = False
    """Do not use file events, which do not work for folders on network disks."""
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSettings:
    """How much a subscription document contains."""

    entries: Annotated[int, Interval(ge=1, le=1000)] = 50
    bytes: Annotated[int, Interval(ge=10_000, le=10_000_000)] = 512_000
    precompressed: tuple[Literal["gzip", "br", "zstd"], ...] = ()
    """Codings in which public documents are also written, for a web server that sends the files of feeds/ itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestSettings:
    """When a day or a week of a feed is closed, and how much of it is shown."""

    at: Annotated[time, Parse(_parse_time)] = time(6)
    """In the time zone of the site. A week is closed on Monday."""
    limit: Annotated[int, Interval(ge=1, le=100)] = 25
    """Stories with lead and links; the others are lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSubSettings:
    """Hubs that are notified of changes (WebSub)."""

    hubs: tuple[Url, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """How documents are sent, and how often they may be requested."""

    age: Duration = timedelta(minutes=5)
    """How long a cache may keep a subscription document without revalidating it."""
    archive_age: Duration = timedelta(days=1)
    """How long a cache may keep an archive without revalidating it. Archives rarely change."""
    stale: Duration = timedelta(days=1)
    """How long a cache may serve its copy while this server does not answer."""
    robots: Annotated[str, matching(r"[A-Za-z0-9:,_ -]*", "words such as noindex, nofollow")] = ""
    """The value of X-Robots-Tag for documents, for example noindex."""
    proxies: Annotated[int, Interval(ge=0, le=10)] = 0
    """The number of trusted proxies in front of the server that add to X-Forwarded-For."""
    polls: Annotated[int, Ge(0)] = 0
    """How often one client address may get the same version of a document in each `per`. More requests are answered by
    429. 0 sets no limit."""
    per: Annotated[timedelta, duration("1s")] = timedelta(hours=1)
    memory: Annotated[int, Ge(1_000_000)] = 64_000_000
    """Bytes of documents that each web process keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSettings:
    """Who may read private feeds. Sources, topics and filtered feeds also have an `access` key."""

    site: Literal["public", "private"] = "public"
    """`private`: every feed is private, and there are no pages."""
    readers: Annotated[tuple[Text, ...], Check(_check_readers)] = ("reader",)
    """Freely chosen names. Each reader has a separate token for each private feed (`refeed tokens`)."""
    revoked: tuple[Annotated[str, matching(r"[a-z2-7]{8,32}", _TOKEN_START)], ...] = ()
    """The first eight or more characters of each token that is no longer valid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamRule:
    """A place that dumps come from: a feed (`source` and `url`) or a git repository of dumps (`git`)."""

    source: Annotated[str, matching(r"(?:[a-z0-9][a-z0-9-]{0,79})?", "a slug of a to z, 0 to 9 and hyphens")] = ""
    """The folder that a feed's dumps are written to. It names the source of hosts without a rule."""
    url: Url | Literal[""] = ""
    """An RSS, Atom or JSON feed."""
    git: GitUrl | Literal[""] = ""
    """The URL of a repository, https or file."""
    branch: Annotated[str, matching(r"(?!.*\.\.)(?:[A-Za-z0-9_][A-Za-z0-9_./-]{0,199})?(?<![./])", "a branch")] = ""
    """The branch to pull; empty means the default branch."""
    paths: tuple[Annotated[str, Check(_check_repository_path)], ...] = ()
    """The folders of the repository to read; empty means all folders."""
    sources: tuple[Slug, ...] | Literal["all"] = ()
    """The sources whose entries it may write, by the host of the link; `all` for any source. A feed may also write its
    own. A repository may write any by default; otherwise the first of the list is its own."""
    login: Annotated[str, matching(r"(?:[^\r\n:]+:[^\r\n]+)?", "user:password")] = field(default="", repr=False)
    """User and password (basic authentication). Only this upstream's host gets them."""
    header: Annotated[str, matching(r"(?:[A-Za-z0-9-]+: ?[!-~ ]+)?", "Name: value")] = field(default="", repr=False)
    """A request header with a key, such as `Authorization: Bearer …`. Only this upstream's host gets it."""
    timezone: TimeZone = ""
    """The zone of dates that name none, or one that is ambiguous (CST), such as Asia/Shanghai; empty means UTC."""
    every: Annotated[timedelta, duration("1m")] = timedelta(hours=1)
    """How often to poll. A shorter time would be impolite."""

    def __post_init__(self) -> None:
        if bool(self.url) == bool(self.git):
            raise ValueError("an upstream needs either url (a feed) or git (a repository)")
        if self.url and not self.source:
            raise ValueError("source is missing: a slug such as bbc, which names the folder of the feed's dumps")
        if self.url and (self.branch or self.paths):
            raise ValueError("branch and paths belong to git, not to url")
        if self.git and (self.login or self.header):
            raise ValueError("login and header belong to url, not to git")
        if self.git and self.source:
            raise ValueError("source belongs to url; in a repository the folders name the sources")

    @property
    def address(self) -> str:
        """The URL of the feed or the repository, which identifies the upstream."""
        return self.url or self.git


@dataclass(frozen=True, slots=True, kw_only=True)
class PushToken:
    """A token for `POST /dumps`, and what its owner may write."""

    token: Annotated[str, Check(check_token)] = field(repr=False)
    """From the environment: `${BBC_TOKEN}`."""
    sources: Annotated[tuple[Slug, ...], MinLen(1)] | Literal["all"]
    """The sources whose entries it may write, by the host of the link; `all` for any source. The first is its own, to
    which all other entries belong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSettings:
    """Limits on every outgoing request."""

    allow: tuple[Annotated[str, matching(r"(?!.*//)[!-~]+", "a host, host:port or network, without http://")], ...] = ()
    """Hosts (`feeds.internal`, `127.0.0.1:8080`) and networks (`10.0.0.0/8`) that may be private or on any port."""
    connect: Annotated[timedelta, duration("1ms")] = timedelta(seconds=3)
    time: Annotated[timedelta, duration("1ms")] = timedelta(seconds=15)
    """The time limit for one request with all its redirects, from the first byte to the last."""
    bytes: Annotated[int, Ge(1000)] = 5_000_000
    """The largest size of one decoded response."""
    redirects: Annotated[int, Ge(0)] = 3
    git_time: Annotated[timedelta, duration("1ms")] = timedelta(minutes=10)
    """The time limit for one pull."""
    git_bytes: Annotated[int, Ge(1000)] = 500_000_000
    """The largest size of one file that git writes, including packfiles."""
    enrich: bool = False
    """Request the size and type of enclosures and lead images, and the icons of sources."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFile:
    """The content of config.yaml."""

    site: SiteSettings = field(default_factory=SiteSettings)
    dumps: DumpSettings = field(default_factory=DumpSettings)
    feeds: FeedSettings = field(default_factory=FeedSettings)
    digests: DigestSettings = field(default_factory=DigestSettings)
    static: tuple[DerivedPart, ...] = ()
    """What `refeed publish --static` writes of each feed besides its documents."""
    websub: WebSubSettings = field(default_factory=WebSubSettings)
    http: HttpSettings = field(default_factory=HttpSettings)
    access: Literal["public", "private"] | AccessSettings = field(default_factory=AccessSettings)
    """`access: private` is short for `access: {site: private}`."""
    images: Literal["original", "cached"] = "original"
    """`cached`: documents and pages show images from this server, which fetches them when they are first asked for."""
    packs: tuple[str, ...] = DEFAULT_PACKS
    """Folders of sources and topics, next to config.yaml or built in. `<pack>/sources` means only its sources."""
    sources: tuple[SourceRule, ...] = ()
    """Additional sources, or changes to the source of a pack with the same id."""
    topics: tuple[TopicRule, ...] = ()
    """Additional topics, or changes to the topic of a pack with the same id."""
    filtered_feeds: tuple[FilteredFeedRule, ...] = ()
    retired: tuple[Annotated[FeedPath, Parse(FeedPath.parse)], ...] = ()
    """Feeds that no longer exist, for example topic/olympics-2024. They are answered by 410, so readers unsubscribe."""
    upstreams: tuple[UpstreamRule, ...] = ()
    fetch: FetchSettings = field(default_factory=FetchSettings)
    push_tokens: tuple[PushToken, ...] = ()
    """Further tokens for `POST /dumps`, besides REFEED_PUSH_TOKEN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(ConfigFile):
    """The values of config.yaml, its packs and the environment, validated and with defaults and complete paths."""

    config_file: str
    pack_dirs: tuple[str, ...]
    """The folders of the operator's own packs."""
    access: AccessSettings
    host: str
    """The IP address to listen on."""
    port: int
    database_url: str
    feeds_dir: str
    var_dir: str
    web_concurrency: int
    push_token: str = field(repr=False)
    access_secret: str = field(repr=False)
    operator_token: str = field(repr=False)
    log_format: str

    @property
    def all_push_tokens(self) -> tuple[PushToken, ...]:
        """REFEED_PUSH_TOKEN, which may write to all sources, and the tokens of config.yaml."""
        operator = PushToken(token=self.push_token, sources="all") if self.push_token else None
        return (*([operator] if operator else []), *self.push_tokens)

    @property
    def private_dir(self) -> str:
        """The folder of private documents."""
        return f"{self.var_dir}/private"

    @property
    def limits(self) -> Limits:
        """`dumps.limits`."""
        return self.dumps.limits

    @property
    def default_base_url(self) -> str:
        """`site.base_url` if neither the environment nor config.yaml sets it: an address of this machine."""
        return f"http://127.0.0.1:{self.port}"
