"""A date as people and programs write it -> its time. Reads every order, language and zone that is not ambiguous.

Libraries were compared on the dates of tests/test_written_dates.py: dateutil (2.9) reads `GMT+0800` sixteen hours off
and the year -0001 as 2001, and knows English only; dateparser (1.2) reads `3` and `yesterday` as dates, and needs ten
seconds for 30 February.
"""

from __future__ import annotations

import re
import unicodedata
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
_LANGUAGES = ("en", "en_GB", "de", "fr", "es", "it", "pt", "nl", "ru", "uk", "pl", "tr", "sv", "zh", "zh_Hant", "ja")
_NOISE = "at um uhr h à le de del da den der the of am on st nd rd th в г о om klo"
"""Words around the parts of a date that do not change it."""
_PM = frozenset(["下午", "晚上", "午後", "午后", "傍晚", "오후"])
_AM = frozenset(["上午", "凌晨", "早上", "午前", "清晨", "오전"])
_ZONES = {
    name: float(hours)
    for hours, names in re.findall(
        r"(\S+): ([a-z ]+)",
        "0: z ut utc gmt wet, 1: bst west cet mez, 2: cest mesz eet, 3: eest msk, 5.5: ist, 7: ict wib, "
        "8: hkt sgt pht awst, 9: jst kst, 10: aest, 11: aedt, 12: nzst, 13: nzdt, -3: brt art, -4: edt, "
        "-5: est cdt, -6: cst mdt, -7: mst pdt, -8: pst akdt, -9: akst, -10: hst",
    )
    for name in names.split()
}
"""Hours east of UTC."""
_AMBIGUOUS_ZONES = ("cst", "ist")
"""Names of several zones. A caller that knows the zone of the writer knows better (CST is China's time, too)."""

_COMMENT = re.compile(r"\((UTC\s?[+-][\d:]{1,6})\)|\([^()]*\)|\[u-ca=\w+\]")
"""The first group is an offset, as MarkDownload writes it."""
_ZONE_ID = re.compile(r"(?:\s{1,4}|\s{0,4}\[)([A-Z][A-Za-z]{1,20}(?:/[A-Z][\w+-]{2,30}){1,2})\]?$")
"""A name of the time zone database at the end, in brackets where an offset stands before it (RFC 9557)."""
_ERAS = {"民國": 1911, "民国": 1911, "令和": 2018, "平成": 1988, "昭和": 1925}
_ERA_YEAR = re.compile(rf"(?:中[華华])?({'|'.join(_ERAS)})\s?(\d{{1,3}}|元)\s?(?=年)")
_ORDINAL = re.compile(r"^(\d{4})-(\d{3})(?![\d-])")
_COMPACT = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)")
_CJK_UNITS = (re.compile(r"(?<=\d)\s?[年月년월]\s{0,2}"), re.compile(r"(?<=\d)\s?[日号號일]"))
_TIME = re.compile(
    r"(?:(?<=\d)t|(?<![\d:]))\s{0,4}(\d{1,2})\s?[:h時时点點]\s?(\d{1,2})(?!\d)"
    r"(?:\s?[:分]\s?(\d{1,2})(?!\d)(?:[.,]\d{1,9})?)?\s?[分秒]?"
    r"(?:\s{0,4}([ap])\.?\s?m\b\.?)?"
    r"(?:\s{0,4}(?:gmt|utc)?\s?([+-])\s?(\d{1,2}):?(\d{2})?(?![\d:/.-]))?"
)
_WORD = re.compile(r"([^\W\d_]+)\.?")
_BETWEEN = r"[\s,./-]{1,3}"
_YEAR_FIRST = re.compile(rf"(\d{{4}}){_BETWEEN}m?(\d{{1,2}}){_BETWEEN}(\d{{1,2}})|(\d{{4}})(\d{{2}})(\d{{2}})")
_DAY_FIRST = re.compile(rf"(\d{{1,2}}){_BETWEEN}m(\d{{1,2}}){_BETWEEN}(\d{{4}}|\d{{2}})")
_MONTH_FIRST = re.compile(rf"m(\d{{1,2}}){_BETWEEN}(\d{{1,2}}){_BETWEEN}(\d{{4}})")
_FIGURES = re.compile(r"(\d{1,2})([./])\s?(\d{1,2})\2\s?(\d{4})")


@dataclass(frozen=True, slots=True)
class ParsedDate:
    """A date in a text."""

    at: datetime
    """It has a time zone only when the text names one, or the caller did."""
    day_only: bool = False


def parse_date(text: str, zone: tzinfo | None = None) -> ParsedDate | None:
    """Parse a text that is a date and nothing else; None for any other text. `zone` applies where the text names none.

    12.11.2020 is in November; 12/11/2020 could be read in two ways and is not read at all.
    """
    if len(text) > _MAX_LENGTH or not any(char.isdigit() for char in text):
        return None
    text = _COMMENT.sub(r" \1", unicodedata.normalize("NFKC", text)).strip().replace("\u2212", "-")
    try:
        if match := _ZONE_ID.search(text):
            text, zone = text[: match.start()], ZoneInfo(match[1])
        parsed = _parse(_normalize_year(text.lower()), zone)
    except (ValueError, OverflowError, LookupError, OSError):  # a thirtieth of February, an hour 25, an unknown zone
        return None
    # Programs write the year 1 and the beginning of 1970 where they have no date.
    return parsed if parsed and parsed.at.year > 1 and parsed.at.replace(tzinfo=None) != _ZERO else None


def _normalize_year(text: str) -> str:
    """Write years of an era, days of a year and fourteen figures (`20200720102018`) as other dates are written."""
    text = _ERA_YEAR.sub(lambda match: str(_ERAS[match[1]] + int(match[2].replace("元", "1"))), text, count=1)
    if match := _ORDINAL.match(text):
        day = date(int(match[1]), 1, 1) + timedelta(days=int(match[2]) - 1)
        return day.isoformat() + text[match.end() :] if day.year == int(match[1]) else ""
    return "{}-{}-{} {}:{}:{}".format(*match.groups()) if (match := _COMPACT.fullmatch(text)) else text


def _parse(text: str, zone: tzinfo | None) -> ParsedDate | None:
    with suppress(ValueError):  # most dates are in ISO 8601, and 17 figures are not
        at = datetime.fromisoformat(text.upper() if "-" in text or "t" in text else "").replace(microsecond=0)
        return ParsedDate(at if at.tzinfo else at.replace(tzinfo=zone), day_only=":" not in text and "t" not in text)
    text = _CJK_UNITS[1].sub(" ", _CJK_UNITS[0].sub("-", text))
    clock = _TIME.search(text)
    rest = f"{text[: clock.start()]} {text[clock.end() :]}" if clock else text
    words = _WORD.findall(rest)
    months, ignored = _calendar_words() if words else ({}, frozenset())
    if not all(word in months or word in ignored for word in words):
        return None
    in_text = [word for word in words if word in months]
    if len(in_text) > 1:
        in_text = [word for word in in_text if word not in ignored]  # `mar.` is Tuesday in French, and March in English
    rest = _WORD.sub(lambda match: f" m{months[match[1]]} " if match[1] in in_text else " ", rest)
    day = _parse_day(" ".join(rest.split()).strip(" ,.-"))
    if day is None:
        return None
    if not clock:
        return ParsedDate(datetime.combine(day, time(), zone), day_only=True)
    hour, minute, second, half, sign, hours, minutes = clock.groups()
    is_pm, is_am = half == "p" or not _PM.isdisjoint(words), half == "a" or not _AM.isdisjoint(words)
    if (hour, minute) == ("24", "00"):  # the end of a day (ISO 8601)
        day, hour = day + timedelta(days=1), "0"
    hour = int(hour) + (12 if is_pm and int(hour) < 12 else -12 if is_am and int(hour) == 12 else 0)
    named = [word for word in words if word in _ZONES]
    if sign:
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        zone = timezone(-offset if sign == "-" else offset)
    elif named and not (zone and named[-1] in _AMBIGUOUS_ZONES):
        zone = timezone(timedelta(hours=_ZONES[named[-1]]))
    return ParsedDate(datetime.combine(day, time(hour, int(minute), int(second or 0)), zone))


def _parse_day(text: str) -> date | None:
    if match := _YEAR_FIRST.fullmatch(text):
        year, month, day = filter(None, match.groups())
    elif match := _DAY_FIRST.fullmatch(text):
        day, month, year = match.groups()
    elif match := _MONTH_FIRST.fullmatch(text):
        month, day, year = match.groups()
    elif match := _FIGURES.fullmatch(text):
        day, separator, month, year = match.groups()
        if separator == "/" and int(month) > 12:
            day, month = month, day
        elif separator == "/" and int(day) <= 12:
            return None
    else:
        return None
    if len(year) == 2:
        year = ("20" if year < "69" else "19") + year
    return date(int(year), int(month), int(day))


@cache
def _calendar_words() -> tuple[dict[str, int], frozenset[str]]:
    """Names of months with their numbers, and the words that do not change a date."""
    # Imported here, because most dates have no words, and most processes parse no others.
    from babel import Locale

    months: dict[str, int] = {}
    ignored = {*_NOISE.split(), *_PM, *_AM, *_ZONES}
    for language in _LANGUAGES:
        locale = Locale.parse(language)
        for context, width in product(("format", "stand-alone"), ("wide", "abbreviated")):
            ignored.update(name.lower().strip(".") for name in locale.days[context][width].values())
            for number, name in locale.months[context][width].items():
                months.setdefault(name.lower().strip("."), number)
    return months, frozenset(ignored)
