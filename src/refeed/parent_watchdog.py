"""Children that end when their parent is gone, however it went: killed, it can tell nobody."""

from __future__ import annotations

import os
import select
import signal
import threading
import time

_LOOK = 1.0
"""Seconds between looks at who the parent is; a child that is left gets another."""


def end_with_parent(parent: int, pipe: int | None = None) -> None:
    """Send this process SIGTERM when its parent is gone, or at once when the other end of `pipe` closes.

    The pipe alone says too little: another child of the parent may outlive it and hold that end.
    """

    def wait() -> None:
        while os.getppid() == parent:
            if pipe is None:
                time.sleep(_LOOK)
            # Not through a file object: a thread inside a buffered reader aborts the interpreter's own end.
            elif select.select([pipe], [], [], _LOOK)[0] and not os.read(pipe, 4096):
                break
        while True:  # until it is heard: the first may come before this process has said what it does then
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(_LOOK)

    threading.Thread(target=wait, name="parent", daemon=True).start()
