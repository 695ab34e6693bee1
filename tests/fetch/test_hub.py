"""Pings to WebSub hubs."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from fetch.serving import NOON, Upstream, reply
from refeed.errors import FetchError
from refeed.fetch import Pings, Session, ping

TOPIC = "https://feeds.example.org/feeds/all.atom"
HOUR = timedelta(hours=1)


def test_a_hub_is_told_which_document_changed(upstream: Upstream, session: Session) -> None:
    upstream.routes["/hub"] = reply(status=204)
    ping(upstream.url("/hub"), TOPIC, session)
    ((method, _, headers, body),) = upstream.asked
    assert method == "POST" and headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs(body.decode()) == {"hub.mode": ["publish"], "hub.url": [TOPIC], "hub.topic": [TOPIC]}


@pytest.mark.parametrize("status", [302, 400, 500])
def test_a_refusal_is_an_error_with_the_hubs_words(status: int, upstream: Upstream, session: Session) -> None:
    upstream.routes["/hub"] = reply("unknown\ntopic", status, Location="/elsewhere")
    with pytest.raises(FetchError, match=f"answered {status} for {TOPIC}: unknown topic"):
        ping(upstream.url("/hub"), TOPIC, session)
    assert len(upstream.asked) == 1


def test_pings_wait_over_restarts_and_are_made_once(upstream: Upstream, session: Session, tmp_path: Path) -> None:
    upstream.routes["/hub"] = reply(status=202)
    path = tmp_path / "pings.json"
    Pings(path).announce([upstream.url("/hub")], [TOPIC, TOPIC + "2", TOPIC], NOON)
    pings = Pings(path)
    assert len(pings.waiting) == 2
    assert pings.send(session, NOON) == [] and pings.waiting == () == Pings(path).waiting
    assert pings.send(session, NOON + HOUR) == [] and len(upstream.asked) == 2


def test_a_hub_that_is_away_is_tried_less_and_less_and_given_up_after_a_day(
    upstream: Upstream, session: Session, tmp_path: Path
) -> None:
    pings = Pings(tmp_path / "pings.json")
    pings.announce([upstream.url("/hub")], [TOPIC], NOON)
    now, pauses, given_up = NOON, [], []
    while pings.waiting:
        given_up = pings.send(session, now)
        if pings.waiting:
            pauses.append(pings.waiting[0].next - now)
            now = pings.waiting[0].next
    assert pauses[:4] == [timedelta(minutes=1) * 2**n for n in range(4)] and max(pauses) == 2 * HOUR
    assert timedelta(days=1) <= now - NOON <= timedelta(days=1) + 2 * HOUR
    assert given_up == [
        f"given up after a day: the hub {upstream.url('/hub')} answered 404 for {TOPIC}: no reason given"
    ]


def test_many_documents_for_a_hub_that_is_away_cost_one_request(
    upstream: Upstream, session: Session, tmp_path: Path
) -> None:
    upstream.routes["/good"] = reply(status=202)
    pings = Pings(tmp_path / "pings.json")
    pings.announce([upstream.url("/away"), upstream.url("/good")], [f"{TOPIC}{n}" for n in range(20)], NOON)
    pings.send(session, NOON)
    assert (upstream.times("/away"), upstream.times("/good"), len(pings.waiting)) == (1, 20, 20)


def test_a_damaged_file_of_pings_is_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "pings.json").write_text("{half")
    assert Pings(tmp_path / "pings.json").waiting == ()
