"""The application as one worker of `refeed serve` has it: once the end begins, every answer closes its connection."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterable
from types import FrameType
from typing import TYPE_CHECKING, Any

from flask import Flask

from ..config import Settings
from ..listening import LAST_ANSWERS
from ..logs import start_logs
from ..parent import end_with_parent
from .app import create_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def application(settings: Settings) -> Flask:
    """The application, listening for the signal that its server is about to end, and ending with it."""
    server = multiprocessing.parent_process()
    if server is not None and server.pid is not None:
        end_with_parent(server.pid)
    start_logs(settings.log)
    app = create_app(settings)
    answer = app.wsgi_app

    def last_answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *failure: Any) -> Any:
            # Not for an application to say, by PEP 3333; but granian closes without a word, and a client that keeps
            # its connection may be sending its next request just then.
            return start_response(status, [*headers, ("Connection", "close")], *failure)

        return answer(environ, start)

    def begin(_number: int, _frame: FrameType | None) -> None:
        app.wsgi_app = last_answer  # type: ignore[method-assign]

    signal.signal(LAST_ANSWERS, begin)
    return app
