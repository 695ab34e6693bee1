"""A store with many entries: its size, and the cost of each query.

    python -m bench.scale URL [ENTRIES]     fill an empty store (100,000) and measure; a store with entries is only measured

The entries are random words, about as long and as compressible as real articles.
"""

from __future__ import annotations

import random
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path

from sqlalchemy import text

from refeed.config.load import load_settings
from refeed.config.settings import Settings
from refeed.model import ALL_FEED, CleanResult, Entry, Label, Outcome, SafeHtml, Source
from refeed.store import schema as t
from refeed.store.dump_recording import FileResult, record_files
from refeed.store.entry_updates import restore_entries, withdraw_entries
from refeed.store.serialization import EncodedEntry, compress, encode_entry, encode_json, encode_provenance
from refeed.store.store import Store

FIRST = datetime(2020, 1, 1, tzinfo=UTC)
_BATCH = 256
STEP = timedelta(minutes=20)
"""Between two entries: 72 a day."""


def fill(store: Store, settings: Settings, entries: int) -> None:
    """Record sample entries with the sources and topics of the configuration, 1.3 topics each."""
    chance = random.Random(1)
    words = make_words()
    sources = [Source(id=rule.id, title=rule.title) for rule in settings.sources]
    topics = [topic.id for topic in settings.topics]
    started = time.monotonic()
    for start in range(0, entries, _BATCH):
        numbers = range(start, min(start + _BATCH, entries))
        record_files(
            store, [_make_random_result(n, chance, words, sources, topics) for n in numbers], FIRST + entries * STEP
        )
        if start % (_BATCH * 40) == 0:
            print(f"{start} entries, {time.monotonic() - started:.0f} s", file=sys.stderr)
    print(f"recorded {entries} entries in {time.monotonic() - started:.0f} s")


def make_words() -> list[str]:
    """Words of two characters, the frequent ones among the first of Unicode."""
    chance = random.Random(1)
    return ["".join(chr(0x4E00 + int(chance.paretovariate(0.6) * 7) % 5000) for _ in range(2)) for _ in range(6000)]


def _make_random_result(
    number: int, chance: random.Random, words: list[str], sources: list[Source], topics: list[str]
) -> FileResult:
    picked = chance.sample(topics, min(len(topics), chance.choice((0, 1, 1, 2, 2))))
    return make_result(number, chance, words, chance.choice(sources), picked)


def make_result(number: int, chance: random.Random, words: list[str], source: Source, topics: list[str]) -> FileResult:
    """What ingesting a sample dump of a source with these topics gives."""
    link = f"https://sample.example.org/{number}"
    at = FIRST + number * STEP
    paragraphs = ["".join(chance.choices(words, k=chance.randint(30, 90))) for _ in range(chance.randint(4, 18))]
    html = "".join(f"<p>{paragraph}。</p>" for paragraph in paragraphs)
    entry = Entry(
        id=f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, link)}",
        source=source.id,
        link=link,
        title="".join(chance.choices(words, k=10)),
        published=at,
        updated=at,
        language="zh-Hans",
        summary=paragraphs[0][:150],
        html=SafeHtml(html),
        images=(f"https://images.example.org/{number}.jpg",),
    )
    data = f"<!--{at.timestamp():.0f}000-->\n[{entry.title}]({link})\n------\n\n{html}\n".encode()
    row = EncodedEntry(
        id=entry.id.removeprefix("urn:uuid:"),
        source=source,
        title=entry.title,
        published=at,
        fingerprint=blake2b(data, digest_size=16).hexdigest(),
        size_estimate=4_000 + 2 * len(html.encode()),
        minhash=chance.randbytes(516),
        minhash_bands=tuple(chance.randrange(2**48) for _ in range(20)),  # as topics.reposts makes them
        payload=encode_entry(entry),
        provenance=encode_provenance(CleanResult(entry=entry, fingerprint="")),
        labels=encode_json(tuple(Label(topic=topic, score=2.0, reasons=("样本",)) for topic in topics)),
        rules_version="sample",
        topics_version="sample",
    )
    return FileResult(
        path=f"dumps/{number:09}.txt".encode(),
        display_path=f"dumps/{number:09}.txt",
        folder="",
        stamp=number + 1,
        first_seen=at,
        outcome=Outcome.ACCEPTED,
        digest=blake2b(data, digest_size=20).digest(),
        data=compress(data),
        dump_time=at,
        entry=row,
    )


def sizes(store: Store) -> Iterator[str]:
    """Lines with the bytes of each table."""
    with store.read_transaction() as connection:
        if connection.dialect.name == "postgresql":
            query = (
                "SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relkind = 'r' AND relname = ANY(:n)"
            )
            table_sizes = dict(
                connection.execute(text(query), {"n": [table.name for table in t.metadata.sorted_tables]}).all()
            )
        else:
            table_sizes = {"the file": Path(store.engine.url.database or "").stat().st_size}
        entries = connection.execute(text("SELECT count(*) FROM entries")).scalar_one()
    for name, size in sorted(table_sizes.items(), key=lambda pair: -pair[1]):
        yield f"{name:<24}{size / 1e6:>10.1f} MB {size / max(entries, 1):>10.0f} bytes for each entry"
    yield f"{'together':<24}{sum(table_sizes.values()) / 1e6:>10.1f} MB {sum(table_sizes.values()) / max(entries, 1):>10.0f}"


def queries(store: Store) -> dict[str, Callable[[], object]]:
    """The queries of a running service, by name."""
    ids = [member.id for member in store.get_newest(ALL_FEED, 50)]
    months = store.get_months(ALL_FEED)
    middle = months[len(months) // 2].month if months else "2020-01"
    now = datetime.now(UTC)
    chance, words = random.Random(2), ["样本"]
    fresh = make_result(10**6 + time.time_ns() % 10**6, chance, words, Source(id="bbc", title="BBC"), ["climate"])
    batch = [
        make_result(2 * 10**6 + n, chance, words, Source(id="bbc", title="BBC"), ["climate"]) for n in range(_BATCH)
    ]
    return {
        "a feed's newest 50": lambda: store.get_entries([member.id for member in store.get_newest(ALL_FEED, 50)]),
        "a month of a feed": lambda: store.get_month(ALL_FEED, middle),
        "all months of a feed": lambda: store.get_months(ALL_FEED),
        "versions of all feeds": store.get_feed_states,
        "one entry": lambda: store.get_entry(ids[0]),
        "summaries of all feeds": lambda: store.get_feed_summaries(3),
        "entries to reprocess: none": lambda: store.get_outdated_ids(rules_version="sample"),
        "entries to reprocess: all": lambda: store.get_outdated_ids(topics_version="other"),
        "freshness": store.get_freshness,
        "dumps by source": store.count_dumps_by_source,
        "outcomes": store.count_outcomes,
        "issues": store.get_file_issues,
        "tombstones": lambda: store.get_withdrawn(ALL_FEED, 100),
        "all files": lambda: sum(1 for _ in store.iter_file_stamps()),
        "record one new dump": lambda: record_files(store, [fresh], now, lambda *_: None),
        "record 256 new dumps": lambda: record_files(store, batch, now, lambda *_: None),
        "withdraw one": lambda: withdraw_entries(store, ids[:1], now),
        "restore one": lambda: restore_entries(store, ids[:1], now),
    }


def main() -> None:
    """Fill the store if it is empty, and measure."""
    settings = load_settings({}, Path(__file__).parents[1] / "config.yaml")
    store = Store(sys.argv[1])
    store.migrate()
    if not store.get_entry_ids(limit=1):
        fill(store, settings, int(sys.argv[2]) if len(sys.argv) > 2 else 100_000)
        if store.engine.dialect.name == "postgresql":
            with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("SET statement_timeout = 0")
                connection.exec_driver_sql("ANALYZE")
    print("\n".join(sizes(store)))
    for name, query in queries(store).items():
        seconds = []
        for _ in range(2):
            started = time.monotonic()
            query()
            seconds.append(time.monotonic() - started)
        print(f"{name:<28}{seconds[0] * 1000:>10.1f} ms, again {seconds[1] * 1000:>8.1f} ms")


if __name__ == "__main__":
    main()
