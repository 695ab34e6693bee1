"""The documents of feeds/ in memory, checked against their files at every look; only whole ones are given out."""

from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from .. import seal

_BUDGET = 64_000_000
"""Bytes of documents kept; the least recently asked for go first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A whole document."""

    data: bytes
    digest: str
    changed: datetime
    identity: tuple[int, int, int]


class Shelf:
    """Looks documents up by their path below feeds/."""

    def __init__(self, root: str | Path, budget: int = _BUDGET) -> None:
        self._root = os.fspath(root)
        self._budget = budget
        self._size = 0
        self._loaded: OrderedDict[str, Loaded] = OrderedDict()

    def find(self, name: str) -> Loaded | None:
        """The document as it is on disk now; None when there is none, or none that is whole."""
        path = f"{self._root}/{name}"
        try:
            found = os.stat(path)
        except OSError:
            return None
        identity = (found.st_ino, found.st_mtime_ns, found.st_size)
        loaded = self._loaded.get(name)
        if loaded is not None and loaded.identity == identity:
            return loaded
        return self._load(name, path)

    def _load(self, name: str, path: str) -> Loaded | None:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as file:
                found = os.fstat(file.fileno())
                data = file.read()
        except OSError:
            return None
        digest = seal.digest(data)
        if digest is None:
            return None
        loaded = Loaded(
            data=data,
            digest=digest,
            changed=datetime.fromtimestamp(int(found.st_mtime), UTC),
            identity=(found.st_ino, found.st_mtime_ns, found.st_size),
        )
        self._keep(name, loaded)
        return loaded

    def _keep(self, name: str, loaded: Loaded) -> None:
        old = self._loaded.pop(name, None)
        self._size += len(loaded.data) - (len(old.data) if old else 0)
        self._loaded[name] = loaded
        while self._size > self._budget and len(self._loaded) > 1:
            _, gone = self._loaded.popitem(last=False)
            self._size -= len(gone.data)
