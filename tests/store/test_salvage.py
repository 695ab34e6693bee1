"""A damaged SQLite store: every row that can be read is in the new one, and what the operator decided stays."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from helpers.store_builders import (
    NOON,
    entry_id,
    file_result,
    recount_feeds,
    recount_outcomes,
    stored_feeds,
    stored_outcomes,
)
from refeed.model import ALL_FEED
from refeed.store.decisions import sync_decisions
from refeed.store.dump_recording import record_files
from refeed.store.entry_updates import restore_entries, withdraw_entries
from refeed.store.salvage import salvage_rows
from refeed.store.sqlite_recovery import recover_sqlite
from refeed.store.store import Store

COUNT = 400


def open_store(folder: Path) -> Store:
    store = Store(f"sqlite:///{folder}/store.db")
    store.migrate()
    sync_decisions(store)
    return store


def fill(folder: Path) -> Path:
    """A store with withdrawn entries; returns its file."""
    store = open_store(folder)
    topics = ((), ("climate",), ("climate", "health"))
    record_files(
        store, [file_result(n, topics=topics[n % 3], days=n, text=f"样本{n}" * 300) for n in range(COUNT)], NOON
    )
    withdraw_entries(store, [entry_id(n) for n in range(0, COUNT, 50)], NOON)
    store.close()
    return folder / "store.db"


def recover(folder: Path) -> tuple[Store, int, int]:
    """The new store, its number of entries, and of dumps that are to be built again."""
    damaged = recover_sqlite(f"sqlite:///{folder}/store.db")
    assert damaged is not None
    store = open_store(folder)
    salvage = salvage_rows(damaged, store, NOON)
    return store, salvage.entries, len(salvage.dumps)


@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_page_costs_its_own_rows_alone(tmp_path: Path, seed: int) -> None:
    file = fill(tmp_path)
    data = bytearray(file.read_bytes())
    chance = random.Random(seed)
    for _ in range(3):
        page = chance.randrange(4, len(data) // 4096)
        data[page * 4096 : (page + 1) * 4096] = chance.randbytes(4096) if seed % 2 else bytes(4096)
    file.write_bytes(data)
    with closing(sqlite3.connect(file)) as connection:
        try:
            is_sound = connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
        except sqlite3.DatabaseError:
            is_sound = False
    if is_sound:
        pytest.skip("the pages were free")
    store, entries, rebuilt = recover(tmp_path)
    assert entries + rebuilt > COUNT * 0.7
    assert stored_feeds(store) == recount_feeds(store)
    assert stored_outcomes(store) == recount_outcomes(store)
    ids = set(store.get_entry_ids())
    withdrawn = {entry_id(n) for n in range(0, COUNT, 50)} & ids
    assert {entry.id for entry in store.get_withdrawn(ALL_FEED, COUNT)} == withdrawn
    store.close()


def test_a_withdrawn_entry_that_is_ingested_again_into_a_new_store_stays_withdrawn(tmp_path: Path) -> None:
    file = fill(tmp_path)
    store = open_store(tmp_path)
    restore_entries(store, [entry_id(50)], NOON)
    store.close()
    file.unlink()
    store = open_store(tmp_path)
    record_files(store, [file_result(n) for n in range(COUNT)], NOON)
    withdrawn = {entry.id for entry in store.get_withdrawn(ALL_FEED, COUNT)}
    assert withdrawn == {entry_id(n) for n in range(0, COUNT, 50)} - {entry_id(50)}
    store.close()
