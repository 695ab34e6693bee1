"""The application as one worker of `refeed serve` has it: once the end begins, every answer closes its connection."""

from __future__ import annotations

import gc
import multiprocessing
import signal
from types import FrameType
from typing import TYPE_CHECKING

from ..config import Settings
from ..listening import LAST_ANSWERS
from ..logs import start_logs
from ..parent import end_with_parent
from .dispatch import PUSH, Dispatch
from .opening import Opened, open_front

if TYPE_CHECKING:
    from flask import Flask

    from .viewing import Viewing


def application(settings: Settings) -> Dispatch:
    """The application, listening for the signal that its server is about to end, and ending with it."""
    server = multiprocessing.parent_process()
    if server is not None and server.pid is not None:
        end_with_parent(server.pid)
    start_logs(settings.log)
    front = open_front(settings, _assemble).front
    dispatch = Dispatch(front.at_once, front, uploads=PUSH if settings.push_token else "")

    def begin(_number: int, _frame: FrameType | None) -> None:
        dispatch.end()

    signal.signal(LAST_ANSWERS, begin)
    gc.collect()
    gc.freeze()  # it lives as long as the process, and a collection that looks through it stops every answer: 60 ms
    return dispatch


def _assemble(opened: Opened) -> tuple[Flask, Viewing]:
    from .app import assemble  # and with it Flask

    made = assemble(opened)
    gc.freeze()
    return made
