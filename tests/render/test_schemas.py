"""The schemas that the standards' authors and others published, where this checkout has them beside it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from lxml import etree

from refeed.model import FeedEntry, Tombstone
from refeed.render import atom
from refeed.render import json as json_feed
from render.samples import NOON, SITE, SOURCE, entry_of, feed_of, without

SCHEMAS = Path(__file__).parents[2].parent / "shared" / "conformance" / "schemas"
GONE = Tombstone(id="urn:uuid:9", when=NOON, source=SOURCE)
BARE = without(entry_of(2), "authors", "summary", "image", "images", "enclosures", "rights", "original", "section")
FEEDS = [
    feed_of(entry_of(), BARE, FeedEntry(entry=entry_of(3), source=SOURCE, brief=True), tombstones=(GONE,)),
    feed_of(entry_of(), mixed=False, archive="2025-12", previous="2025-11", next="2026-01", site=SITE),
    feed_of(),
]


def schema(name: str) -> Path:
    if not (SCHEMAS / name).exists():
        pytest.skip(f"no schema at ../shared/conformance/schemas/{name}")
    return SCHEMAS / name


@pytest.mark.parametrize("feed", FEEDS)
def test_atom_is_valid_by_the_relax_ng_schema_of_rfc_4287(feed: object) -> None:
    judge = etree.RelaxNG(etree.parse(schema("atom.rng")))
    assert judge.validate(etree.fromstring(atom(feed))), judge.error_log  # type: ignore[arg-type]


@pytest.mark.parametrize("feed", FEEDS)
def test_json_is_valid_by_the_schema_of_json_feed(feed: object) -> None:
    judge = jsonschema.Draft7Validator(
        json.loads(schema("jsonfeed-1.1.schema.json").read_text()), format_checker=jsonschema.FormatChecker()
    )
    assert [error.message for error in judge.iter_errors(json.loads(json_feed(feed)))] == []  # type: ignore[arg-type]
