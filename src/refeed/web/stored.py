"""What the web asks of the store: archives to be rendered, entries for views. Opened when first needed, read only."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import cached_property

from ..archives import Budget
from ..catalogue import make_catalogue
from ..config import Settings
from ..documents import Documents
from ..model import Format
from ..publish import Folder
from ..publisher import Publisher
from ..rules import View
from ..store import Store


class Stored:
    """The store behind the documents. While it is away, documents that are on the disk are served all the same."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def archive(self, feed: str, name: str) -> bool:
        """Render one archive into feeds/; False when there is none. Raises StoreError, PublishError."""
        return self._publisher.archive(feed, name)

    def remembers(self, feed: str) -> bool:
        """Whether a feed once had entries, whatever the configuration says now. Raises StoreError."""
        return any(state.path == feed for state in self.store.feeds())

    def view(self, feed: str, format: Format, view: View, query: str, moment: datetime) -> bytes:
        """The document of a view by query. Raises StoreError."""
        catalogue = make_catalogue(self._settings, self.store.sources())
        budget = Budget(self._settings.feeds.entries, self._settings.feeds.bytes)
        documents = Documents(self.store, catalogue, budget)
        shown = documents.view(feed, view, moment, replace(catalogue.feeds[feed], query=query))
        return documents.render(shown, format)

    def freshness(self) -> dict[str, tuple[int, datetime]]:
        """Per public source: how many entries, and when the newest was published. Raises StoreError."""
        listed = make_catalogue(self._settings, self.store.sources()).listed
        return {source: found for source, found in self.store.freshness().items() if f"source/{source}" in listed}

    @cached_property
    def store(self) -> Store:
        """The store. Raises nothing until it is asked something."""
        return Store(self._settings.database_url, read_only=True)

    @cached_property
    def _publisher(self) -> Publisher:
        return Publisher(self._settings, self.store, Folder(self._settings.feeds_folder))
