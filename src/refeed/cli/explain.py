"""`refeed explain`: files or stored entries -> what became of each and why, as JSON or as text. Changes nothing."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import click

from ..clock import format_rfc3339, utc_now
from ..config.settings import Settings
from ..dumps.containers import is_container, read_article, read_members
from ..dumps.scanner import display_path, inspect_file, original_path
from ..errors import FileVanishedError, IgnoredError, QuarantineError, RefeedError, StoreError
from ..fetch.upstreams import dump_dirs
from ..ingest.entry_builder import BuildResult, EntryBuilder
from ..ingest.entry_pool import EntryPool
from ..model import Dump, Entry, FieldOrigin, Outcome
from ..terminal import encode_json
from ..web.entry_json import EntryJson, explain_file, explain_outcome, explain_stored
from .main import pass_settings
from .output import echo
from .shared import find_dump_root

if TYPE_CHECKING:
    from .known_entry import KnownEntry

_Explanation = tuple[EntryJson, Iterable[str]]
"""What became of a file or an entry: as an object for JSON, and as lines of text, which are made when they are read."""
_FIELDS = (
    "id",
    "source",
    "link",
    "title",
    "published",
    "updated",
    "language",
    "authors",
    "summary",
    "rights",
    "original",
    "tags",
)
"""Keys of `explain --json` that the text output shows on one line each."""


@click.command("explain")
@click.argument("names", metavar="FILE|ENTRY...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@click.option("--diff", is_flag=True, help="Show the text before and after cleaning, line by line.")
@pass_settings
def explain_command(settings: Settings, names: Sequence[str], as_json: bool, diff: bool) -> None:
    """Show stage by stage what becomes of a dump (FILE, or its name in `status`) or became of an ENTRY (its id, the
    address of its page, or its link)."""
    has_failed = False
    with closing(EntryPool(EntryBuilder.from_settings(settings))) as pool:
        for name in names:
            try:
                path = _find_file(name, settings)
                if path is None:
                    explained: Iterable[_Explanation] = [_explain_entry(name, settings, pool.builder)]
                else:
                    explained = _explain_file(name, path, settings, pool, diff)
                for result, lines in explained:
                    has_failed = has_failed or result["outcome"] in (Outcome.QUARANTINED, Outcome.IGNORED)
                    echo(*([encode_json(result)] if as_json else lines))
            except RefeedError as error:  # the other names are still explained
                echo(str(error), err=True)
                has_failed = True
    sys.exit(1 if has_failed else 0)


def _find_file(name: str, settings: Settings) -> str | None:
    """The path of an existing file: `name` itself, or below a dump folder, as `status` names files."""
    names = dict.fromkeys((name, original_path(name)))
    paths = [os.path.join(folder, each) for each in names for folder in ("", *dump_dirs(settings))]  # noqa: PTH118
    return next((path for path in paths if name and os.path.lexists(path)), None)


def _explain_file(name: str, path: str, settings: Settings, pool: EntryPool, diff: bool) -> Iterator[_Explanation]:
    """Explain a dump, or each article of a container."""
    limits = settings.limits
    try:
        file = inspect_file(path, find_dump_root(path, settings), limits.all_suffixes)
        articles = list(read_members(file, limits))[::-1] if is_container(file, limits) else [file]
    except (IgnoredError, FileVanishedError, QuarantineError) as error:
        yield _explain_refusal(name, error)
        return
    for article in articles:
        shown = name + article.relative_path.removeprefix(file.relative_path)
        try:
            data = read_article(article, limits)
        except (IgnoredError, FileVanishedError, QuarantineError) as error:
            yield _explain_refusal(shown, error)
            continue
        dump = Dump(path=display_path(shown), folder=file.folder, data=data, first_seen=utc_now())
        yield _explain_dump(shown, dump, settings, pool, diff)


def _explain_refusal(name: str, error: RefeedError) -> _Explanation:
    outcome = Outcome.QUARANTINED if isinstance(error, QuarantineError) else Outcome.IGNORED
    result = explain_outcome(name, outcome, str(error))
    return result, _format_explanation(result)


def _explain_dump(file: str, dump: Dump, settings: Settings, pool: EntryPool, diff: bool) -> _Explanation:
    built = pool.run(dump)
    result = explain_file(file, built)
    return result, _format_built(built, result, settings, pool.builder, diff)


def _format_built(
    built: BuildResult, result: EntryJson, settings: Settings, builder: EntryBuilder, diff: bool
) -> Iterator[str]:
    cleaned = built.cleaned
    yield from _format_explanation(result, cleaned.origins if cleaned else ())
    yield from _format_header(built)
    if cleaned is None:
        return
    # The entry depends only on the dump. What feeds show also depends on the store, if there is one.
    known = None
    with suppress(StoreError):
        known = _load_entry(cleaned.entry.id, settings, builder)
    yield from known.visibility if known else ()
    yield from _format_near_misses(cleaned.entry, builder)
    if diff:
        yield from _format_diff(built)


def _explain_entry(name: str, settings: Settings, builder: EntryBuilder) -> _Explanation:
    known = _load_entry(name, settings, builder)
    if known is None:
        raise RefeedError(f"{name!r}: no such file, and no stored entry has this id or link")
    result = explain_stored(known.stored, known.provenance, known.dump_path, known.story)
    lines = [*_format_explanation(result, known.provenance.origins), *known.visibility]
    return result, [*lines, *_format_near_misses(known.stored.entry, builder)]


def _load_entry(name: str, settings: Settings, builder: EntryBuilder) -> KnownEntry | None:
    from .known_entry import load_entry  # takes 0.3 s, and `--json` of a file needs no store

    return load_entry(name, settings, builder)


def _format_explanation(result: EntryJson, origins: Iterable[FieldOrigin] = ()) -> Iterator[str]:
    """The text form of the object that `explain --json` prints."""
    where = {origin.field: origin.where for origin in origins}
    reason = f" ({result['reason']})" if result["reason"] else ""
    yield f"{display_path(result['file'])}: {result['outcome']}{reason}"
    if "id" not in result:
        return
    for name in _FIELDS:
        value = result[name]
        if not value:
            continue
        text = ", ".join(value) if isinstance(value, tuple) else value
        yield f"  {name:<10} {text}" + (f"   <- {where[name]}" if name in where else "")
    if result["image"]:
        yield f"  {'image':<10} {result['image']['url']}  {result['image']['caption']}".rstrip()
    for label in result["topics"]:
        yield f"  topic      {label.topic}: {label.score:g}; {'; '.join(label.reasons)}"
    for removal in result["removed"]:
        yield f"  - {removal.step}: {removal.text}"


def _format_header(built: BuildResult) -> Iterator[str]:
    """Lines about a dump's header and the source rule that its link selects."""
    if built.raw is None or built.source is None:
        return
    date = format_rfc3339(built.raw.dump_time) if built.raw.has_date else "no date"
    yield f"  {'header':<10} {built.raw.layout}, {date}, {built.raw.link}"
    yield f"  {'rule':<10} {built.source.id if built.source.configured else 'none: generic cleaning'}"


def _format_near_misses(entry: Entry, builder: EntryBuilder) -> Iterator[str]:
    """Lines about topics for which an entry has too little evidence, with the score that they need."""
    for verdict in builder.matcher.explain(entry):
        if not verdict.accepted:
            yield f"  not        {verdict}"


def _format_diff(built: BuildResult) -> Iterator[str]:
    """A unified diff of the body's text before and after cleaning."""
    if built.raw is None or built.cleaned is None:
        return
    from bs4 import BeautifulSoup

    before, after = (
        [" ".join(line.split()) for line in BeautifulSoup(html, "lxml").get_text("\n").splitlines() if line.strip()]
        for html in (built.raw.html, built.cleaned.entry.html)
    )
    yield from difflib.unified_diff(before, after, "dump", "entry", n=1, lineterm="")
