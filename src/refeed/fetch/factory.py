"""Settings -> the session for outgoing requests, and the directories that fetching writes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from ..config.settings import Settings
from ..config.upstream_rules import UpstreamRule
from .git import checkout_dir

if TYPE_CHECKING:
    from .session import HttpSession


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchDirs:
    """Where fetching may write."""

    dumps: Path
    """Dumps of feeds, in a folder for each source."""
    checkouts: Path
    """Work trees of git upstreams; each is a dump folder."""
    var: Path

    @property
    def states(self) -> Path:
        """What is known of each upstream."""
        return self.var / "upstreams"

    @property
    def repositories(self) -> Path:
        """Git data, apart from the work trees."""
        return self.var / "git"


def fetch_dirs(settings: Settings) -> FetchDirs:
    """The directories that these settings give to fetching."""
    var = Path(settings.var_dir)
    return FetchDirs(dumps=Path(settings.dumps.folders[-1]), checkouts=var / "checkouts", var=var)


def upstream_dump_dirs(upstreams: Sequence[UpstreamRule], dirs: FetchDirs) -> list[Path]:
    """The dump folders that upstreams fill. They are ingested and watched like every other."""
    feeds = [dirs.dumps] if any(upstream.url for upstream in upstreams) else []
    return feeds + [checkout_dir(upstream, dirs.checkouts) for upstream in upstreams if upstream.git]


def dump_dirs(settings: Settings) -> tuple[str, ...]:
    """All dump folders: the configured ones, then those of upstreams."""
    filled = (str(folder) for folder in upstream_dump_dirs(settings.upstreams, fetch_dirs(settings)))
    return tuple(dict.fromkeys((*settings.dumps.folders, *filled)))


def open_session(settings: Settings) -> HttpSession:
    """The session that every outgoing request goes through. Its User-Agent names us and our address."""
    # Imported here: requests and its cache take 7 MB, and most processes send no request.
    from .session import HttpSession

    agent = f"refeed/{version('refeed')} (+{settings.site.base_url}/)"
    return HttpSession(Path(settings.var_dir) / "http", settings.fetch, user_agent=agent)
