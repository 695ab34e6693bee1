"""Digests: what a day covers, what stays as it was closed, and what leaves it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from helpers.store_builders import NOON, SOURCES, entry_id, file_result
from refeed.config.load import load_settings
from refeed.config.settings import Settings
from refeed.errors import ConfigError
from refeed.model import ALL_FEED, Digest, DigestPeriod, FeedPath, Source
from refeed.store.dump_recording import FileResult, record_files
from refeed.store.entry_updates import restore_entries, set_private, withdraw_entries
from refeed.store.store import Store
from refeed.store.stored_digests import get_digest, get_digests, request_digests
from refeed.stories.digest_closing import close_next, find_period

TITLES = {id: Source(id=id, title=id.title()) for id in SOURCES}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path, "site: {timezone: Asia/Shanghai}\ndigests: {limit: 2}")


def make_settings(folder: Path, text: str) -> Settings:
    (folder / "config.yaml").write_text(text)
    return load_settings({}, folder / "config.yaml")


def record(store: Store, *results: FileResult) -> None:
    record_files(store, results, NOON)


def close(
    store: Store, settings: Settings, now: datetime, feed: FeedPath = ALL_FEED, period: DigestPeriod = "daily"
) -> list[Digest]:
    """Ask for the digests of a feed, and close all that are due."""
    request_digests(store, feed, period, now)
    while close_next(store, settings, lambda: TITLES, now):
        pass
    return get_digests(store, feed, period, 100)


def shown(digest: Digest) -> set[str]:
    return {report.id for story in digest.stories for report in story.reports} | {r.id for r in digest.others}


def ids(numbers: Sequence[int]) -> set[str]:
    return set(map(entry_id, numbers))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("instant", "period", "name", "opened", "closed"),
    [
        ("2024-01-01T05:59+08:00", "daily", "2023-12-31", "2023-12-31T06:00+08:00", "2024-01-01T06:00+08:00"),
        ("2024-01-01T06:00+08:00", "daily", "2024-01-01", "2024-01-01T06:00+08:00", "2024-01-02T06:00+08:00"),
        ("2024-01-01T05:59+08:00", "weekly", "2023-W52", "2023-12-25T06:00+08:00", "2024-01-01T06:00+08:00"),
        ("2024-12-31T12:00+08:00", "weekly", "2025-W01", "2024-12-30T06:00+08:00", "2025-01-06T06:00+08:00"),
    ],
)
def test_a_day_and_a_week_begin_in_the_time_zone_of_the_site(
    settings: Settings, instant: str, period: DigestPeriod, name: str, opened: str, closed: str
) -> None:
    assert find_period(at(instant), period, settings) == (name, at(opened), at(closed))


def test_a_day_has_23_hours_when_summer_time_begins(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, "site: {timezone: Europe/Berlin}\ndigests: {at: '02:30'}")
    found = find_period(at("2024-03-30T12:00+01:00"), "daily", settings)
    assert found.name == "2024-03-30"
    assert found.closed - found.opened == timedelta(hours=24)  # 02:30 does not exist on the 31st: it is 03:30
    assert find_period(at("2024-03-31T12:00+02:00"), "daily", settings).closed == at("2024-04-01T02:30+02:00")


def test_a_time_without_quotes_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"digests\.at: must be text, got 1080; write it in quotes"):
        make_settings(tmp_path, "digests: {at: 18:00}")


def test_what_nobody_reads_is_not_closed(store: Store, settings: Settings) -> None:
    record(store, file_result(1))
    assert not close_next(store, settings, lambda: TITLES, NOON + timedelta(days=9))
    close(store, settings, NOON + timedelta(days=9))
    record(store, file_result(2, days=20))
    later = NOON + timedelta(days=60)
    assert not close_next(store, settings, lambda: TITLES, later)  # the last request is older than a month
    assert [digest.name for digest in close(store, settings, later)] == ["2024-01-21", "2024-01-01"]


def test_a_day_without_entries_has_no_digest_and_today_has_none_yet(store: Store, settings: Settings) -> None:
    record(store, file_result(1), file_result(2, days=1), file_result(3, days=4), file_result(4, days=9))
    digests = close(store, settings, NOON + timedelta(days=9, hours=1))
    assert [digest.name for digest in digests] == ["2024-01-05", "2024-01-02", "2024-01-01"]
    weeks = close(store, settings, NOON + timedelta(days=9, hours=1), period="weekly")
    assert [digest.name for digest in weeks] == ["2024-W01"]
    assert shown(weeks[0]) == ids([1, 2, 3])


def test_the_longest_stories_come_first_and_those_beyond_the_limit_are_lines(store: Store, settings: Settings) -> None:
    record(store, *(file_result(number, text="样本" * number) for number in (3, 9, 5, 7)))
    (digest,) = close(store, settings, NOON + timedelta(days=1))
    assert [story.reports[0].id for story in digest.stories] == [entry_id(9), entry_id(7)]
    assert [report.id for report in digest.others] == [entry_id(5), entry_id(3)]
    assert digest.stories[0].html == f"<p>{'样本' * 9}</p>"


def test_a_closed_digest_does_not_change_and_what_is_late_joins_the_next(store: Store, settings: Settings) -> None:
    record(store, file_result(1), file_result(2, days=1))
    first = close(store, settings, NOON + timedelta(days=1))
    assert [digest.name for digest in first] == ["2024-01-01"]
    record(store, file_result(1, 1, text="改后的样本"), file_result(3))  # number 3 is of the first day, too
    assert close(store, settings, NOON + timedelta(days=1, hours=2)) == first
    later = close(store, settings, NOON + timedelta(days=2))
    assert later[1:] == first
    assert shown(later[0]) == ids([2, 3])


def test_what_is_withdrawn_leaves_its_digest_and_comes_back_when_restored(store: Store, settings: Settings) -> None:
    record(store, *(file_result(number, text="样本" * number) for number in range(1, 5)))
    (whole,) = close(store, settings, NOON + timedelta(days=1))
    assert whole.corrected is None
    withdrawn = NOON + timedelta(days=3)
    withdraw_entries(store, [entry_id(4), entry_id(1)], withdrawn)
    (corrected,) = get_digests(store, ALL_FEED, "daily", 10)
    assert shown(corrected) == ids([2, 3])
    assert corrected.corrected == withdrawn
    restore_entries(store, [entry_id(4), entry_id(1)], NOON + timedelta(days=4))
    assert get_digest(store, ALL_FEED, "daily", whole.name) == whole
    withdraw_entries(store, [entry_id(number) for number in range(1, 5)], withdrawn)
    assert get_digests(store, ALL_FEED, "daily", 10) == []


def find_nothing(*_: object) -> None:
    return None


def test_a_source_that_becomes_private_leaves_all_digests_but_its_own(store: Store, settings: Settings) -> None:
    record(store, file_result(1, source="one"), file_result(2, source="two"))
    own = FeedPath("source", "two")
    later = NOON + timedelta(days=1)
    close(store, settings, later)
    close(store, settings, later, own)
    list(set_private(store, "two", later, find_nothing, private=True))
    (digest,) = get_digests(store, ALL_FEED, "daily", 10)
    assert shown(digest) == ids([1])
    (digest,) = get_digests(store, own, "daily", 10)
    assert shown(digest) == ids([2])
    record(store, file_result(3, source="two", days=1))
    list(set_private(store, "two", later, find_nothing, private=True))
    assert [shown(each) for each in close(store, settings, NOON + timedelta(days=2))] == [ids([1])]
