"""A date as people and programs write it -> its time. Reads every order, language and zone that is not ambiguous.

Libraries were compared on the texts of tests/test_written_dates.py, 99 dates and 64 others: dateutil (4.0) reads 35
right and 10 wrong (`GMT+0800` is sixteen hours off), and 20 of the 64; dateparser (1.5) 63 right and 6 wrong
(`20260227T08Z` is in November), 25 of the 64, and takes .1 s for each.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import cache
from itertools import product
from zoneinfo import ZoneInfo

OLDEST_USUAL = datetime(1990, 1, 1, tzinfo=UTC)
"""An older date is usually not one of publication: it is zero, a counter, or a default of some software."""
_ZERO = datetime(1970, 1, 1)  # noqa: DTZ001  in any zone
_MAX_LENGTH = 100
_LANGUAGES = (
    "en en_GB de fr es it pt nl ru uk pl tr sv zh zh_Hant ja cs da el fi hu id ko nb ro ar he vi sk bg lt lv et sl ca"
)
_NOISE = (
    "at um uhr h à le de del da den der the of am on st nd rd th er в г о om kl klo las às ore alle uur godz r saat "
    "pukul"
)
"""Words around the parts of a date that do not change it."""
_ENGLISH_MONTHS, _ROMAN_MONTHS = (
    {name: number for number, name in enumerate(names.split(), 1)}
    for names in ("jan feb mar apr may jun jul aug sep oct nov dec", "i ii iii iv v vi vii viii ix x xi xii")
)
_WEEKDAYS = {
    name: number
    for number, names in enumerate(("mon", "tue tues", "wed weds", "thu thur thurs", "fri", "sat", "sun"))
    for name in names.split()
}
_PM = frozenset(["下午", "晚上", "午後", "午后", "傍晚", "오후"])
_AM = frozenset(["上午", "凌晨", "早上", "午前", "清晨", "오전"])
_ZONES = {
    name: float(hours)
    for hours, names in re.findall(
        r"(\S+): ([a-z ]+)",
        "0: z zulu ut utc gmt wet, 1: bst west cet met mez wat, 2: cest mest mesz eet cat sast, 3: eest msk eat trt, "
        "4: gst, 5: pkt, 5.5: ist, 7: ict wib, 8: hkt sgt pht myt wita awst, 9: jst kst hkst wit, 9.5: acst, 10: aest, "
        "10.5: acdt, 11: aedt, 12: nzst, 13: nzdt, -2.5: ndt, -3: brt art adt clst, -3.5: nst, -4: edt ast clt, "
        "-5: est cdt, -6: cst mdt, -7: mst pdt, -8: pst akdt, -9: akst, -10: hst",
    )
    for name in names.split()
}
"""Hours east of UTC."""
_SEASONAL_ZONES = {
    "et": "America/New_York",
    "ct": "America/Chicago",
    "mt": "America/Denver",
    "pt": "America/Los_Angeles",
}
"""Names of zones in winter and summer alike."""
_ENGLISH_WORDS = dict.fromkeys([*_ENGLISH_MONTHS, *_ZONES]) | _WEEKDAYS
_AMBIGUOUS_ZONES = ("cst", "ist")
"""Names of several zones. A caller that knows the zone of the writer knows better (CST is China's time, too)."""

_COMMENT = re.compile(
    r"\(((?:UTC|GMT)\s?[+-][\d:]{1,6})\)|\([^()]*\)|\[(?:u-ca=\w+|(?:UTC|GMT|Z)(?:[+-][\d:]{1,6})?)\]"
)
"""The first group is an offset, as MarkDownload writes it. It counts where no other stands before it."""
_MONOTONIC_CLOCK = re.compile(r"\sm=[+-]\d{1,12}\.\d{1,12}$")
"""What Go writes behind a time."""
_OFFSET_BEFORE = re.compile(r":\d\d\s?(?:[A-Za-z]{1,5}\s?)?[+-]\d")
_ZONE_ID = re.compile(r"(?:\s{1,4}|\s{0,4}\[)([A-Z][A-Za-z]{1,20}(?:/[A-Z][\w+-]{2,30}){1,2})\]?$")
"""A name of the time zone database at the end, in brackets where an offset stands before it (RFC 9557)."""
_ERAS = {"民國": 1911, "民国": 1911, "令和": 2018, "平成": 1988, "昭和": 1925}
_ERA_YEAR = re.compile(rf"(?:中[華华])?({'|'.join(_ERAS)})\s?(\d{{1,3}}|元)\s?(?=年)")
_CJK_NUMBER = re.compile(r"[〇零○一二三四五六七八九十百廿卅]{1,8}\s?(?=[年月日号號時时点點分秒])")
_CJK_DIGITS = dict(zip("〇零○一二三四五六七八九十百廿卅", [0, 0, *range(10), 10, 100, 20, 30], strict=False))
_ORDINAL = re.compile(r"^((?:19|20)\d\d)-?(\d{3})(?![\d-])")
_WEEK = re.compile(r"^(\d{4})-?w(\d{2})-?([1-7])?(?!\d)")
_COMPACT = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?")
_DAY_BEFORE_MONTH = re.compile(r"(?<!\d)(\d{1,2})\s{1,2}(\d{1,2})[月월]\s{1,2}(\d{4})")
_LOOSE_T = re.compile(r"(?<=\d)(?:\s{1,3}t\s{0,3}|t\s{1,3})(?=\d\d:)")
_COLONS = (re.compile(r"^(\d{4}):(\d\d):(\d\d)(?=\s)"), re.compile(r"(?<=\d{4}):(?=\d\d:\d\d:\d\d)"))
"""Those in the date of a photograph, and between the day and the time of a server's log."""
_POINTS = re.compile(
    r"(?<![\d.,/-])([01]?\d|2[0-3])\.([0-5]\d)(?:\.([0-5]\d)(?:\.\d{3,9})?)?(?=\s{0,4}(?:[ap]\.?\s?m\b|[a-z+-]|$))"
)
"""Hours, minutes and seconds with points between them."""
_FULL_HOUR = re.compile(
    r"(?<![\d:.,])(\d{1,2})(?:\s?[時时点點시](?:(半)|整)?(?!\s?\d)|\s?(?:h|uhr)\b(?!\s?\d)|(?=\s?[ap]\.?\s?m\b))"
)
"""An hour without minutes. The second group is half of the hour."""
_CJK_UNITS = (re.compile(r"(?<=\d)\s?[年月년월]\s{0,2}"), re.compile(r"(?<=\d)\s?[日号號일]"))
_TIME = re.compile(
    r"(?:(?<=\d)t|(?<![\d:]))\s{0,4}(\d{1,2})\s?[:h時时点點시]\s?(\d{1,2})(?!\d)"
    r"(?:\s?[:分분]\s?(\d{1,2})(?!\d)(?:[.,]\d{1,9})?)?\s?[分秒분초]?"
    r"(?:\s{0,4}([ap])\.?\s?m\b\.?)?"
    rf"(?:\s{{0,4}}(?:{'|'.join(_ZONES)})?\s?"
    r"(?:-?([+-])\s?|(?<=\d\s)(?=(?:0\d|1[0-4]):?(?:00|30|45)$|00$))(\d{1,2}):?(\d{2})?(?![\d:/.-]))?"
)
"""An offset without a sign has lost its plus, which is a blank in a URL."""
_OFFSET_AT_END = re.compile(r"(?:\s(?=[+-])|(?<=\d)(?=z$|[+-]\d\d:))(?:z|([+-])(\d\d):?(\d\d))$")
_PART_OF_HOUR = re.compile(r"[\st]\d\d[.,]\d")
"""In ISO 8601 a fraction, and elsewhere minutes."""
_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_WORD = re.compile(r"([^\W\d_]+)\.?")
_BETWEEN = r"[\s,./-]{1,3}"
_YEAR_FIRST = re.compile(rf"(\d{{4}}){_BETWEEN}m?(\d{{1,2}}){_BETWEEN}(\d{{1,2}})|(\d{{4}})(\d{{2}})(\d{{2}})")
_DAY_FIRST = re.compile(rf"(\d{{1,2}}){_BETWEEN}m(\d{{1,2}}){_BETWEEN}(\d{{4}}|\d{{2}})")
_MONTH_FIRST = re.compile(rf"m(\d{{1,2}}){_BETWEEN}(\d{{1,2}}){_BETWEEN}(\d{{4}})")
_FIGURES = re.compile(r"(\d{1,2})([./ -])\s?(\d{1,2})\2\s?(\d{4}|\d{2})")

_EPOCH = re.compile(r"([0-9]{1,17})(?:\.[0-9]*)?")
# Microseconds, milliseconds, seconds. The unit of an epoch is the smallest that gives a date of OLDEST_USUAL or later.
_EPOCH_UNITS = (1_000_000, 1000, 1)


@dataclass(frozen=True, slots=True)
class ParsedDate:
    """A date in a text."""

    at: datetime
    """It has a time zone only when the text names one, or the caller did."""
    day_only: bool = False


def parse_date(text: str, zone: tzinfo | None = None) -> ParsedDate | None:
    """Parse a text that is a date and nothing else; None for any other text. `zone` applies where the text names none.

    12.11.2020 is in November; 12/11/2020 could be read in two ways and is not read at all, unless its weekday decides.
    """
    if len(text) > _MAX_LENGTH or not any(char.isnumeric() for char in text):
        return None
    text = unicodedata.normalize("NFKC", text).strip().replace("\u2212", "-")
    if "(" in text or "[" in text:
        whole = text
        text = _COMMENT.sub(
            lambda match: "" if _OFFSET_BEFORE.search(whole, 0, match.start()) else f" {match[1] or ''}", whole
        ).strip()
    if "m=" in text:
        text = _MONOTONIC_CLOCK.sub("", text)
    digits = text if text.isascii() else "".join(str(unicodedata.decimal(char, char)) for char in text)
    try:
        if match := _ZONE_ID.search(digits):
            digits, zone = digits[: match.start()], ZoneInfo(match[1])
        parsed = _parse(_normalize(digits.lower()), zone)
    except (ValueError, OverflowError, LookupError, OSError):  # a thirtieth of February, an hour 25, an unknown zone
        return None
    if parsed and digits != text[: len(digits)] and not 1800 < parsed.at.year < 2200:
        return None  # figures of a script that is often used with another calendar (Persian, Islamic, Buddhist)
    # Programs write the year 1 and the beginning of 1970 where they have no date.
    return None if parsed is None or parsed.at.year == 1 or _is_zero(parsed.at) else parsed


def _is_zero(at: datetime) -> bool:
    instant = at.astimezone(UTC) if at.tzinfo else at
    return at.replace(tzinfo=None) == _ZERO or abs(instant.replace(tzinfo=None) - _ZERO) <= timedelta(seconds=1)


def parse_epoch(text: str) -> datetime | None:
    """Parse seconds, milliseconds or microseconds since 1970; None for another text, and for a time before 1990."""
    epoch = _EPOCH.fullmatch(text.strip())
    number = int(epoch[1]) if epoch else 0
    seconds = next((number // unit for unit in _EPOCH_UNITS if number // unit >= OLDEST_USUAL.timestamp()), 0)
    with suppress(ValueError, OverflowError):  # a year after 9999
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    return None


def _normalize(text: str) -> str:
    """Write Chinese numbers, years of an era, days of a year or a week, figures without separators (`202007201020`),
    and hours without minutes as other dates are written. Empty for what is no date."""
    if "年" in text:
        text = _CJK_NUMBER.sub(lambda match: _read_cjk_number(match[0].strip()), text)
        text = _ERA_YEAR.sub(lambda match: str(_ERAS[match[1]] + int(match[2].replace("元", "1"))), text, count=1)
    if match := _ORDINAL.match(text):
        day = date(int(match[1]), 1, 1) + timedelta(days=int(match[2]) - 1)
        return day.isoformat() + text[match.end() :] if day.year == int(match[1]) else ""
    if match := _WEEK.match(text):
        year, week, weekday = match.groups()
        day = date.fromisocalendar(int(year), int(week), int(weekday or 0))  # a week is no day: ValueError
        return day.isoformat() + text[match.end() :]
    if match := _COMPACT.fullmatch(text):
        return "{}-{}-{} {}:{}:{}".format(*match.groups("0"))
    text = _LOOSE_T.sub("t", text)
    if text.count(":") > 2:
        text = _COLONS[1].sub(" ", _COLONS[0].sub(r"\1-\2-\3", text))
    elif ":" not in text:
        text = _POINTS.sub(lambda match: ":".join(filter(None, match.groups())), text, count=1)
    text = _FULL_HOUR.sub(lambda match: f"{match[1]}:{'30' if match[2] else '00'} ", text)
    return _DAY_BEFORE_MONTH.sub(r"\3-\2-\1", text)


def _read_cjk_number(text: str) -> str:
    """`二十七` and `廿七` are 27, `二〇二六` is 2026."""
    if not set(text) & set("十百廿卅"):
        return "".join(str(_CJK_DIGITS[char]) for char in text)
    total = digit = 0
    for char in text:
        value = _CJK_DIGITS[char]
        total, digit = (
            (total + (digit or 1) * value, 0) if char in "十百" else (total + value * (value > 9), value % 10)
        )
    return str(total + digit)


def _parse(text: str, zone: tzinfo | None) -> ParsedDate | None:
    if (end := _OFFSET_AT_END.search(text)) and _ISO_DAY.fullmatch(text, 0, end.start()):
        midnight = datetime.fromisoformat(f"{text[: end.start()]}T00:00{end[0].strip().upper()}")
        return ParsedDate(midnight, day_only=True)
    with suppress(ValueError):  # most dates are in ISO 8601, and 17 figures are not
        is_iso = ("-" in text or "t" in text) and not _PART_OF_HOUR.search(text)
        at = datetime.fromisoformat(text.upper() if is_iso else "").replace(microsecond=0)
        return ParsedDate(at if at.tzinfo else at.replace(tzinfo=zone), day_only=":" not in text and "t" not in text)
    text = _CJK_UNITS[1].sub(" ", _CJK_UNITS[0].sub("-", text))
    clock = _TIME.search(text)
    rest = f"{text[: clock.start()]} {text[clock.end() :]}" if clock else text
    offset = clock.group(5, 6, 7) if clock else (None, None, None)
    if clock and offset[1] and not offset[0] and not clock[3]:
        return None
    if not offset[1] and (end := _OFFSET_AT_END.search(rest)):
        offset, rest = (end.group(1, 2, 3) if end[1] else ("+", "0", "0")), rest[: end.start()]
    words = _WORD.findall(rest)
    months, ignored = _known_words(words)
    if not all(word in months or word in ignored for word in words):
        return None
    in_text = [word for word in words if word in months]
    if len(in_text) > 1:
        in_text = [word for word in in_text if word not in ignored]  # `mar.` is Tuesday in French, and March in English
    rest = _WORD.sub(lambda match: f" m{months[match[1]]} " if match[1] in in_text else " ", rest)
    weekday = next((number for word in words if (number := ignored.get(word)) is not None), None)
    day = _parse_day(" ".join(rest.split()).strip(" ,.-"), weekday)
    if day is None:
        return None
    sign, hours, minutes = offset
    named = [word for word in words if word in _ZONES]
    if hours:
        ahead = timedelta(hours=int(hours), minutes=int(minutes or 0))
        zone = timezone(-ahead if sign == "-" else ahead)
    elif named and not (zone and named[-1] in _AMBIGUOUS_ZONES):
        zone = timezone(timedelta(hours=_ZONES[named[-1]]))
    elif clock and words and (name := _SEASONAL_ZONES.get(words[-1])) and text.endswith(words[-1]):
        zone = ZoneInfo(name)
    if not clock:
        return ParsedDate(datetime.combine(day, time(), zone), day_only=True)
    hour, minute, second, half = clock.group(1, 2, 3, 4)
    is_pm, is_am = half == "p" or not _PM.isdisjoint(words), half == "a" or not _AM.isdisjoint(words)
    if (hour, minute) == ("24", "00"):  # the end of a day (ISO 8601)
        day, hour = day + timedelta(days=1), "0"
    hour = int(hour) + (12 if is_pm and int(hour) < 12 else -12 if is_am and int(hour) == 12 else 0)
    second = "59" if second == "60" else second  # a leap second
    return ParsedDate(datetime.combine(day, time(hour, int(minute), int(second or 0)), zone))


def _parse_day(text: str, weekday: int | None) -> date | None:
    if match := _YEAR_FIRST.fullmatch(text):
        year, month, day = filter(None, match.groups())
    elif match := _DAY_FIRST.fullmatch(text):
        day, month, year = match.groups()
    elif match := _MONTH_FIRST.fullmatch(text):
        month, day, year = match.groups()
    elif match := _FIGURES.fullmatch(text):
        day, separator, month, year = match.groups()
        if separator != "." and int(month) > 12:
            day, month = month, day
        elif len(year) == 2:
            return None  # its year may come first
        elif separator != "." and int(day) <= 12 and day != month:
            days = (date(int(year), *order) for order in ((int(month), int(day)), (int(day), int(month))))
            possible = [each for each in days if each.weekday() == weekday]
            return possible[0] if len(possible) == 1 else None
    else:
        return None
    if len(year) == 2:
        year = ("20" if year < "69" else "19") + year
    return date(int(year), int(month), int(day))


def _known_words(words: list[str]) -> tuple[Mapping[str, int], Mapping[str, int | None]]:
    """Names of months with their numbers, and the words that do not change a date, weekdays with their numbers."""
    if len([word for word in words if word in _ENGLISH_MONTHS]) == 1 and _ENGLISH_WORDS.keys() >= set(words):
        return _ENGLISH_MONTHS, _ENGLISH_WORDS  # a date as mail and RSS write it
    return _calendar_words() if words else ({}, {})


@cache
def _calendar_words() -> tuple[Mapping[str, int], Mapping[str, int | None]]:
    # Imported here, because it takes .3 s, and most processes parse no other than English dates.
    from babel import Locale

    months = dict(_ROMAN_MONTHS)
    starts: dict[str, set[int]] = {}
    weekdays: dict[str, set[int]] = {}
    for language in _LANGUAGES.split():
        locale = Locale.parse(language)
        for context, width in product(("format", "stand-alone"), ("wide", "abbreviated")):
            for number, name in locale.days[context][width].items():
                for word in _WORD.findall(name.lower()):
                    weekdays.setdefault(word, set()).add(number)
            for number, name in locale.months[context][width].items():
                months.setdefault(name.lower().strip("."), number)
                starts.setdefault(name.lower()[:3], set()).add(number)
    # Programs shorten names to three letters, also where people do not (`фев`).
    months = {start: numbers.pop() for start, numbers in starts.items() if len(numbers) == 1} | months
    ignored = {word: numbers.pop() if len(numbers) == 1 else None for word, numbers in weekdays.items()}
    return months, ignored | dict.fromkeys([*_NOISE.split(), *_PM, *_AM, *_ZONES, *_SEASONAL_ZONES]) | _WEEKDAYS
