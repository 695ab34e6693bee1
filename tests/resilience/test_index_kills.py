"""Indexing is killed at any of its steps: right after the restart and later, a search finds what a plain scan finds."""

from __future__ import annotations

import os
import random
import signal

import pytest
from sqlalchemy import Engine, event
from sqlalchemy import text as sql

from helpers.search_scan import scan
from helpers.store_builders import NOON, entry_id, file_result
from refeed.config.search_query import parse_query
from refeed.search.indexer import index_batch
from refeed.search.searcher import search
from refeed.store.dump_recording import record_files
from refeed.store.entry_updates import restore_entries, set_private, withdraw_entries
from refeed.store.search_index import count_changes, log_all_entries
from refeed.store.store import Store

ENTRIES = 24
WORDS = ("香港", "台湾", "climate", "疫苗")
QUERIES = (*WORDS, "香", '"香港 台湾"', "香港 -台湾", "source:two 疫苗", "title:样本 climate")


def text_of(number: int, version: int) -> str:
    chance = random.Random(number * 1000 + version)
    return "，".join(chance.choices(WORDS, k=3))


def change_and_index(store: Store, number: int) -> None:
    """Change what is stored in every way, and index it between the changes; every fifth time build the index again."""
    if number % 5 == 0:
        log_all_entries(store)
    files = [
        file_result(n, number, text=text_of(n, number), days=n, source=("one", "two")[n % 2])
        for n in range(number % 3, ENTRIES, 3)
    ]
    record_files(store, files, NOON)
    index_batch(store, 5)
    withdrawn, restored = entry_id(number % ENTRIES), entry_id((number + 7) % ENTRIES)
    withdraw_entries(store, [withdrawn], NOON)
    restore_entries(store, [restored], NOON)
    for _ in set_private(store, "two", NOON, lambda _, __: None, private=number % 2 == 0):
        pass
    while index_batch(store, 7):
        pass


def run_until(url: str, number: int, kill_at: int) -> tuple[bool, int]:
    """Do it in a fork that kills itself at a step. Returns whether it was killed, and the steps of a whole run."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            store, steps = Store(url), 0

            def step(*_: object) -> None:
                nonlocal steps
                steps += 1
                if steps == kill_at:
                    os.kill(os.getpid(), signal.SIGKILL)

            for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
                event.listen(store.engine, name, step)
            change_and_index(store, number)
            os.write(writer, str(steps).encode())
        finally:
            os._exit(0)
    os.close(writer)
    steps = os.read(reader, 100)
    os.close(reader)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1]), int(steps or 0)


def hidden_ids(engine: Engine) -> set[str]:
    """The withdrawn and the private entries."""
    members = "SELECT entry_id FROM feed_members WHERE feed = 'all'"
    with engine.connect() as connection:
        return set(connection.execute(sql(f"SELECT id FROM entries WHERE id NOT IN ({members})")).scalars())


def check(store: Store) -> None:
    hidden = hidden_ids(store.engine)
    for text in QUERIES:
        query = parse_query(text)
        found = [member.id for member in search(store, query, limit=1000).members]
        assert found == scan(store, query), text
        assert not hidden & set(found), text


@pytest.mark.slow
@pytest.mark.parametrize("count", [3, pytest.param(100, marks=pytest.mark.torture)])
def test_a_kill_at_any_step_of_indexing_makes_no_search_wrong(store_url: str, count: int) -> None:
    store = Store(store_url)
    store.migrate()
    change_and_index(store, 0)
    store.close()
    killed, steps = run_until(store_url, 1, 0)
    assert not killed
    assert steps > 50
    kills = with_hidden = waiting = 0
    for number in range(2, count + 2):
        killed, _ = run_until(store_url, number, 1 + (number - 2) * steps // count)
        kills += killed
        store = Store(store_url)
        waiting += count_changes(store) > 0
        check(store)
        while index_batch(store):
            pass
        check(store)
        with_hidden += bool(hidden_ids(store.engine))
        store.close()
    assert kills >= count * 0.9
    assert waiting
    assert with_hidden
