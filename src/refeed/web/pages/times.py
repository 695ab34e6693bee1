"""Instants -> `<time>` elements: as the source's own clock says, for `page.js` to add the reader's. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from markupsafe import Markup

_TIME = Markup('<time datetime="{}">{}</time>')
_DAY = Markup('<time datetime="{}" class="day">{}</time>')


def moment(instant: datetime, zone: ZoneInfo, locale: Locale) -> Markup:
    """Day and time in the source's zone, which is named by its distance from UTC."""
    there = instant.astimezone(zone)
    text = f"{format_date(there, 'medium', locale=locale)} {format_time(there, 'short', locale=locale)} {offset(there)}"
    return _TIME.format(_machine(instant), text)


def day(instant: datetime, zone: ZoneInfo, locale: Locale) -> Markup:
    """The day alone, for lists."""
    return _DAY.format(_machine(instant), format_date(instant.astimezone(zone), "medium", locale=locale))


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


def _machine(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


UTC = ZoneInfo("UTC")
