"""What the tests of the cleaner share: the built-in rules, an entry from a body, the folder of real dumps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from refeed.clean import Sources, clean
from refeed.config.loading import built_in_sources
from refeed.model import Cleaned, Dump, RawEntry
from refeed.parse import parse

SEEN = datetime(2026, 1, 1, tzinfo=UTC)
AT = datetime(2020, 7, 20, 12, 0, tzinfo=UTC)
SHARED = Path(__file__).parents[2].parent / "shared"
ELSEWHERE = "https://news.example.org/2020/07/sample.html"


@cache
def sources() -> Sources:
    return Sources(built_in_sources())


def made(html: str, link: str = ELSEWHERE, title: str = "样例题目", at: datetime = AT, folder: str = "") -> Cleaned:
    """What becomes of a body."""
    return clean(RawEntry(title=title, link=link, at=at, html=html, folder=folder), sources())


def html_of(html: str, link: str = ELSEWHERE, **more: str) -> str:
    return made(html, link, **more).entry.html


def parsed(file: Path) -> RawEntry:
    return parse(Dump(path=file.name, folder=file.parent.name, data=file.read_bytes(), seen=SEEN))


def samples() -> Iterator[Path]:
    """Every real dump beside the checkout; skips the test where there are none."""
    folders = [SHARED / "samples", SHARED / "seeds"]
    if not folders[0].is_dir():
        pytest.skip(f"no folder of real dumps at {folders[0]}")
    for folder in folders:
        yield from sorted(
            path for path in folder.rglob("*") if path.suffix in (".md", ".txt") and path.name != "README.md"
        )
