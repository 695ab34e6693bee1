"""Lines around a text -> its date of publication, in several languages. Reads no clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ..written_dates import parse_date

_LONGEST_DATE = 60
_MAX_AFTER = timedelta(minutes=5)
_MAX_BEFORE = timedelta(hours=48)
"""A date in the text is used only when it is at most this far after or before the dump's time."""

_YEAR = re.compile(r"(?:19|20)\d\d|(?:民[國国]|令和|平成|昭和)\s?[\d元]")
_SENTENCE = re.compile(
    "(?![年月日号號時时分秒点點星期周週上下中早晚午凌晨傍清一二三四五六天火水木金土中民國国華华令和平成昭元])[\u3400-\u9fff]|(?<![^\\W\\d_])(?:[^\\W\\d_]++\\W++){7}"
)
"""What no date has. Reading names of months loads 20 MB of calendars, which few bodies need."""
_DAY_FIRST = re.compile(r"^(\d{1,2})/(\d{1,2})/(\d{4})(?!\d)")
"""Around a text, figures with slashes begin with the day."""
_DOTTED_TIME = re.compile(r"\b(?:kl|klo|ore|alle|um|às|a las)\.? ?(\d{1,2})[.:h](\d{2})\b", re.IGNORECASE)
"""A time as a word before it shows; dots alone may stand in a date."""
_PART = re.compile(r"(?<!\d)(?=\d)|(?<=[\s,，|｜·•/／-])(?=[^\s,，|｜·•/／-])")
"""Where a date may begin or end beside a byline."""
_LABEL = re.compile(
    r"^(?:(?:first |originally |last )?(?:(?:re)?published|posted|updated|modified|revised|created|date)(?: on| at)?|"
    r"(?:(?:article|dernière) )?(?:mis(?:e)? à jour|modifié|publié)(?: le)?|veröffentlicht(?: am)?|"
    r"(?:(?:zuletzt|letzte) )?aktualisier(?:t|ung)(?: am)?|stand|erstellt(?: am)?|submitted(?: on)?|"
    r"(?:publicado|actualizado|atualizado|pubblicato|aggiornato)(?: el| em| il)?|gepubliceerd(?: op)?|"
    r"(?:última|ultima|ultimo) (?:actualización|atualização|modifica|aggiornamento)(?: el| em| il)?|"
    r"laatst bijgewerkt(?: op)?|"
    r"(?:cập nhật|đăng)(?: lúc| ngày)?|(?:diperbarui|diterbitkan|terbit)(?: pada)?|(?:megjelent|frissítve)|"
    r"опубликовано|обновлено|дата(?: публикации)?|"
    r"(?:publicerad|uppdaterad|publisert|oppdatert|opdateret|publiceret|udgivet|julkaistu|päivitetty|opublikowano|"
    r"aktualizacja|zveřejněno|aktualizováno|publikováno|yayınlanma(?: tarihi)?|yayın tarihi|"
    r"(?:son )?güncelleme(?: tarihi)?|giriş(?: tarihi)?|δημοσίευση|ενημέρωση|입력|수정|등록|기사입력|최종수정|"
    r"نشر(?: في)?|تاريخ النشر|آخر تحديث)|"
    r"(?:发布|發布|發佈|发表|發表|更新|出版|首次发表|最后更新|最後更新|修改|刊登|公開|投稿|配信)?"
    r"(?:时间|時間|日期|日時|日|于|於|在)?)"
    r"\s*[:：]?\s*",
    re.IGNORECASE,
)
_UPDATE_LABEL = re.compile(
    r"(?:last )?(?:updated|modified|revised|republished)|(?:最后|最後)?(?:更新|修改)|重新?(?:发布|發佈|刊登)|"
    r"(?:zuletzt |letzte )?aktualisier(?:t|ung)|stand\b|(?:article |dernière )?mise? à jour|modifié|actualizado|"
    r"atualizado|aggiornato|[uú]ltim[ao] |laatst |обновлено|uppdaterad|oppdatert|cập nhật|diperbarui|frissítve|"
    r"opdateret|päivitetty|aktualizacja|aktualizováno|(?:son )?güncelleme|수정|최종수정|آخر تحديث",
    re.IGNORECASE,
)
_LABEL_AT_END = re.compile(r"(?:发布|發布|发表|更新|时间|時間|日期|于|於)+\s*[:：]?\s*$")
_RELATIVE_TIME = re.compile(r"(\d{1,3})\s*(分钟|分鐘|小时|小時|天|minutes?|hours?|days?)\s*(?:以?前|ago)")
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
    text = text.strip()
    if len(text) > _LONGEST_DATE or _YEAR.search(text) is None:
        return None
    bare = _LABEL.sub("", text.rstrip("."), count=1).strip()
    bare = _DOTTED_TIME.sub(r"\1:\2", bare)
    if _SENTENCE.search(bare) or (date := parse_date(_DAY_FIRST.sub(r"\3-\2-\1", bare))) is None:
        return None
    return date_at(date.at, day_only=date.day_only, is_update=_UPDATE_LABEL.match(text) is not None)


def has_date_label(text: str) -> bool:
    """True when a text begins with words that say what a date behind them dates."""
    match = _LABEL.match(text.strip())
    return match is not None and bool(match[0].strip(" :："))


def date_at(at: datetime, *, day_only: bool = False, is_update: bool = False) -> BodyDate:
    """Return a date with its time; exactly midnight is a day without a time."""
    if at.time() == time():
        return BodyDate(at.replace(tzinfo=None), day_only=True, is_update=is_update)
    return BodyDate(at, day_only, is_update)


def split_date(text: str) -> tuple[BodyDate | None, str]:
    """Return (date, rest): the date before or after a byline, and the byline without the date."""
    text = text.strip()
    if _YEAR.search(text) is None:
        return None, text
    places = [match.start() for match in _PART.finditer(text)]
    for place in places:
        if date := parse_body_date(text[place:].strip(_SEPARATORS)):
            return date, _LABEL_AT_END.sub("", text[:place].strip(_SEPARATORS)).strip()
    for place in reversed(places):
        if date := parse_body_date(text[:place].strip(_SEPARATORS)):
            return date, text[place:].strip(_SEPARATORS)
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
