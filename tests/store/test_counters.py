"""The counters that the store keeps equal a recount after any sequence of changes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from helpers.property_testing import HealthCheck, given, settings, st
from helpers.store_builders import (
    NOON,
    SOURCES,
    TOPICS,
    encode_topics,
    entry_id,
    file_result,
    find_sample_original,
    quarantined_result,
    recount_feeds,
    recount_outcomes,
    stored_feeds,
    stored_outcomes,
)
from refeed.store import schema as t
from refeed.store.dump_recording import record_files
from refeed.store.entry_updates import (
    delete_expired,
    relabel_entries,
    replace_entries,
    restore_entries,
    set_private,
    withdraw_entries,
)
from refeed.store.store import Store

NUMBERS = st.integers(0, 5)
RESULTS = st.builds(
    file_result,
    NUMBERS,
    st.integers(0, 2),
    source=st.sampled_from(SOURCES),
    topics=st.lists(st.sampled_from(TOPICS), unique=True),
    days=st.sampled_from([0, 1, 40]),
    band=st.sampled_from([None, 1, 2]),
    path=st.sampled_from([None, "a.txt", "b.txt"]),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("record"), st.lists(st.one_of(RESULTS, st.builds(quarantined_result, NUMBERS)), max_size=6)),
        st.tuples(st.just("replace"), st.lists(RESULTS, max_size=3)),
        st.tuples(st.just("withdraw"), st.lists(NUMBERS, max_size=3)),
        st.tuples(st.just("restore"), st.lists(NUMBERS, max_size=3)),
        st.tuples(st.just("set private"), st.tuples(st.sampled_from(SOURCES), st.booleans())),
        st.tuples(st.just("expire"), st.sampled_from(SOURCES)),
        st.tuples(st.just("relabel"), st.dictionaries(NUMBERS, st.lists(st.sampled_from(TOPICS), unique=True))),
    ),
    max_size=10,
)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_counts_of_feeds_and_months_and_their_members_equal_a_recount(
    shared_store: Store, steps: list[tuple[str, list]]
) -> None:
    empty(shared_store)
    version = 0
    for number, step in enumerate(steps):
        apply(shared_store, step, number)
        assert stored_feeds(shared_store) == recount_feeds(shared_store)
        assert stored_outcomes(shared_store) == recount_outcomes(shared_store)
        assert repost_links_agree(shared_store)
        newest = max((feed.version for feed in shared_store.get_feed_states()), default=0)
        assert newest >= version
        assert newest == int(shared_store.get_meta("revision") or 0)
        version = newest


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(results=st.lists(RESULTS, max_size=8, unique_by=lambda result: result.digest), data=st.data())
def test_the_order_and_the_batches_of_arrival_make_no_difference(
    shared_store: Store, results: list, data: st.DataObject
) -> None:
    results = [replace(result, path=result.digest) for result in results]  # none is an edit of another
    contents = []
    for order in (results, data.draw(st.permutations(results))):
        empty(shared_store)
        size = data.draw(st.integers(1, 8))
        for start in range(0, len(order), size):
            record_files(shared_store, order[start : start + size], NOON, find_sample_original)
        with shared_store.read_transaction() as connection:
            rows = connection.execute(select(t.entries).order_by(t.entries.c.id)).all()
        contents.append([{k: v for k, v in row._mapping.items() if k != "revision"} for row in rows])
    assert contents[0] == contents[1]


def apply(store: Store, step: tuple[str, list], number: int) -> None:
    """Apply one change to a store."""
    kind, value = step
    now = NOON + timedelta(minutes=number)
    if kind == "record":
        record_files(store, value, now, find_sample_original)
    elif kind == "replace":
        replace_entries(store, [result.entry for result in value], now, find_sample_original)
    elif kind == "set private":
        list(set_private(store, value[0], now, find_sample_original, private=value[1]))
    elif kind == "expire":
        delete_expired(store, value, now, entries=2, find_original=find_sample_original)
    elif kind == "relabel":
        relabel_entries(
            store, {entry_id(n): encode_topics(topics) for n, topics in value.items()}, f"topics-{number}", now
        )
    else:
        {"withdraw": withdraw_entries, "restore": restore_entries}[kind](
            store, [entry_id(n) for n in value], now, find_sample_original
        )


def repost_links_agree(store: Store) -> bool:
    """Every original has exactly the links of its reposts."""
    with store.read_transaction() as connection:
        rows = connection.execute(select(t.entries)).all()
    links = {entry_id(n): f"https://sample.example.org/{n}" for n in range(6)}
    for row in rows:
        wanted = sorted(links[r.id] for r in rows if r.repost_of == row.id and r.withdrawn is None)
        if row.repost_links != json.dumps(wanted, separators=(",", ":")):
            return False
    return True


def empty(store: Store) -> None:
    """Delete all rows."""
    with store.write_transaction() as connection:
        for table in t.metadata.sorted_tables:
            connection.execute(table.delete())
