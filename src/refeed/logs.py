"""What happens -> one line each on standard error, as text or JSON, with control characters escaped."""

from __future__ import annotations

import atexit
import logging
import queue
import sys
import threading
import time
from contextlib import suppress

import msgspec

_WAITING = 10_000
"""Lines kept for a reader that is slow; what comes on top of them is dropped."""


_PATIENCE = 1.0
"""Seconds that the end of the program waits for them."""


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return _escaped(super().format(record))


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _escaped(record.getMessage()),
        }
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return msgspec.json.encode(fields).decode(errors="replace")


class _Patient(logging.Handler):
    """Writes in a thread of its own: a pipe that nobody reads stops the log, and never the program."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: queue.Queue[str] = queue.Queue(_WAITING)
        self._writer = threading.Thread(target=self._write, name="log", daemon=True)
        self._writer.start()
        atexit.register(self.flush)

    @property
    def writes(self) -> bool:
        """Not in a process that was forked from the one that it was made in: threads stay behind."""
        return self._writer.is_alive()

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(queue.Full):
            self._lines.put_nowait(self.format(record) + "\n")

    def flush(self) -> None:
        """Wait for what was logged to be written, but not long."""
        deadline = time.monotonic() + _PATIENCE
        while self._lines.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.005)

    def _write(self) -> None:
        while True:
            line = self._lines.get()
            with suppress(OSError, ValueError):  # the reader went away
                sys.stderr.write(line)
                sys.stderr.flush()
            self._lines.task_done()


def configure_logging(style: str) -> None:
    """Log to standard error as `text` or `json`. A reader that went away or fell asleep never stops the program."""
    known = (handler for handler in logging.getLogger().handlers if isinstance(handler, _Patient) and handler.writes)
    handler = next(known, None) or _Patient()
    handler.setFormatter(_Json() if style == "json" else _Text("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().handlers[:] = [handler]
    logging.getLogger().setLevel(logging.INFO)
    # Its warnings say that an errand still runs when its next turn comes: every two seconds, while files are measured.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    logging.raiseExceptions = False


def _escaped(text: str) -> str:
    """One line, whatever the text holds."""
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(c: str) -> str:
    # Python counts U+3000 and its like as not printable; a log may show them.
    return c if c.isprintable() or c == "\u3000" else c.encode("unicode_escape").decode()
