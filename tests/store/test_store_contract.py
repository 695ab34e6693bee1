"""What every store promises, on SQLite and on PostgreSQL."""

from __future__ import annotations

import itertools
import random
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from helpers import malformed_corpus
from helpers.store_builders import (
    NOON,
    count_rows,
    encode_topics,
    entry_id,
    feed_paths,
    file_result,
    find_sample_original,
    quarantined_result,
    recount_feeds,
    stored_feeds,
)
from refeed.config.settings import Limits
from refeed.dumps.scanner import scan_folder
from refeed.errors import SchemaError
from refeed.heartbeat import add_sign
from refeed.ingest.entry_builder import EntryBuilder
from refeed.ingest.entry_pool import EntryPool
from refeed.ingest.ingester import Ingester
from refeed.model import ALL_FEED, FeedPath, Outcome
from refeed.store import schema as t
from refeed.store.database import require_known_schema
from refeed.store.dump_recording import forget_files, record_files
from refeed.store.entry_updates import mark_current, relabel_entries, replace_entries, restore_entries, withdraw_entries
from refeed.store.migrations import MIGRATIONS
from refeed.store.serialization import RepostCandidate
from refeed.store.store import Store


def test_a_recorded_entry_is_read_back_unchanged(store: Store) -> None:
    result = record_files(store, [file_result(1, topics=["climate"])], NOON)
    assert (result.counts["new"], result.feeds) == (1, feed_paths("all", "source/one", "topic/climate"))
    stored, provenance = store.get_entry(entry_id(1))
    assert stored.entry.title == "样本 1.0"
    assert stored.entry.published == NOON
    assert [label.topic for label in stored.labels] == ["climate"]
    assert provenance.issues == ()
    dump = store.get_dumps(entry_id(1))[0]
    assert (dump.outcome, dump.path) == (Outcome.ACCEPTED, "1-0.txt")
    assert store.get_newest_dumps([entry_id(1)]) == {entry_id(1): dump}


@pytest.mark.slow
def test_a_long_transaction_gives_signs_of_life_and_has_no_time_limit(store: Store) -> None:
    given = threading.Event()
    add_sign(given.set)
    with store.long_transaction() as connection:
        given.clear()
        assert given.wait(60)  # nothing but the transaction can give one
        if connection.dialect.name == "postgresql":
            assert connection.execute(text("SHOW statement_timeout")).scalar() == "0"


def test_recording_the_same_again_changes_nothing(store: Store) -> None:
    batch = [file_result(n, topics=["climate"], days=n) for n in range(5)] + [quarantined_result(9)]
    record_files(store, batch, NOON)
    before = store.get_feed_states(), store.get_meta("revision")
    again = record_files(store, batch, NOON + timedelta(days=1))
    assert not again.feeds
    assert again.counts == {"unchanged": 5, "quarantined": 1}
    assert (store.get_feed_states(), store.get_meta("revision")) == before


def test_the_order_in_which_versions_of_an_entry_arrive_makes_no_difference(store: Store) -> None:
    versions = [file_result(1, v, topics=["climate"][: v % 2], days=v % 2) for v in range(3)]
    contents = set()
    for order in itertools.permutations(versions):
        with store.write_transaction() as connection:
            for table in (t.entries, t.dumps, t.files, t.feed_members, t.feeds, t.feed_months, t.minhash_bands):
                connection.execute(table.delete())
        for version in order:
            record_files(store, [version], NOON)
        stored, _ = store.get_entry(entry_id(1))
        contents.add((stored.entry, stored.labels))
        assert stored_feeds(store) == recount_feeds(store)
    assert len(contents) == 1


def test_a_batch_is_recorded_whole_or_not_at_all(store: Store) -> None:
    record_files(store, [file_result(1)], NOON)
    broken = replace(file_result(3), data=None)  # dumps.data must not be null
    with pytest.raises(Exception, match=r"(?i)null"):
        record_files(store, [file_result(2), broken], NOON)
    assert store.get_entry_ids() == [entry_id(1)]
    assert count_rows(store, "files") == 1
    assert stored_feeds(store) == recount_feeds(store)


def test_newest_entries_are_ordered_by_date_and_then_by_id(store: Store) -> None:
    numbers = list(range(20))
    random.Random(1).shuffle(numbers)
    record_files(store, [file_result(n, days=n // 4) for n in numbers], NOON)
    newest = store.get_newest(ALL_FEED, 7)
    expected = sorted(((n // 4, entry_id(n)) for n in numbers), reverse=True)[:7]
    assert [member.id for member in newest] == [id for _, id in expected]
    assert [member.id for member in store.get_month(ALL_FEED, "2024-01")] == [
        id for _, id in sorted((n // 4, entry_id(n)) for n in numbers)
    ]


def test_months_count_their_entries(store: Store) -> None:
    record_files(store, [file_result(n, days=n * 10) for n in range(10)], NOON)
    months = store.get_months(ALL_FEED)
    assert [(month.month, month.entries) for month in months] == [("2024-03", 4), ("2024-02", 2), ("2024-01", 4)]
    assert sum(len(store.get_month(ALL_FEED, month.month)) for month in months) == 10
    assert [month.month for month in store.get_months(ALL_FEED) if month.version > months[0].version] == []
    record_files(store, [file_result(50, days=35)], NOON)
    assert [month.month for month in store.get_months(ALL_FEED) if month.version > months[0].version] == ["2024-02"]


def test_feeds_that_changed_since_a_version_are_found(store: Store) -> None:
    record_files(store, [file_result(1, source="one", topics=["climate"]), file_result(2, source="two")], NOON)
    version = max(feed.version for feed in store.get_feed_states())
    assert store.get_feed_states(version) == []
    record_files(store, [file_result(3, source="two")], NOON)
    assert [feed.path for feed in store.get_feed_states(version)] == [ALL_FEED, FeedPath("source", "two")]


def test_every_change_of_a_feed_is_later_than_the_one_before_whatever_the_clock_says(store: Store) -> None:
    times = []
    for number, now in enumerate((NOON, NOON, NOON - timedelta(days=1), NOON + timedelta(hours=1))):
        record_files(store, [file_result(number)], now)
        times.append(next(feed.changed for feed in store.get_feed_states() if str(feed.path) == "all"))
        assert store.get_months(ALL_FEED)[0].changed == times[-1]
    assert times == [NOON, NOON + timedelta(seconds=1), NOON + timedelta(seconds=2), NOON + timedelta(hours=1)]


def test_withdrawing_leaves_a_tombstone_and_restoring_removes_it(store: Store) -> None:
    record_files(store, [file_result(n, topics=["climate"]) for n in range(3)], NOON)
    assert withdraw_entries(store, [entry_id(1)], NOON) == feed_paths("all", "source/one", "topic/climate")
    assert withdraw_entries(store, [entry_id(1)], NOON + timedelta(days=1)) == frozenset()
    assert store.get_withdrawn(FeedPath("topic", "climate"), 9) == [(entry_id(1), "one", NOON)]
    assert store.get_withdrawn(FeedPath("topic", "health"), 9) == []
    assert stored_feeds(store) == recount_feeds(store)
    restore_entries(store, [entry_id(1)], NOON)
    assert store.get_withdrawn(ALL_FEED, 9) == []
    assert len(store.get_newest(ALL_FEED, 10)) == 3
    assert stored_feeds(store) == recount_feeds(store)


def test_of_two_entries_with_the_same_text_one_is_shown_and_links_the_other(store: Store) -> None:
    record_files(store, [file_result(1, source="one", band=7, days=2)], NOON, find_sample_original)
    record_files(store, [file_result(2, source="two", band=7, days=1)], NOON, find_sample_original)
    assert [member.id for member in store.get_newest(ALL_FEED, 9)] == [entry_id(2)]
    assert [member.id for member in store.get_newest(FeedPath("source", "one"), 9)] == [entry_id(1)]
    assert store.get_entries([entry_id(2)])[0].repost_links == ("https://sample.example.org/1",)
    withdraw_entries(store, [entry_id(2)], NOON, find_sample_original)
    assert [member.id for member in store.get_newest(ALL_FEED, 9)] == [entry_id(1)]
    restore_entries(store, [entry_id(2)], NOON, find_sample_original)
    assert [member.id for member in store.get_newest(ALL_FEED, 9)] == [entry_id(2)]
    assert stored_feeds(store) == recount_feeds(store)


def test_a_repost_is_hidden_only_where_its_original_is_shown(store: Store) -> None:
    record_files(store, [file_result(1, source="one", band=7, topics=["climate"])], NOON, find_sample_original)
    record_files(
        store, [file_result(2, source="two", band=7, days=1, topics=["climate", "health"])], NOON, find_sample_original
    )
    record_files(store, [file_result(3, source="three", band=7, days=2, topics=["health"])], NOON, find_sample_original)

    def shown(feed: str) -> list[str]:
        return [member.id for member in store.get_newest(feed, 9)]

    assert (shown(ALL_FEED), shown(FeedPath("topic", "climate")), shown(FeedPath("topic", "health"))) == (
        [entry_id(1)],
        [entry_id(1)],
        [entry_id(2)],
    )
    assert [shown(FeedPath("source", source)) for source in ("two", "three")] == [[entry_id(2)], [entry_id(3)]]
    # When the labels of the original change, its reposts change too, in those feeds alone.
    changed = relabel_entries(store, {entry_id(1): encode_topics(["health"])}, "topics-2", NOON)
    assert changed == feed_paths("all", "source/one", "topic/climate", "topic/health")
    assert (shown(FeedPath("topic", "climate")), shown(FeedPath("topic", "health"))) == ([entry_id(2)], [entry_id(1)])
    assert stored_feeds(store) == recount_feeds(store)


def test_a_repost_of_a_hidden_repost_is_shown(store: Store) -> None:
    def chain(candidate: RepostCandidate, others: Sequence[RepostCandidate]) -> str | None:
        return {entry_id(2): entry_id(1), entry_id(3): entry_id(2)}.get(candidate.id)

    sources = {1: "one", 2: "two", 3: "three"}
    record_files(store, [file_result(n, source=source, band=7, days=n) for n, source in sources.items()], NOON, chain)
    assert {member.id for member in store.get_newest(ALL_FEED, 9)} == {entry_id(1), entry_id(3)}
    withdraw_entries(store, [entry_id(1)], NOON)
    assert {member.id for member in store.get_newest(ALL_FEED, 9)} == {entry_id(2)}
    assert stored_feeds(store) == recount_feeds(store)


def test_relabelling_moves_entries_between_topics_and_changes_no_date(store: Store) -> None:
    record_files(store, [file_result(n, topics=["climate"]) for n in range(3)], NOON)
    assert sorted(store.get_outdated_ids(topics_version="topics-2")) == sorted(map(entry_id, range(3)))
    labels = {entry_id(n): encode_topics(["health"] if n else ["climate"]) for n in range(3)}
    assert relabel_entries(store, labels, "topics-2", NOON) == feed_paths(
        "all", "source/one", "topic/climate", "topic/health"
    )
    assert store.get_outdated_ids(topics_version="topics-2") == []
    assert len(store.get_newest(FeedPath("topic", "health"), 9)) == 2
    assert {stored.entry.updated for stored in store.get_entries(store.get_entry_ids())} == {NOON}
    assert stored_feeds(store) == recount_feeds(store)


def test_rebuilt_entries_change_only_the_feeds_in_which_a_text_changes(store: Store) -> None:
    record_files(store, [file_result(1, source="one"), file_result(2, source="two")], NOON)
    same = replace(file_result(1, source="one").entry, rules_version="rules-2")
    other = replace(file_result(2, source="two", text="样本：另一段").entry, rules_version="rules-2")
    assert replace_entries(store, [same], NOON) == frozenset()
    assert replace_entries(store, [other], NOON) == feed_paths("all", "source/two")
    assert store.get_outdated_ids(rules_version="rules-2") == []
    assert store.get_entry(entry_id(2))[0].entry.updated == NOON
    mark_current(store, [entry_id(1)], "rules-3", NOON)
    assert store.get_outdated_ids(rules_version="rules-3") == [entry_id(2)]


def test_the_same_text_in_a_dump_after_new_rules_moves_no_date(store: Store) -> None:
    """Seen: after an upgrade, all items of a feed that now had authors were new to readers."""
    record_files(store, [file_result(1, 0, text="样本"), file_result(1, 1, text="样本，改")], NOON)
    before = store.get_entries([entry_id(1)])[0].entry.updated
    rebuilt = replace(file_result(1, 1, text="新规则的样本，改").entry, rules_version="rules-2")
    replace_entries(store, [rebuilt], NOON)
    record_files(store, [file_result(1, 2, text="新规则的样本，改")], NOON)
    assert store.get_entries([entry_id(1)])[0].entry.updated == before == NOON + timedelta(hours=1)
    record_files(store, [file_result(1, 3, text="新规则的样本，再改")], NOON)
    assert store.get_entries([entry_id(1)])[0].entry.updated == NOON + timedelta(hours=3)


def test_a_file_name_that_is_not_utf8_is_remembered_as_bytes(store: Store) -> None:
    name = b"\xff\xfe \xe6\xa0\xb7.txt"
    record_files(store, [replace(file_result(1), path=name)], NOON)
    assert [path for path, _ in store.iter_file_stamps()] == [name]
    assert store.get_known_digests([file_result(1).digest, b"\x00" * 20]) == {file_result(1).digest}
    forget_files(store, [name])
    assert list(store.iter_file_stamps()) == []


def test_quarantined_files_come_before_flagged_ones(store: Store) -> None:
    flagged = replace(file_result(1), outcome=Outcome.FLAGGED, reason="样本：没有日期")
    record_files(store, [flagged, quarantined_result(2), file_result(3)], NOON)
    assert [(issue.path, issue.outcome) for issue in store.get_file_issues()] == [
        ("2-0.txt", Outcome.QUARANTINED),
        ("1-0.txt", Outcome.FLAGGED),
    ]
    assert store.count_outcomes() == {Outcome.ACCEPTED: 1, Outcome.FLAGGED: 1, Outcome.QUARANTINED: 1}


def test_freshness_counts_the_entries_of_a_sources_feed(store: Store) -> None:
    record_files(store, [file_result(n, source=["one", "two"][n % 2], days=n) for n in range(5)], NOON)
    assert store.get_freshness() == {"one": (3, NOON + timedelta(days=4)), "two": (2, NOON + timedelta(days=3))}


def test_feed_summaries_hold_the_newest_entries_and_months(store: Store) -> None:
    record_files(store, [file_result(n, topics=["climate"], days=n * 20) for n in range(4)], NOON)
    summaries = store.get_feed_summaries(2)
    assert [entry.id for entry in summaries[FeedPath("topic", "climate")].newest] == [entry_id(3), entry_id(2)]
    assert summaries[ALL_FEED].months == (("2024-01", 2), ("2024-02", 1), ("2024-03", 1))
    assert summaries[ALL_FEED].entries == 4


def test_every_malformed_dump_is_recorded_with_its_outcome(store: Store, tmp_path: Path) -> None:
    """A text that a database refuses (a NUL, half a character) would stop all dumps of its batch."""
    folder = tmp_path / "odd"
    folder.mkdir()
    for case in malformed_corpus.write_corpus(folder):
        path = folder / case.name
        if path.is_file() and path.stat().st_size > 20_000:
            path.unlink()  # slow to clean, and no different for the store
    builder = EntryBuilder(sources=(), topics=(), limits=Limits())
    ingester = Ingester(store, EntryPool(builder), lambda: NOON)
    files = list(scan_folder(folder, builder.limits.suffixes))
    counts = sum((result.counts for result in ingester.ingest(files)), start=Counter())
    assert counts["new"] > 50
    assert counts["quarantined"] == store.count_outcomes()[Outcome.QUARANTINED] > 5
    assert all(issue.reason for issue in store.get_file_issues())
    for stored in store.get_entries(store.get_entry_ids()):
        assert stored.entry.title
    assert stored_feeds(store) == recount_feeds(store)


def test_a_program_writes_nothing_once_a_newer_one_has_changed_the_schema(store: Store) -> None:
    store.set_meta("before", "1")
    newer = text("INSERT INTO migrations (version) VALUES (:version)")
    with store.write_transaction() as connection:
        connection.execute(newer, {"version": len(MIGRATIONS) + 1})
    with pytest.raises(SchemaError, match="run the newer program"):
        record_files(store, [file_result(1)], NOON)
    with pytest.raises(SchemaError):
        require_known_schema(store.url)
    assert count_rows(store, "files") == 0
    assert store.get_meta("before") == "1"
