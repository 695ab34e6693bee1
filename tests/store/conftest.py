"""An empty store in each database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from refeed.store.store import Store


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An empty store with its schema, in each database."""
    opened = Store(store_url)
    opened.migrate()
    yield opened
    opened.close()
