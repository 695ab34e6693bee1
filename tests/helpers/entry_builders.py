"""Entries for tests of the cleaner: from a body, from a raw entry, from real dumps, by the built-in rules."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from refeed.clean.cleaner import clean_as_text, clean_entry
from refeed.clean.rule_lookup import RuleLookup
from refeed.config.packs import load_builtin_sources
from refeed.config.settings import DEFAULT_LIMITS, Limits
from refeed.model import CleanResult, Dump, RawEntry
from refeed.parse.parser import parse_dump

SEEN = datetime(2026, 1, 1, tzinfo=UTC)
AT = datetime(2020, 7, 20, 12, 0, tzinfo=UTC)
SHARED = Path(__file__).parents[2].parent / "shared"
GENERIC_LINK = "https://news.example.org/2020/07/sample.html"


@cache
def builtin_rules() -> RuleLookup:
    return RuleLookup(load_builtin_sources())


def clean_raw(raw: RawEntry, rules: RuleLookup | None = None, limits: Limits = DEFAULT_LIMITS) -> CleanResult:
    """Clean a raw entry as the entry builder does, by the built-in rules unless others are given."""
    return clean_entry(raw, (rules or builtin_rules()).match(raw), limits)


def clean_raw_as_text(raw: RawEntry, reason: str = "a test says so") -> CleanResult:
    return clean_as_text(raw, builtin_rules().match(raw), reason)


def clean_body(
    html: str, link: str = GENERIC_LINK, title: str = "样例题目", at: datetime = AT, folder: str = ""
) -> CleanResult:
    """Clean a body."""
    return clean_raw(RawEntry(title=title, link=link, dump_time=at, html=html, folder=folder))


def clean_html(html: str, link: str = GENERIC_LINK, **more: str) -> str:
    return clean_body(html, link, **more).entry.html


def parse_file(file: Path) -> RawEntry:
    return parse_dump(Dump(path=file.name, folder=file.parent.name, data=file.read_bytes(), first_seen=SEEN))


def real_dumps() -> Iterator[Path]:
    """Every real dump in the folder beside the checkout; skips the test when there is none."""
    folders = [SHARED / "samples", SHARED / "seeds"]
    if not folders[0].is_dir():
        pytest.skip(f"no folder of real dumps at {folders[0]}")
    for folder in folders:
        yield from sorted(
            path for path in folder.rglob("*") if path.suffix in (".md", ".txt") and path.name != "README.md"
        )
