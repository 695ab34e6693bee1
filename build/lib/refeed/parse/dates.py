"""A date as a dump may have it -> an instant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A date as it stands in a dump, and what it means."""

    text: str
    at: datetime | None
    """None when it means nothing."""


_NUMBER = re.compile(r"([0-9]{1,17})(?:\.[0-9]*)?")
# Older than the web: a zero, a counter, a date that somebody's software made up.
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
# Microseconds, milliseconds, seconds: an epoch is in the finest of them that does not put it before the web.
_UNITS = (1_000_000, 1000, 1)
_LONGEST = 64


def instant(text: str) -> datetime | None:
    """The instant in whole seconds, UTC; None when the text is no date or one that makes no sense.

    Takes an epoch in seconds, milliseconds or microseconds, ISO 8601 and RFC 2822; without a zone it is UTC.
    """
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    number = _NUMBER.fullmatch(text)
    try:
        at = _epoch(int(number[1])) if number else _utc(_written(text))
    except (ValueError, TypeError, IndexError, OverflowError):  # of email.utils and datetime, for what is no date
        return None
    return at if at >= _EARLIEST else None


def _epoch(number: int) -> datetime:
    seconds = next((number // unit for unit in _UNITS if number // unit >= _EARLIEST.timestamp()), 0)
    return datetime.fromtimestamp(seconds, UTC)


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC).replace(microsecond=0)


def _written(text: str) -> datetime:
    try:
        return datetime.fromisoformat(_with_colon(text))
    except ValueError:
        return parsedate_to_datetime(text)


def _with_colon(text: str) -> str:
    """`2020-07-20 10:20:18 +0800`, as Jekyll writes it, in the spelling of ISO 8601."""
    return re.sub(r"(?<=\d) (?=[+-]\d\d:?\d\d$)", "", text)
