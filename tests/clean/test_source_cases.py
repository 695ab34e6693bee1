"""Each dump in tests/cases becomes exactly the entry in the file beside it.

A new case is a dump (`tests/cases/<source>/<what is special>.md`, written by us in the shape of a real one) and the
command `./run expect`, whose diff a person reviews.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from helpers.entry_builders import SEEN, builtin_rules, clean_raw
from refeed.model import CleanResult, Dump
from refeed.parse.parser import parse_dump

CASES = Path(__file__).parents[1] / "cases"
DUMPS = sorted(CASES.glob("*/*.md"))


def fields_of(cleaned: CleanResult) -> dict[str, Any]:
    """Everything that a case pins, without empty fields."""
    entry = cleaned.entry
    fields = {
        "source": entry.source,
        "link": entry.link,
        "title": entry.title,
        "published": entry.published.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "language": entry.language,
        "authors": list(entry.authors),
        "contributors": [f"{person.role}：{person.name}" for person in entry.contributors],
        "summary": entry.summary,
        "html": entry.html.replace("><p", ">\n<p").replace("><f", ">\n<f").replace("><h", ">\n<h").split("\n"),
        "image": [entry.image.url, entry.image.caption, entry.image.credit] if entry.image else None,
        "images": list(entry.images),
        "enclosures": [[enclosure.url, enclosure.type] for enclosure in entry.enclosures],
        "rights": entry.rights,
        "original": entry.original,
        "tags": list(entry.tags),
        "section": entry.section,
        "flags": list(cleaned.issues),
        "removed": [f"{removed.step} | {removed.text}" for removed in cleaned.removed],
    }
    return {name: value for name, value in fields.items() if value}


@pytest.mark.parametrize("dump", DUMPS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_dump_becomes_the_expected_entry(dump: Path, request: pytest.FixtureRequest) -> None:
    raw = parse_dump(Dump(path=dump.name, folder=dump.parent.name, data=dump.read_bytes(), first_seen=SEEN))
    fields = fields_of(clean_raw(raw))
    expected = dump.with_suffix(".json")
    if request.config.getoption("--write-cases", default=False):
        expected.write_text(json.dumps(fields, ensure_ascii=False, indent=1) + "\n", "utf-8")
    assert expected.is_file(), f"{expected.name} is missing: run `./run expect`, then review the diff"
    assert fields == json.loads(expected.read_text("utf-8"))


def test_every_source_has_a_case() -> None:
    assert {rule.id for rule in builtin_rules().rules} - {dump.parent.name for dump in DUMPS} == set()


def test_every_expectation_has_a_dump() -> None:
    assert [path.name for path in CASES.glob("*/*.json") if not path.with_suffix(".md").is_file()] == []
