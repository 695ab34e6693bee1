"""A title as written -> the title alone, and the section that stood beside it. Pure.

Pages, and feeds made of pages, write the site's name behind or before a title. A name counts as the site's when it is
known (the source's title, its folder), when the host is written like it, or when it stands behind a bar and ends with
a word that only names of media have. What is none of these stays in the title.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import NamedTuple
from urllib.parse import unquote

from anyascii import anyascii

from ..xml_chars import xml_safe
from .body_dates import parse_body_date
from .rule_lookup import CompiledRule
from .text import collapse_whitespace, display_width, normalize_line, only_letters

_SEPARATOR = re.compile(
    r"\s{0,4}(?P<bar>[|｜丨ㅣ︱]|::|_|(?<=\s)[»«›⋆★☆~](?=\s))\s{0,4}|\s{1,4}[-–—·•/]\s{1,4}|\s{0,4}(?:－|-{2,3})\s{0,4}|\s:\s"
    r"|(?P<colon>：)(?=[^：]{1,20}(?:デジタル|DIGITAL|電子版|オンライン|新聞|ニュース|新闻网|新聞網|日报网)$)"
)
"""Stands between a title and the publisher's name beside it."""
_HOSTS = re.compile(r"https?:/{1,2}([\w.-]+)", re.IGNORECASE)
_NO_NAMES = frozenset(
    ("www", "com", "net", "org", "edu", "gov", "web", "amp", "mobile", "news", "blog", "blogs", "info")
)
_SHORTEST_LABEL = 5
"""A shorter part of a host's name occurs in other words."""
_UNLIKELY = 7
"""As many letters do not occur in both a host and a title by chance."""
_LONGEST_ENDING = 6
_LONGEST_WORD = 9
"""The other word of a name: Hamburger Abendblatt, Publimetro Chile."""
_LONGEST_NAME = 50
_MOST_WORDS = 6
_ARTICLE = re.compile(r"(?:the|der|die|das|le|la|les|el|los|il|lo|o|a|de|het) ", re.IGNORECASE)
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
_SOFT = str.maketrans("gdbzjcq", "ktpsskk", "aeiouhwy")
"""Vowels and soft consonants, in which transcriptions of one name differ."""
_NOT_LATIN = re.compile("[^\u0000-\u024f\u1e00-\u1eff\u2000-\u206f]")
_OUTLET_END = re.compile(
    r"(?:[\u3400-\u9fff]{1,8}(?:网|網|新闻|新聞|新聞社|日报|日報|晚报|晚報|早报|早報|时报|時報|周报|週報|导报|商报|都市报|青年报|周末|周刊|週刊|杂志|雜誌|电视台|電視台|广播电台|通讯社|"
    r"通訊社|传媒|傳媒|中文网|频道|頻道|社区|博客)|[\u3041-\u30ff\u3400-\u9fffA-Z]{1,12}(?:デジタル|DIGITAL|電子版|オンライン|ニュース|新聞|放送|"
    r"テレビ|マガジン|ブログ)|[가-힣A-Z]{1,8}(?:일보|신문|뉴스|경제|방송|저널|타임[즈스]|투데이|매거진)|"
    r"(?:صحيفة|جريدة|قناة|وكالة|موقع|بوابة|شبكة) [\u0620-\u06ff ]{2,24}|[\u0620-\u06ff ]{2,20} نت|"
    r"(?:Газета|Журнал|Радио|РИА|ИА|Новости) ?[«\w][\w »-]{1,24}|[\w-]{3,20} Новости|"
    r"[\u0e00-\u0e7f]{2,16}(?:ออนไลน์|นิวส์)|[\u0900-\u097f ]{2,20}(?:समाचार|न्यूज़|टाइम्स))"
)
_EDITIONS = (
    "News|Times|Daily|Herald|Tribune|Gazette|Magazine|Online|Digital|Blog|TV|Radio|Chronicle|Weekly|Post|Sports?|Politics|"
    "Business|World|UK|US|USA|India|Zeitung|Anzeiger|Nachrichten|Kurier|Rundschau|Tageblatt|Noticias|Diario|Actualités|"
    "Notizie|Nieuws|Nyheter|Haberleri"
)
_LATIN_OUTLET = re.compile(rf"(?:[A-Z][\w.&'’-]* ){{1,3}}(?:{_EDITIONS})")
_MEDIUM = re.compile(
    r"(?:jornal|journal|diario|diário|periódico|revista|rivista|revue|magazine|magazin|portal|noticias|notícias|news|nieuws|"
    r"nyheter|báo|tạp chí|koran|majalah|harian|gazeta|gazetesi|haber|haberleri|portál|zpravodajství|radio|rádio|tv|"
    r"online|digital|blog|zeitung|nachrichten|газета|журнал|новости|радио|신문|뉴스|ニュース|न्यूज़?|समाचार)",
    re.IGNORECASE,
)
"""Words that stand beside a name, in any order, to say what it names."""
_PLACE = re.compile(
    r"Chile|México|Mexico|Brasil|Argentina|Colombia|Perú|España|Portugal|Deutschland|Österreich|Schweiz|Suisse|France|"
    r"Belgique|België|Italia|Nederland|Polska|Türkiye|India|Indonesia|Việt Nam|Australia|Canada|Ireland|Africa|Asia|"
    r"Europe|International|Global|World|UK|US|USA|EU",
)
_LEGAL_FORM = re.compile(
    r"\s(?:e\.\s?V\.|gGmbH|GmbH(?: & Co\. KG)?|AG|KG|eG|Inc\.?|Ltd\.?|LLC|PLC|S\.?A\.?|S\.?L\.?|S\.?r\.?l\.?|"
    r"S\.?p\.?A\.?|B\.?V\.?|Oy|AB|A/S|ApS|Sp\. z o\.o\.|s\.r\.o\.|Kft\.?|Co\., Ltd\.?|Pty Ltd)$"
)
"""At the end of a publisher's full name."""
_EDITION_BEHIND = re.compile(rf"(?<=\w) (?:{_EDITIONS}|中文|中文网|русская служба|Mundo|Brasil|Afrique)$")
_PAPER = re.compile(
    r"(?:[A-ZÄÖÜ][\w-]{2,20} ){0,2}[A-ZÄÖÜ]\w{2,20}(?:zeitung|anzeiger|nachrichten|rundschau|tageblatt|abendblatt|"
    r"kurier|magazin|bladet|posten|avisen|tidning|krant|blad)"
)
"""Names of papers in which the word for a paper is joined to another."""
_DOMAIN = re.compile(r"[\w-]{2,30}(\.(?:com?\.)?[a-z]{2,5})", re.IGNORECASE)
_SECTION = re.compile(
    r"national|international|world|politics|business|economy|opinion|sports?|culture|technology|tech|science|health|lifestyle|"
    r"entertainment|local|news|politik|wirtschaft|kultur|panorama|ausland|inland|wissen|wissenschaft|gesellschaft|digital|"
    r"politique|économie|monde|société|culture|política|economía|economia|mundo|internacional|sociedad|deportes|cultura|"
    r"esteri|politica|cronaca|мир|политика|экономика|общество|культура|спорт|"
    r"정치|사회|경제|국제|문화|스포츠|연예|오피니언|뉴스|国内|国際|政治|时政|社会|教育|军事|港澳|台湾|経済|社会|スポーツ|国际|经济|体育|娱乐|财经|科技|國際|經濟|體育|娛樂|財經|兩岸",
    re.IGNORECASE,
)
_SECTION_BEHIND = re.compile(rf"(?<=.{{8}})(?:-{{2,3}}|_| : )(?P<section>{_SECTION.pattern})$", re.IGNORECASE)
"""A section behind a mark that no sentence has, after a title of some length."""
_LONGEST_SECTION = 24
_SHORTEST_TITLE = 12
"""In columns. A shorter title keeps what may be its second half."""
_PREPRINT = re.compile(
    r"^\[?(?:arXiv:)?\d{4}\.\d{4,5}(?:v\d+)?\]?[:.]?\s+(?=\S)|"
    r"\s?\(?arXiv:\d{4}\.\d{4,5}(?:v\d+)?(?: \[[\w.-]+\])?(?: UPDATED)?\)?$",
    re.IGNORECASE,
)
_JOURNAL = re.compile(r"\s?[:|-] [^:|]{3,80}[:,|] Vol(?:ume)?\.? ?\d+,? (?:No|Issue|Nr)\.? ?\d+.{0,20}$")


class TitleParts(NamedTuple):
    """What a written title says."""

    title: str
    column: str
    """The section or column named beside the title; empty without one."""


def split_title(written: str, rule: CompiledRule, site_names: frozenset[str], link: str) -> TitleParts:
    """Split a title on one line into the title alone and its column. `site_names` are only letters, as compared."""
    title = collapse_whitespace(xml_safe(written))
    column = ""
    for pattern in rule.strip_title:
        match = pattern.search(title)
        if match and match.group(0) != title:
            column = match.groupdict().get("section") or column
            title = normalize_line(title[: match.start()] + title[match.end() :])
    for numbered in (_PREPRINT, _JOURNAL):
        match = numbered.search(title)
        if match and len(match[0]) < len(title):
            title = (title[: match.start()] + title[match.end() :]).strip()
    if not _SEPARATOR.search(title):
        return TitleParts(title, column)
    site = _Site(site_names, link)
    title, bar = _cut_names_behind(title, site)
    if bar is not None:
        title, section = _cut_section(title, bar)
        column = column or section
    elif match := _SECTION_BEHIND.search(title):
        column = column or match["section"]
        title = title[: match.start()]
    return TitleParts(_cut_name_before(title, site), column)


def cut_behind(title: str, heading: str) -> str:
    """Return the title as far as a heading of the same text repeats it, when the site's name may follow; else ""."""
    if not title.startswith(heading) or display_width(heading) < _SHORTEST_TITLE:
        return ""
    rest = _SEPARATOR.match(title, len(heading))
    return heading if rest and len(title) - rest.end() <= _LONGEST_NAME else ""


def _cut_names_behind(title: str, site: _Site) -> tuple[str, str | None]:
    """Return the title without the site's names behind it, and the bar before them; None when there was no name."""
    bar = None
    title = _cut_taglines(title, site)
    separators = list(_SEPARATOR.finditer(title))
    if len(separators) > 1 and _SECTION.fullmatch(title[separators[-1].end() :]):  # `Title - Site - Section`
        name = title[separators[-2].end() : separators[-1].start()]
        if site.is_name(name, is_after_bar=bool(separators[-2]["bar"])):
            title = title[: separators.pop().start()]
    if len(separators) > 1 and site.is_known(title[separators[-2].end() : separators[-1].start()]):
        section = title[separators[-1].end() :]  # of any name, behind the whole name of the site
        if len(section) <= _LONGEST_SECTION and section.count(" ") < 2:
            title = title[: separators.pop().start()]
    while separators and separators[-1].start():
        last = separators.pop()
        if not site.is_name(title[last.end() :], is_after_bar=bool(last["bar"] or last["colon"])):
            break
        bar = last[0].strip()
        title = title[: last.start()]
    return title, bar


def _cut_taglines(title: str, site: _Site) -> str:
    """Cut what follows the site's name behind more bars (`Title | Site | What the site is about`), and a date."""
    separators = list(_SEPARATOR.finditer(title))
    while separators and separators[-1]["bar"] and parse_body_date(title[separators[-1].end() :]):
        title = title[: separators.pop().start()]
    for at, before in enumerate(separators[:-1]):
        after = separators[at + 1]
        is_own = site.is_name(title[before.end() : after.start()], is_after_bar=True)
        if is_own and after["bar"] and display_width(title[: before.start()]) >= _SHORTEST_TITLE:
            return title[: after.start()]
    return title


def _cut_section(title: str, bar: str) -> tuple[str, str]:
    """Cut the section before a site's name: a known one, or a word or two between two equal bars."""
    separators = list(_SEPARATOR.finditer(title))
    if not separators:
        match = re.search(rf"(?<=\S)-(?P<section>{_SECTION.pattern})$", title)
        return (title[: match.start()], match["section"]) if match else (title, "")
    last = separators[-1]
    section, rest = title[last.end() :], title[: last.start()]
    is_known = _SECTION.fullmatch(section) is not None
    is_between = bool(last["bar"]) and last[0].strip() == bar and section.count(" ") < 2
    if display_width(rest) < _SHORTEST_TITLE or len(section) > _LONGEST_SECTION or not (is_known or is_between):
        return title, ""
    return rest, section


def _cut_name_before(title: str, site: _Site) -> str:
    first = _SEPARATOR.search(title)
    if first is None or first["colon"] or display_width(title[first.end() :]) < _SHORTEST_TITLE:
        return title
    return title[first.end() :] if site.is_known(title[: first.start()]) else title


class _Site:
    """The names of one site: those that are known, and the parts of its hosts."""

    def __init__(self, names: frozenset[str], link: str) -> None:
        self.names = names
        self.hosts = [host.lower() for host in _HOSTS.findall(unquote(link))]
        parts = {part for host in self.hosts for part in host.split(".")[:-1]} - _NO_NAMES
        self.labels = {part.replace("-", "") for part in parts if len(part) > 1}
        self.words = self.labels | {word for part in parts for word in part.split("-")}
        self.long_labels = [label for label in self.words if len(label) >= _SHORTEST_LABEL]

    def is_known(self, text: str) -> bool:
        """True for the site's whole name."""
        letters = only_letters(text)
        if letters in self.names:
            return True
        return len(letters) > 3 and any(_fold(form) in self.labels for form in _forms(text))

    def is_name(self, text: str, *, is_after_bar: bool) -> bool:
        """True for a name of the site, also in other words or letters than those of its host."""
        text = text.strip()
        if not text or only_letters(text) in self.names:
            return bool(text)
        if len(text) > _LONGEST_NAME or text.count(" ") >= _MOST_WORDS:
            return False
        if _PAPER.fullmatch(text) and any(label[0] == _fold(text)[:1] for label in self.labels):
            return True
        if _NOT_LATIN.search(text):
            is_outlet = _OUTLET_END.fullmatch(text) is not None
        else:
            is_outlet = is_after_bar and _LATIN_OUTLET.fullmatch(text) is not None
        if self._has_own_domain(text) or self._is_company(text):
            return True
        return is_outlet or any(self._is_written_like(form, is_after_bar=is_after_bar) for form in _forms(text))

    def _has_own_domain(self, text: str) -> bool:
        """True for an address that ends like the host, also beside one other word."""
        *others, last = text.split()
        domain = _DOMAIN.fullmatch(last)
        is_own = domain is not None and any(host.endswith(domain[1].lower()) for host in self.hosts)
        return is_own and (not others or (len(others) == 1 and _fold(last.partition(".")[0]) in self.labels))

    def _is_company(self, text: str) -> bool:
        """True for a full name with its legal form, of which the host has a word."""
        form = _LEGAL_FORM.search(text)
        names = [_fold(word) for word in re.split(r"[\s-]", text[: form.start()])] if form else ()
        return any(name in self.words for name in names if len(name) >= _SHORTEST_LABEL)

    def _is_written_like(self, text: str, *, is_after_bar: bool) -> bool:
        letters = _fold(text)
        if letters in self.labels and (len(letters) > 3 or is_after_bar):
            return True
        if (edition := _EDITION_BEHIND.search(text)) and _fold(text[: edition.start()]) in self.labels:
            return True
        rest = [_fold(word) for word in text.split() if not _MEDIUM.fullmatch(word)]
        if rest and len(rest) < len(text.split()) and self._is_label("".join(rest)):
            return True
        if _MEDIUM.match(text) and rest and len(rest[0]) >= _UNLIKELY and rest[0] in self.labels:
            return True  # a section of it may follow
        words = [folded for word in text.split() if (folded := _fold(word))]
        if any(len(label) > 3 - is_after_bar and _is_abbreviation(label, words) for label in self.labels):
            return True
        if is_after_bar and any(_begins_abbreviated(label, _WORD_END.split(text)) for label in self.long_labels):
            return True
        if _NOT_LATIN.search(text):
            skeleton = _skeleton(letters)
            return any(
                (len(skeleton) > 2 and _skeleton(label) == skeleton)
                or (letters.startswith(label) and len(letters) <= len(label) + _LONGEST_ENDING)
                for label in self.long_labels
            )
        has_capitals = all(word[:1].isupper() or not word[:1].isalpha() for word in text.split())
        labels = self.long_labels
        last = text.split()[-1]
        if not (is_after_bar or _MEDIUM.fullmatch(last) or _PLACE.fullmatch(last)):
            # `Siemens Energy` is no name of Siemens' site, but what a page of it may be about.
            labels = [label for label in labels if label == letters or not letters.startswith(label)]
        return any(self._shares_most(letters, label, has_capitals=has_capitals) for label in labels)

    def _is_label(self, name: str) -> bool:
        """True for a part of a host, or for the beginning of a long one."""
        return len(name) >= _SHORTEST_LABEL and any(label.startswith(name) for label in self.long_labels)

    @staticmethod
    def _shares_most(letters: str, label: str, *, has_capitals: bool) -> bool:
        """True when a name and a part of the host are the same but for a word or some letters."""
        if len(letters) >= _SHORTEST_LABEL and label.startswith(letters) and len(label) <= len(letters) + 4:
            return True
        is_one_end = letters.startswith(label) or letters.endswith(label)
        if is_one_end and has_capitals and len(label) >= _UNLIKELY and len(letters) <= len(label) + _LONGEST_WORD:
            return True
        if len(letters) <= _UNLIKELY or len(label) <= _UNLIKELY:
            return False
        common = SequenceMatcher(None, letters, label, autojunk=False).find_longest_match().size
        return common > _UNLIKELY and 4 * common >= 3 * max(len(letters), len(label))


def _forms(text: str) -> set[str]:
    """Return a name in the spellings that hosts use for it, with and without its article."""
    spellings = {text, text.translate(_UMLAUTS)}
    return spellings | {_ARTICLE.sub("", spelling, count=1) for spelling in spellings if _ARTICLE.match(spelling)}


def _fold(text: str) -> str:
    """Return a name in letters and digits of ASCII, transcribed from other scripts."""
    return only_letters(text if text.isascii() else anyascii(text))


def _skeleton(letters: str) -> str:
    return letters.translate(_SOFT)


def _is_abbreviation(label: str, words: list[str]) -> bool:
    """True when a label is made of beginnings of all words, in order: `nytimes` of New York Times."""
    if not words:
        return not label
    if len(words) == 1 and len(label) < len(words[0]) and len(label) < _SHORTEST_LABEL:
        return False
    return _is_made_of(label, words)


def _begins_abbreviated(label: str, words: list[str]) -> bool:
    """True when a label is made of beginnings of the first words: `evref` of Evangelisch-reformierte Kirche."""
    folded = [word for each in words if (word := _fold(each))]
    return any(_is_made_of(label, folded[:count]) for count in range(2, min(4, len(folded)) + 1))


_WORD_END = re.compile(r"[\s-]+")


def _is_made_of(label: str, words: list[str]) -> bool:
    if not words or not label:
        return not words and not label
    longest = next((n for n, (a, b) in enumerate(zip(label, words[0], strict=False)) if a != b), None)
    if longest is None:
        longest = min(len(label), len(words[0]))
    return any(_is_made_of(label[n:], words[1:]) for n in range(longest, 0, -1))
