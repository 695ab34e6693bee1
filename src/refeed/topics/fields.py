"""Entry -> the fields that topics search: title, tags, text and sections, without datelines and credits. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from lxml import etree

from ..model import Entry
from .normalization import length_unit, normalize_text, to_simplified, unify_names

LEAD_LENGTH = 300
"""The length of the lead in characters. The lead, two or three paragraphs, says what a report is about."""
_MAX_TEXT = 10_000
"""The number of characters of a text that are searched. This is as long as three long articles."""

_INLINE = frozenset(
    {"a", "b", "strong", "i", "em", "u", "s", "span", "sub", "sup", "small", "mark", "code", "q", "cite"}
)
_SKIPPED = frozenset({"figure", "figcaption", "img", "audio", "video", "iframe", "script", "style", "template"})

# Datelines of agencies, the local hour in brackets, translators and editors. The text is normalised: 法新社 is afp.
_BRACKETS = (
    r"[(（](?:台湾|台北|北京|香港|当地|巴黎|美东|格林威治)[^()（）\n]{0,4}\d{1,2}日?[^()（）\n]{0,12}[)）]"
    r"|[(（](?:实习)?(?:译者|编译|编辑|核稿|记者|责编|注：作者)[^()（）\n]{0,120}[)）]"
)
# Two patterns, each beginning with fixed characters, take a tenth of the time of one pattern with all alternatives.
_IN_BRACKETS = re.compile(_BRACKETS)
_AT_LINE_START = re.compile(
    r"\n(?:[(（](?:afp|dw|路透|路透社|ap|美联社|中央社|voa|rfa|新华社)[^()（）\n]{0,24}[)）]"
    r"|路透[^\n]{1,16}?\d{1,2}月\d{1,2}日\s*[-－—]+"
    r"|[^\n。，,—]{2,8}[—–]{1,2}"
    rf"|{_BRACKETS}"
    r"|[^\n]{0,40}责编[：:\s][^\n]{0,60}$"
    r"|(?:(?:更多|相关|延伸|推荐|点击)阅读|相关(?:报道|报导|新闻)|编译|翻译|译者|审校|发稿)[：:/ ][^\n]*$)",
    re.MULTILINE,
)
_ADDRESS = re.compile(r"(?:https?://|www\.)[!-~]+")
"""A link in the text. The text below a video has many, and their hosts say nothing about its subject."""
_TITLE_SECTION = re.compile(r"^\s*(?:[\[【〔]([^\[\]【】〔〕]{1,12})[\]】〕]|([^|｜]{1,16}?) ?[|｜])(?=.{4})")
"""The section, author or paper before the title itself: `[国际] …`, `【404文库】…`, `新华社｜…`, `某某基金 | …`."""
_SEMICOLON = re.compile("[；;]")
_MIN_HEADLINE = 4
"""In characters. A shorter text between two 、 is a name, not a headline."""
_SEPARATOR = "\x1e"
"""Joins texts to normalise them in one call, because each call has a high fixed cost. No entry contains it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicFields:
    """The fields of an entry that topics search. All except `body_text` are normalised."""

    title: str
    title_breaks: tuple[int, ...]
    """The positions in the title of a round-up where one report ends and the next begins; empty for other entries."""
    tags: tuple[str, ...]
    """The source's tags, and the section in brackets before the title."""
    text: str
    """Lead and body. The lead is the first LEAD_LENGTH characters."""
    sections: frozenset[str]
    """Whole names: the column, the section before the title, the tags, the folders of the link, each also after the top
    level of the host (`.tw/政治`), the top level, and the host."""
    language: str
    """The language of the text without script and region: `zh`, `en`; `und` is unknown."""
    body_text: str
    """The whole text of the body in Simplified characters, not normalised further. Used to find reposts."""


def extract_topic_fields(entry: Entry) -> TopicFields:
    """Extract the fields of an entry. The result depends on nothing else."""
    text = _running_text(entry.html)
    body_text = to_simplified(text)
    language = entry.language.partition("-")[0]
    max_text = _MAX_TEXT * length_unit(language)
    summary = " ".join(entry.summary.split())
    head = ""
    if summary and summary[:24] not in " ".join(text[: 3 * LEAD_LENGTH].split()):
        head = f"{to_simplified(summary)}\n"
    url = urlsplit(entry.link)
    # The folders of the link and its last part, each without a number at the end.
    path = [re.sub(r"-\d+$", "", unquote(part)) for part in url.path.split("/") if part]
    title, section, *rest = normalize_text(_SEPARATOR.join((entry.title, entry.section, *entry.tags, *path))).split(
        _SEPARATOR
    )
    tags, path = rest[: len(entry.tags)], rest[len(entry.tags) :]
    title_section, is_byline, title = _split_section(_IN_BRACKETS.sub("", title))
    host = (url.hostname or "").removeprefix("www.")
    # A section may be written as up to three successive folders: `culture`, `yataibaodao/meiti`.
    folders = {
        "/".join(path[start:end])
        for start in range(len(path))
        for end in range(start + 1, min(start + 3, len(path)) + 1)
    }
    sections = {section, title_section, *tags, *folders} - {""}
    top_level = f".{host.rpartition('.')[2]}"
    return TopicFields(
        title=title,
        title_breaks=_find_title_breaks(title),
        tags=tuple(tags) if is_byline or not title_section else (*tags, title_section),
        text=_without_datelines(unify_names(f"{head}{body_text[:max_text]}"[:max_text])),
        sections=frozenset(sections | {f"{top_level}/{name}" for name in sections} | {host, top_level}),
        language=language,
        body_text=body_text,
    )


def extract_body_text(html: str) -> str:
    """Return `TopicFields.body_text` for an entry with this HTML."""
    return to_simplified(_running_text(html))


def _find_title_breaks(title: str) -> tuple[int, ...]:
    """Find the breaks at semicolons, or at the commas (、) of a list of three or more headlines."""
    if breaks := tuple(match.start() for match in _SEMICOLON.finditer(title)):
        return breaks
    items = title.split("、")
    if len(items) < 3 or min(len(item.strip()) for item in items) < _MIN_HEADLINE:
        return ()
    return tuple(position for position, char in enumerate(title) if char == "、")


def _split_section(title: str) -> tuple[str, bool, str]:
    """Split a title into the section before it, or "", whether that may be an author or a paper, and the rest."""
    if match := _TITLE_SECTION.match(title):
        return match[1] or match[2], not match[1], title[match.end() :]
    return "", False, title


def _without_datelines(text: str) -> str:
    return _ADDRESS.sub(" ", _IN_BRACKETS.sub("", _AT_LINE_START.sub("\n", f"\n{text}")[1:]))


def _running_text(html: str) -> str:
    """Return the text of an entry's HTML, one line for each block, without figures and lists of links."""
    if not html.strip():
        return ""
    root = etree.HTML(html)
    if root is None:
        return ""
    pieces: list[str] = []
    # A stack instead of recursion: a body may nest deeper than Python can recurse.
    stack: list[etree._Element | str] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            pieces.append(node)
            continue
        name = node.tag
        end = "" if name in _INLINE or not isinstance(name, str) else "\n"
        if tail := node.tail if node is not root else None:
            end += tail
        if end:
            stack.append(end)
        if name in _SKIPPED or not isinstance(name, str) or (name in ("ul", "ol") and _has_only_links(node)):
            continue
        if text := node.text:
            pieces.append(text)
        if len(node):
            stack.extend(reversed(node))
    return "\n".join(line for piece in "".join(pieces).split("\n") if (line := piece.strip()))


def _has_only_links(node: etree._Element) -> bool:
    """True when at least 90 % of an element's text is in links."""
    whole, *links = (len("".join(map(str, part.itertext())).strip()) for part in (node, *node.iter("a")))
    return any(links) and sum(links) >= 0.9 * whole
