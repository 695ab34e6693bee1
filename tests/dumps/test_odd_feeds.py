"""The feeds of odd_feeds.yaml -> the fields that stand beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from refeed.dumps.feed_parser import parse_feed

CASES: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("odd_feeds.yaml").read_bytes())


@pytest.mark.parametrize("name", CASES)
def test_feed_is_read_as_its_writer_meant_it(name: str) -> None:
    case = CASES[name]
    body = case["feed"].encode(case.get("encoding", "utf-8"))
    items = parse_feed(body, case.get("type", ""), "https://upstream.example.org/feed").items
    found = []
    for item, expected in zip(items, case["items"], strict=False):
        values = {name: getattr(item, name) for name in expected}
        found.append({name: list(value) if isinstance(value, tuple) else value for name, value in values.items()})
    assert (len(items), found) == (len(case["items"]), case["items"])
