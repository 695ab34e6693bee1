"""The clock, for those who are to be given one, and how its instants are written for programs."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """This instant, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def format_rfc3339(instant: datetime) -> str:
    """An instant as every document and every machine-readable answer writes it, in UTC: `2020-07-20T10:20:18Z`."""
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
