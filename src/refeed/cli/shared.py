"""What several commands need: the one process that ingests, and how people name a file or an entry."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from ..clock import now
from ..config import Settings
from ..election import ingest_lock
from ..errors import QuarantineError
from ..making import Maker
from ..model import Dump
from ..outward import dump_folders
from ..pipeline import Program
from ..store import Store

_ID = re.compile(r"(?:urn:uuid:|https?://\S+/entry/)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:[.?#].*)?", re.I)


@contextmanager
def writing(settings: Settings) -> Iterator[Program]:
    """The program, as the one process that ingests. Raises LockedError when another does."""
    with ingest_lock(settings), closing(Program.open(settings, processes=os.cpu_count() or 1)) as program:
        yield program


def root_of(path: str, settings: Settings, otherwise: str | None = None) -> Path:
    """The dump folder that a file lies in, as the settings spell it, so that a file has one name in the store; for one
    that lies elsewhere `otherwise`, or its own folder."""
    here = Path(os.path.abspath(path))  # noqa: PTH100  which takes `..` out, and `absolute` does not
    roots = (root for root in dump_folders(settings) if here.is_relative_to(os.path.abspath(root)))  # noqa: PTH100
    return Path(next(roots, os.path.abspath(otherwise) if otherwise else here.parent))  # noqa: PTH100


def stored_id(store: Store, entry: str, maker: Maker) -> str | None:
    """The id that the store knows an entry by, from an id, an address of its page, or its link; None for nothing."""
    candidates = [match[1].lower()] if (match := _ID.fullmatch(entry)) else _of_link(entry, maker)
    return next((id for id in candidates if store.entry(id) is not None), None)


def _of_link(link: str, maker: Maker) -> Iterator[str]:
    """As entries are identified: first by the link as it stands, then by what never changes in it."""
    if not link.startswith(("http://", "https://")):
        return
    yield str(uuid.uuid5(uuid.NAMESPACE_URL, link))
    with suppress(QuarantineError):
        dump = Dump(path="", folder="", data=f"<!--0-->\n[-]({link})\n------\n".encode(), seen=now())
        yield maker.identify(dump).removeprefix("urn:uuid:")
