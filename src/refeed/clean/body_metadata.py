"""Lines around a text -> its date of publication, and the persons who made it with their roles. Reads no clock."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
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
    r"(\d{4})\s{0,3}[年/.-]\s{0,3}(\d{1,2})\s{0,3}[月/.-]\s{0,3}(\d{1,2})\s{0,3}日?(?:\s{0,3}(?:星期|周|週)[一二三四五六日天])?"
    r"(?:\s{0,3}(上午|下午|晚上)?\s{0,3}(\d{1,2})[:：时](\d{2})(?:[:：](\d{2}))?分?)?"
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
_LABEL_AT_END = re.compile(r"(?:发布|發布|发表|更新|时间|時間|日期|于|於)+\s*[:：]?\s*$")
_RELATIVE_TIME = re.compile(r"(\d{1,3})\s*(分钟|分鐘|小时|小時|天|minutes?|hours?|days?)\s*(?:以?前|ago)")
_DATES = (_RFC822, _CHINESE, _ISO, _ENGLISH, _EUROPEAN)
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


def parse_body_date(text: str) -> BodyDate | None:
    """Parse a text that consists of a date and perhaps a label; None for any other text."""
    if len(text) > 60 or _DIGIT.search(text) is None:
        return None
    text = _LABEL.sub("", text.strip(), count=1).strip()
    for parse in (_parse_iso, _parse_rfc822, _parse_european, _parse_chinese, _parse_english):
        try:
            if date := parse(text):
                return date
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


def _parse_english(text: str) -> BodyDate | None:
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


AUTHOR_ROLES = (
    "本台记者", "本报记者", "采访记者", "驻京记者", "特约记者", "特约作者", "特约撰稿人", "记者", "記者", "作者",
    "撰文", "撰稿", "撰写", "采写", "文字", "采访", "Author", "Words by", "Written by",
)  # fmt: skip
"""Roles that make a person an author of the entry. All others make a contributor."""
_OTHER_ROLES = (
    "责任编辑", "責任編輯", "实习编译", "實習編譯", "补充报道", "責編", "责编", "网编", "網編", "编译", "編譯",
    "编辑", "編輯", "审校", "審校", "校对", "发稿", "整理", "翻译", "翻譯", "译者", "譯者", "核稿", "监制", "制作",
    "摄影", "攝影", "摄制", "播音", "Translator", "Editor", "Photographs by",
)  # fmt: skip
_ROLE = "|".join(map(re.escape, AUTHOR_ROLES + _OTHER_ROLES))
_ROLE_AND_MARK = re.compile(rf"(?P<role>{_ROLE})(?P<mark>\s*[:：/／]\s*|\s+|(?=[\u3400-\u9fff]))")
_PUBLISHER_BEFORE_ROLE = re.compile(r"^[\u3400-\u9fff]{2,10}(?=(?:本台)?记者)")
MAX_CREDITS_LENGTH = 160
"""The longest line of credits, in characters."""
_PLACE_AT_END = re.compile(
    r"(?:\s\S{2,6}|华盛顿|纽约|旧金山|洛杉矶|多伦多|温哥华|伦敦|巴黎|柏林|布鲁塞尔|日内瓦|莫斯科|东京|首尔|曼谷|新加坡|悉尼|墨尔本|"
    r"台北|高雄|香港|北京|上海|广州)?\s?(?:报道|报导|報導|專稿|专稿)$"
)
_NAME = re.compile(r"[\u3400-\u9fff·•．\w][\w\u3400-\u9fff·•．. '’()（）-]{0,40}")
_NAME_SEPARATOR = re.compile(r"\s*(?:[,，、;；/／|｜&]|(?<![A-Za-z])和(?![A-Za-z])|\s{2,}|\band\b|\n)\s*")
_LABEL_AT_START = re.compile(
    rf"^(?:null\b|(?:{_ROLE})\s*[:：/／]?|[Bb][Yy]:?(?=\s)|文\s*[:：/／|｜]|来源[:：]|來源[:：])\s*"
)
_NOTE_AT_END = re.compile(
    r"\s?[（(](?:综合报[道导]|綜合報[道導]|综合外电|摘编|摘編|编译|編譯|采访记者|採訪記者|整理|发自[^）)]{1,12}|[^）)]{1,6}报道)[）)]$|\s\S{0,6}(?:报道|报导|報導)$"
)
_ALL_CAPITALS = re.compile(r"[^a-z\u3400-\u9fff]*[A-Z][^a-z\u3400-\u9fff]*")
_NOT_A_NAME = re.compile(
    r"^[《〈【].*[》〉】]$|^(?:null|none|admin|administrator|editor|staff|本报讯|网络|佚名)$|https?://|@[^@]*\.",
    re.IGNORECASE,
)


def parse_byline(text: str, is_agency: Callable[[str], bool]) -> list[str]:
    """Return the persons in a byline in its order, without duplicates and with capitals normalized."""
    if is_agency(text.strip()) or "://" in text:
        return []
    names: list[str] = []
    for part in _NAME_SEPARATOR.split(_LABEL_AT_START.sub("", text.strip())):
        name = _normalize_capitals(_NOTE_AT_END.sub("", _LABEL_AT_START.sub("", part.strip())).strip(" 　.,，。:：-—"))
        if name and len(name) <= 60 and not _NOT_A_NAME.search(name) and not is_agency(name):
            names.append(name)
    return unique_names(names)


def unique_names(names: Iterable[str]) -> list[str]:
    """Remove duplicate names. Names that differ only in case or white space are duplicates."""
    seen: dict[str, str] = {}
    for name in names:
        seen.setdefault("".join(name.casefold().split()), name)
    return list(seen.values())


def _normalize_capitals(name: str) -> str:
    """Capitalize a name that is written all in capitals as usual; return any other name unchanged."""
    if not _ALL_CAPITALS.fullmatch(name) or len(name) < 4 or " " not in name:
        return name
    words = re.sub(r"[A-Z]+(?:\b|(?=[^A-Z]))", lambda word: word[0].capitalize(), name.upper())
    words = re.sub(r"\bMc([a-z])", lambda match: f"Mc{match[1].upper()}", words)
    return re.sub(r"(?<= )(De|La|Van|Von|Der|Den|Di|Da|Du|Del)(?= )", lambda match: match[0].lower(), words)


def parse_credits(text: str) -> list[tuple[str, str]]:
    """Return (role, name) for every person in a line of roles and names; an empty list for any other line."""
    line = text.strip()
    if len(line) > MAX_CREDITS_LENGTH or "。" in line:
        return []
    if line[:1] in tuple("（([") and line[-1:] in tuple("）)]"):
        line = line[1:-1].strip()
    line = _PUBLISHER_BEFORE_ROLE.sub("", line)
    if _ROLE_AND_MARK.match(line) is None:
        return []
    pairs = list(_ROLE_AND_MARK.finditer(line))
    if len(pairs) == 1 and not pairs[0]["mark"]:
        return []
    credits: list[tuple[str, str]] = []
    for index, pair in enumerate(pairs):
        end = pairs[index + 1].start() if index + 1 < len(pairs) else len(line)
        if not pair["mark"] and pair["role"] not in ("记者", "記者"):
            return []
        names = _PLACE_AT_END.sub("", line[pair.end() : end].strip(" ；;，,。、/／"))
        persons = re.split(r"\s*[、/／,，;；&]\s*|\s+(?=[\u3400-\u9fff])", names)
        if not all(map(_is_name, persons)):
            return []
        credits += [(pair["role"], person) for person in persons]
    return credits


def _is_name(text: str) -> bool:
    """True for a text of up to 12 characters, or up to 40 when it has Latin letters or a dot between its parts."""
    if not _NAME.fullmatch(text) or len(text) > 40:
        return False
    return len(text) <= 12 or re.search("[A-Za-z·•]", text) is not None
