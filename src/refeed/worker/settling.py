"""Files that somebody writes to -> those of them that have come to rest, in bounded memory."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ..dumps.scanner import FoundFile, inspect_file, is_stable
from ..errors import FileVanishedError, IgnoredError, QuarantineError

_MOST = 2_000
"""Files followed one by one; those beyond are left to the next scan."""


class UnsettledFiles:
    """Follows files until size and time stand still."""

    def __init__(self, settle: float, suffixes: Sequence[str]) -> None:
        self._settle = settle
        self._suffixes = tuple(suffixes)
        self._files: dict[str, tuple[FoundFile, float]] = {}
        self._more = 0.0

    def add(self, found: FoundFile) -> None:
        """Follow a file."""
        if found.path in self._files:
            return
        if len(self._files) < _MOST:
            self._files[found.path] = (found, time.monotonic())
        else:
            self._more = time.monotonic() + self._settle

    def discard(self, path: str) -> None:
        """Follow a file no longer."""
        self._files.pop(path, None)

    def pop_settled(self) -> list[FoundFile]:
        """The files that have come to rest since the last call."""
        moment = time.monotonic()
        found = []
        for path, (earlier, since) in list(self._files.items()):
            if moment - since < self._settle:
                continue
            del self._files[path]
            try:
                now = inspect_file(path, earlier.root, self._suffixes)
            except (IgnoredError, FileVanishedError, QuarantineError):
                continue
            apart = moment - since
            if is_stable(now, now=time.time(), settle=self._settle, previous=earlier, elapsed=apart):
                found.append(now)
            else:
                self._files[path] = (now, moment)
        return found

    def pop_scan_due(self) -> bool:
        """Whether files that were too many to follow should be at rest by now."""
        due = 0.0 < self._more <= time.monotonic()
        if due:
            self._more = 0.0
        return due

    def __len__(self) -> int:
        return len(self._files)
