"""`refeed search`: entries that match a query; and building the index again."""

from __future__ import annotations

import time

import click

from ..clean.text import visible_text
from ..clock import format_rfc3339
from ..config.search_query import parse_query
from ..config.settings import Settings
from ..model import ALL_FEED, FeedPath
from ..search.indexer import index_batch
from ..search.query_matcher import QueryMatcher
from ..search.searcher import search
from ..search.snippets import Piece, excerpt, mark_matches
from ..store.search_index import count_changes, log_all_entries
from ..store.store import Store
from ..terminal import escape_unprintable
from .main import pass_settings
from .output import echo
from .shared import show_progress

_EXCERPT = 100


@click.command("search")
@click.argument("words", nargs=-1)
@click.option(
    "--feed", default=str(ALL_FEED), help="Search one feed: all, source/bbc, topic/climate.", show_default=True
)
@click.option(
    "--limit", default=20, type=click.IntRange(1, 10_000), help="Show at most this many entries.", show_default=True
)
@click.option("--best", is_flag=True, help="Show the best matches first, not the newest.")
@click.option("--rebuild", is_flag=True, help="Build the index again, then search.")
@pass_settings
def search_command(
    settings: Settings, words: tuple[str, ...], feed: str, limit: int, best: bool, rebuild: bool
) -> None:
    """Find entries with these WORDS, as the page /search does."""
    store = Store(settings.database_url)
    store.migrate()
    if rebuild:
        log_all_entries(store)
    _update_index(store)
    if not words:
        return
    try:
        query, path = parse_query(" ".join(words)), FeedPath.parse(feed)
    except ValueError as error:  # a QueryError too
        raise click.UsageError(str(error)) from error
    matcher = QueryMatcher(query)
    result = search(store, query, path, limit=limit, order="relevance" if best else "date")
    for stored in store.get_entries([member.id for member in result.members]):
        entry = stored.entry
        click.echo(f"{format_rfc3339(entry.published)} {entry.source} {_styled(mark_matches(entry.title, matcher))}")
        click.echo(f"    {_styled(excerpt(visible_text(entry.html), matcher, _EXCERPT))}")
        echo(f"    {entry.id.removeprefix('urn:uuid:')} {entry.link}")
    if result.next:
        click.echo(f"The newest {limit} are shown; --limit shows more.", err=True)


def _update_index(store: Store) -> None:
    """Index what has changed. A worker that runs meanwhile does the same work, and nothing is indexed twice."""
    total, began = count_changes(store), time.monotonic()
    while left := index_batch(store):
        rate = (total - left) / (time.monotonic() - began)
        show_progress(f"indexing: {left} entries left, {rate:.0f} a second")
    show_progress()


def _styled(pieces: list[Piece]) -> str:
    texts = ((escape_unprintable(piece.text), piece.found) for piece in pieces)
    return "".join(click.style(text, bold=True) if found else text for text, found in texts)
