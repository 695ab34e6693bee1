"""Pings to WebSub hubs."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from helpers.upstream_server import NOON, UpstreamServer, reply
from refeed.errors import FetchError
from refeed.fetch.session import HttpSession
from refeed.fetch.websub import PingQueue, ping_hub

TOPIC = "https://feeds.example.org/feeds/all.atom"
HOUR = timedelta(hours=1)


def test_ping_names_the_document_that_changed(upstream: UpstreamServer, session: HttpSession) -> None:
    upstream.routes["/hub"] = reply(status=204)
    ping_hub(upstream.url("/hub"), TOPIC, session)
    ((method, _, headers, body),) = upstream.requests
    assert method == "POST" and headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs(body.decode()) == {"hub.mode": ["publish"], "hub.url": [TOPIC], "hub.topic": [TOPIC]}


@pytest.mark.parametrize("status", [302, 400, 500])
def test_refused_ping_is_an_error_with_the_words_of_the_hub(
    status: int, upstream: UpstreamServer, session: HttpSession
) -> None:
    upstream.routes["/hub"] = reply("unknown\ntopic", status, Location="/elsewhere")
    with pytest.raises(FetchError, match=f"answered {status} for {TOPIC}: unknown topic"):
        ping_hub(upstream.url("/hub"), TOPIC, session)
    assert len(upstream.requests) == 1


def test_pings_survive_a_restart_and_are_sent_once(
    upstream: UpstreamServer, session: HttpSession, tmp_path: Path
) -> None:
    upstream.routes["/hub"] = reply(status=202)
    path = tmp_path / "pings.json"
    PingQueue(path).add([upstream.url("/hub")], [TOPIC, TOPIC + "2", TOPIC], NOON)
    queue = PingQueue(path)
    assert len(queue.pending) == 2
    assert queue.send_due(session, NOON) == [] and queue.pending == () == PingQueue(path).pending
    assert queue.send_due(session, NOON + HOUR) == [] and len(upstream.requests) == 2


def test_unreachable_hub_is_tried_less_and_less_and_given_up_after_a_day(
    upstream: UpstreamServer, session: HttpSession, tmp_path: Path
) -> None:
    queue = PingQueue(tmp_path / "pings.json")
    queue.add([upstream.url("/hub")], [TOPIC], NOON)
    now, pauses, given_up = NOON, [], []
    while queue.pending:
        given_up = queue.send_due(session, now)
        if queue.pending:
            pauses.append(queue.pending[0].next - now)
            now = queue.pending[0].next
    assert pauses[:4] == [timedelta(minutes=1) * 2**n for n in range(4)] and max(pauses) == 2 * HOUR
    assert timedelta(days=1) <= now - NOON <= timedelta(days=1) + 2 * HOUR
    assert given_up == [
        f"given up after a day: the hub {upstream.url('/hub')} answered 404 for {TOPIC}: no reason given"
    ]


def test_many_documents_for_an_unreachable_hub_cost_one_request(
    upstream: UpstreamServer, session: HttpSession, tmp_path: Path
) -> None:
    upstream.routes["/good"] = reply(status=202)
    queue = PingQueue(tmp_path / "pings.json")
    queue.add([upstream.url("/away"), upstream.url("/good")], [f"{TOPIC}{n}" for n in range(20)], NOON)
    queue.send_due(session, NOON)
    assert (upstream.count("/away"), upstream.count("/good"), len(queue.pending)) == (1, 20, 20)


def test_damaged_ping_file_is_an_empty_queue(tmp_path: Path) -> None:
    (tmp_path / "pings.json").write_text("{half")
    assert PingQueue(tmp_path / "pings.json").pending == ()
