"""Documents that are made on request: by key, each as long as its version is current, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import Generic, NamedTuple, TypeVar

from cachetools import LRUCache

from .document_cache import CachedDocument
from .rate_limit import ConcurrencyLimit

_MAX_BYTES = 16_000_000
_V = TypeVar("_V")
_Made = TypeVar("_Made", bound=CachedDocument | None)


class _Entry(NamedTuple, Generic[_V]):
    document: CachedDocument
    version: _V


class MadeDocuments(Generic[_V]):
    """Safe to use from several threads, of which few make documents at a time."""

    def __init__(self, limit: ConcurrencyLimit, *, overhead: int) -> None:
        """`overhead`: bytes of memory for each document besides its data."""
        self._limit = limit
        self._lock = Lock()
        # Twice the length: up to three compressed codings are kept too, together no longer than the document.
        self._entries: LRUCache[str, _Entry[_V]] = LRUCache(
            _MAX_BYTES, getsizeof=lambda entry: 2 * len(entry.document.data) + overhead
        )

    def find(self, key: str) -> CachedDocument | None:
        """The document that was made last, perhaps of an older version."""
        entry = self._find(key)
        return entry.document if entry else None

    def get(self, key: str, version: _V, make: Callable[[CachedDocument | None], _Made]) -> CachedDocument | _Made:
        """The document of this version. `make` gets the one before, and returns None if there is no such document.

        Raises BusyError, and what `make` raises.
        """
        entry = self._find(key)
        if entry is None or entry.version != version:
            with self._limit.slot():
                entry = self._find(key)  # a concurrent request may have made it
                if entry is None or entry.version != version:
                    document = make(entry.document if entry else None)
                    if document is None:
                        return document
                    entry = _Entry(document, version)
                    with self._lock, suppress(ValueError):  # larger than the whole cache
                        self._entries.pop(key, None)
                        self._entries[key] = entry
        return entry.document

    def _find(self, key: str) -> _Entry[_V] | None:
        with self._lock:
            return self._entries.get(key)
