"""Log records -> one line each on standard error, as text or JSON, with control characters escaped.

A log call passes what the line is about as `extra`, for example `extra={"file": "bbc/1.md"}`. Each value becomes a
field of the JSON line.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import time
from contextlib import suppress
from logging.handlers import QueueHandler, QueueListener
from queue import Queue
from typing import Any

from pythonjsonlogger.msgspec import MsgspecFormatter

from .terminal import encode_json, escape_unprintable

_QUEUE_SIZE = 10_000
"""Lines that are kept while the reader of standard error is slow. Further lines are dropped."""
_FLUSH_SECONDS = 1.0
"""How long the program waits at exit for these lines to be written."""
_FIELDS = {"asctime": "time", "levelname": "level", "name": "logger", "exc_info": "traceback"}
"""Attributes of a record, and the names that they have in a JSON line."""


class _TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return escape_unprintable(super().format(record))


class _JsonFormatter(MsgspecFormatter):
    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        return log_data | {"level": log_data["level"].lower(), "message": escape_unprintable(log_data["message"])}

    def jsonify_log_record(self, log_data: dict[str, Any]) -> str:
        return encode_json(log_data)


class _BackgroundHandler(QueueHandler):
    """Writes lines in a separate thread: a pipe that nothing reads blocks the log, but not the program."""

    def __init__(self) -> None:
        self._lines: Queue[logging.LogRecord] = Queue(_QUEUE_SIZE)
        super().__init__(self._lines)
        self.pid = os.getpid()
        """A fork of this process does not have the thread."""
        _LineWriter(self._lines).start()
        atexit.register(self.flush)

    def flush(self) -> None:
        """Wait up to `_FLUSH_SECONDS` for the queued lines to be written."""
        deadline = time.monotonic() + _FLUSH_SECONDS
        while self._lines.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.005)


class _LineWriter(QueueListener):
    """Writes the formatted lines. A `StreamHandler` has a lock, for which `logging.shutdown` waits without a limit."""

    def handle(self, record: logging.LogRecord) -> None:
        with suppress(OSError, ValueError):  # the reader has closed its end
            sys.stderr.write(f"{record.msg}\n")
            sys.stderr.flush()


def configure_logging(style: str) -> None:
    """Log to standard error as `text` or `json`. A slow or closed reader never stops the program."""
    logging.raiseExceptions = False
    root = logging.getLogger()
    ours = (each for each in root.handlers if isinstance(each, _BackgroundHandler) and each.pid == os.getpid())
    handler = next(ours, None) or _BackgroundHandler()
    json = _JsonFormatter(
        ["asctime", "levelname", "name", "message"], "%Y-%m-%dT%H:%M:%S%z", rename_fields=_FIELDS, json_default=str
    )
    text = _TextFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(json if style == "json" else text)
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    # APScheduler warns when a job still runs at its next time: every two seconds while enclosures are probed.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
