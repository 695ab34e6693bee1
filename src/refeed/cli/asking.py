"""`refeed explain`, `check`, `status`, `tokens`: questions, and nothing changes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import msgspec

from .. import accounts, dumps, explain, status
from ..access import Access
from ..catalogue import make_catalogue
from ..clock import now
from ..config import Settings
from ..errors import IgnoredError, QuarantineError, RefeedError, VanishedError
from ..makers import Makers
from ..making import Made, Maker
from ..model import Dump, Origin, Outcome
from ..store import Store
from ..store.glances import reports
from .shared import bare, root_of


@click.command("explain")
@click.argument("what", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--diff", is_flag=True, help="Show the text before and after, line against line.")
@click.pass_obj
def explain_(settings: Callable[[], Settings], what: Sequence[str], as_json: bool, diff: bool) -> None:
    """Say stage by stage what becomes of a dump (FILE) or became of an entry (ENTRY-ID)."""
    chosen = settings()
    makers = Makers(Maker.of(chosen))
    refused = False
    for name in what:
        account, lines = _account(name, chosen, makers, diff)
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
    if not Path(name).exists() and not Path(name).is_symlink():
        return _account_of_entry(name, settings, makers.maker)
    shown = dumps.shown(name)
    try:
        found = dumps.look(name, root_of(name, settings), settings.limits.suffixes)
        data = dumps.read(found.path, settings.limits.bytes, root=found.root)
    except (IgnoredError, VanishedError) as error:
        account = accounts.ignored(name, str(error))
    except QuarantineError as error:
        account = accounts.ignored(name, str(error), Outcome.QUARANTINED)
    else:
        made = makers.make(Dump(path=shown, folder=found.folder, data=data, seen=now()))
        return _account_of_file(shown, made, makers.maker, diff)
    return account, list(explain.told(account))


def _account_of_file(shown: str, made: Made, maker: Maker, diff: bool) -> tuple[dict[str, Any], list[str]]:
    account = accounts.of_file(shown, made)
    if made.cleaned is None:
        return account, [*explain.told(account), *explain.header(made, maker)]
    lines = [*explain.told(account, _origins(made.cleaned.origins)), *explain.header(made, maker)]
    lines += explain.near_misses(made.cleaned.entry, maker)
    return account, lines + (list(explain.difference(made)) if diff else [])


def _account_of_entry(id: str, settings: Settings, maker: Maker) -> tuple[dict[str, Any], list[str]]:
    key = bare(id)
    with closing(Store(settings.database_url)) as store:
        store.migrate()
        known = store.entry(key)
        originals = store.originals(key)
        others = [stored.entry for stored in store.entries([report.id for report in reports(store, key)])]
    if known is None:
        raise RefeedError(f"{id}: no such file, and no entry of that id is stored")
    stored, notes = known
    account = accounts.of_entry(stored, notes, originals[-1].path if originals else "")
    lines = [*explain.told(account, _origins(notes.origins)), *explain.same_text(stored.entry, others)]
    return account, [*lines, *explain.near_misses(stored.entry, maker)]


def _origins(origins: Sequence[Origin]) -> dict[str, str]:
    return {origin.field: origin.where for origin in origins}
