"""`refeed status`: how fresh a source is, judged by its history and by what was delivered; upstreams."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from refeed.config.load import load_settings
from refeed.config.settings import Settings
from refeed.fetch.upstreams import UpstreamState
from refeed.store.store import Store
from refeed.store.upstream_states import save_upstream_states
from refeed.web.service_status import assess_freshness, collect_status, format_status

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


def history(every: timedelta, count: int, last: datetime = NOW) -> list[datetime]:
    return [last - every * number for number in range(count)]


def test_a_source_is_stale_after_twice_its_usual_longest_gap() -> None:
    often = history(timedelta(hours=6), 50)
    fresh = assess_freshness(NOW, often, NOW + timedelta(hours=11))
    assert (fresh.expected, fresh.stale) == (timedelta(hours=6), False)
    assert assess_freshness(NOW, often, NOW + timedelta(hours=13)).stale


def test_only_delivered_entries_count_as_fresh() -> None:
    often = history(timedelta(hours=6), 50)
    assert assess_freshness(NOW - timedelta(days=2), often, NOW).stale
    assert assess_freshness(None, often, NOW).stale


def test_an_archive_is_never_late() -> None:
    often = history(timedelta(hours=6), 40)
    years_later = NOW + timedelta(days=900)
    assert assess_freshness(NOW, often, years_later, last_dump=NOW + timedelta(hours=1)).stale
    assert assess_freshness(NOW, often, years_later, last_dump=years_later).stale is None


def test_a_rare_gap_and_a_burst_do_not_change_the_expected_gap_much() -> None:
    weekly = history(timedelta(days=1), 60)
    pause = history(timedelta(days=1), 30, last=NOW - timedelta(days=80))
    assert assess_freshness(NOW, [*weekly, *pause], NOW).expected == timedelta(days=1)
    burst = history(timedelta(seconds=10), 50)
    assert assess_freshness(NOW, burst, NOW + timedelta(minutes=90)).stale is False


def test_a_few_entries_are_too_few_to_judge_freshness() -> None:
    assert assess_freshness(NOW, history(timedelta(days=1), 5), NOW + timedelta(days=400)).stale is None


UPSTREAMS = """
site: {id: "tag:example.org,2026", title: 样本站, author: 样本站}
upstreams:
  - {source: sample, url: "https://feeds.example.org/private/3f9a/feed.xml?api_key=secret"}
  - {git: "file:///srv/secret/dumps.git"}
"""
STATE = UpstreamState(success=NOW, failures=3, next=NOW + timedelta(hours=4), error="cannot be read: /srv/secret/x")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "config.yaml").write_text(UPSTREAMS)
    chosen = load_settings({"REFEED_CONFIG": str(tmp_path / "config.yaml")})
    state = replace(STATE, notes=("it has moved permanently to /srv/secret/new",))
    with closing(Store(chosen.database_url)) as store:
        store.migrate()
        save_upstream_states(store, dict.fromkeys(chosen.upstreams, state), NOW)
    return chosen


def test_status_shows_an_upstreams_notes_and_its_next_poll(settings: Settings) -> None:
    lines = "\n".join(format_status(collect_status(settings, NOW)))
    assert "last success 2026-03-20T12:00:00Z: cannot be read: /srv/secret/x; next attempt after 2026-03-20T16" in lines
    assert lines.count("it has moved permanently to /srv/secret/new") == 2


def test_the_public_status_hides_keys_and_folders_of_upstreams(settings: Settings) -> None:
    status = collect_status(settings, NOW, public=True)
    assert [upstream.address for upstream in status.upstreams] == ["sample: feeds.example.org", "git: this machine"]
    assert {upstream.error for upstream in status.upstreams} == {"see the log, or refeed status"}
    assert b"secret" not in msgspec.json.encode(status)
