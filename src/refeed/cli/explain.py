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

from ..clock import utc_now
from ..config.settings import Settings
from ..dumps.reader import read_dump
from ..dumps.scanner import display_path, inspect_file
from ..errors import FileVanishedError, IgnoredError, QuarantineError, RefeedError, StoreError
from ..feeds.access_tokens import AccessTokens
from ..feeds.registry import build_registry
from ..fetch.factory import dump_dirs
from ..ingest.entry_builder import BuildResult, EntryBuilder
from ..ingest.process_pool import ProcessPool
from ..model import Dump, FieldOrigin, Outcome
from ..store.engine import parse_database_url
from ..store.feed_summaries import get_copies
from ..store.rows import StoredEntry
from ..store.serialization import Provenance
from ..store.store import Store
from ..web import entry_json, service_status
from . import explain_text
from .shared import find_dump_root, find_entry_id


@click.command("explain")
@click.argument("what", metavar="FILE|ENTRY...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--diff", is_flag=True, help="Show the text before and after, line against line.")
@click.pass_obj
def explain_(settings: Callable[[], Settings], what: Sequence[str], as_json: bool, diff: bool) -> None:
    """Say stage by stage what becomes of a dump (FILE, or its name in `status`) or became of an ENTRY (its id, the
    address of its page, or its link)."""
    chosen = settings()
    makers = ProcessPool(EntryBuilder.from_settings(chosen))
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
    maker = EntryBuilder.from_settings(chosen)
    _ = maker.rule_lookup, maker.matcher
    click.echo(f"{chosen.config_file}: {len(chosen.sources)} sources, {len(chosen.topics)} topics, no mistakes")


@click.command()
@click.argument("feeds", nargs=-1)
@click.pass_obj
def tokens(settings: Callable[[], Settings], feeds: Sequence[str]) -> None:
    """Addresses of private FEEDS (such as topic/climate), or of all, one for each reader."""
    chosen = settings()
    addresses = AccessTokens(chosen).private_urls(feeds or build_registry(chosen).feeds, chosen.site.base_url)
    for feed, reader, address in addresses:
        click.echo(f"{feed}\t{reader}\t{address}")
    if not addresses:
        raise RefeedError("nothing that was asked for is private; docs/http.md says how to make it so")


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def status_(settings: Callable[[], Settings], as_json: bool) -> None:
    """Sources, counts, freshness, and what is quarantined with reasons."""
    facts = service_status.collect_status(settings(), utc_now())
    click.echo(msgspec.json.encode(facts).decode() if as_json else "\n".join(service_status.format_status(facts)))


def _account(name: str, settings: Settings, makers: ProcessPool, diff: bool) -> tuple[dict[str, Any], list[str]]:
    """What is to be said of a file or an entry: for machines, and in lines for people."""
    path = _file(name, settings)
    if path is None:
        return _account_of_entry(name, settings, makers.builder)
    shown = display_path(name)
    try:
        found = inspect_file(path, find_dump_root(path, settings), settings.limits.suffixes)
        data = read_dump(found.path, settings.limits.bytes, root=found.root)
    except (IgnoredError, FileVanishedError) as error:
        account = entry_json.ignored_to_dict(name, str(error))
    except QuarantineError as error:
        account = entry_json.ignored_to_dict(name, str(error), Outcome.QUARANTINED)
    else:
        made = makers.run(Dump(path=shown, folder=found.folder, data=data, first_seen=utc_now()))
        return _account_of_file(shown, made, settings, makers.builder, diff)
    return account, list(explain_text.format_explanation(account))


def _file(name: str, settings: Settings) -> str | None:
    """The file that a person means: one that is there, or one below a dump folder, as `status` names them."""
    paths = [name, *(os.path.join(folder, name) for folder in dump_dirs(settings))]  # noqa: PTH118
    return next((path for path in paths if name and os.path.lexists(path)), None)


def _account_of_file(
    shown: str, made: BuildResult, settings: Settings, maker: EntryBuilder, diff: bool
) -> tuple[dict[str, Any], list[str]]:
    account = entry_json.file_to_dict(shown, made)
    if made.cleaned is None:
        return account, [*explain_text.format_explanation(account), *explain_text.format_header(made)]
    lines = [
        *explain_text.format_explanation(account, _origins(made.cleaned.origins)),
        *explain_text.format_header(made),
    ]
    with suppress(_UnknownError, StoreError):  # what a dump becomes depends on it alone; what feeds show, on others too
        lines += _in_store(made.cleaned.entry.id, settings, maker).lines
    lines += explain_text.format_near_misses(made.cleaned.entry, maker)
    return account, lines + (list(explain_text.format_diff(made)) if diff else [])


def _account_of_entry(name: str, settings: Settings, maker: EntryBuilder) -> tuple[dict[str, Any], list[str]]:
    try:
        known = _in_store(name, settings, maker)
    except _UnknownError:
        raise RefeedError(f"{name!r}: no such file, and no entry of that id or link is stored") from None
    account = entry_json.entry_to_dict(known.stored, known.notes, known.path)
    lines = [*explain_text.format_explanation(account, _origins(known.notes.origins)), *known.lines]
    return account, [*lines, *explain_text.format_near_misses(known.stored.entry, maker)]


class _UnknownError(Exception):
    """No such entry is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the store knows of an entry."""

    stored: StoredEntry
    notes: Provenance
    path: str
    """Of the dump that gives its text."""
    lines: tuple[str, ...]
    """What keeps it out of feeds, for people."""


def _in_store(entry: str, settings: Settings, maker: EntryBuilder) -> _Known:
    """Ask the store about an entry by its id, the address of its page or its link. Makes no store where there is none.

    Raises _UnknownError, or StoreError while the store is away.
    """
    url = parse_database_url(settings.database_url)
    if url.drivername == "sqlite" and not Path(url.database or "").exists():
        raise _UnknownError
    with closing(Store(settings.database_url, read_only=True)) as store:
        id = find_entry_id(store, entry, maker)
        known = store.get_entry(id) if id else None
        if id is None or known is None:
            raise _UnknownError
        stored, notes = known
        others = store.get_entries([report.id for report in get_copies(store, id)])
        originals = store.get_dumps(id)
    lines = (*explain_text.format_withdrawal(stored), *explain_text.format_same_text(stored, others))
    return _Known(stored=stored, notes=notes, path=originals[-1].path if originals else "", lines=lines)


def _origins(origins: Sequence[FieldOrigin]) -> dict[str, str]:
    return {origin.field: origin.where for origin in origins}
