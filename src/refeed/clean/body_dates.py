"""A date as a body shows it -> an instant, or a day, or nothing. Pure: no clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

_DIGIT = re.compile(r"\d")
_LATE = timedelta(minutes=5)
_EARLY = timedelta(hours=48)

_ISO = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?)?"
    r" ?(Z|UTC|GMT|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
_EUROPEAN = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?:\s*[-–,]?\s*(\d{1,2})[:h](\d{2}))?")
_CHINESE = re.compile(
    r"(\d{4})\s*[年/.-]\s*(\d{1,2})\s*[月/.-]\s*(\d{1,2})\s*日?(?:\s*(?:星期|周|週)[一二三四五六日天])?(?:\s*(上午|下午|晚上)?\s*(\d{1,2})[:：时](\d{2})(?:[:：](\d{2}))?分?)?"
)
_RFC822 = re.compile(
    r"(?:[A-Z][a-z]{2},? +)?\d{1,2} +[A-Z][a-z]{2} +\d{4} +\d{1,2}:\d{2}(?::\d{2})? +(?:[A-Z]{1,5}|[+-]\d{4})"
)
_ENGLISH = re.compile(
    r"(?:([A-Z][a-z]{2,8})\.? (\d{1,2})|(\d{1,2}) ([A-Z][a-z]{2,8})\.?),? (\d{4})"
    r"(?:,? (?:at )?(\d{1,2}):(\d{2}) ?([APap]\.?[Mm]\.?)?)?"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LABEL = re.compile(
    r"^(?:(?:发布|發布|发表|更新|出版|首次发表|最后更新)?(?:时间|時間|日期|于|於|在)?|"
    r"Published(?: on)?|Posted(?: on)?|Updated|Date|Publié le|Veröffentlicht)\s*[:：]?\s*",
    re.IGNORECASE,
)
_LABEL_BEHIND = re.compile(r"(?:发布|發布|发表|更新|时间|時間|日期|于|於)+\s*[:：]?\s*$")
_AGO = re.compile(r"(\d{1,3})\s*(分钟|分鐘|小时|小時|天|minutes?|hours?|days?)\s*(?:以?前|ago)")
_BESIDE = tuple(
    re.compile(form, re.DOTALL)
    for date in (_RFC822, _CHINESE, _ISO, _ENGLISH, _EUROPEAN)
    for form in (
        rf"(?P<rest>.*?)[\s,，|｜·•/／-]*(?P<date>{date.pattern})",
        rf"(?P<date>{date.pattern})[\s,，|｜·•/／-]+(?P<rest>.*)",
    )
)
_UNITS = {
    "分": timedelta(minutes=1),
    "小": timedelta(hours=1),
    "天": timedelta(days=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}


@dataclass(frozen=True, slots=True)
class BodyDate:
    """A date found in a text; `at` is aware only when the text named its zone."""

    at: datetime
    day_only: bool = False


def parse_body_date(text: str) -> BodyDate | None:
    """The date that a text consists of, behind a label or alone; None when it says anything else, or more."""
    if len(text) > 60 or _DIGIT.search(text) is None:
        return None
    text = _LABEL.sub("", text.strip(), count=1).strip()
    for read in (_iso, _rfc822, _european, _chinese, _english):
        try:
            if result := read(text):
                return result
        except (ValueError, OverflowError):
            continue
    return None


def split_date(text: str) -> tuple[BodyDate | None, str]:
    """The date before or behind a byline, and the byline without it."""
    text = text.strip()
    if _DIGIT.search(text) is not None:
        for form in _BESIDE:
            if (match := form.fullmatch(text)) and (date := parse_body_date(match["date"])):
                return date, _LABEL_BEHIND.sub("", match["rest"]).strip()
    return None, text


def ago(text: str, at: datetime) -> datetime | None:
    """The instant that `15 分钟前` means in a text of the instant `at`; None when the text tells no age."""
    match = _AGO.search(text)
    return at - int(match[1]) * _UNITS[match[2][0]] if match else None


def resolve_published(date: BodyDate | None, at: datetime, zone: str, told: str = "") -> tuple[datetime, str]:
    """When an entry was published, in UTC, and where that comes from.

    The date in the text counts when it lies from 48 h before to 5 min after the dump's own instant `at`, else `at`.
    A day without a time is `at` when it is the same day (the latest it can have been), else that day's beginning.
    `told` is the age that the text gives, such as `15 分钟前`; `zone` that of dates which name none.
    """
    if date is None:
        return at, "header"
    if date.day_only:
        return _on_day(date.at, at, zone, told)
    instant = (date.at if date.at.tzinfo else date.at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    if at - _EARLY <= instant <= at + _LATE:
        return instant, f"date in the text{'' if date.at.tzinfo else ', ' + zone}"
    return at, f"header; the text's date {instant:%Y-%m-%dT%H:%M:%SZ} is too far from it"


def _on_day(day: datetime, at: datetime, zone: str, told: str) -> tuple[datetime, str]:
    local = ZoneInfo(zone)
    if day.date() == at.astimezone(local).date():
        if told and (instant := ago(told, at)):
            return instant, f"header, less the age that the text tells: {told}"
        return at, "header; the text tells the same day"
    instant = day.replace(tzinfo=local).astimezone(UTC)
    if at - _EARLY - timedelta(days=1) <= instant <= at + _LATE:
        return max(instant, at - _EARLY), f"day in the text, without a time, {zone}"
    return at, "header; the text's day is too far from it"


def _iso(text: str) -> BodyDate | None:
    match = _ISO.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second, zone = match.groups()
    moment = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))  # noqa: DTZ001  the zone comes next
    return BodyDate(moment.replace(tzinfo=_offset(zone)) if zone else moment, day_only=hour is None)


def _offset(zone: str) -> timezone:
    if zone[0] not in "+-":
        return UTC
    delta = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return timezone(-delta if zone[0] == "-" else delta)


def _rfc822(text: str) -> BodyDate | None:
    return BodyDate(parsedate_to_datetime(text)) if _RFC822.fullmatch(text) else None


def _european(text: str) -> BodyDate | None:
    match = _EUROPEAN.fullmatch(text)
    if not match:
        return None
    day, month, year, hour, minute = match.groups()
    return BodyDate(datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0)), day_only=hour is None)  # noqa: DTZ001


def _chinese(text: str) -> BodyDate | None:
    match = _CHINESE.fullmatch(text)
    if not match:
        return None
    year, month, day, half, hour, minute, second = match.groups()
    hours = int(hour or 0) + (12 if half in ("下午", "晚上") and int(hour or 0) < 12 else 0)
    moment = datetime(int(year), int(month), int(day), hours, int(minute or 0), int(second or 0))  # noqa: DTZ001
    return BodyDate(moment, day_only=hour is None)


def _english(text: str) -> BodyDate | None:
    match = _ENGLISH.fullmatch(text)
    if not match:
        return None
    month, day, day2, month2, year, hour, minute, half = match.groups()
    name = (month or month2)[:3].lower()
    if name not in _MONTHS:
        return None
    hours = int(hour or 0) % 12 + (12 if half[0] in "pP" else 0) if half else int(hour or 0)
    moment = datetime(int(year), _MONTHS.index(name) + 1, int(day or day2), hours, int(minute or 0))  # noqa: DTZ001
    return BodyDate(moment, day_only=hour is None)
