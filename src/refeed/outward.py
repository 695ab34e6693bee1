"""Settings -> the one session outwards, and where fetching may write."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from .config import Settings
from .fetch import Places, dump_roots

if TYPE_CHECKING:
    from .fetch import Session


def places(settings: Settings) -> Places:
    """Where what is fetched goes."""
    var = Path(settings.var_folder)
    return Places(dumps=Path(settings.dumps.folders[-1]), checkouts=var / "checkouts", var=var)


def session(settings: Settings) -> Session:
    """The session that every request outwards goes through; it says who asks."""
    from .fetch import Session  # heavy, and most processes ask nobody

    agent = f"refeed/{version('refeed')} (+{settings.site.base_url}/)"
    return Session(Path(settings.var_folder) / "http", settings.fetch, agent=agent)


def dump_folders(settings: Settings) -> tuple[str, ...]:
    """Every folder that dumps arrive in: those of the configuration, and the checkouts of git upstreams."""
    arrived = (str(root) for root in dump_roots(settings.upstreams, places(settings)))
    return tuple(dict.fromkeys((*settings.dumps.folders, *arrived)))
