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
from .app import create_app
from .dispatch import Dispatch
from .front import Front


def application(settings: Settings) -> Dispatch:
    """The application, listening for the signal that its server is about to end, and ending with it."""
    server = multiprocessing.parent_process()
    if server is not None and server.pid is not None:
        end_with_parent(server.pid)
    start_logs(settings.log)
    front = create_app(settings).wsgi_app
    assert isinstance(front, Front)
    dispatch = Dispatch(front.at_once, front)

    def begin(_number: int, _frame: FrameType | None) -> None:
        dispatch.end()

    signal.signal(LAST_ANSWERS, begin)
    # What is here lives as long as the process. A collection that looks through it stops every answer: 60 ms and more.
    gc.collect()
    gc.freeze()
    return dispatch
