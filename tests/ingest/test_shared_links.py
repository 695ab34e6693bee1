"""The dumps of one link in several folders: one entry, which stays in the feed of the folder that had it first."""

from __future__ import annotations

import itertools
import json
from contextlib import closing
from pathlib import Path

import pytest

from refeed.config.load import load_settings
from refeed.config.settings import Settings
from refeed.ingest.pipeline import Pipeline

CONFIG = """
site: {id: "tag:example.org,2026", title: Sample, author: Sample}
packs: []
"""
RULE = "sources: [{id: other, title: Other, hosts: [other.example.org]}]\n"
DUMPS = {"first/1.md": 0, "second/1.md": 100, "third/1.md": 200}
"""Folders and names, with the seconds of the dumps' headers."""


def write(settings: Settings, name: str) -> None:
    path = Path(settings.dumps.folders[0]) / name
    path.parent.mkdir(parents=True)
    text = f"The text of this sample, as {path.parent.name} has it."
    path.write_text(
        f"<!--{1_700_000_000 + DUMPS[name]}-->\n[Sample](https://a.example.org/1)\n------\n\n<p>{text}</p>\n"
    )


def shown(settings: Settings) -> dict[str, list[str]]:
    """The texts in the feed of each source that has one."""
    paths = sorted((Path(settings.feeds_dir) / "source").glob("*.json"))
    feeds = {path.stem: [item["content_html"] for item in json.loads(path.read_bytes())["items"]] for path in paths}
    return {feed: items for feed, items in feeds.items() if items}


@pytest.mark.parametrize("order", list(itertools.permutations(DUMPS)))
def test_a_later_dump_in_another_folder_does_not_take_the_entry_out_of_the_first_ones_feed(
    order: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG)
    settings = load_settings({"REFEED_CONFIG": str(tmp_path / "config.yaml")})
    for name in order:
        write(settings, name)
        with closing(Pipeline.open(settings)) as pipeline:
            pipeline.ingest()
    newest = {"first": ["<p>The text of this sample, as third has it.</p>"]}
    assert shown(settings) == newest
    (tmp_path / "config.yaml").write_text(f"{CONFIG}{RULE}")  # every entry is built again from its newest dump
    with closing(Pipeline.open(load_settings({"REFEED_CONFIG": str(tmp_path / "config.yaml")}))) as pipeline:
        pipeline.ingest()
        assert [source.title for source in pipeline.store.get_sources() if source.id == "first"] == ["first"]
    assert shown(settings) == newest, "new cleaning rules move no entry"
