"""Ends a child process when its parent is gone, however the parent ended."""

from __future__ import annotations

import os
import select
import signal
import threading
import time

_INTERVAL = 1.0
"""Seconds between checks of the parent's process id; an orphan gets another parent."""


def end_with_parent(parent: int, pipe: int | None = None) -> None:
    """Send this process SIGTERM when its parent is gone, or at once when the other end of `pipe` closes.

    The pipe alone is not enough: another child of the parent may outlive it and hold that end open.
    """

    def wait() -> None:
        while os.getppid() == parent:
            if pipe is None:
                time.sleep(_INTERVAL)
            # Not through a file object: a thread inside a buffered reader aborts the end of the interpreter.
            elif select.select([pipe], [], [], _INTERVAL)[0] and not os.read(pipe, 4096):
                break
        while True:  # repeatedly: the first signal may arrive before this process has set its handler
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(_INTERVAL)

    threading.Thread(target=wait, name="parent", daemon=True).start()
