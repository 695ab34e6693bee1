"""Three polls of a feed whose items change -> the same entries, ids and dates, in any order of ingestion."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from helpers.upstream_server import NOON, reply, run_upstream
from refeed.clean.entry_identity import entry_id, guid_entry_id
from refeed.config.settings import FetchSettings, Settings
from refeed.fetch.poller import fetch_upstream
from refeed.fetch.session import HttpSession
from refeed.fetch.upstreams import UpstreamState, fetch_dirs
from refeed.ingest.pipeline import Pipeline
from refeed.model import Entry

CONFIG = """
site: {id: "tag:example.org,2026", title: 样本站, author: 样本站}
sources: [{id: known, title: Known, hosts: [known.example]}]
"""
SITE, STATUS = "quay.example", "https://quay.example/status"
# What identifies an item: guid, link and title in each of three polls.
ITEMS = {
    "link with a session": [("g1", f"https://{SITE}/1?s={poll}", "样本一") for poll in "abc"],
    "slug": [("g2", f"https://{SITE}/2-{slug}", "样本二") for slug in ("old", "new", "newest")],
    "scheme": [("g3", f"{scheme}://{SITE}/3", "样本三") for scheme in ("http", "https", "http")],
    "escapes": [("g4", f"https://{SITE}/{path}", "样本四") for path in ("%e6%b8%af", "%E6%B8%AF", "港")],
    "first of a page": [("g5", STATUS, "样本五")] * 3,
    "second of a page": [("g6", STATUS, title) for title in ("样本六", "样本六，改", "样本六，再改")],
    "fragment": [("g7", f"{STATUS}#v{poll}", "样本七") for poll in "123"],
    "no guid": [("", f"https://{SITE}/8", title) for title in ("样本八", "样本八，改", "样本八，再改")],
    "application": [("", f"https://{SITE}/#/notice/{9}", "样本九")] * 3,
    "known host": [("g10", "https://known.example/10", title) for title in ("样本十", "样本十，改", "样本十，再改")],
    "guid that is the link": [(f"{scheme}://{SITE}/13",) * 2 + ("样本十三",) for scheme in ("http", "https", "http")],
    "guid of a page": [(f"https://{SITE}/{path}", STATUS, "样本十四") for path in ("%e6%b8%af", "%E6%B8%AF", "港")],
    "no guid, scheme": [("", f"{scheme}://{SITE}/15", "样本十五") for scheme in ("http", "https", "http")],
    "gains names": [("g11", f"https://{SITE}/11", "样本十一")] * 3,
    "gains a sound": [("g12", f"https://{SITE}/12", "样本十二")] * 3,
}
PICTURE = "&lt;p&gt;没有改的样本。&lt;/p&gt;&lt;img src='https://img.example/1.jpg?sig={}'&gt;"
DESCRIPTIONS = {
    "gains names": [
        PICTURE.format("a"),
        PICTURE.format("b") + "</description><author>ada@harbour.example (Ada Seaman)</author><description>",
        PICTURE.format("c") + "</description><category>海</category><description>",
    ],
    "gains a sound": [
        "没有改的样本。",
        "没有改的样本。",
        f"没有改的样本。</description><enclosure url='https://{SITE}/12.mp3' type='audio/mpeg'/><description>",
    ],
}
"""Texts, and what else an item has. All others say which poll it is."""
EXPECTED = {
    "link with a session": entry_id(f"https://{SITE}/1?s=a"),
    "slug": entry_id(f"https://{SITE}/2-old"),
    "scheme": entry_id(f"https://{SITE}/3"),
    "escapes": entry_id(f"https://{SITE}/%E6%B8%AF"),
    "first of a page": entry_id(STATUS),
    "second of a page": guid_entry_id("quay", "g6"),
    "fragment": guid_entry_id("quay", "g7"),
    "no guid": entry_id(f"https://{SITE}/8"),
    "application": entry_id(f"https://{SITE}/#/notice/9"),
    "known host": guid_entry_id("quay", "g10"),
    "guid that is the link": entry_id(f"https://{SITE}/13"),
    "guid of a page": guid_entry_id("quay", f"https://{SITE}/%e6%b8%af"),
    "no guid, scheme": entry_id(f"https://{SITE}/15"),
    "gains names": entry_id(f"https://{SITE}/11"),
    "gains a sound": entry_id(f"https://{SITE}/12"),
}


@pytest.fixture(params=["sqlite", "postgres"])
def fresh_store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Makes the URL of an empty store."""
    if request.param == "sqlite":
        numbers = count()
        yield lambda: f"sqlite:///{tmp_path / f'{next(numbers)}.db'}"
        return
    server = request.getfixturevalue("postgres_server")
    urls: list[str] = []

    def make() -> str:
        urls.append(server.make_database())
        return urls[-1]

    yield make
    for url in urls:
        server.drop_database(url)


def feed(poll: int) -> str:
    items = [
        f"<item><title>{title}</title><link>{link}</link>{f'<guid>{guid}</guid>' if guid else ''}"
        f"<pubDate>Fri, 27 Feb 2026 08:{number:02}:00 +0800</pubDate><description>{text}</description></item>"
        for number, (name, polls) in enumerate(ITEMS.items())
        for guid, link, title in [polls[poll]]
        for text in [DESCRIPTIONS[name][poll] if name in DESCRIPTIONS else f"第{poll}次"]
    ]
    random.Random(poll).shuffle(items)
    return f"<rss version='2.0'><channel><title>样本</title>{''.join(items)}</channel></rss>"


def poll_three_times(settings: Settings) -> list[list[Path]]:
    """The dumps of each poll."""
    found = []
    state = UpstreamState()
    with (
        run_upstream() as server,
        HttpSession(Path(settings.var_dir), FetchSettings(allow=("127.0.0.0/8",)), user_agent="refeed/test") as session,
    ):
        for poll in range(3):
            server.routes["/feed.xml"] = reply(feed(poll), Content_Type="application/rss+xml")
            now = NOON + timedelta(hours=poll)
            rule = server.rule("/feed.xml", source="quay")
            result = fetch_upstream(rule, session, fetch_dirs(settings), state, now, force=True)
            state = result.state
            assert not result.state.error
            found.append(list(result.paths))
    return found


def published(settings: Settings) -> dict[str, object]:
    pipeline = Pipeline.open(settings)
    pipeline.ingest()
    entries = [stored.entry for stored in pipeline.store.get_entries(pipeline.store.get_entry_ids())]
    pipeline.close()
    paths = [path for name in ("all", "source/quay") for path in Path(settings.feeds_dir).glob(f"{name}.*")]
    assert len(paths) == 6
    return {entry.id: entry for entry in entries} | {path.name: path.read_bytes() for path in paths}


@pytest.mark.parametrize("orders", [1, pytest.param(30, marks=pytest.mark.torture)])
def test_items_of_three_polls_are_the_same_entries_in_any_order(
    make_settings: Callable[..., Settings], fresh_store_url: Callable[[], str], tmp_path: Path, orders: int
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG)
    settings = make_settings(config, DATABASE_URL=fresh_store_url())
    dumps = {path: path.read_bytes() for paths in poll_three_times(settings) for path in paths}
    assert len(dumps) == 3 * len(ITEMS) - 1, "one item was the same in two polls"
    in_order = published(settings)
    entries = {id: facts for id, facts in in_order.items() if id.startswith("urn:")}
    assert set(entries) == set(EXPECTED.values())
    for number, (name, id) in enumerate(EXPECTED.items()):
        entry = entries[id]
        assert isinstance(entry, Entry)
        assert (entry.title, entry.published) == (ITEMS[name][2][2], datetime(2026, 2, 27, 0, number, tzinfo=UTC)), name
        changed = entry.published if name == "gains names" else NOON + timedelta(hours=2)
        assert entry.updated == changed, f"{name}: a reader is told of a change exactly when there is one to see"
    named, sound = entries[EXPECTED["gains names"]], entries[EXPECTED["gains a sound"]]
    assert isinstance(named, Entry)
    assert isinstance(sound, Entry)
    assert (named.authors, named.tags, [file.url for file in sound.enclosures]) == (
        (),
        ("海",),
        [f"https://{SITE}/12.mp3"],
    )
    for seed in range(orders):
        chance = random.Random(seed)
        other = make_settings(config, DATABASE_URL=fresh_store_url(), REFEED_FEEDS=str(tmp_path / f"feeds{seed}"))
        for path in dumps:
            path.unlink()
        order = chance.sample(list(dumps), len(dumps))
        while order:
            part, order = order[:15], order[15:]
            for path in part:
                path.write_bytes(dumps[path])
            result = published(other)
        assert result == in_order
