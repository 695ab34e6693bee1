"""Sample files and entries for tests of the store, and recounts of everything that the store counts."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from sqlalchemy import func, select

from refeed.model import CleanResult, Entry, FeedPath, Label, Outcome, SafeHtml, Source
from refeed.store import schema as t
from refeed.store.dump_recording import FileResult
from refeed.store.rows import EntryRow
from refeed.store.serialization import (
    EncodedEntry,
    RepostCandidate,
    compress,
    decode_labels,
    encode_entry,
    encode_json,
    encode_provenance,
)
from refeed.store.store import Store

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
SOURCES = ("one", "two", "three")
TOPICS = ("climate", "health")


def entry_id(number: int) -> str:
    """The id of a sample entry."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://sample.example.org/{number}"))


def encode_topics(topics: Sequence[str]) -> str:
    """Labels with these topics, as a row has them."""
    return encode_json(tuple(Label(topic=topic, score=2.0, reasons=("样本",)) for topic in topics))


def file_result(
    number: int,
    version: int = 0,
    *,
    source: str = "one",
    topics: Sequence[str] = (),
    days: int = 0,
    minutes: int = 0,
    title: str = "",
    text: str = "",
    band: int | None = None,
    path: str | None = None,
) -> FileResult:
    """A file with a version of a sample entry, published `days` after the first of January 2024.

    Entries with the same `band` count as the same text.
    """
    published = NOON + timedelta(days=days, minutes=minutes)
    dump_time = published + timedelta(hours=version)
    body = text or f"样本 {number}.{version}"
    entry = Entry(
        id=f"urn:uuid:{entry_id(number)}",
        source=source,
        link=f"https://sample.example.org/{number}",
        title=title or f"样本 {number}.{version}",
        published=published,
        updated=published,
        language="zh-Hans",
        html=SafeHtml(f"<p>{body}</p>"),
    )
    data = f"{number} {version} {source} {days} {minutes} {title} {body}".encode()
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
        labels=encode_topics(topics),
        rules_version="rules-1",
        topics_version="topics-1",
    )
    name = path or f"{number}-{version}.txt"
    return FileResult(
        path=name.encode(),
        display_path=name,
        folder="",
        stamp=number * 100 + version + 1,
        first_seen=dump_time,
        outcome=Outcome.ACCEPTED,
        digest=blake2b(data, digest_size=20).digest(),
        data=compress(data),
        dump_time=dump_time,
        entry=row,
    )


def quarantined_result(number: int, reason: str = "样本：没有链接") -> FileResult:
    """A file that was quarantined."""
    result = file_result(number)
    return replace(result, outcome=Outcome.QUARANTINED, reason=reason, entry=None, dump_time=None)


def find_sample_original(candidate: RepostCandidate, others: Sequence[RepostCandidate]) -> str | None:
    """Among entries with the same band, the one published first is the original, if another source has it."""
    before = [o for o in others if o.source != candidate.source and o.minhash == candidate.minhash]
    before = [o for o in before if (o.published, o.id) < (candidate.published, candidate.id)]
    return min(before, key=lambda o: (o.published, o.id)).id if before else None


FeedCounts = tuple[dict[str, int], dict[tuple[str, str], int], set[tuple[str, int, str, int]]]
"""The number of entries of each feed, and of each of its months; and all members of feeds."""


def recount_feeds(store: Store) -> FeedCounts:
    """The counts and members of feeds, computed from the entries themselves."""
    feeds: Counter[str] = Counter()
    months: Counter[tuple[str, str]] = Counter()
    members = set()
    with store.read_transaction() as connection:
        rows = [EntryRow._make(row) for row in connection.execute(select(t.entries))]
    known = {row.id: row for row in rows}
    topics = {row.id: {f"topic/{label.topic}" for label in decode_labels(row.labels)} for row in rows}

    def is_shown(row: EntryRow, path: str) -> bool:
        """Whether the feed shows no other entry with this text that comes before it."""
        if row.withdrawn is not None or path not in {"all", f"source/{row.source}", *topics[row.id]}:
            return False
        if row.private and path != f"source/{row.source}":
            return False
        if row.repost_of is None or path == f"source/{row.source}":
            return True
        before = [r for r in rows if r.repost_of == row.repost_of and (r.published, r.id) < (row.published, row.id)]
        original = known.get(row.repost_of)
        return not any(is_shown(other, path) for other in (*before, *([original] if original else [])))

    for row in rows:
        month = datetime.fromtimestamp(row.published, UTC).strftime("%Y-%m")
        for path in {"all", f"source/{row.source}", *topics[row.id]}:
            if is_shown(row, path):
                feeds[path] += 1
                months[path, month] += 1
                members.add((path, row.published, row.id, row.size_estimate))
    return dict(feeds), dict(months), members


def stored_feeds(store: Store) -> FeedCounts:
    """The same as the store keeps them up to date."""
    with store.read_transaction() as connection:
        feeds = {row.path: row.entries for row in connection.execute(select(t.feeds)) if row.entries}
        months = {
            (row.feed, row.month): row.entries for row in connection.execute(select(t.feed_months)) if row.entries
        }
        members = {tuple(row) for row in connection.execute(select(t.feed_members))}
    return feeds, months, members


def recount_outcomes(store: Store) -> dict[tuple[str, str], int]:
    """The number of files of each outcome, and of dumps of each source and outcome, counted from their rows."""
    d, e = t.dumps.c, t.entries.c
    with store.read_transaction() as connection:
        files = connection.execute(select(t.files.c.outcome)).scalars().all()
        dumps = connection.execute(select(e.source, d.outcome).join_from(t.dumps, t.entries, d.entry_id == e.id)).all()
    return dict(Counter([*(("", outcome) for outcome in files), *((row.source, row.outcome) for row in dumps)]))


def stored_outcomes(store: Store) -> dict[tuple[str, str], int]:
    """The same as the store keeps it up to date."""
    with store.read_transaction() as connection:
        rows = connection.execute(select(t.outcome_counts)).all()
    return {(row.source, row.outcome): row.dumps for row in rows if row.dumps}


def count_rows(store: Store, table: str) -> int:
    """The number of rows of a table."""
    with store.read_transaction() as connection:
        return connection.execute(select(func.count()).select_from(t.metadata.tables[table])).scalar_one()


def feed_paths(*paths: str) -> frozenset[FeedPath]:
    """Feeds by their paths as text."""
    return frozenset(map(FeedPath.parse, paths))
