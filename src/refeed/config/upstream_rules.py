"""`upstreams:` and `fetch:` in config.yaml -> where dumps come from, and the limits of every request."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from .field_types import check_url

_SOURCE_FOLDER = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_BRANCH = re.compile(r"(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_./-]{0,199}(?<![./])")


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamRule:
    """A place that dumps come from: a feed (`source` and `url`) or a git repository of dumps (`git`)."""

    source: str = ""
    """Folder that a feed's dumps are written to; names the source of hosts without a rule."""
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
            raise ValueError("an upstream needs either url (a feed) or git (a repository)")
        if self.url:
            self._check_feed()
        else:
            self._check_git()
        if self.every < timedelta(minutes=1):
            raise ValueError("every: must be at least 1m, out of politeness; 30m or 1h is usual")

    @property
    def address(self) -> str:
        """The URL of the feed or the repository: the identity of an upstream."""
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
    """Hosts (`feeds.internal`, `127.0.0.1:8080`) and networks (`10.0.0.0/8`), even private or on unusual ports."""
    connect: timedelta = timedelta(seconds=3)
    time: timedelta = timedelta(seconds=15)
    """For one request with all its redirects, from the first byte to the last."""
    bytes: int = 5_000_000
    """Of one response, decoded."""
    redirects: int = 3
    git_time: timedelta = timedelta(minutes=10)
    """For one pull."""
    git_bytes: int = 1_000_000_000
    """Of one file that git writes, its packfiles included."""
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
