"""Fixtures: the topics that ship in config.yaml, a matcher of them, and entries made by hand or from files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from refeed.config.load import load_settings
from refeed.config.topic_rules import TopicRule
from refeed.ingest.entry_builder import EntryBuilder
from refeed.model import Entry, SafeHtml
from refeed.topics.matcher import TopicMatcher

ROOT = Path(__file__).parents[2]
DAY = datetime(2020, 7, 1, tzinfo=UTC)

MakeEntry = Callable[..., Entry]


@pytest.fixture(scope="session")
def maker() -> EntryBuilder:
    """The pipeline up to the labels, as config.yaml sets it up."""
    return EntryBuilder.from_settings(load_settings({}, ROOT / "config.yaml"))


@pytest.fixture(scope="session")
def rules(maker: EntryBuilder) -> tuple[TopicRule, ...]:
    """The topics that ship."""
    return maker.topics


@pytest.fixture(scope="session")
def matcher(maker: EntryBuilder) -> TopicMatcher:
    """A matcher of them."""
    return maker.matcher


@pytest.fixture(scope="session")
def entry() -> MakeEntry:
    """Makes an entry of a title and a paragraph, or of what else it is given."""

    def make(title: str = "", text: str = "", **fields: object) -> Entry:
        given: dict[str, object] = {
            "id": "urn:uuid:00000000-0000-5000-8000-000000000001",
            "source": "sample",
            "link": "https://example.org/a/1",
            "title": title,
            "published": DAY,
            "updated": DAY,
            "language": "zh-Hans",
            "html": SafeHtml(f"<p>{text}</p>"),
        }
        return Entry(**(given | fields))  # type: ignore[arg-type]

    return make
