"""The words of config.yaml, as types with their defaults. What is special about sources and topics is in `rules`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated

from msgspec import Meta

from ..rules import FetchRule, Limits, SourceRule, TopicRule, UpstreamRule

Positive = Annotated[int, Meta(ge=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSettings:
    """Who publishes, and under which address."""

    id: str = "tag:refeed.invalid,2026"
    title: str = "refeed"
    author: str = "refeed"
    language: str = "zh-Hans"
    base_url: str = ""

    def __post_init__(self) -> None:
        if not self.id.startswith(("tag:", "urn:", "http://", "https://")) or " " in self.id:
            raise ValueError(f"id: {self.id!r} is no IRI; write a tag URI such as tag:example.org,2026")
        if self.base_url and not self.base_url.startswith(("http://", "https://")):
            raise ValueError(f"base_url: {self.base_url!r} is no http(s) address")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSettings:
    """How much a subscription document holds."""

    entries: Annotated[int, Meta(ge=1, le=1000)] = 50
    bytes: Annotated[int, Meta(ge=10_000, le=10_000_000)] = 512_000


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSubSettings:
    """Hubs that are told of changes (WebSub)."""

    hubs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """config.yaml as it is written."""

    site: SiteSettings = field(default_factory=SiteSettings)
    dumps: DumpSettings = field(default_factory=DumpSettings)
    feeds: FeedSettings = field(default_factory=FeedSettings)
    websub: WebSubSettings = field(default_factory=WebSubSettings)
    sources: tuple[SourceRule, ...] = ()
    """Sources of one's own, or what is to be different about a built-in one (same id)."""
    topics: tuple[TopicRule, ...] = ()
    upstreams: tuple[UpstreamRule, ...] = ()
    fetch: FetchRule = field(default_factory=FetchRule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that the program is told, by config.yaml and the environment, checked and complete."""

    file: str
    site: SiteSettings
    dumps: DumpSettings
    feeds: FeedSettings
    websub: WebSubSettings
    sources: tuple[SourceRule, ...]
    topics: tuple[TopicRule, ...]
    upstreams: tuple[UpstreamRule, ...]
    fetch: FetchRule
    port: int
    database_url: str
    feeds_folder: str
    var_folder: str
    web_concurrency: int
    push_token: str = field(repr=False)
    log: str

    @property
    def limits(self) -> Limits:
        """What a dump may be."""
        return self.dumps.limits
