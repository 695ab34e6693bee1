"""Fixtures: the shipped topics, a matcher for them, and entries made by hand."""

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
def builder() -> EntryBuilder:
    """Parses, cleans and labels dumps as the shipped configuration says."""
    return EntryBuilder.from_settings(load_settings({}, ROOT / "config.yaml"))


@pytest.fixture(scope="session")
def rules(builder: EntryBuilder) -> tuple[TopicRule, ...]:
    """The shipped topics."""
    return builder.topics


@pytest.fixture(scope="session")
def matcher(builder: EntryBuilder) -> TopicMatcher:
    """A matcher for the shipped topics."""
    return builder.matcher


@pytest.fixture(scope="session")
def entry() -> MakeEntry:
    """Makes an entry from a title and a paragraph, with other fields if given."""

    def make(title: str = "", text: str = "", **fields: object) -> Entry:
        defaults: dict[str, object] = {
            "id": "urn:uuid:00000000-0000-5000-8000-000000000001",
            "source": "sample",
            "link": "https://example.org/a/1",
            "title": title,
            "published": DAY,
            "updated": DAY,
            "language": "zh-Hans",
            "html": SafeHtml(f"<p>{text}</p>"),
        }
        return Entry(**(defaults | fields))  # type: ignore[arg-type]

    return make
