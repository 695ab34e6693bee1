"""Lines around a text -> its date of publication, in several languages. Reads no clock."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta, timezone
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

_DIGIT = re.compile(r"\d")
_MAX_AFTER = timedelta(minutes=5)
_MAX_BEFORE = timedelta(hours=48)
"""A date in the text is used only when it is at most this far after or before the dump's time."""

_ISO = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?)?"
    r" ?(Z|UTC|GMT|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
_EUROPEAN = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?:\s{0,3}[-–,]?\s{0,3}(\d{1,2})[:h](\d{2}))?")
_CHINESE = re.compile(
    r"(\d{4})\s{0,3}[年/.-]\s{0,3}(\d{1,2})\s{0,3}[月/.-]\s{0,3}(\d{1,2})\s{0,3}日?"
    r"(?:\s{0,3}(?:(?:星期|周|週)[一二三四五六日天]|[(（][一二三四五六日月火水木金土][)）]))?"
    r"(?:\s{0,3}(上午|下午|晚上)?\s{0,3}(\d{1,2})[:：时時] ?(\d{2})(?:[:：](\d{2}))?分?)?"
)
_RFC822 = re.compile(
    r"(?:[A-Z][a-z]{2},? +)?\d{1,2} +[A-Z][a-z]{2} +\d{4} +\d{1,2}:\d{2}(?::\d{2})? +(?:[A-Z]{1,5}|[+-]\d{4})"
)
_WORDED = re.compile(
    r"(?:(?P<month>[^\W\d_]{3,10})\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?|"
    r"(?P<day2>\d{1,2})(?:\.|º|er|st|nd|rd|th)? (?:de |d[’'])?(?P<month2>[^\W\d_]{3,10})\.?)"
    r",? (?:de |del )?(?P<year>\d{4})(?: ?г\.)?"
    r"(?:,? ?(?:[-–—|·] ?)?(?:at |um |à |a las |às |alle |в )?"
    r"(?P<hour>\d{1,2}) ?[:h.] ?(?P<minute>\d{2})(?::\d{2})?(?: ?(?:Uhr|h|hrs?))?(?: ?(?P<half>[ap]\.?m\.?))?)?",
    re.IGNORECASE,
)
_WEEKDAY = re.compile(r"^[^\W\d_]{2,13}\.?,? (?=[^\W\d_]{3,10}\.? \d|\d{1,2}[.º ])")
_MONTHS = {
    name: number
    for number, names in enumerate((
        "jan janv ene gen янв", "feb fév févr fev фев", "mar mär mrz mars mrt мар", "apr avr abr апр",
        "may mai mag maj mei май мая", "jun juin giu июн", "jul juil lug июл", "aug août ago авг", "sep sept set сен",
        "oct okt ott out окт", "nov ноя", "dec dez déc dic дек",
    ), start=1)
    for name in names.split()
}  # fmt: skip
"""Beginnings of the names of months in English, German, French, Spanish, Portuguese, Italian, Dutch and Russian."""
_LABEL = re.compile(
    r"^(?:(?:(?:first |originally |last )?(?:published|posted|updated|modified|revised|created|date))(?: on| at)?|"
    r"(?:mis à jour|modifié|publié)(?: le)?|veröffentlicht(?: am)?|aktualisiert(?: am)?|stand|erstellt(?: am)?|"
    r"(?:publicado|actualizado|atualizado|pubblicato|aggiornato)(?: el| em| il)?|gepubliceerd(?: op)?|"
    r"опубликовано|обновлено|дата(?: публикации)?|"
    r"(?:发布|發布|發佈|发表|發表|更新|出版|首次发表|最后更新|最後更新|修改|刊登|公開|投稿|配信)?"
    r"(?:时间|時間|日期|日時|日|于|於|在)?)"
    r"\s*[:：]?\s*",
    re.IGNORECASE,
)
_UPDATE_LABEL = re.compile(
    r"(?:last )?(?:updated|modified|revised|republished)|(?:最后|最後)?(?:更新|修改)|重新?(?:发布|發佈|刊登)|"
    r"aktualisiert|stand\b|mis à jour|modifié|actualizado|atualizado|aggiornato|обновлено",
    re.IGNORECASE,
)
_LABEL_AT_END = re.compile(r"(?:发布|發布|发表|更新|时间|時間|日期|于|於)+\s*[:：]?\s*$")
_RELATIVE_TIME = re.compile(r"(\d{1,3})\s*(分钟|分鐘|小时|小時|天|minutes?|hours?|days?)\s*(?:以?前|ago)")
_DATES = (_RFC822, _CHINESE, _ISO, _WORDED, _EUROPEAN)
_SEPARATORS = " \t\n\u3000,，|｜·•/／-"
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
    """A date in a text. `at` has a time zone only when the text names one."""

    at: datetime
    day_only: bool = False
    is_update: bool = False
    """True when a label says that it is the date of a later version."""


def parse_body_date(text: str) -> BodyDate | None:
    """Parse a text that consists of a date and perhaps a label; None for any other text.

    Exactly midnight is a day without a time: it is how software writes a date of which it knows no more.
    """
    if len(text) > 60 or _DIGIT.search(text) is None:
        return None
    is_update = _UPDATE_LABEL.match(text.strip()) is not None
    text = _LABEL.sub("", text.strip(), count=1).strip()
    for parse in (_parse_iso, _parse_rfc822, _parse_european, _parse_chinese, _parse_worded):
        try:
            if date := parse(text):
                if date.at.time() == time():
                    date = BodyDate(date.at.replace(tzinfo=None), day_only=True)
                return replace(date, is_update=is_update)
        except (ValueError, OverflowError):
            continue
    return None


def split_date(text: str) -> tuple[BodyDate | None, str]:
    """Return (date, rest): the date before or after a byline, and the byline without the date."""
    text = text.strip()
    if _DIGIT.search(text) is not None:
        for match in (match for pattern in _DATES for match in pattern.finditer(text)):
            before, after = text[: match.start()], text[match.end() :]
            is_beside = not after or (not before and after[0] in _SEPARATORS)
            if is_beside and (date := parse_body_date(match[0])):
                return date, _LABEL_AT_END.sub("", (before or after).strip(_SEPARATORS)).strip()
    return None, text


def resolve_published(
    date: BodyDate | None, dump_time: datetime, zone: str, relative_time: str = ""
) -> tuple[datetime, str]:
    """Return (published, origin): the aware time of publication, and a description of where it comes from.

    A date in the text is used when it is from 48 h before to 5 min after `dump_time`. For a day without a time, the
    result is `dump_time` when that is on the same day, else the start of the day. `zone` applies to dates without a
    time zone. `relative_time` is the age that the text gives, for example `15 分钟前`.
    """
    if date is None:
        return dump_time, "header"
    if date.day_only:
        return _resolve_day(date.at, dump_time, zone, relative_time)
    instant = (date.at if date.at.tzinfo else date.at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    if dump_time - _MAX_BEFORE <= instant <= dump_time + _MAX_AFTER:
        return instant, f"date in the text{'' if date.at.tzinfo else ', ' + zone}"
    return dump_time, f"header; the text's date {instant:%Y-%m-%dT%H:%M:%SZ} is too far from it"


def _resolve_day(day: datetime, dump_time: datetime, zone: str, relative_time: str) -> tuple[datetime, str]:
    local = ZoneInfo(zone)
    if day.date() == dump_time.astimezone(local).date():
        if match := _RELATIVE_TIME.search(relative_time):
            age = int(match[1]) * _UNITS[match[2][0]]
            return dump_time - age, f"header, less the age given in the text: {relative_time}"
        return dump_time, "header; the text gives the same day"
    instant = day.replace(tzinfo=local).astimezone(UTC)
    if dump_time - _MAX_BEFORE - timedelta(days=1) <= instant <= dump_time + _MAX_AFTER:
        return max(instant, dump_time - _MAX_BEFORE), f"day in the text, without a time, {zone}"
    return dump_time, "header; the text's day is too far from it"


def _parse_iso(text: str) -> BodyDate | None:
    match = _ISO.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second, zone = match.groups()
    moment = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))  # noqa: DTZ001  the zone comes next
    return BodyDate(moment.replace(tzinfo=_parse_offset(zone)) if zone else moment, day_only=hour is None)


def _parse_offset(zone: str) -> timezone:
    if zone[0] not in "+-":
        return UTC
    delta = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return timezone(-delta if zone[0] == "-" else delta)


def _parse_rfc822(text: str) -> BodyDate | None:
    return BodyDate(parsedate_to_datetime(text)) if _RFC822.fullmatch(text) else None


def _parse_european(text: str) -> BodyDate | None:
    match = _EUROPEAN.fullmatch(text)
    if not match:
        return None
    day, month, year, hour, minute = match.groups()
    return BodyDate(datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0)), day_only=hour is None)  # noqa: DTZ001


def _parse_chinese(text: str) -> BodyDate | None:
    match = _CHINESE.fullmatch(text)
    if not match:
        return None
    year, month, day, half, hour, minute, second = match.groups()
    hours = int(hour or 0) + (12 if half in ("下午", "晚上") and int(hour or 0) < 12 else 0)
    moment = datetime(int(year), int(month), int(day), hours, int(minute or 0), int(second or 0))  # noqa: DTZ001
    return BodyDate(moment, day_only=hour is None)


def _parse_worded(text: str) -> BodyDate | None:
    match = _WORDED.fullmatch(_WEEKDAY.sub("", text))
    if not match:
        return None
    name = (match["month"] or match["month2"]).lower()
    month = _MONTHS.get(name[:4]) or _MONTHS.get(name[:3])
    if month is None:
        return None
    hour, half = match["hour"], match["half"]
    hours = int(hour or 0) % 12 + (12 if half[0] in "pP" else 0) if half else int(hour or 0)
    moment = datetime(int(match["year"]), month, int(match["day"] or match["day2"]), hours, int(match["minute"] or 0))  # noqa: DTZ001
    return BodyDate(moment, day_only=hour is None)
