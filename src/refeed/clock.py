"""The current time, and times as text for machines. Code that depends on the time gets a clock as an argument."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The current time in UTC, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def format_rfc3339(instant: datetime) -> str:
    """The time in UTC as documents and machine-readable answers write it: `2020-07-20T10:20:18Z`."""
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def month_of(instant: datetime) -> str:
    """The calendar month of a time in UTC: `2020-06`."""
    return instant.astimezone(UTC).isoformat()[:7]
