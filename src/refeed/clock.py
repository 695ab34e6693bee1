"""The clock, for those who are to be given one."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """This instant, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)
