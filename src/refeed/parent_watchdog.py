"""Ends a child process when its parent has exited for any reason."""

from __future__ import annotations

import os
import select
import signal
import threading
import time

_INTERVAL = 1.0
"""Seconds between checks of the parent's process id, which changes when the parent exits."""


def end_with_parent(parent: int, pipe: int | None = None) -> None:
    """Send this process SIGTERM when its parent has exited, or at once when the other end of `pipe` closes.

    The pipe alone is not enough: another child of the parent may live longer and keep the other end open.
    """

    def wait() -> None:
        while os.getppid() == parent:
            if pipe is None:
                time.sleep(_INTERVAL)
            # Not through a file object: the interpreter aborts at exit while a thread is inside a buffered reader.
            elif select.select([pipe], [], [], _INTERVAL)[0] and not os.read(pipe, 4096):
                break
        while True:  # repeatedly: the first signal may arrive before this process has set its handler
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(_INTERVAL)

    threading.Thread(target=wait, name="parent", daemon=True).start()
