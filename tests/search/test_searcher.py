"""Searching gives what a plain scan of all entries gives, in the same order, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from helpers.property_testing import example, examples, given, st
from helpers.search_scan import scan
from helpers.store_builders import NOON, TOPICS, entry_id, file_result
from refeed.config.search_query import QueryError, parse_query
from refeed.model import ALL_FEED, FeedPath
from refeed.search.indexer import index_batch
from refeed.search.searcher import search
from refeed.store import schema
from refeed.store.dump_recording import FileResult, record_files
from refeed.store.entry_updates import restore_entries, set_private, withdraw_entries
from refeed.store.search_index import Position, get_members, log_all_entries
from refeed.store.store import Store

WORDS = [
    "香港",
    "香",
    "港",
    "國安法",
    "国安法",
    "5G",
    "5g手机",
    "川普",
    "特朗普",
    "climate",
    "change",
    "Climate-Change",
    "。",
    "美国",
]
TEXTS = st.lists(st.one_of(st.sampled_from(WORDS), st.sampled_from([" ", "，", "\n", "a", "人民"])), max_size=12).map(
    "".join
)
TERMS = st.one_of(
    st.sampled_from(WORDS),
    st.lists(st.sampled_from(WORDS), min_size=2, max_size=3).map("".join),
    st.lists(st.sampled_from(WORDS), min_size=2, max_size=3).map(lambda words: f'"{" ".join(words)}"'),
    st.sampled_from(["title:香港", "source:one", "topic:climate", "after:2024-01-03", "before:2024-01-20"]),
)
QUERIES = st.lists(st.tuples(st.sampled_from(["", "", "", "-"]), TERMS), min_size=1, max_size=4).flatmap(
    lambda terms: st.sampled_from([" ", " OR "]).map(lambda joint: joint.join(minus + term for minus, term in terms))
)


def index_all(store: Store) -> None:
    while index_batch(store):
        pass


def find_all(store: Store, text: str, feed: FeedPath = ALL_FEED, page: int = 3) -> list[str]:
    """The ids of all results, page by page."""
    ids: list[str] = []
    place = None
    while True:
        result = search(store, parse_query(text), feed, limit=page, older_than=place)
        assert result.complete
        ids += [member.id for member in result.members]
        place = result.next
        if place is None:
            return ids


def empty(store: Store) -> None:
    with store.write_transaction() as connection:
        for table in schema.metadata.sorted_tables:
            if table.name != "meta":
                connection.execute(table.delete())
    log_all_entries(store)


@examples(20)
@given(
    texts=st.lists(st.tuples(TEXTS, TEXTS, st.integers(0, 40)), min_size=1, max_size=12),
    queries=st.lists(QUERIES, min_size=3, max_size=8),
    left=st.integers(0, 4),
)
@example(texts=[("闻香。港口", "香港", 1)], queries=["香港", '"香 港"'], left=0)
def test_a_search_finds_what_a_scan_finds(
    shared_store: Store, texts: list[tuple[str, str, int]], queries: list[str], left: int
) -> None:
    empty(shared_store)
    results = [
        file_result(n, text=f"{title} {text}", days=days, topics=TOPICS[: n % 3], source=("one", "two")[n % 2])
        for n, (title, text, days) in enumerate(texts)
    ]
    half = len(results) // 2
    record_files(shared_store, results[half:], NOON)
    index_all(shared_store)
    record_files(shared_store, results[:half], NOON)
    index_batch(shared_store, left)
    for text in queries:
        try:
            query = parse_query(text)
        except QueryError:
            continue
        assert find_all(shared_store, text) == scan(shared_store, query)
        assert find_all(shared_store, text, FeedPath("source", "two")) == scan(
            shared_store, query, FeedPath("source", "two")
        )


def file_with(number: int, text: str, **more: Any) -> FileResult:
    return file_result(number, text=text, days=number, **more)


def test_a_changed_entry_is_found_by_its_new_text_before_it_is_indexed(store: Store) -> None:
    record_files(store, [file_with(1, "香港")], NOON)
    index_all(store)
    record_files(store, [file_with(1, "台湾", version=1)], NOON)
    assert find_all(store, "台湾") == [entry_id(1)]
    assert find_all(store, "香港") == []
    index_all(store)
    assert find_all(store, "台湾") == [entry_id(1)]
    assert find_all(store, "香港") == []


@pytest.mark.parametrize("indexed", [True, False])
def test_withdrawn_and_private_entries_are_not_found(store: Store, indexed: bool) -> None:
    record_files(store, [file_with(n, "香港", source=("one", "two")[n % 2]) for n in range(4)], NOON)
    index_all(store)
    withdraw_entries(store, [entry_id(0)], NOON)
    for _ in set_private(store, "two", NOON, lambda _, __: None, private=True):
        pass
    if indexed:
        index_all(store)
    assert find_all(store, "香港") == [entry_id(2)]
    assert find_all(store, "香港", FeedPath("source", "two")) == [entry_id(3), entry_id(1)]
    restore_entries(store, [entry_id(0)], NOON)
    assert find_all(store, "香港") == [entry_id(2), entry_id(0)]


def test_a_search_says_when_entries_wait_to_be_indexed(store: Store) -> None:
    record_files(store, [file_with(n, "香港") for n in range(150)], NOON)
    result = search(store, parse_query("香港"))
    assert (result.members, result.complete) == ([], False)
    index_batch(store, 100)
    assert len(find_all(store, "香港", page=7)) == 150


def test_newer_entries_are_indexed_before_an_archive(store: Store) -> None:
    record_files(store, [file_with(n, "旧") for n in range(150)], NOON)
    record_files(store, [file_with(200, "新")], NOON)
    index_batch(store, 1)
    assert [member.id for member in search(store, parse_query("新")).members] == [entry_id(200)]


def test_an_index_of_another_version_is_built_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    record_files(store, [file_with(n, "香港") for n in range(5)], NOON)
    index_all(store)
    monkeypatch.setattr("refeed.search.indexer.INDEX_VERSION", "next")
    assert not search(store, parse_query("香港")).complete
    assert index_batch(store, 2) == 3
    assert len(find_all(store, "香港")) == 5


def test_many_entries_of_one_second_are_found_in_the_order_of_lists(store: Store) -> None:
    record_files(store, [file_result(n, text="香港") for n in range(120)], NOON)
    index_all(store)
    assert find_all(store, "香港", page=10) == [member.id for member in store.get_newest(ALL_FEED, 200)]


def test_sqlite_looks_up_what_a_feed_shows_by_the_time(tmp_path: Path) -> None:
    """Seen: with pairs alone each search read all 100,000 members of the feed."""
    store, plan = Store(f"sqlite:///{tmp_path / 'store.db'}"), []
    store.migrate()

    @event.listens_for(store.engine, "before_cursor_execute")
    def explain(connection: Connection, _: object, statement: str, parameters: Any, *__: object) -> None:
        if "feed_members" in statement:
            driver: Any = connection.connection.driver_connection
            plan.extend(driver.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall())

    assert get_members(store, ALL_FEED, [Position(NOON, entry_id(n)) for n in range(2)]) == {}
    assert "(feed=? AND published=?" in str(plan)
    store.close()


def test_the_best_matches_come_first(store: Store) -> None:
    record_files(store, [file_with(1, "香港香港香港"), file_with(2, "香港" + "人" * 5000), file_with(3, "台湾")], NOON)
    index_all(store)
    found = search(store, parse_query("香港"), order="relevance")
    assert [member.id for member in found.members] == [entry_id(1), entry_id(2)]


def test_results_after_a_place_go_on_without_gaps_or_repeats(store: Store) -> None:
    record_files(store, [file_with(n, "香港") for n in range(30)], NOON)
    index_batch(store, 15)
    assert find_all(store, "香港", page=4) == [entry_id(n) for n in reversed(range(30))]
    first = search(store, parse_query("香港"), limit=4)
    assert first.next == Position(NOON + timedelta(days=26), entry_id(26))
    assert find_all(store, "before:2024-01-10 香港")[0] == entry_id(8)
