"""Bylines and credit lines -> names of persons and their roles, without agencies. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

_AUTHOR_ROLES = (
    "本台记者", "本报记者", "采访记者", "驻京记者", "特约记者", "特约作者", "特约撰稿人", "记者", "記者", "作者",
    "撰文", "撰稿", "撰写", "采写", "文字", "采访", "Author", "Words by", "Written by",
)  # fmt: skip
_OTHER_ROLES = (
    "责任编辑", "責任編輯", "实习编译", "實習編譯", "补充报道", "責編", "责编", "网编", "網編", "编译", "編譯",
    "编辑", "編輯", "审校", "審校", "校对", "发稿", "整理", "翻译", "翻譯", "译者", "譯者", "核稿", "监制", "制作",
    "摄影", "攝影", "摄制", "播音", "Translator", "Editor", "Photographs by",
)  # fmt: skip
_ROLE = "|".join(map(re.escape, _AUTHOR_ROLES + _OTHER_ROLES))
_ROLE_AND_MARK = re.compile(rf"(?P<role>{_ROLE})(?P<mark>\s*[:：/／]\s*|\s+|(?=[\u3400-\u9fff]))")
_IN_BRACKETS = re.compile(r"^[（(\[]\s*(.*?)\s*[）)\]]$")
_PUBLISHER_BEFORE_ROLE = re.compile(r"^[\u3400-\u9fff]{2,10}(?=(?:本台)?记者)")
MAX_CREDITS_LENGTH = 160
"""The most characters of a line of credits."""
_PLACE_AT_END = re.compile(
    r"(?:\s+\S{2,6}|华盛顿|纽约|旧金山|洛杉矶|多伦多|温哥华|伦敦|巴黎|柏林|布鲁塞尔|日内瓦|莫斯科|东京|首尔|曼谷|新加坡|悉尼|墨尔本|"
    r"台北|高雄|香港|北京|上海|广州)?\s*(?:报道|报导|報導|專稿|专稿)$"
)
_NAME = re.compile(r"[\u3400-\u9fff·•．\w][\w\u3400-\u9fff·•．. '’()（）-]{0,40}")
_NAME_SEPARATOR = re.compile(r"\s*(?:[,，、;；/／|｜&]|(?<![A-Za-z])和(?![A-Za-z])|\s{2,}|\band\b|\n)\s*")
_LABEL_AT_START = re.compile(
    rf"^(?:null\b|(?:{_ROLE})\s*[:：/／]?|[Bb][Yy]:?(?=\s)|文\s*[:：/／|｜]|来源[:：]|來源[:：])\s*"
)
_NOTE_AT_END = re.compile(
    r"\s*[（(](?:综合报[道导]|綜合報[道導]|综合外电|摘编|摘編|编译|編譯|采访记者|採訪記者|整理|发自[^）)]{1,12}|[^）)]{1,6}报道)[）)]\s*$|\s+\S{0,6}(?:报道|报导|報導)\s*$|\s*(?:\||｜).*$"
)
_ALL_CAPITALS = re.compile(r"[^a-z\u3400-\u9fff]*[A-Z][^a-z\u3400-\u9fff]*")
_NOT_A_NAME = re.compile(
    r"^[《〈【].*[》〉】]$|^(?:null|none|admin|administrator|editor|staff|本报讯|网络|佚名)$|https?://|@.*\.",
    re.IGNORECASE,
)


def parse_byline(text: str, is_agency: Callable[[str], bool]) -> list[str]:
    """The persons that a byline names, each once, in its order, with capitals normalized."""
    if is_agency(text.strip()) or "://" in text:
        return []
    names: list[str] = []
    for part in _NAME_SEPARATOR.split(_LABEL_AT_START.sub("", text.strip())):
        name = _normalize_capitals(_NOTE_AT_END.sub("", _LABEL_AT_START.sub("", part.strip())).strip(" 　.,，。:：-—"))
        if name and len(name) <= 60 and not _NOT_A_NAME.search(name) and not is_agency(name):
            names.append(name)
    return unique_names(names)


def unique_names(names: Iterable[str]) -> list[str]:
    """Each name once; case and white space make no difference."""
    seen: dict[str, str] = {}
    for name in names:
        seen.setdefault("".join(name.casefold().split()), name)
    return list(seen.values())


def _normalize_capitals(name: str) -> str:
    """A name in capitals as a sentence would write it; any other name unchanged."""
    if not _ALL_CAPITALS.fullmatch(name) or len(name) < 4 or " " not in name:
        return name
    words = re.sub(r"[A-Z]+(?:\b|(?=[^A-Z]))", lambda word: word[0].capitalize(), name.upper())
    words = re.sub(r"\bMc([a-z])", lambda match: f"Mc{match[1].upper()}", words)
    return re.sub(r"(?<= )(De|La|Van|Von|Der|Den|Di|Da|Du|Del)(?= )", lambda match: match[0].lower(), words)


def parse_credits(text: str) -> list[tuple[str, str]]:
    """(role, name) of every person in a line that consists of roles and names; empty for any other line."""
    line = text.strip()
    if len(line) > MAX_CREDITS_LENGTH or "。" in line:
        return []
    if bracketed := _IN_BRACKETS.match(line):
        line = bracketed[1]
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
    """True of a short text, and of a longer one with Latin letters or a dot between its parts."""
    if not _NAME.fullmatch(text) or len(text) > 40:
        return False
    return len(text) <= 12 or re.search("[A-Za-z·•]", text) is not None


def is_author_role(role: str) -> bool:
    """True of a role that makes a person the entry's author."""
    return role in _AUTHOR_ROLES
