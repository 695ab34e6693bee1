"""The turns of a process beside which another one ingests: its own documents follow the store's versions."""

from __future__ import annotations

from typing import Any

from ..pipeline import Program
from ..report import Report
from .hints import Hints
from .publishing import Publishing

_TICK = 0.5
"""Seconds between looks at the store's revision, and at the lock: whoever ingests may die."""


class Following:
    """Keeps feeds/ up to date with the store."""

    def __init__(self, program: Program, hints: Hints, report: Report, holder: str) -> None:
        self._program = program
        self._hints = hints
        self._holder = holder
        self._publishing = Publishing(program.publisher, report)
        self._revision: str | None = None

    def facts(self) -> dict[str, Any]:
        """What `status` shows of it."""
        return {"state": "standing by", "holder": self._holder}

    def turn(self) -> None:
        """One round. Raises StoreError."""
        self._hints.hear(_TICK)
        revision = self._program.store.state("revision")
        if revision != self._revision:
            self._publishing.owe()
        self._revision = revision
        self._publishing.turn(busy=False)
