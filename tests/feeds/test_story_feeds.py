"""Stories in the store -> feeds with one entry for each."""

from __future__ import annotations

import json
from datetime import timedelta

from helpers.store_builders import NOON, SOURCES, file_result
from refeed.config.load import load_settings
from refeed.feeds.digest_feeds import DIGEST_FILES, DigestFeeds
from refeed.feeds.pagination import DocumentBudget
from refeed.feeds.registry import build_registry
from refeed.feeds.story_feeds import StoryFeeds
from refeed.model import ALL_FEED
from refeed.store.dump_recording import record_files
from refeed.store.store import Store
from refeed.store.stored_digests import request_digests
from refeed.stories.digest_closing import close_next
from refeed.stories.story_texts import MOST_REPORTS
from refeed.stories.story_updater import update_all_stories


def test_a_flood_is_one_entry_that_lists_some_of_its_reports(store: Store) -> None:
    title, text = "样本：青岚河水位超过警戒线", "（样本）青岚河水位今天超过警戒线，松原县三千二百名居民撤离。"
    count = MOST_REPORTS + 3
    flood = [file_result(n, source=SOURCES[n % 3], minutes=n, title=title, text=f"{text}{n}") for n in range(count)]
    record_files(store, flood, NOON)
    update_all_stories(store, NOON)
    settings = load_settings({})
    registry, budget = build_registry(settings), DocumentBudget(50, 512 * 1024)
    feeds = StoryFeeds(store, registry, budget)
    [entry] = json.loads(feeds.render_feed(ALL_FEED, "json").data)["items"]
    assert entry["content_html"].count("<h3>") == MOST_REPORTS
    assert "另有 3 篇" in entry["content_html"]
    request_digests(store, ALL_FEED, "weekly", NOON)
    assert close_next(store, settings, dict, NOON + timedelta(days=9))
    digests = DigestFeeds(store, registry, budget)
    for file in DIGEST_FILES:
        digest = digests.render_file(ALL_FEED, "weekly", "2024-W01", file)
        assert digest is not None
        text = digest.data.decode(errors="replace")
        assert text.count("https://sample.example.org/") >= MOST_REPORTS
        assert "另有 3 篇" in text
