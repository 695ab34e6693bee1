"""`refeed explain`, `check`, `status`, `tokens`: questions, and nothing changes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import msgspec

from .. import accounts, dumps, explain, status
from ..access import Access
from ..catalogue import make_catalogue
from ..clock import now
from ..config import Settings
from ..errors import IgnoredError, QuarantineError, RefeedError, StoreError, VanishedError
from ..makers import Makers
from ..making import Made, Maker
from ..model import Dump, Origin, Outcome
from ..outward import dump_folders
from ..packing import Notes
from ..store import Store, Stored
from ..store.engine import parse_url
from ..store.glances import reports
from .shared import root_of, stored_id


@click.command("explain")
@click.argument("what", metavar="FILE|ENTRY...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--diff", is_flag=True, help="Show the text before and after, line against line.")
@click.pass_obj
def explain_(settings: Callable[[], Settings], what: Sequence[str], as_json: bool, diff: bool) -> None:
    """Say stage by stage what becomes of a dump (FILE, or its name in `status`) or became of an ENTRY (its id, the
    address of its page, or its link)."""
    chosen = settings()
    makers = Makers(Maker.of(chosen))
    refused = False
    for name in what:
        try:
            account, lines = _account(name, chosen, makers, diff)
        except RefeedError as error:  # the others are explained all the same
            click.echo(str(error), err=True)
            refused = True
            continue
        refused = refused or account["outcome"] in (Outcome.QUARANTINED, Outcome.IGNORED)
        click.echo(msgspec.json.encode(account).decode() if as_json else "\n".join(lines))
    sys.exit(1 if refused else 0)


@click.command()
@click.pass_obj
def check(settings: Callable[[], Settings]) -> None:
    """Check config.yaml, the source rules and the topics: every mistake, with its place."""
    chosen = settings()
    maker = Maker.of(chosen)
    _ = maker.known, maker.matcher
    click.echo(f"{chosen.file}: {len(chosen.sources)} sources, {len(chosen.topics)} topics, no mistakes")


@click.command()
@click.argument("feeds", nargs=-1)
@click.pass_obj
def tokens(settings: Callable[[], Settings], feeds: Sequence[str]) -> None:
    """Addresses of private FEEDS (such as topic/climate), or of all, one for each reader."""
    chosen = settings()
    addresses = Access(chosen).addresses(feeds or make_catalogue(chosen).feeds, chosen.site.base_url)
    for feed, reader, address in addresses:
        click.echo(f"{feed}\t{reader}\t{address}")
    if not addresses:
        raise RefeedError("nothing that was asked for is private; docs/http.md says how to make it so")


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def status_(settings: Callable[[], Settings], as_json: bool) -> None:
    """Sources, counts, freshness, and what is quarantined with reasons."""
    facts = status.status(settings(), now())
    click.echo(msgspec.json.encode(facts).decode() if as_json else "\n".join(status.told(facts)))


def _account(name: str, settings: Settings, makers: Makers, diff: bool) -> tuple[dict[str, Any], list[str]]:
    """What is to be said of a file or an entry: for machines, and in lines for people."""
    path = _file(name, settings)
    if path is None:
        return _account_of_entry(name, settings, makers.maker)
    shown = dumps.shown(name)
    try:
        found = dumps.look(path, root_of(path, settings), settings.limits.suffixes)
        data = dumps.read(found.path, settings.limits.bytes, root=found.root)
    except (IgnoredError, VanishedError) as error:
        account = accounts.ignored(name, str(error))
    except QuarantineError as error:
        account = accounts.ignored(name, str(error), Outcome.QUARANTINED)
    else:
        made = makers.make(Dump(path=shown, folder=found.folder, data=data, seen=now()))
        return _account_of_file(shown, made, settings, makers.maker, diff)
    return account, list(explain.told(account))


def _file(name: str, settings: Settings) -> str | None:
    """The file that a person means: one that is there, or one below a dump folder, as `status` names them."""
    paths = [name, *(os.path.join(folder, name) for folder in dump_folders(settings))]  # noqa: PTH118
    return next((path for path in paths if name and os.path.lexists(path)), None)


def _account_of_file(
    shown: str, made: Made, settings: Settings, maker: Maker, diff: bool
) -> tuple[dict[str, Any], list[str]]:
    account = accounts.of_file(shown, made)
    if made.cleaned is None:
        return account, [*explain.told(account), *explain.header(made, maker)]
    lines = [*explain.told(account, _origins(made.cleaned.origins)), *explain.header(made, maker)]
    with suppress(_UnknownError, StoreError):  # what a dump becomes depends on it alone; what feeds show, on others too
        lines += _in_store(made.cleaned.entry.id, settings, maker).lines
    lines += explain.near_misses(made.cleaned.entry, maker)
    return account, lines + (list(explain.difference(made)) if diff else [])


def _account_of_entry(name: str, settings: Settings, maker: Maker) -> tuple[dict[str, Any], list[str]]:
    try:
        known = _in_store(name, settings, maker)
    except _UnknownError:
        raise RefeedError(f"{name!r}: no such file, and no entry of that id or link is stored") from None
    account = accounts.of_entry(known.stored, known.notes, known.path)
    lines = [*explain.told(account, _origins(known.notes.origins)), *known.lines]
    return account, [*lines, *explain.near_misses(known.stored.entry, maker)]


class _UnknownError(Exception):
    """No such entry is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the store knows of an entry."""

    stored: Stored
    notes: Notes
    path: str
    """Of the dump that gives its text."""
    lines: tuple[str, ...]
    """What keeps it out of feeds, for people."""


def _in_store(entry: str, settings: Settings, maker: Maker) -> _Known:
    """Ask the store about an entry by its id, the address of its page or its link. Makes no store where there is none.

    Raises _UnknownError, or StoreError while the store is away.
    """
    url = parse_url(settings.database_url)
    if url.drivername == "sqlite" and not Path(url.database or "").exists():
        raise _UnknownError
    with closing(Store(settings.database_url, read_only=True)) as store:
        id = stored_id(store, entry, maker)
        known = store.entry(id) if id else None
        if id is None or known is None:
            raise _UnknownError
        stored, notes = known
        others = store.entries([report.id for report in reports(store, id)])
        originals = store.originals(id)
    lines = (*explain.withdrawn(stored), *explain.same_text(stored, others))
    return _Known(stored=stored, notes=notes, path=originals[-1].path if originals else "", lines=lines)


def _origins(origins: Sequence[Origin]) -> dict[str, str]:
    return {origin.field: origin.where for origin in origins}
