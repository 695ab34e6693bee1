"""What several commands need: the one process that ingests, and how people name a file or an entry."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ..config import Settings
from ..election import ingest_lock
from ..pipeline import Program


@contextmanager
def writing(settings: Settings) -> Iterator[Program]:
    """The program, as the one process that ingests. Raises LockedError when another does."""
    with ingest_lock(settings), closing(Program.open(settings, processes=os.cpu_count() or 1)) as program:
        yield program


def root_of(path: str, settings: Settings) -> Path:
    """The dump folder that a file lies in, or its own folder."""
    here = Path(path).absolute()
    roots = [Path(folder).absolute() for folder in settings.dumps.folders]
    return next((root for root in roots if here.is_relative_to(root)), here.parent)


def bare(entry: str) -> str:
    """The id that the store knows an entry by, from an id, an address of its page, or its link."""
    if entry.startswith(("http://", "https://")) and "/entry/" not in entry:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, entry))
    return entry.rpartition("/")[2].removeprefix("urn:uuid:")
