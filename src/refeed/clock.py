"""The clock, for code that is given one as an argument, and how programs write its instants."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """This instant, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def format_rfc3339(instant: datetime) -> str:
    """An instant in UTC, as every document and every machine-readable answer writes it: `2020-07-20T10:20:18Z`."""
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def month_of(instant: datetime) -> str:
    """The calendar month of an instant in UTC: `2020-06`."""
    return instant.astimezone(UTC).isoformat()[:7]
