"""A source without a rule has the title of the feed that its dumps are fetched from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from helpers.store_builders import NOON, file_result
from refeed.config.settings import Settings, UpstreamRule
from refeed.feeds.registry import build_registry
from refeed.fetch.upstreams import UpstreamState
from refeed.model import ALL_FEED, FeedPath
from refeed.store.dump_recording import FileResult, record_files
from refeed.store.store import Store
from refeed.store.upstream_states import save_upstream_states

FIRST = UpstreamRule(source="one", url="https://e.org/1.xml")
SECOND = UpstreamRule(source="one", url="https://e.org/2.xml")


def without_rule(result: FileResult) -> FileResult:
    assert result.entry is not None
    return replace(result, entry=replace(result.entry, source=replace(result.entry.source, configured=False)))


def save(store: Store, upstream: UpstreamRule, title: str) -> None:
    save_upstream_states(store, {upstream: UpstreamState(address=upstream.url, title=title)}, NOON)


def versions(store: Store) -> dict[FeedPath, int]:
    return {state.path: state.version for state in store.get_feed_states()}


def test_source_without_a_rule_has_the_title_of_its_upstream_before_and_after_its_first_dump(store: Store) -> None:
    save(store, FIRST, "見本新聞")
    record_files(store, [without_rule(file_result(1)), without_rule(file_result(2, source="two"))], NOON)
    sources = {source.id: (source.title, source.configured) for source in store.get_sources()}
    assert sources["one"] == ("見本新聞", True)
    assert sources["two"][1] is False
    record_files(store, [without_rule(file_result(3))], NOON)
    assert store.get_sources()[0].title == "見本新聞"


def test_changed_title_of_an_upstream_publishes_its_feed_and_all_that_name_it_again(
    store: Store, make_settings: Callable[..., Settings]
) -> None:
    settings = make_settings()
    record_files(store, [without_rule(file_result(1))], NOON)
    before, digests = versions(store), build_registry(settings, store.get_sources()).presentation_digests()
    save(store, FIRST, "見本新聞")
    after, named = versions(store), build_registry(settings, store.get_sources()).presentation_digests()
    assert {path for path, version in after.items() if version > before[path]} == {FeedPath("source", "one")}
    assert named[ALL_FEED] not in digests.values()
    save(store, FIRST, "見本新聞")
    assert versions(store) == after


def test_title_of_a_rule_counts_more_and_two_feeds_of_a_source_do_not_name_it(store: Store) -> None:
    record_files(store, [without_rule(file_result(1)), file_result(2, source="two")], NOON)
    own = [source.title for source in store.get_sources()]
    save(store, replace(FIRST, source="two"), "見本新聞")
    assert store.get_sources()[1].title == own[1]
    save(store, FIRST, "見本：政治")
    save(store, SECOND, "見本：経済")
    assert store.get_sources()[0].title == own[0]
    save(store, SECOND, "見本：政治")
    assert store.get_sources()[0].title == "見本：政治"
