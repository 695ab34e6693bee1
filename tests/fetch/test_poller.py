"""Upstream feeds, served on loopback -> dumps, and when each is polled again."""

from __future__ import annotations

import dataclasses
import json
import re
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Literal

import pytest

from helpers.upstream_server import NOON, Fetch, UpstreamServer, conditional_reply, feed_item, reply, rss_feed
from refeed.config.settings import FetchSettings
from refeed.dumps.origin import split_origin
from refeed.fetch.poller import fetch_all, fetch_upstream, poll_feed
from refeed.fetch.session import HttpSession
from refeed.fetch.upstreams import FetchDirs, UpstreamState, is_due

HOUR = timedelta(hours=1)
ATOM = (
    '<feed xmlns="http://www.w3.org/2005/Atom"><title>样本</title><entry><id>urn:a</id><title>样本</title>'
    '<link href="https://news.example.org/1"/><published>{published}</published><updated>{updated}</updated>'
    '<content type="html">&lt;p&gt;{text}&lt;/p&gt;</content></entry></feed>'
)
JSON = {
    "version": "https://jsonfeed.org/version/1.1",
    "items": [{"id": "1", "url": "https://news.example.org/1", "title": "样本", "content_html": "<p>文</p>"}],
}


def dumps(dirs: FetchDirs) -> list[bytes]:
    return sorted(path.read_bytes() for path in dirs.dumps.rglob("*.md"))


def test_item_becomes_a_dump_in_the_format_of_the_archive(
    upstream: UpstreamServer, fetch: Fetch, dirs: FetchDirs
) -> None:
    upstream.routes["/feed"] = reply(
        rss_feed(feed_item(1, html="<p>第一段</p>\n<p>第二\n段</p>\r\n<img\nsrc='a.png'>"))
    )
    done = fetch(upstream.rule("/feed", "bbc"), NOON)
    (path,) = done.paths
    assert path.parent == dirs.dumps / "bbc" and re.fullmatch(r"\d{18}\.md", path.name)
    assert path.read_text() == (
        '---\nrefeed: {"guid": "g1", "source": "bbc"}\n---\n'
        "<!--1772150400000-->\n[一篇样本文章 1](https://news.example.org/1)\n------\n\n"
        "<p>第一段</p><p>第二段</p><img src='a.png'>\n"
    )


@pytest.mark.parametrize(
    "body",
    [
        rss_feed(feed_item(1, html="<p>文</p>")).encode(),
        rss_feed(feed_item(1), head='<?xml version="1.0" encoding="gb18030"?>').encode("gb18030"),
        ATOM.format(published="2026-02-27T00:00:00Z", updated="2026-02-27T00:00:00Z", text="文").encode(),
        json.dumps(JSON).encode(),
        rss_feed(feed_item(1, title="样本 & 例子")).encode(),
    ],
    ids=["RSS", "GB18030", "Atom", "JSON Feed", "broken XML"],
)
def test_item_of_every_format_becomes_a_dump(body: bytes, upstream: UpstreamServer, fetch: Fetch) -> None:
    upstream.routes["/feed"] = reply(body, Content_Type="text/xml")
    done = fetch(upstream.rule("/feed"), NOON)
    assert done.state.error == "" and len(done.paths) == 1
    assert "](https://news.example.org/1)\n------\n\n<p>" in done.paths[0].read_text()


def test_unchanged_feed_writes_nothing_and_a_changed_item_writes_a_newer_dump(
    upstream: UpstreamServer, fetch: Fetch
) -> None:
    rule = upstream.rule("/feed")
    texts = ["一", "一", "二", "一", "二"]
    written = []
    for hour, text in enumerate(texts):
        upstream.routes["/feed"] = reply(rss_feed(feed_item(1, html=f"<p>{text}</p>"), feed_item(2)))
        written.append([path.read_text() for path in fetch(rule, NOON + hour * HOUR).paths])
    assert [len(new) for new in written] == [2, 0, 1, 1, 1]
    epochs = [int(re.search(r"<!--(\d+)-->", new[0])[1]) for new in written if new]  # type: ignore[index]
    assert epochs == sorted(set(epochs)), "a text that is changed back becomes the newest again"


def test_changed_item_has_the_date_that_the_upstream_gives_the_change(upstream: UpstreamServer, fetch: Fetch) -> None:
    rule = upstream.rule("/feed")
    for hour, (updated, text) in enumerate([("2026-02-27T00:00:00Z", "一"), ("2026-03-01T11:30:00Z", "二")]):
        upstream.routes["/feed"] = reply(ATOM.format(published="2026-02-27T00:00:00Z", updated=updated, text=text))
        (path,) = fetch(rule, NOON + hour * HOUR).paths
    assert "\n<!--1772364600000-->\n" in path.read_text()


@pytest.mark.parametrize("date", ["", "昨天", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 27 Feb 2099 08:00:00 GMT"])
def test_item_without_a_sensible_date_has_the_time_of_the_poll(
    date: str, upstream: UpstreamServer, fetch: Fetch
) -> None:
    upstream.routes["/feed"] = reply(rss_feed(feed_item(1, date=date)))
    (path,) = fetch(upstream.rule("/feed"), NOON).paths
    assert f"\n<!--{int(NOON.timestamp())}000-->\n" in path.read_text()


def test_same_items_are_the_same_files_after_the_state_is_lost(
    upstream: UpstreamServer,
    session: HttpSession,
    dirs: FetchDirs,
    fetch: Fetch,
) -> None:
    upstream.routes["/feed"] = reply(rss_feed(feed_item(1, date=""), feed_item(2)))
    fetch(upstream.rule("/feed"), NOON)
    before = dumps(dirs)
    assert fetch_upstream(upstream.rule("/feed"), session, dirs, UpstreamState(), NOON + HOUR).paths == ()
    assert dumps(dirs) == before


def test_items_that_could_not_be_written_are_written_after_not_modified(
    upstream: UpstreamServer, fetch: Fetch, dirs: FetchDirs
) -> None:
    upstream.routes["/feed"] = conditional_reply(rss_feed(feed_item(1), feed_item(2)), '"v1"')
    rule = upstream.rule("/feed")
    dirs.dumps.write_text("a file where the folder should be")
    done = fetch(rule, NOON)
    assert "cannot write its dumps" in done.state.error and done.state.success is None
    dirs.dumps.unlink()
    done = fetch(rule, NOON + HOUR)
    assert len(done.paths) == 2 and done.state.error == ""


def test_upstream_is_not_polled_before_it_is_due(upstream: UpstreamServer, session: HttpSession) -> None:
    upstream.routes["/feed"] = reply(rss_feed(feed_item(1)), Cache_Control="public, max-age=7200")
    rule = upstream.rule("/feed")
    state = poll_feed(rule, session, UpstreamState(), NOON).state
    assert state.next == NOON + 2 * HOUR, "Cache-Control asks for longer than `every`"
    assert not poll_feed(rule, session, state, NOON + HOUR).requested
    assert upstream.count("/feed") == 1


@pytest.mark.parametrize(
    ("sources", "written"),
    [((), ["sample", "sample", "sample"]), (("news",), ["news", "sample", "sample"]), ("all", ["", "", ""])],
)
def test_item_belongs_to_the_owner_of_its_host_only_if_the_upstream_may_write_there(
    sources: tuple[str, ...] | Literal["all"],
    written: list[str],
    upstream: UpstreamServer,
    session: HttpSession,
) -> None:
    links = ["https://www.news.example.org/1", "https://other.example/2", "https://unknown.example/3"]
    items = [feed_item(n).replace(f"https://news.example.org/{n}", link) for n, link in enumerate(links, 1)]
    upstream.routes["/feed"] = reply(rss_feed(*items))
    rule = dataclasses.replace(upstream.rule("/feed"), sources=sources)
    owners = {"news.example.org": "news", "other.example": "other"}
    result = poll_feed(rule, session, UpstreamState(), NOON, host_owners=owners)
    assert [split_origin(dump.data)[0].source for dump in result.dumps] == written


def test_upstream_is_polled_now_when_that_is_asked_for(
    upstream: UpstreamServer, session: HttpSession, dirs: FetchDirs
) -> None:
    upstream.routes["/feed"] = reply(rss_feed(feed_item(1)))
    states = {upstream.rule("/feed"): UpstreamState()}
    for force in (False, False, True):
        states |= {result.upstream: result.state for result in fetch_all(states, session, dirs, NOON, force=force)}
    assert upstream.count("/feed") == 2
    upstream.routes["/gone"] = reply(status=410)
    states = {upstream.rule("/gone"): UpstreamState()}
    for force in (False, False, True, True):
        states |= {result.upstream: result.state for result in fetch_all(states, session, dirs, NOON, force=force)}
        if force:
            upstream.routes["/gone"] = reply(rss_feed(feed_item(1)))
    assert upstream.count("/gone") == 3 and not any(state.gone or state.error for state in states.values())


@pytest.mark.parametrize("after", ["5400", format_datetime(NOON + 1.5 * HOUR, usegmt=True)])
def test_too_many_requests_waits_as_long_as_retry_after_says(
    after: str, upstream: UpstreamServer, session: HttpSession
) -> None:
    upstream.routes["/feed"] = reply(status=429, Retry_After=after)
    state = poll_feed(upstream.rule("/feed"), session, UpstreamState(), NOON).state
    assert state.next == NOON + 1.5 * HOUR and "429" in state.error and state.failures == 1


@pytest.mark.parametrize("after", ["-5", "soon", "99999999999999999999", "Fri, 99 Feb"])
def test_invalid_retry_after_never_stops_the_polling(
    after: str, upstream: UpstreamServer, session: HttpSession
) -> None:
    upstream.routes["/feed"] = reply(status=503, Retry_After=after)
    state = poll_feed(upstream.rule("/feed"), session, UpstreamState(), NOON).state
    assert state.next is not None and NOON + HOUR <= state.next <= NOON + timedelta(days=7)


def test_failures_back_off_up_to_a_day_and_success_resets_them(upstream: UpstreamServer, session: HttpSession) -> None:
    rule, state, now, pauses = upstream.rule("/feed"), UpstreamState(), NOON, []
    for _ in range(8):
        state = poll_feed(rule, session, state, now).state
        assert state.next is not None
        pauses.append(state.next - now)
        now = state.next
    assert pauses == [HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 16 * HOUR, *[24 * HOUR] * 3]
    assert "404" in state.error and state.success is None
    upstream.routes["/feed"] = reply(rss_feed(feed_item(1)))
    state = poll_feed(rule, session, state, now).state
    assert (state.failures, state.error, state.success, state.next) == (0, "", now, now + HOUR)


def test_gone_upstream_is_not_polled_until_its_address_is_changed(
    upstream: UpstreamServer, session: HttpSession
) -> None:
    upstream.routes["/feed"] = reply(status=410)
    rule = upstream.rule("/feed")
    state = poll_feed(rule, session, UpstreamState(), NOON).state
    assert state.gone and "410" in state.error and not is_due(state, NOON + timedelta(days=400))
    assert not poll_feed(rule, session, state, NOON + timedelta(days=400)).requested
    upstream.routes["/new"] = reply(rss_feed(feed_item(1)))
    assert len(poll_feed(upstream.rule("/new"), session, state, NOON + HOUR).dumps) == 1


def test_permanent_redirect_is_remembered_and_becomes_a_note(upstream: UpstreamServer, session: HttpSession) -> None:
    upstream.routes["/old"] = reply(status=301, Location="/new")
    upstream.routes["/new"] = conditional_reply(rss_feed(feed_item(1)), '"v1"')
    rule = upstream.rule("/old")
    state = poll_feed(rule, session, UpstreamState(), NOON).state
    assert state.moved == upstream.url("/new") and upstream.url("/new") in state.notes[0]
    state = poll_feed(rule, session, state, NOON + HOUR).state
    assert (upstream.count("/old"), upstream.count("/new")) == (1, 2)
    assert state.notes and state.moved
    upstream.routes["/new"] = reply(status=404)
    state = poll_feed(rule, session, state, NOON + 2 * HOUR).state
    assert state.moved == "", "the redirect may have been an error that was corrected"


@pytest.mark.parametrize("status", [302, 303, 307])
def test_temporary_redirect_is_followed_and_not_remembered(
    status: int, upstream: UpstreamServer, session: HttpSession
) -> None:
    upstream.routes["/old"] = reply(status=301, Location=upstream.url("/mid"))
    upstream.routes["/mid"] = reply(status=status, Location="new")
    upstream.routes["/new"] = reply(rss_feed(feed_item(1)))
    result = poll_feed(upstream.rule("/old"), session, UpstreamState(), NOON)
    assert len(result.dumps) == 1 and result.state.moved == ""


def test_clock_that_is_set_back_stops_no_polling(upstream: UpstreamServer, session: HttpSession) -> None:
    upstream.routes["/feed"] = reply(rss_feed(feed_item(1)))
    rule = upstream.rule("/feed")
    state = poll_feed(rule, session, UpstreamState(), NOON + timedelta(days=900)).state
    assert poll_feed(rule, session, state, NOON).state.next == NOON + HOUR


def test_broken_upstream_affects_no_other(upstream: UpstreamServer, session: HttpSession, dirs: FetchDirs) -> None:
    upstream.routes["/good"] = reply(rss_feed(feed_item(1)))
    upstream.routes["/html"] = reply("<!doctype html><title>登录</title>")
    rules = [upstream.rule(path) for path in ("/missing", "/html", "/good")]
    states = dict.fromkeys(rules, UpstreamState())
    done = {result.upstream.url: result for result in fetch_all(states, session, dirs, NOON)}
    assert len(done) == 3 and len(done[upstream.url("/good")].paths) == 1
    assert "web page" in done[upstream.url("/html")].state.error
    assert done[upstream.url("/missing")].state.failures == 1


def test_state_has_the_times_that_the_status_page_shows(upstream: UpstreamServer, session: HttpSession) -> None:
    upstream.routes["/feed"] = reply(rss_feed(feed_item(1)))
    state = poll_feed(upstream.rule("/feed"), session, UpstreamState(), NOON).state
    assert [state.requested_at, state.success, state.changed] == [NOON] * 3
    assert all(isinstance(item.dump_time, datetime) for item in state.seen.values())


def test_item_that_changes_at_every_poll_is_written_less_often_and_keeps_its_last_text(
    upstream: UpstreamServer, fetch: Fetch
) -> None:
    """Seen with a counter in the text: a dump of every item, every hour, without end."""
    rule = upstream.rule("/feed")
    written = []
    for hour in range(60):
        upstream.routes["/feed"] = reply(rss_feed(feed_item(1, html=f"<p>样本 {hour}</p>"), feed_item(2)))
        written.append(fetch(rule, NOON + hour * HOUR).paths)
    assert all(written[:11]), "an article that is edited for some hours is always up to date"
    assert [hour for hour, new in enumerate(written) if new][11:] == [11, 13, 17, 25, 41]
    last = fetch(rule, NOON + 80 * HOUR).paths
    assert ["<p>样本 59</p>" in path.read_text() for path in last] == [True], "the feed itself is the same"


def test_items_that_share_a_guid_are_all_written_and_recognised_again(upstream: UpstreamServer, fetch: Fetch) -> None:
    """Seen: a feed in which every item has the same guid gave one item."""
    shared = [feed_item(n).replace(f">g{n}<", ">same<") for n in (1, 2, 3)]
    upstream.routes["/feed"] = reply(rss_feed(*shared[:2]))
    assert len(fetch(upstream.rule("/feed"), NOON).paths) == 2
    upstream.routes["/feed"] = reply(rss_feed(shared[2], *shared[:2]))
    assert len(fetch(upstream.rule("/feed"), NOON + HOUR).paths) == 1


@pytest.mark.slow
def test_every_item_of_a_feed_of_thousands_is_recognised_again(
    upstream: UpstreamServer, session: HttpSession, dirs: FetchDirs
) -> None:
    state = UpstreamState()
    for hour, more in enumerate(("", "<!-- 样本 -->")):
        upstream.routes["/feed"] = reply(rss_feed(*map(feed_item, range(2001)), more))
        result = poll_feed(upstream.rule("/feed"), session, state, NOON + hour * HOUR)
        state = result.state
    assert (result.dumps, len(state.seen)) == ((), 2001)


def test_second_poll_is_conditional_even_after_a_restart(
    upstream: UpstreamServer,
    fetch_settings: FetchSettings,
    tmp_path: Path,
    dirs: FetchDirs,
) -> None:
    upstream.routes["/feed"] = conditional_reply(
        rss_feed(feed_item(1)), '"v1"', Last_Modified="Sun, 01 Mar 2026 10:00:00 GMT"
    )
    state = UpstreamState()
    for hour in (0, 1):
        with HttpSession(tmp_path, fetch_settings, user_agent="refeed/test (+https://feeds.example.org)") as session:
            done = fetch_upstream(upstream.rule("/feed"), session, dirs, state, NOON + hour * HOUR)
            state = done.state
            assert done.state.error == "" and len(done.paths) == 1 - hour
    first, second = (headers for _, _, headers, _ in upstream.requests)
    assert "If-None-Match" not in first and first["User-Agent"] == "refeed/test (+https://feeds.example.org)"
    assert second["If-None-Match"] == '"v1"'
    assert second["If-Modified-Since"] == "Sun, 01 Mar 2026 10:00:00 GMT"
    assert not {"Cookie", "Referer", "Authorization"} & set(first)
