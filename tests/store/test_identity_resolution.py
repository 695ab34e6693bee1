"""Dumps of one site that no rule knows, with guids or without -> the same entries, in any order of arrival."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, select

from helpers.store_builders import recount_feeds, recount_outcomes, stored_feeds, stored_outcomes
from refeed.clean.entry_identity import entry_id, guid_entry_id
from refeed.config.settings import DEFAULT_LIMITS
from refeed.config.source_rules import SourceRule
from refeed.dumps.writer import new_dump
from refeed.ingest.entry_builder import EntryBuilder, hash_dump
from refeed.ingest.entry_pool import EntryPool
from refeed.ingest.reprocess import Reprocessor
from refeed.model import Dump, Origin
from refeed.store import schema as t
from refeed.store.dump_recording import FileResult, record_files
from refeed.store.store import Store

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SITE = "https://harbour.example"
Item = tuple[int, str, str, str]
"""Hour, link, guid ("" for none), text."""


@pytest.fixture(scope="module")
def pool() -> Iterator[EntryPool]:
    pool = EntryPool(EntryBuilder(sources=(), topics=(), limits=DEFAULT_LIMITS))
    yield pool
    pool.close()


def to_data(item: Item) -> bytes:
    hour, link, guid, text = item
    at = datetime(2026, 2, 1 + hour // 24, hour % 24, tzinfo=UTC)
    origin = Origin(guid=guid, source="harbour") if guid else Origin()
    return new_dump(folder="", title=f"样本 {text}", link=link, html=f"<p>{text}</p>", at=at, origin=origin).data


def record(store: Store, pool: EntryPool, items: list[Item]) -> None:
    """Record one batch. A dump without a guid lies in the folder of another source."""
    folders = ["harbour" if guid else "quay" for _, _, guid, _ in items]
    dumps = [
        Dump(path=f"{hash_dump(data).hex()}.md", folder=folder, data=data, first_seen=NOW)
        for folder, data in zip(folders, map(to_data, items), strict=True)
    ]
    results = [
        FileResult(
            path=os.fsencode(dump.path),
            display_path=dump.path,
            folder=dump.folder,
            stamp=1,
            first_seen=NOW,
            outcome=built.outcome,
            reason=built.reason,
            digest=hash_dump(dump.data),
            data=built.data,
            dump_time=built.dump_time,
            entry=built.row,
        )
        for dump, built in zip(dumps, pool.map(dumps), strict=True)
    ]
    record_files(store, results, NOW, pool.builder.find_repost_original)


def stored(store: Store, pool: EntryPool) -> dict[str, tuple[object, ...]]:
    """What the documents depend on, after everything is built again that has to be."""
    reprocessor = Reprocessor(store, pool, lambda: NOW)
    while reprocessor.step() is not None:
        pass
    found = {}
    for one in store.get_entries(store.get_entry_ids()):
        entry = one.entry
        found[entry.id] = (entry.title, entry.link, entry.published, entry.updated, entry.html)
    with store.read_transaction() as connection:
        digests = connection.execute(select(t.dumps.c.digest, t.dumps.c.entry_id)).all()
    assert {row.entry_id for row in digests} == {id.removeprefix("urn:uuid:") for id in found}
    assert stored_feeds(store) == recount_feeds(store)
    assert stored_outcomes(store) == recount_outcomes(store)
    return found | {"dumps": tuple(sorted((row.digest, row.entry_id) for row in digests))}


def empty(store: Store) -> None:
    with store.write_transaction() as connection:
        for table in t.metadata.sorted_tables:
            if table.name != "meta":
                connection.execute(delete(table))


def test_entries_do_not_depend_on_the_order_of_arrival(store: Store, pool: EntryPool) -> None:
    chance = random.Random(7)
    links = [f"{SITE}/1", "http://harbour.example/1", f"{SITE}/%e6", f"{SITE}/%E6", f"{SITE}/3"]
    guids = [
        "",
        "",
        "a",
        "b",
        "c",
        f"{SITE}/1",
        "http://harbour.example/1",
        f"{SITE}/%e6",
        "https://harbour.example/%E6",
    ]
    for _ in range(14 if store.url.startswith("sqlite") else 5):
        items = [
            (chance.randrange(40), chance.choice(links), chance.choice(guids), str(number))
            for number in range(chance.randrange(2, 9))
        ]
        results = []
        for _ in range(3):
            empty(store)
            order = chance.sample(items, len(items))
            while order:
                size = chance.randrange(1, len(order) + 1)
                record(store, pool, order[:size])
                order = order[size:]
            results.append(stored(store, pool))
        assert results[0] == results[1] == results[2], items


def titles(store: Store, pool: EntryPool) -> dict[str, object]:
    return {id: facts[0] for id, facts in stored(store, pool).items() if id != "dumps"}


def test_item_whose_link_changes_stays_one_entry_with_its_id_and_date(store: Store, pool: EntryPool) -> None:
    for hour, link in enumerate([f"{SITE}/old", f"{SITE}/new?session=5", "http://harbour.example/newer"]):
        record(store, pool, [(hour, link, "a", str(hour))])
    assert titles(store, pool) == {entry_id(f"{SITE}/old"): "样本 2"}
    ((_, link, published, updated, _),) = [facts for id, facts in stored(store, pool).items() if id != "dumps"]
    assert (link, published.hour, updated.hour) == ("http://harbour.example/newer", 0, 2)  # type: ignore[attr-defined]


def test_guid_that_changes_its_scheme_or_its_escapes_is_one_and_has_the_id_of_its_first_spelling(
    store: Store, pool: EntryPool
) -> None:
    """Seen: a site that moved to https had every item twice, because its guids are its links."""
    page = f"{SITE}/status"
    record(store, pool, [(0, page, "other", "other"), (3, page, f"{SITE}/p%E6%B8%AF", "3")])
    record(store, pool, [(2, page, "http://harbour.example/p%e6%b8%af", "2"), (4, page, f"{SITE}/p港", "4")])
    expected = {
        entry_id(page): "样本 other",
        guid_entry_id("harbour", "http://harbour.example/p%e6%b8%af"): "样本 4",
    }
    assert titles(store, pool) == expected
    for hour, scheme in ((5, "http"), (6, "https")):
        record(store, pool, [(hour, f"{scheme}://harbour.example/5", f"{scheme}://harbour.example/5", str(hour))])
    assert titles(store, pool) == {**expected, entry_id(f"{SITE}/5"): "样本 6"}


def test_several_guids_of_one_link_are_several_entries_and_the_first_has_the_id_of_the_link(
    store: Store, pool: EntryPool
) -> None:
    page = f"{SITE}/status"
    record(store, pool, [(hour, page, guid, guid) for hour, guid in enumerate("abc")])
    record(store, pool, [(5, page, "", "no guid"), (6, page, "b", "b changed")])
    assert titles(store, pool) == {
        entry_id(page): "样本 no guid",
        guid_entry_id("harbour", "b"): "样本 b changed",
        guid_entry_id("harbour", "c"): "样本 c",
    }


def test_guid_that_arrives_late_with_the_earliest_date_has_the_id_of_the_link(store: Store, pool: EntryPool) -> None:
    page = f"{SITE}/status"
    record(store, pool, [(5, page, "b", "b"), (6, page, "", "no guid")])
    assert titles(store, pool) == {entry_id(page): "样本 no guid"}
    record(store, pool, [(1, page, "a", "a")])
    assert titles(store, pool) == {entry_id(page): "样本 no guid", guid_entry_id("harbour", "b"): "样本 b"}
    record(store, pool, [(0, f"{SITE}/first", "a", "a at first")])
    assert set(titles(store, pool)) == {entry_id(f"{SITE}/first"), guid_entry_id("harbour", "b")}


# Ids that the version of the first schema (4b3750d) made from links.
FORMER_LINKS = {
    "http://harbour.example/1": "https://harbour.example/1",
    "https://harbour.example/%e6": "http://harbour.example/%E6",
    "https://harbour.example/2?srsltid=5&p=1": "https://harbour.example/2?srsltid=5&p=1&utm_source=x",
    "https://harbour.example/3?ref=rss": "http://harbour.example/3?ref=rss#top",
    "https://mp.weixin.qq.com/s?mid=1&chksm=4": "https://mp.weixin.qq.com/s?mid=1&chksm=4",
    "https://good.example/4?_gl=1": "https://good.example/4?_gl=1",
}


@pytest.mark.parametrize(("former", "link"), FORMER_LINKS.items())
def test_id_that_an_earlier_version_gave_to_a_link_stays(store: Store, former: str, link: str) -> None:
    rules = (SourceRule(id="good", hosts=("good.example",)),)
    with closing(EntryPool(EntryBuilder(sources=rules, topics=(), limits=DEFAULT_LIMITS))) as pool:
        record(store, pool, [(1, link, "", "old")])
        given, bare = entry_id(former), entry_id(former).removeprefix("urn:uuid:")
        with store.write_transaction() as connection:  # as earlier versions wrote it
            connection.execute(t.dumps.update().values(entry_id=bare, link_id=None))
            connection.execute(t.entries.update().values(id=bare, rules_version=""))
            connection.execute(t.feed_members.update().values(entry_id=bare))
        record(store, pool, [(2, link, "", "new")])
        record(store, pool, [(3, link, "" if "good" in link else "a", "newer")])
        record(store, pool, [(4, link, "", "newest")])
        assert titles(store, pool) == {given: "样本 newest"}


def test_other_trackers_of_a_former_link_are_one_entry_of_their_own(store: Store, pool: EntryPool) -> None:
    page = f"{SITE}/2?srsltid="
    record(store, pool, [(1, f"{page}1", "", "old")])
    bare = entry_id(f"{page}1").removeprefix("urn:uuid:")
    with store.write_transaction() as connection:
        connection.execute(t.dumps.update().values(entry_id=bare, link_id=None))
        connection.execute(t.entries.update().values(id=bare, rules_version=""))
        connection.execute(t.feed_members.update().values(entry_id=bare))
    for hour, tracker in enumerate(["2", "1", "3", "1"], 2):
        record(store, pool, [(hour, f"{page}{tracker}", "", tracker)])
    assert titles(store, pool) == {entry_id(f"{page}1"): "样本 1", entry_id(f"{SITE}/2"): "样本 3"}


def test_item_of_another_source_changes_nothing_there(store: Store) -> None:
    """Seen: any upstream could overwrite the entries of another source."""
    rules = (SourceRule(id="good", hosts=("good.example",)), SourceRule(id="secret", hosts=("secret.example",)))
    with closing(EntryPool(EntryBuilder(sources=rules, topics=(), limits=DEFAULT_LIMITS))) as pool:
        record(store, pool, [(5, "https://good.example/1", "", "good"), (5, "https://secret.example/1", "", "secret")])
        before = stored(store, pool)
        for hour in (1, 9):
            record(
                store, pool, [(hour, f"https://{name}.example/1", "g", f"evil {hour}") for name in ("good", "secret")]
            )
        after = stored(store, pool)
        assert all(after[id] == facts for id, facts in before.items() if id != "dumps")
        assert guid_entry_id("harbour", "g") in after
