"""Helpers of the commands: names that people type -> files and entries; progress on a terminal."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..clean.entry_identity import entry_id
from ..clock import utc_now
from ..config.settings import Settings
from ..errors import QuarantineError
from ..fetch.upstreams import dump_dirs
from ..model import Dump
from .output import echo

if TYPE_CHECKING:
    from ..ingest.entry_builder import EntryBuilder
    from ..ingest.pipeline import Pipeline
    from ..store.store import Store

_ENTRY_ID = re.compile(
    r"(?:urn:uuid:|https?://\S+/entry/)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:[.?#].*)?", re.I
)


def find_dump_root(path: str, settings: Settings, default: str | None = None) -> Path:
    """The dump folder that holds a file, as the settings spell it, so that a file has one name in the store.

    For a file outside of all dump folders: `default`, or the folder of the file.
    """
    file = Path(os.path.abspath(path))  # noqa: PTH100  it resolves `..`, unlike Path.absolute
    roots = (root for root in dump_dirs(settings) if file.is_relative_to(os.path.abspath(root)))  # noqa: PTH100
    return Path(next(roots, os.path.abspath(default) if default else file.parent))  # noqa: PTH100


def find_entry_id(store: Store, name: str, builder: EntryBuilder) -> str | None:
    """The id of the stored entry that `name` means: an id, the address of its page, or its link. None when unknown."""
    candidates = [match[1].lower()] if (match := _ENTRY_ID.fullmatch(name)) else _ids_of_link(name, builder)
    return next((id for id in candidates if store.get_entry(id) is not None), None)


def _ids_of_link(link: str, builder: EntryBuilder) -> Iterator[str]:
    """Ids that the entry of a link may have: from the link as it is, then from its canonical form."""
    if not link.startswith(("http://", "https://")):
        return
    yield entry_id(link).removeprefix("urn:uuid:")
    with suppress(QuarantineError):
        dump = Dump(path="", folder="", data=f"<!--0-->\n[-]({link})\n------\n".encode(), first_seen=utc_now())
        yield builder.derive_entry_id(dump).removeprefix("urn:uuid:")


def publish_changes(pipeline: Pipeline, *, everything: bool = False) -> None:
    """Publish what has changed, or leave that to the leader on this machine, which has the service's environment."""
    from ..store.leader_lock import make_leader_lock

    lock = make_leader_lock(pipeline.settings.database_url)
    if lock.is_held_here():
        echo(f"{lock.holder()} is the leader; it publishes changes within seconds")
    else:
        echo(f"{len(pipeline.publisher.publish(everything=everything))} documents changed")


def show_progress(text: str = "") -> None:
    """Replace the progress line; without a text, end it. Does nothing if standard error is not a terminal."""
    if sys.stderr.isatty():
        click.echo(f"\r{text} " if text else "", nl=not text, err=True)
