"""Log records -> one line each on standard error, as text or JSON, with control characters escaped.

A call gives what its line is about as `extra`, as in `extra={"file": "bbc/1.md"}`: each value is a field of the JSON
line.
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
"""Lines kept for a reader that is slow; more are dropped."""
_FLUSH_SECONDS = 1.0
"""How long the end of the program waits for them."""
_STANDARD_ATTRIBUTES = logging.makeLogRecord({}).__dict__.keys() | {"message", "asctime", "taskName"}
"""Every record has them; all other attributes were given as `extra`."""


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
    """Writes in a thread of its own: a pipe that nothing reads stops the log, and never the program."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: queue.Queue[str] = queue.Queue(_QUEUE_SIZE)
        self.writer = threading.Thread(target=self._write, name="log", daemon=True)
        """Not alive in a fork of the process that made it."""
        self.writer.start()
        atexit.register(self.flush)

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(queue.Full):
            self._lines.put_nowait(self.format(record) + "\n")

    def flush(self) -> None:
        """Wait for the lines so far to be written, but not long."""
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
    # It warns whenever a job still runs at its next time: every two seconds, while enclosures are probed.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    logging.raiseExceptions = False


def _escape(text: str) -> str:
    """The text as one line. Python counts U+3000 as not printable; a log may show it."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\u3000" else c.encode("unicode_escape").decode() for c in text)
