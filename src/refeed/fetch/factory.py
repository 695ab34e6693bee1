"""Settings -> the one session outwards, and where fetching may write."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from ..config.settings import Settings
from .poller import FetchDirs, upstream_dump_dirs

if TYPE_CHECKING:
    from .session import HttpSession


def fetch_dirs(settings: Settings) -> FetchDirs:
    """Where what is fetched goes."""
    var = Path(settings.var_dir)
    return FetchDirs(dumps=Path(settings.dumps.folders[-1]), checkouts=var / "checkouts", var=var)


def open_session(settings: Settings) -> HttpSession:
    """The session that every request outwards goes through; it says who asks."""
    from .session import HttpSession  # heavy, and most processes ask nobody

    agent = f"refeed/{version('refeed')} (+{settings.site.base_url}/)"
    return HttpSession(Path(settings.var_dir) / "http", settings.fetch, user_agent=agent)


def dump_dirs(settings: Settings) -> tuple[str, ...]:
    """Every folder that dumps arrive in: those of the configuration, and the checkouts of git upstreams."""
    arrived = (str(root) for root in upstream_dump_dirs(settings.upstreams, fetch_dirs(settings)))
    return tuple(dict.fromkeys((*settings.dumps.folders, *arrived)))
