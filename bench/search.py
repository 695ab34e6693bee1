"""The search index: bytes and time an entry, and how long queries of one to six characters and words take.

    python -m bench.search [--entries 100000] [--texts FOLDER] [--url postgresql://…]

The texts are sentences of the dumps in FOLDER, by default of sample dumps, in new combinations of the same lengths. With
real dumps the words are as frequent as in the real archive. The last row is what a plain scan of 1,000 entries takes.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path

from sqlalchemy import text

from refeed.clean.text import visible_text
from refeed.config.search_query import parse_query
from refeed.config.settings import DEFAULT_LIMITS
from refeed.ingest.entry_builder import EntryBuilder
from refeed.model import ALL_FEED, CleanResult, Dump, Entry, Outcome, SafeHtml, Source
from refeed.search.indexer import index_batch, stored_searchable
from refeed.search.query_matcher import QueryMatcher
from refeed.search.searcher import search
from refeed.store.dump_recording import FileResult, record_files
from refeed.store.serialization import EncodedEntry, encode_entry, encode_provenance
from refeed.store.store import Store

from . import corpus

_BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
_BETWEEN = timedelta(seconds=576)
"""150 entries a day."""
_BATCH = 500
_SENTENCE_END = re.compile(r"(?<=[。！？.!?\n])")


def read_texts(folder: Path) -> list[str]:
    """The visible texts of all dumps in a folder, cleaned without rules."""
    builder = EntryBuilder(sources=(), topics=(), limits=DEFAULT_LIMITS)
    texts = []
    for path in sorted(folder.rglob("*.md")):
        dump = Dump(path=path.name, folder=path.parent.name, data=path.read_bytes(), first_seen=_BEGIN)
        if cleaned := builder.build(dump).cleaned:
            texts.append(visible_text(cleaned.entry.html))
    return texts


def make_entries(texts: list[str], count: int, seed: int = 1) -> Iterator[Entry]:
    """Entries of random sentences, as long as the texts are."""
    chance = random.Random(seed)
    sentences = [part.strip() for one in texts for part in _SENTENCE_END.split(one) if len(part.strip()) > 1]
    lengths = [len(one) for one in texts if one]
    for number in range(count):
        parts, size, wanted = [], 0, chance.choice(lengths)
        while size < wanted:
            parts.append(chance.choice(sentences))
            size += len(parts[-1])
        at = _BEGIN + number * _BETWEEN
        link = f"https://bench.example/{number}"
        yield Entry(
            id=f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, link)}",
            source=("one", "two", "three")[number % 3],
            link=link,
            title=chance.choice(sentences)[:30],
            published=at,
            updated=at,
            language="zh-Hans",
            html=SafeHtml("".join(f"<p>{escape(part)}</p>" for part in parts)),
        )


def fill(store: Store, entries: Iterator[Entry]) -> None:
    """Record the entries as if each came from a dump."""
    results: list[FileResult] = []
    for number, entry in enumerate(entries):
        id = entry.id.removeprefix("urn:uuid:")
        row = EncodedEntry(
            id=id,
            source=Source(id=entry.source, title=entry.source),
            title=entry.title,
            published=entry.published,
            fingerprint=id,
            size_estimate=len(entry.html),
            minhash=None,
            minhash_bands=(),
            payload=encode_entry(entry),
            provenance=encode_provenance(CleanResult(entry=entry, fingerprint=id)),
            labels="[]",
            rules_version="",
            topics_version="",
        )
        results.append(
            FileResult(
                path=id.encode(),
                display_path=id,
                folder="",
                stamp=number,
                first_seen=entry.published,
                outcome=Outcome.ACCEPTED,
                digest=id.encode(),
                data=b"",
                dump_time=entry.published,
                entry=row,
            )
        )
        if len(results) == _BATCH:
            record_files(store, results, entry.published)
            results.clear()
    if results:
        record_files(store, results, results[-1].first_seen)


def sample_queries(texts: list[str], count: int, seed: int = 2) -> list[str]:
    """Queries of one to six characters, or of one or two words, taken from the texts."""
    chance, queries = random.Random(seed), []
    while len(queries) < count:
        one = chance.choice(texts)
        start = chance.randrange(max(1, len(one) - 6))
        part = one[start : start + 1 + len(queries) % 6]
        words = re.findall(r"[A-Za-z]{3,}", one)
        if len(queries) % 8 == 7 and words:
            part = " ".join(chance.sample(words, min(2, len(words))))
        try:
            parse_query(part)
        except ValueError:
            continue
        queries.append(part)
    return queries


def time_queries(store: Store, queries: list[str]) -> list[float]:
    """Milliseconds of each query for the first twenty results."""
    times = []
    for query in queries:
        began = time.perf_counter()
        search(store, parse_query(query))
        times.append((time.perf_counter() - began) * 1000)
    return times


def time_scan(store: Store, query: str, entries: int) -> float:
    """Milliseconds of comparing the newest entries with a query, without the index."""
    began = time.perf_counter()
    matcher = QueryMatcher(parse_query(query))
    members = store.get_newest(ALL_FEED, entries)
    for stored in store.get_entries([member.id for member in members]):
        matcher.matches(stored_searchable(stored))
    return (time.perf_counter() - began) * 1000


def index_bytes(store: Store) -> int:
    """Bytes of the index in the database."""
    with store.read_transaction() as connection:
        if connection.dialect.name == "postgresql":
            sizes = "SELECT pg_total_relation_size('search_documents') + pg_total_relation_size('search_tokens')"
        else:
            sizes = (
                "SELECT (SELECT SUM(LENGTH(content) + 70) FROM search_documents)"
                " + (SELECT SUM(LENGTH(block)) FROM search_tokens_data)"
            )
        return int(connection.execute(text(sizes)).scalar_one())


def main() -> None:
    """Parse the options, measure, print."""
    options = argparse.ArgumentParser(prog="python -m bench.search", description="What the search index costs.")
    options.add_argument("--entries", type=int, default=100_000)
    options.add_argument("--texts", type=Path, help="a folder of dumps, whose sentences the entries have")
    options.add_argument("--url", help="the URL of an empty database (a temporary SQLite file)")
    options.add_argument("--queries", type=int, default=200)
    arguments = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="refeed-bench-") as folder:
        dumps = arguments.texts
        if dumps is None:
            dumps = Path(folder) / "dumps"
            corpus.make(dumps, 300, seed=2)
        texts = read_texts(dumps)
        store = Store(arguments.url or f"sqlite:///{folder}/store.db")
        store.migrate()
        fill(store, make_entries(texts, arguments.entries))
        began, processor = time.perf_counter(), time.process_time()
        while index_batch(store):
            pass
        seconds, processor = time.perf_counter() - began, time.process_time() - processor
        each = 1000 / arguments.entries
        print(f"entries {arguments.entries:,}, texts of {statistics.mean(map(len, texts)):.0f} characters")
        print(f"index: {seconds:.0f} s, {processor * each:.2f} ms of our processor time an entry")
        print(f"bytes an entry: {index_bytes(store) / arguments.entries:.0f}")
        if store.engine.dialect.name == "postgresql":
            with store.write_transaction() as connection:
                connection.execute(text("ANALYZE search_tokens"))
        queries = sample_queries(texts, arguments.queries)
        for state in ("first", "again"):
            times = sorted(time_queries(store, queries))
            p50, p99 = statistics.median(times), times[round(len(times) * 0.99) - 1]
            print(f"queries, {state}: p50 {p50:.1f} ms, p99 {p99:.1f} ms, slowest {times[-1]:.1f} ms")
        print(f"a plain scan of 1,000 entries: {time_scan(store, queries[1], 1000):.0f} ms")
        store.close()


if __name__ == "__main__":
    main()
