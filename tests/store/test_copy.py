"""A store is copied from any database to any other, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from helpers.store_builders import (
    NOON,
    entry_id,
    file_result,
    find_sample_original,
    quarantined_result,
    recount_feeds,
    stored_feeds,
)
from refeed.errors import StoreError
from refeed.fetch.enclosure_metadata import FileMetadata
from refeed.store import schema as t
from refeed.store.copy_store import copy_store
from refeed.store.dump_recording import record_files
from refeed.store.entry_updates import update_enclosures, update_icons, withdraw_entries
from refeed.store.store import Store


@pytest.fixture
def full(store: Store) -> Store:
    """A store, in each database, with rows in every table."""
    record_files(
        store,
        [file_result(n, source=["one", "two"][n % 2], topics=["climate"], band=n // 2) for n in range(30)],
        NOON,
        find_sample_original,
    )
    record_files(store, [file_result(1, 1), quarantined_result(99)], NOON, find_sample_original)
    withdraw_entries(store, [entry_id(4)], NOON, find_sample_original)
    update_enclosures(
        store, {entry_id(5): [FileMetadata(url="https://e.org/5.mp3", type="audio/mpeg", length=5)]}, NOON
    )
    update_icons(store, {"one": FileMetadata(url="https://e.org/icon.png", next=NOON)}, NOON)
    return store


@pytest.fixture(params=["sqlite", "postgres"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store to copy into."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'copy.db'}"
    else:
        url = request.getfixturevalue("postgres_server").make_database()
    opened = Store(url)
    yield opened
    opened.close()


def all_rows(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables."""
    with store.read_transaction() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in t.metadata.sorted_tables
        }


def test_a_copy_has_the_same_rows_and_can_be_written_to(full: Store, target: Store) -> None:
    progress = []
    copied = copy_store(full, target, lambda table, rows: progress.append((table, rows)))
    assert all_rows(target) == all_rows(full)
    assert {table.table: table.rows for table in copied} == {name: len(rows) for name, rows in all_rows(full).items()}
    assert ("entries", 30) in progress
    assert target.identity == full.identity
    assert (target.get_icons(), target.get_entries([entry_id(5)])) == (
        full.get_icons(),
        full.get_entries([entry_id(5)]),
    )
    record_files(target, [file_result(200)], NOON, find_sample_original)
    assert stored_feeds(target) == recount_feeds(target)


def test_a_store_that_is_not_empty_is_not_overwritten(full: Store, target: Store) -> None:
    target.migrate()
    record_files(target, [file_result(500)], NOON)
    before = all_rows(target)
    with pytest.raises(StoreError, match="holds entries already"):
        copy_store(full, target)
    assert all_rows(target) == before


def test_a_copy_that_fails_leaves_the_target_empty(full: Store, target: Store) -> None:
    class StopError(Exception):
        pass

    def stop(table: str, rows: int) -> None:
        if table == "feed_members":
            raise StopError

    with pytest.raises(StopError):
        copy_store(full, target, stop)
    assert {name for name, rows in all_rows(target).items() if rows} == {"meta"}
    copy_store(full, target)
    assert all_rows(target) == all_rows(full)
