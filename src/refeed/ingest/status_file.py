"""What the movers are doing and what troubles them -> the log, once each, and a file that `status` reads."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from ..clock import format_rfc3339, utc_now

_log = logging.getLogger("refeed.worker")

_OFTEN = 5.0
"""Seconds between two writings of the file."""
_REPEAT = 600.0
"""Seconds until a trouble whose wording keeps changing is said in the log again."""


class StatusFile:
    """Keeps `var/worker.json`: who is at work here, since when nothing was heard of it, and what is wrong."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._troubles: dict[str, str] = {}
        self._said: dict[str, float] = {}
        self._written = 0.0
        self._last: dict[str, Any] = {}

    @property
    def problems(self) -> Mapping[str, str]:
        """What is wrong now, by what it concerns."""
        return self._troubles

    def set_problem(self, what: str, text: str) -> None:
        """Something is wrong with `what`: said in the log when it begins, and shown until `well`."""
        moment = time.monotonic()
        known = what in self._troubles
        if not known or (self._troubles[what] != text and moment - self._said[what] > _REPEAT):
            self._said[what] = moment
            _log.warning("%s: %s", what, text)
        self._troubles[what] = text

    def clear_problem(self, what: str) -> None:
        """It is over."""
        if self._troubles.pop(what, None) is not None:
            _log.info("%s: well again", what)

    def write(self, **facts: Any) -> None:
        """Leave the facts for `status`, when they are others than before or some seconds old. Never raises."""
        facts |= {"problems": dict(self._troubles)}
        if facts == self._last and time.monotonic() - self._written < _OFTEN:
            return
        self._last, self._written = facts, time.monotonic()
        whole = {"at": format_rfc3339(utc_now()), "process": os.getpid(), "machine": socket.gethostname(), **facts}
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(msgspec.json.encode(whole))
            temporary.replace(self._path)
        except OSError:
            pass  # a full disk is said elsewhere, and an old file says by its age that nothing was heard


def read_status_file(path: Path) -> dict[str, Any] | None:
    """What the movers of this machine last said; None when they never did."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError):
        return None
    return found


STATUS_FILE_NAME = "worker.json"
"""Its name in the var folder."""
STATE_STOPPED = "stopped"
"""What the movers say last, when they were asked to end."""
