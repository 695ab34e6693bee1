"""The service's status, as anybody may know it; made at most every few seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from ..clock import now
from ..config import Settings
from ..status import status

_KEPT = 5.0
"""Seconds that a status is given out again: it costs some queries, and anybody may ask for it."""


class Health:
    """One for the whole application."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._made = float("-inf")
        self._facts: Mapping[str, Any] = {}

    def facts(self) -> Mapping[str, Any]:
        """What `/status.json` says."""
        with self._lock:
            if time.monotonic() - self._made > _KEPT:
                self._facts = status(self._settings, now(), public=True)
                self._made = time.monotonic()
            return self._facts
