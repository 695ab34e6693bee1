"""What the rest of the program needs of upstreams: their folders and their states."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from helpers.upstream_server import NOON
from refeed.config.settings import Settings, UpstreamRule
from refeed.dumps.writer import content_number
from refeed.fetch.git import checkout_dir
from refeed.fetch.upstreams import UpstreamState, dump_dirs, fetch_dirs, read_state_file


def test_each_git_upstream_has_a_checkout_after_the_configured_dump_folders(
    make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    config = tmp_path / "config.yaml"
    repositories = ("https://example.org/one.git", "https://example.org/two.git")
    upstreams = "".join(f"  - {{git: {url}}}\n" for url in repositories)
    config.write_text(f"upstreams:\n  - {{source: bbc, url: https://example.org/feed}}\n{upstreams}", "utf-8")
    settings = make_settings(config)
    checkouts = fetch_dirs(settings).checkouts
    trees = [str(checkout_dir(UpstreamRule(git=url), checkouts)) for url in repositories]
    assert dump_dirs(settings) == (*settings.dumps.folders, *trees)
    assert len(set(trees)) == 2


def test_state_file_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    rule = UpstreamRule(source="a", url="https://example.org/feed")
    assert read_state_file(tmp_path, rule) == UpstreamState(address=rule.url)
    path = tmp_path / "upstreams" / f"https-example-org-feed-{content_number(rule.source, rule.url)[:8]}.json"
    path.parent.mkdir()
    path.write_text(
        '{"address": "https://example.org/feed", "asked": "2026-03-01T12:00:00Z", "body": "1a", "seen": '
        '{"2": {"digest": "3", "at": "2026-02-27T00:00:00Z", "changes": 10, "rests": "2026-03-01T13:00:00Z"}}}'
    )
    state = read_state_file(tmp_path, rule)
    assert (state.requested_at, state.body_digest) == (NOON, "1a")
    assert state.seen["2"].paused_until == NOON + timedelta(hours=1)
    path.write_bytes(b"{damaged")
    assert read_state_file(tmp_path, rule) == UpstreamState(address=rule.url)
