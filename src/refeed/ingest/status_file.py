"""The worker's state and problems -> a file that `refeed status` reads. Each problem is also logged, once."""

from __future__ import annotations

import logging
import os
import socket
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Required, TypedDict

import msgspec

from ..clock import format_rfc3339, utc_now

STATUS_FILE_NAME = "worker.json"
"""Name of the status file in the var folder."""
LEADER_KEY = "leader"
"""Key in a store that several machines share of the leader's status."""
STATE_STARTING = "starting"
"""The first state of a worker, before it has opened the store."""
STATE_STOPPED = "stopped"
"""The last state of a worker that ended because it was asked to."""
_INTERVAL = 5.0
"""Seconds between two writes of the same content."""
_REPEAT = 600.0
"""Seconds until a problem whose text keeps changing is logged again."""

_log = logging.getLogger("refeed.worker")


class ProbeStatus(TypedDict):
    """Enclosures counted by the state of their probe (see `worker.probe_job`), and the last error."""

    known: int
    waiting: int
    given_up: int
    error: str | None


class ImportProgress(TypedDict):
    """How far the first import of a new store is. While the folders are still being listed, `total` is 0."""

    done: int
    total: int
    """Files that the scans have found."""
    rate: float
    """Files a second since this worker began; 0 while that is unknown."""


class LoopStatus(TypedDict, total=False):
    """What the loop of a worker reports about itself. A standby has only `state` and `holder`."""

    state: Required[str]
    folders: list[str]
    polled: dict[str, str]
    """Folders that are polled because their events are unreliable: folder -> reason."""
    waiting: int
    """Files to be ingested."""
    to_come: int
    """Dumps of the first scan that are still to be ingested. Only until it is finished."""
    importing: ImportProgress
    """Only until the first scan is finished."""
    unindexed: int
    """Entries that the search index does not know yet. Only while there are some."""
    unjoined: int
    """Entries that are not joined to their stories yet. Only while there are some."""
    growing: int
    """Files that are being written."""
    scanned: str
    """When the last scan ended."""
    enrichment: ProbeStatus
    """Only if the setting `fetch.enrich` is on."""
    holder: str
    """The process that leads."""
    ingested: str
    """When dumps were last recorded."""
    published: str
    """When feeds/ was last brought up to date."""


class WorkerStatus(LoopStatus, total=False):
    """The content of the status file."""

    at: Required[str | None]
    process: int
    machine: str
    problems: Required[dict[str, str]]


class StatusFile:
    """Keeps `var/worker.json`: the worker's process and state, when it was last alive, and its problems."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.problems: dict[str, str] = {}
        """The present problems: subject -> text."""
        self._logged: dict[str, float] = {}
        self._last_written = 0.0
        self._last: tuple[LoopStatus, dict[str, str]] | None = None

    def set_problem(self, subject: str, text: str) -> None:
        """Log a problem when it begins, and show it until `clear_problem`."""
        now = time.monotonic()
        known = self.problems.get(subject)
        if known is None or (known != text and now - self._logged[subject] > _REPEAT):
            self._logged[subject] = now
            _log.warning("%s: %s", subject, text, extra={"subject": subject})
        self.problems[subject] = text

    def clear_problem(self, subject: str) -> None:
        """Remove a problem, and log that it is resolved. Does nothing if there was none."""
        if self.problems.pop(subject, None) is not None:
            _log.info("%s: resolved", subject, extra={"subject": subject})

    def touch(self) -> None:
        """Give the file the present time, which is that of the worker's last sign of life. Raises OSError."""
        os.utime(self._path)

    def write(self, status: LoopStatus) -> WorkerStatus | None:
        """Write the file if its content has changed or is some seconds old; returns what it writes. Ignores OSError."""
        current = status, dict(self.problems)
        if current == self._last and time.monotonic() - self._last_written < _INTERVAL:
            return None
        self._last, self._last_written = current, time.monotonic()
        content: WorkerStatus = {
            "at": format_rfc3339(utc_now()),
            "process": os.getpid(),
            "machine": socket.gethostname(),
            **status,
            "problems": current[1],
        }
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        with suppress(OSError):  # a full disk is reported elsewhere, and an old file shows its age
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(msgspec.json.encode(content))
            temporary.replace(self._path)
        return content


def seconds_left(progress: ImportProgress) -> int | None:
    """The time that the rest of an import needs at its present rate; None if that is unknown."""
    return round((progress["total"] - progress["done"]) / progress["rate"]) if progress["rate"] else None


def format_progress(progress: ImportProgress) -> str:
    """The progress in words, for a terminal."""
    if not progress["total"]:
        return "looking for dumps"
    left = seconds_left(progress)
    rest = "" if left is None else f", {progress['rate']:,.0f} a second, {timedelta(seconds=left)} left"
    return f"{progress['done']:,} of {progress['total']:,} dumps{rest}"


def read_status_file(path: Path) -> WorkerStatus | None:
    """What the worker of this machine wrote last, with the time of its last sign; None if there is no valid file."""
    try:
        status = msgspec.json.decode(path.read_bytes(), type=WorkerStatus)
        signed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (OSError, msgspec.DecodeError):
        return None
    if status["at"] is not None:
        status["at"] = max(status["at"], format_rfc3339(signed))
    return status
