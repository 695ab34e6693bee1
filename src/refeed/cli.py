"""Commands (click). Exit status: 0 all well, 1 something was quarantined or refused, 2 usage or configuration."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import click
import msgspec

from . import dumps, explain, outward, status
from .access import Access
from .catalogue import make_catalogue
from .config import Settings, load
from .dumps import Found
from .election import ingest_lock, ingest_locks
from .errors import ConfigError, FetchError, IgnoredError, QuarantineError, RefeedError, StoreError, VanishedError
from .fetch import fetch_all
from .logs import start_logs
from .makers import Makers
from .making import Maker
from .model import Dump, Entry, Outcome
from .pipeline import Program, now
from .store import Store, copy, restore, withdraw
from .topics import Matcher
from .topics.trial import compare, lines

_GRACE = 7.0
"""Seconds that the movers have to end in after SIGTERM; platforms kill after ten."""


_NICE = 5
"""Beside a web server on the same machine, polls come first."""


class _Group(click.Group):
    """Turns our errors into their text and an exit status."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            click.echo(str(error), err=True)
            sys.exit(2)
        except RefeedError as error:
            click.echo(f"refeed: {error}", err=True)
            sys.exit(1)


@click.group(cls=_Group)
@click.option(
    "--config", type=click.Path(dir_okay=False), help="config.yaml to use (else REFEED_CONFIG, ./config.yaml)."
)
@click.version_option(package_name="refeed")
@click.pass_context
def main(ctx: click.Context, config: str | None) -> None:
    """Turn a folder of dumped articles into clean, permanent Atom, RSS and JSON feeds."""
    ctx.obj = lambda: _settings(config)


def _settings(config: str | None) -> Settings:
    settings = load(os.environ, config)
    start_logs(settings.log)
    _provide_temporary(Path(settings.var_folder))
    return settings


def _provide_temporary(var: Path) -> None:
    """Where nothing but our own folders may be written, as in a container with a read-only root, use one of those.

    The processes that make entries are reached through a socket in the folder for temporary files.
    """
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        folder = var / "tmp"
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["TMPDIR"] = tempfile.tempdir = str(folder)  # ours and, through the environment, our children's


@main.command()
@click.option("--no-watch", is_flag=True, help="Serve only; another process ingests.")
@click.option("--host", default="0.0.0.0", show_default=True, help="Address to listen on.")
@click.pass_obj
def serve(settings: Callable[[], Settings], no_watch: bool, host: str) -> None:
    """Web server, and the movers unless --no-watch."""
    from .serve import serve as run

    run(settings(), watch=not no_watch, host=host)


@main.command()
@click.option("--with-parent", is_flag=True, hidden=True, help="End when standard input closes.")
@click.pass_obj
def watch(settings: Callable[[], Settings], with_parent: bool) -> None:
    """The movers alone: ingest what lands in the dump folders, and publish it."""
    from .serve import end_with_parent
    from .worker import Movers

    movers = Movers(settings(), settings, foremost=not with_parent)

    def stop(_number: int, _frame: FrameType | None) -> None:
        movers.stop()
        # A database or a disk that hangs keeps nobody from ending: to be killed at any instant does no harm.
        guard = threading.Timer(_GRACE, os._exit, (0,))
        guard.daemon = True
        guard.start()

    def reload(_number: int, _frame: FrameType | None) -> None:
        movers.reload()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGHUP, reload)
    if with_parent:
        os.nice(_NICE)
        end_with_parent()
    movers.run()


@main.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True))
@click.option("--retry", is_flag=True, help="Try what is quarantined once more.")
@click.pass_obj
def ingest(settings: Callable[[], Settings], paths: Sequence[str], retry: bool) -> None:
    """Ingest the dump folders (or PATHS) once, and publish."""
    chosen = settings()
    if retry and not paths and (holder := ask_to_retry(chosen)):
        click.echo(f"{holder} ingests; it was asked to try what is quarantined once more")
        return
    with _writing(chosen) as program:
        if retry:
            program.ingester.retry()
        try:
            program.reseed()
        except FetchError as error:
            click.echo(f"{error}; the dumps are ingested all the same", err=True)
        files = _files(paths, chosen) if paths else None
        tally = program.ingest(files)
        counts = tally.counts
        names = ("new", "changed", "unchanged", "flagged", "quarantined")
        click.echo(", ".join(f"{counts[name]} {name}" for name in names))
        if counts["quarantined"]:
            for doubt in program.store.doubts():
                if doubt.outcome is Outcome.QUARANTINED:
                    click.echo(f"quarantined: {doubt.path}: {doubt.reason}", err=True)
            sys.exit(1)


@main.command()
@click.option("--all", "everything", is_flag=True, help="Render everything anew.")
@click.option("--check", "checked", is_flag=True, help="Then read every document back by strict parsers; a line each.")
@click.option("--static", type=click.Path(file_okay=False), help="Write the whole site to a folder for a static host.")
@click.pass_obj
def publish(settings: Callable[[], Settings], everything: bool, checked: bool, static: str | None) -> None:
    """Regenerate the documents that are stale."""
    chosen = settings()
    program = Program.open(chosen)
    try:
        changed = program.publisher.publish(everything=everything)
        click.echo(f"{len(changed)} documents changed")
        if static is not None:
            _export(chosen, program, Path(static))
    finally:
        program.close()
    if checked:
        wrong = 0
        for name in program.folder.names():
            faults = program.check(name)
            wrong += bool(faults)
            click.echo(f"{name}: {'; '.join(faults) or 'well'}")
        sys.exit(1 if wrong else 0)


def _export(settings: Settings, program: Program, folder: Path) -> None:
    from .web.exporting import export

    done = export(settings, program, folder, lambda pages: click.echo(f"\r{pages} pages ", nl=False, err=True))
    click.echo(err=True)
    click.echo(f"{folder}: {done.documents} documents and {done.pages} files of pages")
    if "//127.0.0.1" in settings.site.base_url:
        click.echo("BASE_URL is not set: feeds name themselves by an address of this machine", err=True)


@main.command("explain")
@click.argument("what", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def explain_(settings: Callable[[], Settings], what: Sequence[str], as_json: bool) -> None:
    """Say stage by stage what becomes of a dump (FILE) or became of an entry (ENTRY-ID)."""
    chosen = settings()
    makers = Makers(Maker.of(chosen))
    refused = False
    for name in what:
        account, origins = _account(name, chosen, makers)
        refused = refused or account["outcome"] in (Outcome.QUARANTINED, Outcome.IGNORED)
        if as_json:
            click.echo(msgspec.json.encode(account).decode())
        else:
            click.echo("\n".join(explain.told(account, origins)))
    sys.exit(1 if refused else 0)


@main.command()
@click.pass_obj
def check(settings: Callable[[], Settings]) -> None:
    """Check config.yaml, the source rules and the topics: every mistake, with its place."""
    chosen = settings()
    maker = Maker.of(chosen)
    _ = maker.known, maker.matcher
    click.echo(f"{chosen.file}: {len(chosen.sources)} sources, {len(chosen.topics)} topics, no mistakes")


@main.command()
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


@main.command("status")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def status_(settings: Callable[[], Settings], as_json: bool) -> None:
    """Sources, counts, freshness, and what is quarantined with reasons."""
    facts = status.status(settings(), now())
    click.echo(msgspec.json.encode(facts).decode() if as_json else "\n".join(status.told(facts)))


@main.command("fetch")
@click.pass_obj
def fetch_(settings: Callable[[], Settings]) -> None:
    """Poll the upstreams once and write their dumps; those that are not due are left alone."""
    chosen = settings()
    failed = False
    for done in fetch_all(chosen.upstreams, outward.session(chosen), outward.places(chosen), now()):
        trouble = f": {done.state.error}" if done.state.error else ""
        failed = failed or bool(trouble)
        due = explain.rfc3339(done.state.next) if done.state.next else "later"
        what = f"{len(done.paths)} dumps" if done.asked else f"not due before {due}"
        click.echo(f"{done.upstream.address}: {what}{trouble}", err=bool(trouble))
    if not chosen.upstreams:
        click.echo(f"{chosen.file}: no upstreams are configured")
    sys.exit(1 if failed else 0)


@main.command("withdraw")
@click.argument("entries", nargs=-1, required=True)
@click.pass_obj
def withdraw_(settings: Callable[[], Settings], entries: Sequence[str]) -> None:
    """Take ENTRIES (ids or links) out of every document; feeds keep a tombstone (RFC 6721)."""
    _change(settings(), entries, withdraw)


@main.command("restore")
@click.argument("entries", nargs=-1, required=True)
@click.pass_obj
def restore_(settings: Callable[[], Settings], entries: Sequence[str]) -> None:
    """Undo `withdraw`."""
    _change(settings(), entries, restore)


@main.command("migrate")
@click.pass_obj
def migrate_(settings: Callable[[], Settings]) -> None:
    """Bring the store's schema up to date, waiting a moment for a store that is not there yet: a release phase."""
    store = Store(settings().database_url)
    try:
        version = _patiently(store.migrate)
        click.echo(f"{store.name}: schema version {version}")
    finally:
        store.close()


@main.command("copy-store")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.pass_obj
def copy_store(settings: Callable[[], Settings], source: str, target: str) -> None:
    """Copy the store FROM one database TO an empty one (URLs, or paths of SQLite files): all of it, or nothing."""
    chosen = settings()
    urls = [url if "://" in url else f"sqlite:///{Path(url).absolute()}" for url in (source, target)]
    old, new = Store(urls[0], read_only=True), Store(urls[1])
    try:
        with ExitStack() as held:
            for lock in ingest_locks(chosen, urls):
                held.enter_context(lock)
            copied = copy(old, new, lambda table, rows: click.echo(f"\r{table}: {rows} rows ", nl=False, err=True))
    finally:
        old.close()
        new.close()
    click.echo(err=True)
    for one in copied:
        click.echo(f"{one.table:<12}{one.rows:>12} rows, verified {one.digest}")
    click.echo(f"{new.name} is now the same store; set DATABASE_URL to it")


def _patiently(act: Callable[[], int]) -> int:
    """A database that a platform has just made takes its time."""
    for pause in (1, 2, 4, 8):
        try:
            return act()
        except StoreError as error:
            click.echo(f"{error}; trying again in {pause} s", err=True)
            time.sleep(pause)
    return act()


@main.group()
def topics() -> None:
    """Try changes to topics."""


@topics.command("try")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.pass_obj
def try_(settings: Callable[[], Settings], file: str) -> None:
    """Say what would come into each topic and go out of it with the configuration in FILE. Publishes nothing."""
    chosen = settings()
    store = Store(chosen.database_url)
    store.migrate()
    try:
        changes = compare(Matcher(chosen.topics), Matcher(load(os.environ, file).topics), _entries(store))
    finally:
        store.close()
    click.echo("\n".join(lines(changes)))


def _entries(store: Store) -> Iterator[Entry]:
    after = ""
    while ids := store.ids(after):
        for stored in store.entries(ids):
            yield stored.entry
        after = ids[-1]


def _change(settings: Settings, entries: Sequence[str], change: Callable[..., frozenset[str]]) -> None:
    """Change entries in the store and publish. Works beside a running ingester: the store has one writer at a time."""
    program = Program.open(settings)
    try:
        ids = [_bare(entry) for entry in entries]
        unknown = [entry for entry, id in zip(entries, ids, strict=True) if program.store.entry(id) is None]
        for entry in unknown:
            click.echo(f"{entry}: no such entry is stored", err=True)
        feeds = change(program.store, ids, now(), program.makers.maker.judge)
        program.publisher.publish()
    finally:
        program.close()
    click.echo(f"{len(feeds)} feeds changed")
    sys.exit(1 if unknown else 0)


def _bare(entry: str) -> str:
    """The id that the store knows an entry by, from an id, an address of its page, or its link."""
    if entry.startswith(("http://", "https://")) and "/entry/" not in entry:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, entry))
    return entry.rpartition("/")[2].removeprefix("urn:uuid:")


@contextmanager
def _writing(settings: Settings) -> Iterator[Program]:
    """The program, as the one process that ingests. Raises LockedError when another does."""
    with ingest_lock(settings):
        program = Program.open(settings, processes=os.cpu_count() or 1)
        try:
            yield program
        finally:
            program.close()


def _files(paths: Sequence[str], settings: Settings) -> list[Found]:
    found: list[Found] = []
    for path in paths:
        if Path(path).is_dir():
            found += dumps.scan(Path(path), settings.limits.suffixes)
            continue
        try:
            found.append(dumps.look(path, _root(path, settings), settings.limits.suffixes))
        except RefeedError as error:
            click.echo(f"{path}: {error}", err=True)
    return found


def _root(path: str, settings: Settings) -> Path:
    """The dump folder that a file lies in, or its own folder."""
    here = Path(path).absolute()
    roots = [Path(folder).absolute() for folder in settings.dumps.folders]
    return next((root for root in roots if here.is_relative_to(root)), here.parent)


def _account(name: str, settings: Settings, makers: Makers) -> tuple[dict[str, Any], dict[str, str]]:
    if not Path(name).exists() and not Path(name).is_symlink():
        return _account_of_entry(name, settings)
    try:
        found = dumps.look(name, _root(name, settings), settings.limits.suffixes)
        data = dumps.read(found.path, settings.limits.bytes, root=found.root)
    except (IgnoredError, VanishedError) as error:
        return explain.ignored(name, str(error)), {}
    except QuarantineError as error:
        return explain.ignored(name, str(error), Outcome.QUARANTINED), {}
    made = makers.make(Dump(path=dumps.shown(name), folder=found.folder, data=data, seen=now()))
    origins = {origin.field: origin.where for origin in made.cleaned.origins} if made.cleaned else {}
    return explain.account_of_file(dumps.shown(name), made), origins


def _account_of_entry(id: str, settings: Settings) -> tuple[dict[str, Any], dict[str, str]]:
    bare = _bare(id)
    store = Store(settings.database_url)
    store.migrate()
    try:
        known = store.entry(bare)
        originals = store.originals(bare)
    finally:
        store.close()
    if known is None:
        raise RefeedError(f"{id}: no such file, and no entry of that id is stored")
    stored, notes = known
    account = explain.account_of_entry(stored, notes, originals[-1].path if originals else "")
    return account, {origin.field: origin.where for origin in notes.origins}
