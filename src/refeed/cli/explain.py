"""`refeed explain`: files or stored entries -> what became of each and why, as JSON or as text. Changes nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec

from ..clock import utc_now
from ..config.settings import Settings
from ..dumps.reader import read_dump
from ..dumps.scanner import display_path, inspect_file
from ..errors import FileVanishedError, IgnoredError, QuarantineError, RefeedError, StoreError
from ..fetch.upstreams import dump_dirs
from ..ingest.entry_builder import EntryBuilder, EntryPool
from ..model import Dump, FieldOrigin, Outcome
from ..store.engine import parse_database_url
from ..store.rows import StoredEntry
from ..store.serialization import Provenance
from ..store.store import Store
from ..web.entry_json import ExplainedFile, explain_file, explain_stored
from .explain_text import (
    format_diff,
    format_explanation,
    format_header,
    format_near_misses,
    format_same_text,
    format_withdrawal,
)
from .shared import find_dump_root, find_entry_id

_Explanation = tuple[ExplainedFile, list[str]]
"""What became of a file or an entry: for programs, and the lines for people."""


@click.command("explain")
@click.argument("names", metavar="FILE|ENTRY...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option("--diff", is_flag=True, help="Show the text before and after cleaning, line by line.")
@click.pass_obj
def explain_command(load: Callable[[], Settings], names: Sequence[str], as_json: bool, diff: bool) -> None:
    """Show stage by stage what becomes of a dump (FILE, or its name in `status`) or became of an ENTRY (its id, the
    address of its page, or its link)."""
    settings = load()
    pool = EntryPool(EntryBuilder.from_settings(settings))
    has_failed = False
    for name in names:
        try:
            path = _find_file(name, settings)
            if path is None:
                result, lines = _explain_entry(name, settings, pool.builder)
            else:
                result, lines = _explain_file(name, path, settings, pool, diff)
        except RefeedError as error:  # the other names are still explained
            click.echo(str(error), err=True)
            has_failed = True
            continue
        has_failed = has_failed or result.outcome in (Outcome.QUARANTINED, Outcome.IGNORED)
        click.echo(msgspec.json.encode(result).decode() if as_json else "\n".join(lines))
    sys.exit(1 if has_failed else 0)


def _find_file(name: str, settings: Settings) -> str | None:
    """The path of an existing file: `name` itself, or below a dump folder, as `status` names files."""
    paths = [name, *(os.path.join(folder, name) for folder in dump_dirs(settings))]  # noqa: PTH118
    return next((path for path in paths if name and os.path.lexists(path)), None)


def _explain_file(name: str, path: str, settings: Settings, pool: EntryPool, diff: bool) -> _Explanation:
    builder = pool.builder
    try:
        file = inspect_file(path, find_dump_root(path, settings), settings.limits.suffixes)
        data = read_dump(file.path, settings.limits.bytes, root=file.root)
    except (IgnoredError, FileVanishedError, QuarantineError) as error:
        outcome = Outcome.QUARANTINED if isinstance(error, QuarantineError) else Outcome.IGNORED
        result = ExplainedFile(file=name, outcome=outcome, reason=str(error))
        return result, list(format_explanation(result))
    shown = display_path(name)
    built = pool.run(Dump(path=shown, folder=file.folder, data=data, first_seen=utc_now()))
    result = explain_file(shown, built)
    cleaned = built.cleaned
    if cleaned is None:
        return result, [*format_explanation(result), *format_header(built)]
    lines = [*format_explanation(result, _origins(cleaned.origins)), *format_header(built)]
    # The dump alone decides what it becomes. What feeds show depends on other entries too, if there is a store.
    with suppress(_UnknownEntryError, StoreError):
        lines += _load_entry(cleaned.entry.id, settings, builder).visibility
    lines += format_near_misses(cleaned.entry, builder)
    if diff:
        lines += format_diff(built)
    return result, lines


def _explain_entry(name: str, settings: Settings, builder: EntryBuilder) -> _Explanation:
    try:
        known = _load_entry(name, settings, builder)
    except _UnknownEntryError:
        raise RefeedError(f"{name!r}: no such file, and no stored entry has this id or link") from None
    result = explain_stored(known.stored, known.provenance, known.dump_path)
    lines = [*format_explanation(result, _origins(known.provenance.origins)), *known.visibility]
    return result, [*lines, *format_near_misses(known.stored.entry, builder)]


class _UnknownEntryError(Exception):
    """The store has no such entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _KnownEntry:
    """What the store has about an entry."""

    stored: StoredEntry
    provenance: Provenance
    dump_path: str
    """Of the dump that gives its text."""
    visibility: tuple[str, ...]
    """Lines for people: what keeps it out of feeds."""


def _load_entry(name: str, settings: Settings, builder: EntryBuilder) -> _KnownEntry:
    """Look an entry up by its id, the address of its page or its link. Creates no store.

    Raises _UnknownEntryError, or StoreError while the store does not answer.
    """
    url = parse_database_url(settings.database_url)
    if url.drivername == "sqlite" and not Path(url.database or "").exists():
        raise _UnknownEntryError
    with closing(Store(settings.database_url, read_only=True)) as store:
        id = find_entry_id(store, name, builder)
        known = store.get_entry(id) if id else None
        if id is None or known is None:
            raise _UnknownEntryError
        stored, provenance = known
        copies = store.get_entries([copy.id for copy in store.get_copies(id)])
        dumps = store.get_dumps(id)
    return _KnownEntry(
        stored=stored,
        provenance=provenance,
        dump_path=dumps[-1].path if dumps else "",
        visibility=(*format_withdrawal(stored), *format_same_text(stored, copies)),
    )


def _origins(origins: Sequence[FieldOrigin]) -> dict[str, str]:
    return {origin.field: origin.where for origin in origins}
