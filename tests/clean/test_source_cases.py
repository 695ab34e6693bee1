"""Each dump under tests/cases becomes exactly the entry beside it.

A new case is a dump (`tests/cases/<source>/<what is special>.md`, written by us in a real shape) and one command,
`./run test tests/clean/test_cases.py --write-cases`, whose diff a person reviews.
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


def told(cleaned: CleanResult) -> dict[str, Any]:
    """Everything that a case pins, empty fields left out."""
    entry = cleaned.entry
    everything = {
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
    return {name: value for name, value in everything.items() if value}


@pytest.mark.parametrize("dump", DUMPS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_dump_becomes_the_entry_beside_it(dump: Path, request: pytest.FixtureRequest) -> None:
    raw = parse_dump(Dump(path=dump.name, folder=dump.parent.name, data=dump.read_bytes(), first_seen=SEEN))
    found = told(clean_raw(raw))
    expected = dump.with_suffix(".json")
    if request.config.getoption("--write-cases", default=False):
        expected.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")
    assert expected.is_file(), f"no {expected.name} beside it: run this test with --write-cases, then review the diff"
    assert found == json.loads(expected.read_text("utf-8"))


def test_every_source_has_a_case() -> None:
    assert {rule.id for rule in builtin_rules().rules} - {dump.parent.name for dump in DUMPS} == set()


def test_no_expectation_is_left_without_its_dump() -> None:
    assert [path.name for path in CASES.glob("*/*.json") if not path.with_suffix(".md").is_file()] == []
