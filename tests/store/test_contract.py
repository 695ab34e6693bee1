"""What every store promises, whichever database it is in."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import malformed
from refeed import dumps
from refeed.ingest import Ingester
from refeed.makers import Makers
from refeed.making import Maker
from refeed.model import Outcome
from refeed.packing import Candidate
from refeed.rules import Limits
from refeed.store import Store, forget_files, keep, leave, mend, record, relabel, restore, revise, withdraw
from refeed.store.glances import glances
from store.samples import NOON, counted, id_of, judge, packed_labels, reading, recount, refused, rows_of


def test_an_entry_comes_back_as_it_was_recorded(store: Store) -> None:
    done = record(store, [reading(1, topics=["climate"])], NOON)
    assert (done.counts["new"], done.feeds) == (1, {"all", "source/one", "topic/climate"})
    stored, notes = store.entry(id_of(1))
    assert stored.entry.title == "样本 1.0"
    assert stored.entry.published == NOON
    assert [label.topic for label in stored.labels] == ["climate"]
    assert notes.flags == ()
    original = store.originals(id_of(1))[0]
    assert (original.outcome, original.path) == (Outcome.ACCEPTED, "1-0.txt")
    assert store.original(original.digest) == original


def test_the_same_again_changes_nothing(store: Store) -> None:
    batch = [reading(n, topics=["climate"], days=n) for n in range(5)] + [refused(9)]
    record(store, batch, NOON)
    before = store.feeds(), store.state("revision")
    again = record(store, batch, NOON + timedelta(days=1))
    assert not again.feeds
    assert again.counts == {"unchanged": 5, "quarantined": 1}
    assert (store.feeds(), store.state("revision")) == before


def test_versions_of_an_entry_give_the_same_in_every_order(store: Store) -> None:
    versions = [reading(1, v, topics=["climate"][: v % 2], days=v % 2) for v in range(3)]
    found = set()
    for order in itertools.permutations(versions):
        with store.writing() as connection:
            for table in ("entries", "originals", "files", "members", "feeds", "months", "bands"):
                connection.exec_driver_sql(f"DELETE FROM {table}")
        for one in order:
            record(store, [one], NOON)
        stored, _ = store.entry(id_of(1))
        found.add((stored.entry, stored.labels))
        assert counted(store) == recount(store)
    assert len(found) == 1


def test_a_batch_is_recorded_whole_or_not_at_all(store: Store) -> None:
    record(store, [reading(1)], NOON)
    broken = replace(reading(3), data=None)  # originals.data may not be null
    with pytest.raises(Exception, match=r"(?i)null"):
        record(store, [reading(2), broken], NOON)
    assert store.ids() == [id_of(1)]
    assert rows_of(store, "files") == 1
    assert counted(store) == recount(store)


def test_newest_is_by_date_and_then_by_id_whatever_the_order_of_arrival(store: Store) -> None:
    numbers = list(range(20))
    random.Random(1).shuffle(numbers)
    record(store, [reading(n, days=n // 4) for n in numbers], NOON)
    found = store.newest("all", 7)
    expected = sorted(((n // 4, id_of(n)) for n in numbers), reverse=True)[:7]
    assert [member.id for member in found] == [id for _, id in expected]
    assert [member.id for member in store.month("all", "2024-01")] == [
        id for _, id in sorted((n // 4, id_of(n)) for n in numbers)
    ]


def test_months_count_and_bound_their_entries(store: Store) -> None:
    record(store, [reading(n, days=n * 10) for n in range(10)], NOON)
    months = store.months("all")
    assert [(month.month, month.entries) for month in months] == [("2024-03", 4), ("2024-02", 2), ("2024-01", 4)]
    assert sum(len(store.month("all", month.month)) for month in months) == 10
    assert [month.month for month in store.months("all") if month.version > months[0].version] == []
    record(store, [reading(50, days=35)], NOON)
    assert [month.month for month in store.months("all") if month.version > months[0].version] == ["2024-02"]


def test_feeds_say_which_of_them_changed_since_a_version(store: Store) -> None:
    record(store, [reading(1, source="one", topics=["climate"]), reading(2, source="two")], NOON)
    version = max(feed.version for feed in store.feeds())
    assert store.feeds(version) == []
    record(store, [reading(3, source="two")], NOON)
    assert [feed.path for feed in store.feeds(version)] == ["all", "source/two"]


def test_a_feed_never_changed_earlier_than_it_did_before_whatever_the_clock_says(store: Store) -> None:
    record(store, [reading(1)], NOON)
    record(store, [reading(2)], NOON - timedelta(days=300))
    assert {feed.changed for feed in store.feeds()} == {NOON}


def test_withdrawing_leaves_a_tombstone_and_restoring_takes_it_away(store: Store) -> None:
    record(store, [reading(n, topics=["climate"]) for n in range(3)], NOON)
    assert withdraw(store, [id_of(1)], NOON) == {"all", "source/one", "topic/climate"}
    assert withdraw(store, [id_of(1)], NOON + timedelta(days=1)) == frozenset()
    assert store.withdrawn("topic/climate", 9) == [(id_of(1), "one", NOON)]
    assert store.withdrawn("topic/health", 9) == []
    assert counted(store) == recount(store)
    restore(store, [id_of(1)], NOON)
    assert store.withdrawn("all", 9) == []
    assert len(store.newest("all", 10)) == 3
    assert counted(store) == recount(store)


def test_of_two_entries_with_one_text_one_is_shown_and_names_the_other(store: Store) -> None:
    record(store, [reading(1, source="one", band=7, days=2)], NOON, judge)
    record(store, [reading(2, source="two", band=7, days=1)], NOON, judge)
    assert [member.id for member in store.newest("all", 9)] == [id_of(2)]
    assert [member.id for member in store.newest("source/one", 9)] == [id_of(1)]
    assert store.entries([id_of(2)])[0].via == ("https://sample.example.org/1",)
    withdraw(store, [id_of(2)], NOON, judge)
    assert [member.id for member in store.newest("all", 9)] == [id_of(1)]
    restore(store, [id_of(2)], NOON, judge)
    assert [member.id for member in store.newest("all", 9)] == [id_of(2)]
    assert counted(store) == recount(store)


def test_a_repost_is_hidden_only_where_its_original_stands(store: Store) -> None:
    record(store, [reading(1, source="one", band=7, topics=["climate"])], NOON, judge)
    record(store, [reading(2, source="two", band=7, days=1, topics=["climate", "health"])], NOON, judge)
    record(store, [reading(3, source="three", band=7, days=2, topics=["health"])], NOON, judge)

    def shown(feed: str) -> list[str]:
        return [member.id for member in store.newest(feed, 9)]

    assert (shown("all"), shown("topic/climate"), shown("topic/health")) == ([id_of(1)], [id_of(1)], [id_of(2)])
    assert [shown(f"source/{source}") for source in ("two", "three")] == [[id_of(2)], [id_of(3)]]
    # The original's labels change, and what hung on them moves, in those feeds alone.
    changed = relabel(store, {id_of(1): packed_labels(["health"])}, "topics-2", NOON)
    assert changed == {"all", "source/one", "topic/climate", "topic/health"}
    assert (shown("topic/climate"), shown("topic/health")) == ([id_of(2)], [id_of(1)])
    assert counted(store) == recount(store)


def test_what_is_in_a_repost_but_not_in_its_original_stands_where_the_repost_is_hidden(store: Store) -> None:
    def chain(candidate: Candidate, others: Sequence[Candidate]) -> str | None:
        return {id_of(2): id_of(1), id_of(3): id_of(2)}.get(candidate.id)

    sources = {1: "one", 2: "two", 3: "three"}
    record(store, [reading(n, source=source, band=7, days=n) for n, source in sources.items()], NOON, chain)
    assert {member.id for member in store.newest("all", 9)} == {id_of(1), id_of(3)}
    withdraw(store, [id_of(1)], NOON)
    assert {member.id for member in store.newest("all", 9)} == {id_of(2)}
    assert counted(store) == recount(store)


def test_relabelling_moves_entries_between_topics_and_no_date(store: Store) -> None:
    record(store, [reading(n, topics=["climate"]) for n in range(3)], NOON)
    assert sorted(store.outdated(topics="topics-2")) == sorted(map(id_of, range(3)))
    labels = {id_of(n): packed_labels(["health"] if n else ["climate"]) for n in range(3)}
    assert relabel(store, labels, "topics-2", NOON) == {"all", "source/one", "topic/climate", "topic/health"}
    assert store.outdated(topics="topics-2") == []
    assert len(store.newest("topic/health", 9)) == 2
    assert {stored.entry.updated for stored in store.entries(store.ids())} == {NOON}
    assert counted(store) == recount(store)


def test_entries_made_again_change_the_feeds_that_show_another_text_and_only_those(store: Store) -> None:
    record(store, [reading(1, source="one"), reading(2, source="two")], NOON)
    same = replace(reading(1, source="one").entry, rules="rules-2")
    other = replace(reading(2, source="two", text="样本：另一段").entry, rules="rules-2")
    assert revise(store, [same], NOON) == frozenset()
    assert revise(store, [other], NOON) == {"all", "source/two"}
    assert store.outdated(rules="rules-2") == []
    assert store.entry(id_of(2))[0].entry.updated == NOON
    keep(store, [id_of(1)], "rules-3", NOON)
    assert store.outdated(rules="rules-3") == [id_of(2)]


def test_files_are_remembered_by_their_bytes_names(store: Store) -> None:
    name = b"\xff\xfe \xe6\xa0\xb7.txt"
    record(store, [replace(reading(1), path=name)], NOON)
    assert [path for path, _ in store.files()] == [name]
    assert store.known([reading(1).digest, b"\x00" * 20]) == {reading(1).digest}
    forget_files(store, [name])
    assert list(store.files()) == []


def test_doubts_name_the_quarantined_first(store: Store) -> None:
    flagged = replace(reading(1), outcome=Outcome.FLAGGED, reason="样本：没有日期")
    record(store, [flagged, refused(2), reading(3)], NOON)
    assert [(doubt.path, doubt.outcome) for doubt in store.doubts()] == [
        ("2-0.txt", Outcome.QUARANTINED),
        ("1-0.txt", Outcome.FLAGGED),
    ]
    assert store.outcomes() == {Outcome.ACCEPTED: 1, Outcome.FLAGGED: 1, Outcome.QUARANTINED: 1}


def test_freshness_counts_what_a_sources_feed_shows(store: Store) -> None:
    record(store, [reading(n, source=["one", "two"][n % 2], days=n) for n in range(5)], NOON)
    assert store.freshness() == {"one": (3, NOON + timedelta(days=4)), "two": (2, NOON + timedelta(days=3))}


def test_glances_show_each_feeds_newest_entries_and_months(store: Store) -> None:
    record(store, [reading(n, topics=["climate"], days=n * 20) for n in range(4)], NOON)
    found = glances(store, 2)
    assert [headline.id for headline in found["topic/climate"].newest] == [id_of(3), id_of(2)]
    assert found["all"].months == (("2024-01", 2), ("2024-02", 1), ("2024-03", 1))
    assert found["all"].entries == 4


def test_every_malformed_dump_is_recorded_with_its_outcome(store: Store, tmp_path: Path) -> None:
    """A text that one database refuses (a NUL, half a character) would stop every dump that shares its batch."""
    folder = tmp_path / "odd"
    folder.mkdir()
    for case in malformed.make(folder):
        path = folder / case.name
        if path.is_file() and path.stat().st_size > 20_000:
            path.unlink()  # what is slow to clean says nothing of the store
    maker = Maker(sources=(), topics=(), limits=Limits())
    ingester = Ingester(store, Makers(maker), lambda: NOON)
    found = dumps.scan(folder, maker.limits.suffixes)
    tallies = list(ingester.take(list(found)))
    counts = sum((tally.counts for tally in tallies), start=tallies[0].counts.__class__())
    assert counts["new"] > 50
    assert counts["quarantined"] == store.outcomes()[Outcome.QUARANTINED] > 5
    assert all(doubt.reason for doubt in store.doubts())
    for stored in store.entries(store.ids()):
        assert stored.entry.title
    assert counted(store) == recount(store)


def test_a_store_that_was_left_in_order_is_read_through_again_only_when_somebody_touched_it(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    store = Store(f"sqlite:///{file}")
    store.migrate()
    record(store, [reading(n) for n in range(50)], NOON)
    store.close()
    whole, dates = file.read_bytes(), (file.stat().st_atime_ns, file.stat().st_mtime_ns)
    assert mend(store.url) is None
    leave(store.url)
    assert mend(store.url) is None
    file.write_bytes(whole[:8192] + bytes(4096) + whole[12288:])
    os.utime(file, ns=dates)
    assert mend(store.url) == tmp_path / "store.db.damaged-1"
    assert mend(store.url) is None
