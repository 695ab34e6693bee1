"""Lines around a text -> the persons who made it, with their roles, in several languages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from html import unescape

AUTHOR_ROLES = (
    "本台记者", "本报记者", "采访记者", "驻京记者", "特约记者", "特约作者", "特约撰稿人", "记者", "記者", "作者",
    "撰文", "撰稿", "撰写", "采写", "文字", "采访", "图文", "採訪", "採寫", "撰寫", "取材・文", "執筆", "著者",
    "Author", "Words by", "Written by", "Story by", "Text by", "Reporting by", "Propos recueillis par",
)  # fmt: skip
"""Roles that make a person an author of the entry. All others make a contributor."""
_OTHER_ROLES = (
    "责任编辑", "責任編輯", "实习编译", "實習編譯", "补充报道", "責編", "责编", "网编", "網編", "编译", "編譯",
    "编辑", "編輯", "审校", "審校", "校对", "發稿", "发稿", "整理", "翻译", "翻譯", "译者", "譯者", "核稿", "监制",
    "制作", "摄影", "攝影", "摄制", "播音", "发言人", "口述", "主讲", "訳者", "翻訳", "撮影", "写真", "編集", "構成",
    "Translator", "Editor", "Photographs by", "Photos by", "Photography by", "Pictures by", "Illustrations by",
    "Illustration by", "Translated by", "Edited by", "Editing by", "Additional reporting by", "Video by", "Graphics by",
    "Übersetzt von", "Traduit par", "Traducido por", "Fotos von", "Photos par", "Fotos de",
)  # fmt: skip
_AUTHOR_LABELS = (
    "Text", "Words", "Author", "Authors", "Writer", "Reporter", "Autor", "Autorin", "Autoren", "Texte", "Auteur",
    "Auteure", "Texto", "Autora", "Autori", "Testo", "Автор", "Авторы", "Текст",
)  # fmt: skip
_OTHER_LABELS = (
    "Photo", "Photos", "Photography", "Photographer", "Pictures", "Illustration", "Illustrations", "Translation",
    "Translator", "Editor", "Producer", "Video", "Foto", "Fotos", "Redaktion", "Übersetzung", "Traduction",
    "Traducción", "Fotografía", "Edición", "Traduzione", "Фото", "Перевод", "Редактор", "Иллюстрации",
)  # fmt: skip
"""Words that name a role only before a colon; elsewhere they may begin a sentence."""
_ROLE = "|".join(map(re.escape, AUTHOR_ROLES + _OTHER_ROLES))
_LABELS = "|".join(_AUTHOR_LABELS + _OTHER_LABELS)
_ROLE_AND_MARK = re.compile(
    rf"(?P<role>{_ROLE})(?P<mark>\s*[:：/／|｜丨︱]\s*|\s+|(?=[\u3400-\u9fff]))|"
    rf"\b(?P<label>{_LABELS})(?P<colon>\s?[:：]\s*)"
)
_PUBLISHER_BEFORE_ROLE = re.compile(r"^[\u3400-\u9fff]{2,10}(?=(?:本台)?记者)")
_EAST_ASIAN = re.compile("[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_CAPITAL = r"(?:[A-ZÀ-ÖØ-ÞĀ-ŽА-ЯЁ][\w.'’-]*|O[’'][A-Z]\w*)"
_PARTICLE = r"(?:de|da|do|dos|del|della|di|du|des|van|von|der|den|zu|la|le|el|al|bin|ibn|y|e)"
CAPITALIZED_NAME = rf"{_CAPITAL}(?: (?:{_PARTICLE} )*{_CAPITAL}){{1,4}}"
"""A pattern of a name of two to five words in Latin or Cyrillic letters."""
_CAPITALIZED = re.compile(rf"{_CAPITAL}(?: (?:{_PARTICLE} )*{_CAPITAL}){{0,4}}")
MAX_CREDITS_LENGTH = 160
"""The longest line of credits, in characters."""
_PLACE_AT_END = re.compile(
    r"(?:\s\S{2,6}|华盛顿|纽约|旧金山|洛杉矶|多伦多|温哥华|伦敦|巴黎|柏林|布鲁塞尔|日内瓦|莫斯科|东京|首尔|曼谷|新加坡|悉尼|墨尔本|"
    r"台北|高雄|香港|北京|上海|广州)?\s?(?:报道|报导|報導|專稿|专稿)$"
)
_NAME = re.compile(r"[\u3400-\u9fff·•．\w][\w\u3400-\u9fff·•．. '’()（）-]{0,40}")
_NAME_SEPARATOR = re.compile(
    r"(?<=\w\w)\s*[/／]\s*|\s*(?:[,，、;；|｜丨︱&]|(?<![A-Za-z])[和与與](?![A-Za-z])|\s{2,}|\n|"
    r"(?<=\w\w )(?:and|und|et|y|with|mit|avec|и)(?= \w))\s*"
)
_LABEL_AT_START = re.compile(
    rf"^(?:null\b|(?:{_ROLE})(?!部)\s*[:：/／]?|(?:[Bb][Yy]|Von|Par|Por|Di|Door|Автор|Авторы):?(?=\s)|"
    r"文\s*[:：/／|｜]|来源[:：]|來源[:：])\s*"
)
_NOTE_AT_END = re.compile(
    r"\s?[（(](?:综合报[道导]|綜合報[道導]|综合外电|摘编|摘編|编译|編譯|采访记者|採訪記者|整理|"
    r"发自[^）)]{1,12}|[^）)]{1,6}报道)[）)]$|\s\S{0,6}(?:报道|报导|報導)$"
)
_JOB = (
    r"reporters?|correspondents?|editors?|writers?|columnists?|journalists?|contributors?|analysts?|fellow|professor|"
    r"producer|critic|bureau chief|staff|author|photographer|researcher|scholar|novelist|historian|lecturer|director|"
    r"chief executive|korrespondent(?:in)?|redakteur(?:in)?|reporter(?:in)?|journalist(?:in)?|journaliste|"
    r"rédact(?:eur|rice)|correspondant(?:e)?|corresponsal|redactora?|periodista|"
    r"корреспондент|редактор|обозреватель|журналист"
)
BYLINE_TAIL = (
    rf"(?:,? (?:(?:a|an|the|our|its) )?[^,.!?]{{0,60}}\b(?:{_JOB})\b[^.!?]{{0,40}}|"
    r",? ?[(/]?(?:dpa(?:-AFX|-infocom)?|afp|ap|reuters|apa|sda|epd|kna|efe|ansa|lusa|tt|ntb|ritzau|stt)\)?|"
    rf",? (?:in|for|at|aus|à|en) {_CAPITAL}[\w .’'-]{{0,40}}|, {_CAPITAL}(?: {_CAPITAL})?)"
)
"""What may follow the names in a byline: a job, a place, a paper."""
_JOB_ALONE = re.compile(
    rf"(?:(?:a|an|the|our|its) )?.{{0,40}}\b(?:{_JOB})\b(?: (?:of|for|at|in|bei|à|de) .{{1,40}})?", re.IGNORECASE
)
MENTIONS_JOB = re.compile(rf"\b(?:{_JOB})\b", re.IGNORECASE)
_DEGREE = re.compile(r"(?:Ph\.?\s?D|M\.?D|[BM]\.?(?:A|Sc|S|BA|Ed)|D\.?Phil|Esq|Jr|Sr|I{2,3})\.?")
_OTHERS_AT_END = re.compile(r"(?<=[\u3400-\u9fff]{2})等(?:\d*人)?$|\s{1,4}et al\.?$")
_ALL_CAPITALS = re.compile(r"[^a-z\u3400-\u9fff]*[A-Z][^a-z\u3400-\u9fff]*")
_NOT_A_NAME = re.compile(
    r"^[《〈【].*[》〉】]$|"
    r"^(?:null|none|admin|administrator|editors?|staff|anonymous|unknown|本报讯|网络|佚名|未知|匿名|编辑部|編輯部|編集部|本站)$|"
    r"https?://|@[^@]*\.|^[\d\W_]*$|"
    r"^(?:\d+ )?(?:more|others|et al|等(?:人|\d+人)?|andere|weitere|autres|otros|другие|ほか|他)\.?$",
    re.IGNORECASE,
)
_OUTLET = re.compile(
    r"(?:日报|晚报|早报|时报|日報|晚報|早報|時報|周刊|週刊|新闻网|新聞網|通讯社|通訊社|新华社|中新社|电视台|電視台|"
    r"电台|電臺|传媒|傳媒|编辑部|編輯部|杂志社|雜誌社|中文网|新聞社|編集部|"
    r"\b(?:news|times|daily|herald|tribune|gazette|magazine|staff|newsroom|editorial (?:team|board)|news desk|"
    r"reuters|afp|dpa|redaktion|rédaction|redacción|редакция))$",
    re.IGNORECASE,
)


def parse_byline(text: str, is_agency: Callable[[str], bool]) -> list[str]:
    """Return the persons in a byline in its order, without duplicates and with capitals normalized."""
    if is_agency(text.strip()) or "://" in text:
        return []
    names: list[str] = []
    parts = _NAME_SEPARATOR.split(_OTHERS_AT_END.sub("", _LABEL_AT_START.sub("", unescape(text).strip())))
    for part in parts:
        is_outlet = _ALL_CAPITALS.fullmatch(part) and not _ALL_CAPITALS.fullmatch(parts[0])
        if part is not parts[0] and (is_outlet or is_job(part) or _DEGREE.fullmatch(part)):
            continue
        name = _normalize_capitals(_NOTE_AT_END.sub("", _LABEL_AT_START.sub("", part.strip())).strip(" 　.,，。:：-—"))
        name = _OTHERS_AT_END.sub("", name)
        if name and len(name) <= 60 and not _NOT_A_NAME.search(name) and not is_agency(name):
            names.append(name)
    return unique_names(names)


def is_job(text: str) -> bool:
    """True for a job that may stand beside a name in a byline, for example `Chief Correspondent`."""
    return _JOB_ALONE.fullmatch(text) is not None


def prefer_persons(names: Sequence[str]) -> list[str]:
    """Return the names that are no outlet's or newsroom's; all of them when they all are."""
    return [name for name in names if not _OUTLET.search(name)] or [*names]


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
    if len(pairs) == 1 and not (pairs[0]["mark"] or pairs[0]["colon"]):
        return []
    credits: list[tuple[str, str]] = []
    for index, pair in enumerate(pairs):
        end = pairs[index + 1].start() if index + 1 < len(pairs) else len(line)
        role, mark = pair["role"] or pair["label"], pair["mark"] or pair["colon"]
        if not mark and role not in ("记者", "記者"):
            return []
        names = _PLACE_AT_END.sub("", line[pair.end() : end].strip(" ；;，,。、/／|｜丨︱·"))
        names = re.sub(rf" in {_CAPITAL}[\w ]*$", "", names)
        persons = re.split(
            r" ?[、/／,，;；&] ?| (?=[\u3400-\u9fff])|(?<=\w) (?:and|und|et|y|e|и) (?=\w)", " ".join(names.split())
        )
        if not all(map(_is_name, persons)):
            return []
        credits += [(role, person) for person in persons]
    return credits


def is_author_role(role: str) -> bool:
    """True for a role that makes a person an author."""
    return role in AUTHOR_ROLES or role in _AUTHOR_LABELS


def _is_name(text: str) -> bool:
    """True for a name: up to 12 characters, or up to 40 when it has Latin letters or a dot between its parts.

    A name in Latin or Cyrillic letters begins with a capital letter, and so do all its words but `von` and the like.
    """
    if not _NAME.fullmatch(text) or len(text) > 40:
        return False
    if re.match(r"[^\W\d_]", text) and not _EAST_ASIAN.search(text):
        return _CAPITALIZED.fullmatch(text) is not None
    return len(text) <= 12 or re.search("[A-Za-z·•]", text) is not None
