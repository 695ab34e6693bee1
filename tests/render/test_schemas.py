"""The schemas that the standards' authors and others published, where this checkout has them beside it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from lxml import etree

from helpers.feed_builders import NOON, SITE, SOURCE, make_entry, make_feed, without_fields
from refeed.model import FeedEntry, Tombstone
from refeed.render.atom_rss import render_atom
from refeed.render.json_feed import render_json_feed as json_feed

SCHEMAS = Path(__file__).parents[2].parent / "shared" / "conformance" / "schemas"
GONE = Tombstone(id="urn:uuid:9", when=NOON, source=SOURCE)
BARE = without_fields(
    make_entry(2), "authors", "summary", "image", "images", "enclosures", "rights", "original", "section"
)
FEEDS = [
    make_feed(make_entry(), BARE, FeedEntry(entry=make_entry(3), source=SOURCE, summary_only=True), tombstones=(GONE,)),
    make_feed(make_entry(), mixed=False, archive="2025-12", previous="2025-11", next="2026-01", site=SITE),
    make_feed(),
]


def schema(name: str) -> Path:
    if not (SCHEMAS / name).exists():
        pytest.skip(f"no schema at ../shared/conformance/schemas/{name}")
    return SCHEMAS / name


@pytest.mark.parametrize("feed", FEEDS)
def test_atom_is_valid_by_the_relax_ng_schema_of_rfc_4287(feed: object) -> None:
    judge = etree.RelaxNG(etree.parse(schema("atom.rng")))
    assert judge.validate(etree.fromstring(render_atom(feed))), judge.error_log  # type: ignore[arg-type]


@pytest.mark.parametrize("feed", FEEDS)
def test_json_is_valid_by_the_schema_of_json_feed(feed: object) -> None:
    judge = jsonschema.Draft7Validator(
        json.loads(schema("jsonfeed-1.1.schema.json").read_text()), format_checker=jsonschema.FormatChecker()
    )
    assert [error.message for error in judge.iter_errors(json.loads(json_feed(feed)))] == []  # type: ignore[arg-type]
