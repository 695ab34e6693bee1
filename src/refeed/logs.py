"""Log records -> one line each on standard error, as text or JSON, with control characters escaped.

A log call passes what the line is about as `extra`, for example `extra={"file": "bbc/1.md"}`. Each value becomes a
field of the JSON line.
"""

from __future__ import annotations

import atexit
import logging
import queue
import sys
import threading
import time
from contextlib import suppress

import msgspec

_QUEUE_SIZE = 10_000
"""Lines that are kept while the reader of standard error is slow. Further lines are dropped."""
_FLUSH_SECONDS = 1.0
"""How long the program waits at exit for these lines to be written."""
_STANDARD_ATTRIBUTES = logging.makeLogRecord({}).__dict__.keys() | {"message", "asctime", "taskName"}
"""Attributes that every record has. All others were passed as `extra`."""


class _TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return _escape(super().format(record))


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _escape(record.getMessage()),
        }
        fields |= {name: value for name, value in record.__dict__.items() if name not in _STANDARD_ATTRIBUTES}
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return msgspec.json.encode(fields, enc_hook=str).decode(errors="replace")


class _BackgroundHandler(logging.Handler):
    """Writes lines in a separate thread: a pipe that nothing reads blocks the log, but not the program."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: queue.Queue[str] = queue.Queue(_QUEUE_SIZE)
        self.writer = threading.Thread(target=self._write, name="log", daemon=True)
        """A fork of this process does not have the thread: it is not alive there."""
        self.writer.start()
        atexit.register(self.flush)

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(queue.Full):
            self._lines.put_nowait(self.format(record) + "\n")

    def flush(self) -> None:
        """Wait up to `_FLUSH_SECONDS` for the queued lines to be written."""
        deadline = time.monotonic() + _FLUSH_SECONDS
        while self._lines.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.005)

    def _write(self) -> None:
        while True:
            line = self._lines.get()
            with suppress(OSError, ValueError):  # the reader has closed its end
                sys.stderr.write(line)
                sys.stderr.flush()
            self._lines.task_done()


def configure_logging(style: str) -> None:
    """Log to standard error as `text` or `json`. A slow or closed reader never stops the program."""
    root = logging.getLogger()
    usable = (each for each in root.handlers if isinstance(each, _BackgroundHandler) and each.writer.is_alive())
    handler = next(usable, None) or _BackgroundHandler()
    text = _TextFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(_JsonFormatter() if style == "json" else text)
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    # APScheduler warns when a job still runs at its next time: every two seconds while enclosures are probed.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    logging.raiseExceptions = False


def _escape(text: str) -> str:
    """Escape line breaks and unprintable characters. U+3000 stays, although Python counts it as unprintable."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\u3000" else c.encode("unicode_escape").decode() for c in text)
