"""The first process of a container -> an init that reaps orphans, and a child that does the work."""

from __future__ import annotations

import os
import signal

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def leave_init() -> None:
    """Go on in a child if this is process 1, which inherits every orphan and has to reap it. Elsewhere do nothing.

    Process 1 sends its signals on to the child and ends with its exit status. Call it before any thread starts.
    """
    if os.getpid() != 1:
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    if child := os.fork():
        for number in _SIGNALS:
            signal.signal(number, lambda number, _frame: os.kill(child, number))
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        while True:
            ended, status = os.wait()
            if ended == child:
                code = os.waitstatus_to_exitcode(status)
                os._exit(code if code >= 0 else 128 - code)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
