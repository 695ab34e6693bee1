"""`refeed explain`, `check`, `status`, `tokens`: questions, and nothing changes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from .. import dumps, explain, status
from ..access import Access
from ..catalogue import make_catalogue
from ..config import Settings
from ..errors import IgnoredError, QuarantineError, RefeedError, VanishedError
from ..makers import Makers
from ..making import Made, Maker
from ..model import Dump, Outcome
from ..pipeline import now
from ..store import Store
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
        account, origins, made = _account(name, chosen, makers)
        refused = refused or account["outcome"] in (Outcome.QUARANTINED, Outcome.IGNORED)
        if as_json:
            click.echo(msgspec.json.encode(account).decode())
        else:
            click.echo("\n".join(explain.told(account, origins)))
            if made is not None:
                lines = [*explain.header(made, makers.maker), *explain.near_misses(made, makers.maker)]
                click.echo("\n".join(lines + (list(explain.difference(made)) if diff else [])))
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


def _account(name: str, settings: Settings, makers: Makers) -> tuple[dict[str, Any], dict[str, str], Made | None]:
    if not Path(name).exists() and not Path(name).is_symlink():
        return *_account_of_entry(name, settings), None
    try:
        found = dumps.look(name, root_of(name, settings), settings.limits.suffixes)
        data = dumps.read(found.path, settings.limits.bytes, root=found.root)
    except (IgnoredError, VanishedError) as error:
        return explain.ignored(name, str(error)), {}, None
    except QuarantineError as error:
        return explain.ignored(name, str(error), Outcome.QUARANTINED), {}, None
    made = makers.make(Dump(path=dumps.shown(name), folder=found.folder, data=data, seen=now()))
    origins = {origin.field: origin.where for origin in made.cleaned.origins} if made.cleaned else {}
    return explain.account_of_file(dumps.shown(name), made), origins, made


def _account_of_entry(id: str, settings: Settings) -> tuple[dict[str, Any], dict[str, str]]:
    key = bare(id)
    store = Store(settings.database_url)
    store.migrate()
    try:
        known = store.entry(key)
        originals = store.originals(key)
    finally:
        store.close()
    if known is None:
        raise RefeedError(f"{id}: no such file, and no entry of that id is stored")
    stored, notes = known
    account = explain.account_of_entry(stored, notes, originals[-1].path if originals else "")
    return account, {origin.field: origin.where for origin in notes.origins}
