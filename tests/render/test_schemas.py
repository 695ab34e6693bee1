"""The schemas that the standards' authors and others published, where this checkout has them beside it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from lxml import etree

from helpers.feed_builders import NOON, SITE, SOURCE, make_entry, make_feed, without_fields
from refeed.model import Feed, FeedEntry, Tombstone
from refeed.render.atom_rss import render_atom
from refeed.render.json_feed import render_json_feed

SCHEMAS = Path(__file__).parents[2].parent / "shared" / "conformance" / "schemas"
TOMBSTONE = Tombstone(id="urn:uuid:9", when=NOON, source=SOURCE)
BARE = without_fields(
    make_entry(2), "authors", "summary", "image", "images", "enclosures", "rights", "original", "section"
)
FEEDS = [
    make_feed(
        make_entry(), BARE, FeedEntry(entry=make_entry(3), source=SOURCE, summary_only=True), tombstones=(TOMBSTONE,)
    ),
    make_feed(make_entry(), mixed=False, archive="2025-12", previous="2025-11", next="2026-01", site=SITE),
    make_feed(),
]


def schema(name: str) -> Path:
    if not (SCHEMAS / name).exists():
        pytest.skip(f"no schema at ../shared/conformance/schemas/{name}")
    return SCHEMAS / name


@pytest.mark.parametrize("feed", FEEDS)
def test_atom_is_valid_by_the_relax_ng_schema_of_rfc_4287(feed: Feed) -> None:
    validator = etree.RelaxNG(etree.parse(schema("atom.rng")))
    assert validator.validate(etree.fromstring(render_atom(feed))), validator.error_log


@pytest.mark.parametrize("feed", FEEDS)
def test_json_feed_is_valid_by_its_schema(feed: Feed) -> None:
    validator = jsonschema.Draft7Validator(
        json.loads(schema("jsonfeed-1.1.schema.json").read_text()), format_checker=jsonschema.FormatChecker()
    )
    assert [error.message for error in validator.iter_errors(json.loads(render_json_feed(feed)))] == []
