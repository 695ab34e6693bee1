"""A store moves from one database to another, either way, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from refeed.errors import StoreError
from refeed.media import Measured
from refeed.store import Store, adorn, copy, enrich, record, withdraw
from refeed.store import schema as t
from store.samples import NOON, counted, id_of, judge, reading, recount, refused


@pytest.fixture
def full(store: Store) -> Store:
    """A store, in each database, with something in every table."""
    record(
        store,
        [reading(n, source=["one", "two"][n % 2], topics=["climate"], band=n // 2) for n in range(30)],
        NOON,
        judge,
    )
    record(store, [reading(1, 1), refused(99)], NOON, judge)
    withdraw(store, [id_of(4)], NOON, judge)
    enrich(store, {id_of(5): [Measured(url="https://e.org/5.mp3", type="audio/mpeg", length=5)]}, NOON)
    adorn(store, {"one": Measured(url="https://e.org/icon.png", next=NOON)}, NOON)
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


def everything(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables."""
    with store.reading() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in t.metadata.sorted_tables
        }


def test_a_copy_holds_the_same_rows_and_goes_on_from_there(full: Store, target: Store) -> None:
    heard = []
    copied = copy(full, target, lambda table, rows: heard.append((table, rows)))
    assert everything(target) == everything(full)
    assert {one.table: one.rows for one in copied} == {name: len(rows) for name, rows in everything(full).items()}
    assert ("entries", 30) in heard
    assert target.identity == full.identity
    assert (target.icons(), target.entries([id_of(5)])) == (full.icons(), full.entries([id_of(5)]))
    record(target, [reading(200)], NOON, judge)
    assert counted(target) == recount(target)


def test_a_store_that_holds_something_is_not_written_over(full: Store, target: Store) -> None:
    target.migrate()
    record(target, [reading(500)], NOON)
    before = everything(target)
    with pytest.raises(StoreError, match="holds entries already"):
        copy(full, target)
    assert everything(target) == before


def test_a_copy_that_fails_leaves_the_target_empty(full: Store, target: Store) -> None:
    class StopError(Exception):
        pass

    def stop(table: str, rows: int) -> None:
        if table == "members":
            raise StopError

    with pytest.raises(StopError):
        copy(full, target, stop)
    found = everything(target)
    assert {name for name, rows in found.items() if rows} == {"state"}
    copy(full, target)
    assert everything(target) == everything(full)
