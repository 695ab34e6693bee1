"""Stories are the same in every order of arrival, and whatever changes, comes late or goes."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select

from helpers.store_builders import NOON, SOURCES, count_rows, entry_id, file_result
from helpers.story_reports import report
from refeed.model import ALL_FEED
from refeed.store import schema as t
from refeed.store.dump_recording import FileResult, record_files
from refeed.store.entry_updates import restore_entries, set_private, withdraw_entries
from refeed.store.store import Store
from refeed.store.story_decisions import forget_story_decisions, join_entries, split_entries
from refeed.store.story_index import NEIGHBOURS, StoryIndex
from refeed.store.story_members import (
    get_other_members,
    get_stories_state,
    get_story_ids,
    get_story_members,
    list_stories,
    list_stories_between,
    resolve_story,
)
from refeed.stories.story_explainer import explain_story
from refeed.stories.story_updater import StoryBuilder, update_all_stories, update_stories


def record(store: Store, reports: Iterable[FileResult], batch: int = 50) -> None:
    """Record reports batch by batch, and join them after each one."""
    files = list(reports)
    for start in range(0, len(files), batch):
        record_files(store, files[start : start + batch], NOON)
        update_all_stories(store, NOON)


def groups(store: Store, numbers: Sequence[int]) -> set[frozenset[int]]:
    """Which of the reports are one story."""
    stories = get_story_ids(store, map(entry_id, numbers))
    found: dict[str, set[int]] = {}
    for number in numbers:
        found.setdefault(stories[entry_id(number)], set()).add(number)
    return {frozenset(each) for each in found.values()}


def all_rows(store: Store) -> list[tuple[object, ...]]:
    """All rows of stories, without what depends on the order: where former addresses lead."""
    with store.read_transaction() as connection:
        members = connection.execute(select(t.story_members).order_by(t.story_members.c.entry_id)).all()
        terms = connection.execute(select(t.story_terms).order_by(*t.story_terms.primary_key)).all()
        links = connection.execute(select(t.story_links).order_by(*t.story_links.primary_key)).all()
    return [*map(tuple, members), *map(tuple, terms), *map(tuple, links)]


def test_reports_of_one_event_are_one_story_and_others_are_not(store: Store) -> None:
    record(store, [report(n, event=n % 4, minutes=n) for n in range(12)])
    assert groups(store, range(12)) == {frozenset(range(k, 12, 4)) for k in range(4)}
    assert set(get_story_ids(store, map(entry_id, range(12))).values()) == set(map(entry_id, range(4)))
    assert get_stories_state(store).pending == 0


def forget_all(store: Store) -> None:
    """Empty all tables, apart from `meta`."""
    with store.write_transaction() as connection:
        for table in t.metadata.sorted_tables:
            if table.name != "meta":
                connection.execute(table.delete())


def assert_same_in_other_orders(store: Store, reports: Sequence[FileResult], batch: int) -> None:
    """Record reports in order, reversed and shuffled: all rows are the same."""
    record(store, reports, batch=60)
    expected = all_rows(store)
    for order in (reports[::-1], random.Random(batch).sample(reports, len(reports))):
        forget_all(store)
        record(store, order, batch)
        assert all_rows(store) == expected


@pytest.mark.slow
def test_stories_are_the_same_in_every_order_of_arrival(store: Store) -> None:
    assert_same_in_other_orders(store, [report(n, event=n % 11, minutes=n * 97 % 5000) for n in range(24)], batch=7)


def test_a_flood_of_similar_reports_is_the_same_in_every_order_and_compared_with_few(store: Store) -> None:
    title, text = "样本：青岚河水位超过警戒线", "（样本）青岚河水位今天超过警戒线，松原县三千二百名居民撤离。"
    flood = [
        file_result(n, source=SOURCES[n % 3], minutes=n * 7 % 90, title=title, text=f"{text}{n}") for n in range(30)
    ]
    assert_same_in_other_orders(store, flood, batch=15)
    with store.read_transaction() as connection:
        index = StoryIndex(connection)
        rows = index.load(map(entry_id, range(30)))
        found = [len(StoryBuilder(index).find_candidates(row)) for row in rows.values()]
    assert max(found) == NEIGHBOURS
    assert len(groups(store, range(30))) == 1


def test_a_story_that_goes_on_is_a_new_one_after_a_week_also_when_its_first_report_comes_late(store: Store) -> None:
    reports = [report(n, event=1, days=2 * n) for n in range(12)]
    record(store, reports[2:])
    assert groups(store, range(2, 12)) == {frozenset(range(2, 6)), frozenset(range(6, 10)), frozenset({10, 11})}
    record(store, reports[:2])
    assert groups(store, range(12)) == {frozenset(range(4)), frozenset(range(4, 8)), frozenset(range(8, 12))}
    expected = all_rows(store)
    forget_all(store)
    assert_same_in_other_orders(store, reports, batch=5)
    assert all_rows(store) == expected
    withdraw_entries(store, [entry_id(0)], NOON)
    update_all_stories(store, NOON)
    assert groups(store, range(1, 12)) == {frozenset(range(1, 5)), frozenset(range(5, 9)), frozenset(range(9, 12))}


def test_a_late_first_report_gives_the_story_its_id_and_the_old_address_leads_there(store: Store) -> None:
    record(store, [report(2, event=1, minutes=20), report(3, event=1, minutes=30)])
    assert resolve_story(store, entry_id(2)) == entry_id(2)
    before = get_stories_state(store)
    record(store, [report(1, event=1, minutes=10)])
    assert [member.entry_id for member in get_story_members(store, [entry_id(1)])[entry_id(1)]] == [
        entry_id(number) for number in (1, 2, 3)
    ]
    assert get_other_members(store, entry_id(1), entry_id(2), 9) == [entry_id(1), entry_id(3)]
    assert get_other_members(store, entry_id(1), entry_id(2), 1) == [entry_id(1)]
    assert resolve_story(store, entry_id(2)) == resolve_story(store, entry_id(1)) == entry_id(1)
    after = get_stories_state(store)
    assert after.version > before.version
    assert after.changed is not None
    assert before.changed is not None
    assert after.changed > before.changed


def test_the_address_of_a_story_whose_first_report_is_withdrawn_leads_to_the_rest(store: Store) -> None:
    record(store, [report(n, event=1, minutes=n) for n in range(4)])
    for number in range(3):
        withdraw_entries(store, [entry_id(number)], NOON)
        update_all_stories(store, NOON)
        assert {resolve_story(store, entry_id(each)) for each in range(4)} == {entry_id(number + 1)}
    restore_entries(store, [entry_id(0)], NOON)
    update_all_stories(store, NOON)
    assert {resolve_story(store, entry_id(each)) for each in (0, 3)} == {entry_id(0)}
    assert resolve_story(store, entry_id(99)) is None


def test_private_entries_are_in_no_story(store: Store) -> None:
    record(store, [report(n, event=1, minutes=n) for n in range(3)])
    for _ in set_private(store, "one", NOON, lambda *_: None, private=True):
        update_all_stories(store, NOON)
    assert entry_id(0) not in get_story_ids(store, map(entry_id, range(3)))
    assert groups(store, [1, 2]) == {frozenset({1, 2})}
    for _ in set_private(store, "one", NOON, lambda *_: None, private=False):
        update_all_stories(store, NOON)
    assert groups(store, range(3)) == {frozenset(range(3))}


def test_reports_more_than_three_days_apart_are_two_stories(store: Store) -> None:
    record(store, [report(1, event=1), report(2, event=1, days=3, minutes=1)])
    assert groups(store, [1, 2]) == {frozenset({1}), frozenset({2})}


def test_what_the_operator_split_stays_alone_and_what_he_joined_stays_together(store: Store) -> None:
    record(store, [report(n, event=n % 2, minutes=n) for n in range(6)])
    split_entries(store, [entry_id(2)])
    update_all_stories(store, NOON)
    assert groups(store, range(6)) == {frozenset({0, 4}), frozenset({2}), frozenset({1, 3, 5})}
    join_entries(store, [entry_id(3), entry_id(4)])
    update_all_stories(store, NOON)
    joined = {frozenset({2}), frozenset({0, 1, 3, 4, 5})}
    assert groups(store, range(6)) == joined
    # A new version of an entry, a late first report, and making all stories again change nothing in that.
    record(store, [report(2, event=0, minutes=2, version=1), report(7, event=1, minutes=-9)])
    assert groups(store, range(6)) == joined
    assert set(get_story_ids(store, map(entry_id, (0, 3, 7))).values()) == {entry_id(7)}
    store.set_meta("stories_version", "older")
    update_all_stories(store, NOON)
    assert groups(store, range(6)) == joined
    forget_story_decisions(store, [entry_id(2), entry_id(3)])
    update_all_stories(store, NOON)
    assert groups(store, range(6)) == {frozenset({0, 2, 4}), frozenset({1, 3, 5})}


def test_an_entry_that_changes_its_text_joins_another_story(store: Store) -> None:
    record(store, [report(1, event=1, minutes=1), report(2, event=2, minutes=2), report(3, event=1, minutes=3)])
    record(store, [report(3, event=2, minutes=3, version=1)])
    assert groups(store, [1, 2, 3]) == {frozenset({1}), frozenset({2, 3})}


def test_stories_are_listed_once_newest_report_first_page_by_page(store: Store) -> None:
    record(store, [report(n, event=n % 5, minutes=n) for n in range(14)])
    pages, last = [], None
    while page := list_stories(store, ALL_FEED, 2, last):
        pages += page
        last = page[-1]
    assert [position.entry_id for position in pages] == [entry_id(number) for number in (13, 12, 11, 10, 9)]
    assert pages == list_stories(store, ALL_FEED, 50)
    day = list_stories_between(store, ALL_FEED, NOON, NOON + timedelta(minutes=6))
    assert day == {
        entry_id(0): [entry_id(0), entry_id(5)],
        **{entry_id(number): [entry_id(number)] for number in range(1, 5)},
    }


def test_two_reports_are_one_story_when_two_later_reports_tell_both(store: Store) -> None:
    texts = [
        ("样本：青岚河水位超过警戒线", "青岚河水位今天超过警戒线，松原县三千二百名居民撤离，学校停课三天。"),
        ("样本：雾凇湾渡轮停航", "雾凇湾渡轮因大风停航，码头滞留八百名旅客，松原县派出客车接送。"),
        ("样本：青岚河超过警戒线，雾凇湾渡轮停航", "松原县青岚河水位超过警戒线，雾凇湾渡轮停航，旅客滞留码头。"),
        ("样本：松原县水位超过警戒线渡轮停航", "青岚河水位超过警戒线，居民撤离；雾凇湾渡轮因大风停航，旅客滞留。"),
    ]
    reports = [
        file_result(n, source=SOURCES[n % 3], minutes=n, title=title, text=f"（样本）{text}")
        for n, (title, text) in enumerate(texts)
    ]
    record(store, reports[:3])
    assert len(groups(store, range(3))) == 2
    record(store, reports[3:])
    assert groups(store, range(4)) == {frozenset(range(4))}
    assert any("two later reports are similar to both" in line for line in explain_story(store, entry_id(1)))
    withdraw_entries(store, [entry_id(2)], NOON)
    update_all_stories(store, NOON)
    assert len(groups(store, [0, 1, 3])) == 2
    restore_entries(store, [entry_id(2)], NOON)
    update_all_stories(store, NOON)
    assert groups(store, range(4)) == {frozenset(range(4))}
    forget_all(store)
    assert_same_in_other_orders(store, reports, batch=1)


def test_a_killed_update_goes_on_where_it_was(store: Store) -> None:
    record_files(store, [report(n, event=n % 3, minutes=n) for n in range(9)], NOON)
    assert update_stories(store, NOON, limit=4) == 5
    assert get_stories_state(store).pending == 5
    update_all_stories(store, NOON)
    assert len(groups(store, range(9))) == 3


def test_rows_of_deleted_entries_go(store: Store) -> None:
    record(store, [report(n, event=1, minutes=n) for n in range(3)])
    with store.write_transaction() as connection:
        connection.execute(t.entries.delete().where(t.entries.c.id == entry_id(1)))
        connection.execute(t.story_changes.insert().values(entry_id=entry_id(1), revision=9))
    update_all_stories(store, NOON)
    assert count_rows(store, "story_members") == 2
    assert resolve_story(store, entry_id(1)) == entry_id(0)
