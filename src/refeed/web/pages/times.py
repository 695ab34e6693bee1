"""Instants -> `<time>` elements: as the source's own clock says, for `page.js` to add the reader's. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from markupsafe import Markup, escape

from ...clock import rfc3339


def moment(instant: datetime, zone: ZoneInfo, locale: Locale) -> Markup:
    """Day and time in the source's zone, which is named by its distance from UTC."""
    there = instant.astimezone(zone)
    text = f"{format_date(there, 'medium', locale=locale)} {format_time(there, 'HH:mm', locale=locale)} {offset(there)}"
    return Markup(f'<time datetime="{rfc3339(instant)}">{escape(text)}</time>')


def day(instant: datetime, zone: ZoneInfo, locale: Locale) -> Markup:
    """The day alone, for lists."""
    text = _day(instant.astimezone(zone).date(), locale)
    return Markup(f'<time datetime="{rfc3339(instant)}" class="day">{escape(text)}</time>')


def month_name(month: str, locale: Locale, *, year: bool) -> str:
    """`2020-06` in words: June 2020, or Jun alone where its year is named already."""
    first = date(int(month[:4]), int(month[5:7]), 1)
    return str(format_skeleton("yMMMM", first, locale=locale) if year else format_date(first, "LLL", locale=locale))


def offset(there: datetime) -> str:
    """UTC+8, UTC+5:30, UTC."""
    minutes = round((there.utcoffset() or timedelta()).total_seconds() / 60)
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '−'}{hours}" + (f":{rest:02d}" if rest else "")


@lru_cache(maxsize=1000)
def _day(there: date, locale: Locale) -> str:
    return format_date(there, "medium", locale=locale)


UTC = ZoneInfo("UTC")
