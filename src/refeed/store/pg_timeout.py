"""psycopg's connection, but that it gives up in time. Imported when a PostgreSQL is opened: psycopg takes 6 MB."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.errors import _WaitTimeout


class TimeoutConnection(psycopg.Connection[Any]):
    """Waits for an answer as long as its statement timeout allows, and a little longer: then the server is away.

    The server's own timeout does nothing where the server itself hangs.
    """

    response_timeout: float | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Overrides psycopg's (3.3): every exchange with the server goes through here."""
        try:
            return super().wait(gen, interval=interval, timeout=timeout or self.response_timeout)
        except _WaitTimeout as error:
            if timeout is not None:
                raise  # psycopg's own limit, which it knows how to take
            self.pgconn.finish()
            raise psycopg.OperationalError(f"no answer within {self.response_timeout:.0f} s") from error
