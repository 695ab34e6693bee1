"""Rows for the store, made by hand, so that its tests are about the store alone."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import Row, func, select

from refeed.model import CleanResult, Entry, Label, Outcome, SafeHtml, Source
from refeed.store import schema as t
from refeed.store.ingest_writes import FileResult
from refeed.store.serialization import (
    EncodedEntry,
    RepostCandidate,
    compress,
    decode_labels,
    encode_entry,
    encode_labels,
    encode_provenance,
)
from refeed.store.store import Store

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
SOURCES = ("one", "two", "three")
TOPICS = ("climate", "health")


def entry_id(number: int) -> str:
    """The id of a sample entry."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://sample.example.org/{number}"))


def pack_topic_labels(topics: Sequence[str]) -> str:
    """Topics as a row has them."""
    return encode_labels(tuple(Label(topic=topic, score=2.0, reasons=("样本",)) for topic in topics))


def file_result(
    number: int,
    version: int = 0,
    *,
    source: str = "one",
    topics: Sequence[str] = (),
    days: int = 0,
    text: str = "",
    band: int | None = None,
    path: str | None = None,
) -> FileResult:
    """A file that holds a version of a sample entry, published `days` after the first of January 2024.

    Entries with the same `band` are taken for the same text.
    """
    published = NOON + timedelta(days=days)
    at = published + timedelta(hours=version)
    body = text or f"样本 {number}.{version}"
    entry = Entry(
        id=f"urn:uuid:{entry_id(number)}",
        source=source,
        link=f"https://sample.example.org/{number}",
        title=f"样本 {number}.{version}",
        published=published,
        updated=published,
        language="zh-Hans",
        html=SafeHtml(f"<p>{body}</p>"),
    )
    data = f"{number} {version} {source} {days} {body}".encode()
    row = EncodedEntry(
        id=entry_id(number),
        source=Source(id=source, title=source.title()),
        title=entry.title,
        published=published,
        fingerprint=body,
        size_estimate=1000 + number,
        minhash=str(band).encode() if band is not None else None,
        minhash_bands=(band, -band) if band is not None else (),
        payload=encode_entry(entry),
        provenance=encode_provenance(CleanResult(entry=entry, fingerprint=body)),
        labels=pack_topic_labels(topics),
        rules_version="rules-1",
        topics_version="topics-1",
    )
    name = path or f"{number}-{version}.txt"
    return FileResult(
        path=name.encode(),
        display_path=name,
        folder="",
        stamp=number * 100 + version + 1,
        first_seen=at,
        outcome=Outcome.ACCEPTED,
        digest=blake2b(data, digest_size=20).digest(),
        data=compress(data),
        dump_time=at,
        entry=row,
    )


def quarantined_result(number: int, reason: str = "样本：没有链接") -> FileResult:
    """A file that nothing could be made of."""
    whole = file_result(number)
    return replace(whole, outcome=Outcome.QUARANTINED, reason=reason, entry=None, dump_time=None)


def judge_by_sketch(candidate: RepostCandidate, others: Sequence[RepostCandidate]) -> str | None:
    """Among texts taken for the same, the one published first is the original, if another source has it."""
    before = [o for o in others if o.source != candidate.source and o.minhash == candidate.minhash]
    before = [o for o in before if (o.published, o.id) < (candidate.published, candidate.id)]
    return min(before, key=lambda o: (o.published, o.id)).id if before else None


def recount_feeds(store: Store) -> tuple[dict[str, int], dict[tuple[str, str], int], set[tuple[str, int, str, int]]]:
    """Entries of each feed, of each of its months, and all places, counted anew from the entries themselves."""
    feeds: Counter[str] = Counter()
    months: Counter[tuple[str, str]] = Counter()
    places = set()
    with store.read_transaction() as connection:
        rows = connection.execute(select(t.entries)).all()
    known = {row.id: row for row in rows}
    topics = {row.id: {f"topic/{label.topic}" for label in decode_labels(row.labels)} for row in rows}

    def stands(row: Row[Any], path: str) -> bool:
        """Whether no other entry with its text, which comes before it, stands in the feed already."""
        if row.withdrawn is not None or path not in {"all", f"source/{row.source}", *topics[row.id]}:
            return False
        if row.hidden and path != f"source/{row.source}":
            return False
        if row.repost_of is None or path == f"source/{row.source}":
            return True
        before = [r for r in rows if r.repost_of == row.repost_of and (r.published, r.id) < (row.published, row.id)]
        first = known.get(row.repost_of)
        return not any(stands(other, path) for other in (*before, *([first] if first else [])))

    for row in rows:
        month = datetime.fromtimestamp(row.published, UTC).strftime("%Y-%m")
        for path in {"all", f"source/{row.source}", *topics[row.id]}:
            if stands(row, path):
                feeds[path] += 1
                months[path, month] += 1
                places.add((path, row.published, row.id, row.weight))
    return dict(feeds), dict(months), places


def stored_counts(store: Store) -> tuple[dict[str, int], dict[tuple[str, str], int], set[tuple[str, int, str, int]]]:
    """The same as the store keeps it up to date."""
    with store.read_transaction() as connection:
        feeds = {row.path: row.entries for row in connection.execute(select(t.feeds)) if row.entries}
        months = {
            (row.feed, row.month): row.entries for row in connection.execute(select(t.feed_months)) if row.entries
        }
        places = {(r.feed, r.published, r.entry, r.weight) for r in connection.execute(select(t.feed_members))}
    return feeds, months, places


def stored_tallies(store: Store) -> dict[tuple[str, str], int]:
    """How many files, and how many dumps of each source, came out how: as the store keeps it up to date."""
    with store.read_transaction() as connection:
        rows = connection.execute(select(t.outcome_counts)).all()
    return {(row.source, row.outcome): row.dumps for row in rows if row.dumps}


def recount_tallies(store: Store) -> dict[tuple[str, str], int]:
    """The same, counted anew."""
    with store.read_transaction() as connection:
        files = connection.execute(select(t.files.c.outcome)).scalars().all()
        o, e = t.dumps.c, t.entries.c
        dumps = connection.execute(select(e.source, o.outcome).join_from(t.dumps, t.entries, o.entry == e.id)).all()
    return dict(Counter([*(("", outcome) for outcome in files), *((row.source, row.outcome) for row in dumps)]))


def count_rows(store: Store, table: str) -> int:
    """How many rows a table has."""
    with store.read_transaction() as connection:
        return connection.execute(select(func.count()).select_from(t.metadata.tables[table])).scalar_one()
