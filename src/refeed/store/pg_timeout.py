"""psycopg's connection with a limit on every wait. Imported only when a PostgreSQL is opened."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.errors import _WaitTimeout


class TimeoutConnection(psycopg.Connection[Any]):
    """Closes itself and raises OperationalError when an answer takes longer than `response_timeout` seconds.

    The server's own statement timeout has no effect when the server itself hangs.
    """

    response_timeout: float | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Override psycopg's own (3.3): every exchange with the server passes through it."""
        try:
            return super().wait(gen, interval=interval, timeout=timeout or self.response_timeout)
        except _WaitTimeout as error:
            if timeout is not None:
                raise  # psycopg's own limit, which its caller handles
            self.pgconn.finish()
            raise psycopg.OperationalError(f"no answer within {self.response_timeout:.0f} s") from error
