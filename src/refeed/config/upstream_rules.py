"""`upstreams:` and `fetch:` in config.yaml: where dumps come from, and how we may ask for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from .field_types import HTTP_SCHEMES, check_url


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamRule:
    """A place that dumps come from: a feed (`source` and `url`) or a git repository of dumps (`git`)."""

    source: str = ""
    """Folder that a feed's dumps are written to; names the source of hosts that no rule knows."""
    url: str = ""
    """An RSS, Atom or JSON feed."""
    git: str = ""
    """A repository, https or file."""
    branch: str = ""
    """Of the repository; its default branch when empty."""
    paths: tuple[str, ...] = ()
    """Folders of the repository to take; all of it when empty."""
    every: timedelta = timedelta(hours=1)

    def __post_init__(self) -> None:
        if bool(self.url) == bool(self.git):
            raise ValueError("an upstream has either url (a feed) or git (a repository)")
        if self.url:
            self._check_feed()
        else:
            self._check_git()
        if self.every < timedelta(minutes=1):
            raise ValueError("every: once a minute is the most that is polite; 30m or 1h is usual")

    @property
    def address(self) -> str:
        """The url or the repository: what tells one upstream from another, and what people are shown."""
        return self.url or self.git

    def _check_feed(self) -> None:
        check_url("url", self.url, HTTP_SCHEMES)
        if not _SLUG.fullmatch(self.source):
            raise ValueError(f"source: {self.source!r} is no slug; write small letters, digits and dashes, such as bbc")
        if self.branch or self.paths:
            raise ValueError("branch and paths belong to git, not to url")

    def _check_git(self) -> None:
        check_url("git", self.git, ("https", "file"))
        if self.source:
            raise ValueError("source belongs to url; in a repository the folders name the sources")
        if self.branch and not _BRANCH.fullmatch(self.branch):
            raise ValueError(f"branch: {self.branch!r} is no name of a branch")
        for path in self.paths:
            if not path.strip("/") or path.startswith("-") or ".." in path.split("/") or not path.isprintable():
                raise ValueError(f"paths: {path!r} is no folder of a repository")


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSettings:
    """Limits on every outgoing request."""

    allow: tuple[str, ...] = ()
    """Hosts (`feeds.internal`, `127.0.0.1:8080`) and networks (`10.0.0.0/8`) that may be private or on odd ports."""
    connect: timedelta = timedelta(seconds=3)
    time: timedelta = timedelta(seconds=15)
    """For one request with all its redirects, from the first byte to the last."""
    bytes: int = 5_000_000
    """Of one answer, after decoding."""
    redirects: int = 3
    git_time: timedelta = timedelta(minutes=10)
    """For one pull."""
    git_bytes: int = 1_000_000_000
    """Of one file that git writes, its packs among them."""
    enrich: bool = False
    """Ask for the size and type of enclosures and lead images, and for the icons of sources."""

    def __post_init__(self) -> None:
        if min(self.connect, self.time, self.git_time) <= timedelta(0):
            raise ValueError("connect, time and git-time are time spans longer than nothing")
        if self.bytes < 1000 or self.git_bytes < 1000 or self.redirects < 0:
            raise ValueError("bytes and git-bytes are at least 1000, redirects at least 0")
        for entry in self.allow:
            if not entry or "//" in entry or not entry.isprintable() or " " in entry:
                raise ValueError(f"allow: {entry!r} is no host, host:port or network; write it without http://")


_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_BRANCH = re.compile(r"(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_./-]{0,199}(?<![./])")
