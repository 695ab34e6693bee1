"""How fresh a source is: learnt from its history, judged by what was delivered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from refeed.status import freshness

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


def history(every: timedelta, count: int, last: datetime = NOW) -> list[datetime]:
    return [last - every * number for number in range(count)]


def test_a_source_is_stale_when_it_is_quiet_for_twice_as_long_as_it_nearly_ever_is() -> None:
    often = history(timedelta(hours=6), 50)
    fresh = freshness(NOW, often, NOW + timedelta(hours=11))
    assert (fresh.expected, fresh.stale) == (timedelta(hours=6), False)
    assert freshness(NOW, often, NOW + timedelta(hours=13)).stale


def test_what_was_fetched_but_not_delivered_does_not_count() -> None:
    often = history(timedelta(hours=6), 50)
    assert freshness(NOW - timedelta(days=2), often, NOW).stale
    assert freshness(None, often, NOW).stale


def test_a_rare_pause_is_no_rhythm_and_a_burst_no_alarm() -> None:
    weekly = history(timedelta(days=1), 60)
    pause = history(timedelta(days=1), 30, last=NOW - timedelta(days=80))
    assert freshness(NOW, [*weekly, *pause], NOW).expected == timedelta(days=1)
    burst = history(timedelta(seconds=10), 50)
    assert freshness(NOW, burst, NOW + timedelta(minutes=90)).stale is False


def test_a_few_entries_say_nothing_of_a_rhythm() -> None:
    assert freshness(NOW, history(timedelta(days=1), 5), NOW + timedelta(days=400)).stale is None
