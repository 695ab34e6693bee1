"""The application as one worker of `refeed serve` has it: once the end begins, every answer closes its connection."""

from __future__ import annotations

import gc
import multiprocessing
import signal
from types import FrameType

from ..config import Settings
from ..listening import LAST_ANSWERS
from ..logs import start_logs
from ..parent import end_with_parent
from .dispatch import PUSH, Dispatch
from .opening import open_front


def application(settings: Settings) -> Dispatch:
    """The application, listening for the signal that its server is about to end, and ending with it."""
    server = multiprocessing.parent_process()
    if server is not None and server.pid is not None:
        end_with_parent(server.pid)
    start_logs(settings.log)
    # What is here lives as long as the process. A collection that looks through it stops every answer: 60 ms and more.
    front = open_front(settings, settled=gc.freeze).front
    dispatch = Dispatch(front.at_once, front, uploads=PUSH if settings.push_token else "")

    def begin(_number: int, _frame: FrameType | None) -> None:
        dispatch.end()

    signal.signal(LAST_ANSWERS, begin)
    gc.collect()
    gc.freeze()
    return dispatch
