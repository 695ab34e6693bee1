"""Entry -> the texts of its places: title, lead, body, tags, section; without what only looks like its subject."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from lxml import etree

from ..model import Entry
from .normalization import normalize_text, to_simplified, unify_names

LEAD = 300
"""Characters at the start that say what a report is about; its first two or three paragraphs."""
LONGEST = 10_000
"""Characters of a text that are looked at: three long articles."""

_INLINE = frozenset(
    {"a", "b", "strong", "i", "em", "u", "s", "span", "sub", "sup", "small", "mark", "code", "q", "cite"}
)
_UNREAD = frozenset({"figure", "figcaption", "img", "audio", "video", "iframe", "script", "style", "template"})

# Folded text, so afp stands for 法新社. Wire datelines, the local hour in brackets, translators and editors.
_BRACKETS = (
    r"[(（](?:台湾|台北|北京|香港|当地|巴黎|美东|格林威治)[^()（）\n]{0,4}\d{1,2}日?[^()（）\n]{0,12}[)）]"
    r"|[(（](?:实习)?(?:译者|编译|编辑|核稿|记者|责编|注：作者)[^()（）\n]{0,120}[)）]"
)
# Two searches that each begin with certain characters skip what one for all alternatives would try everywhere: x0.1.
_WITHIN = re.compile(_BRACKETS)
_AT_START = re.compile(
    r"\n(?:[(（](?:afp|dw|路透|路透社|ap|美联社|中央社|voa|rfa|新华社)[^()（）\n]{0,24}[)）]"
    r"|路透[^\n]{1,16}?\d{1,2}月\d{1,2}日\s*[-－—]+"
    r"|[^\n。，,—]{2,8}[—–]{1,2}"
    rf"|{_BRACKETS}"
    r"|[^\n]{0,40}责编[：:\s][^\n]{0,60}$"
    r"|(?:(?:更多|相关|延伸|推荐|点击)阅读|相关(?:报道|报导|新闻)|编译|翻译|译者|审校|发稿)[：:/ ][^\n]*$)",
    re.MULTILINE,
)
_COLUMN = re.compile(r"^[^|｜]{1,16}[|｜](?=.{4})")
"""Who writes, before what it is about: `新华社｜…`, `某某基金 | …`. Reposts name the paper or the author so."""
_SEMICOLON = re.compile("[；;]")
_SHORT = 4
"""Characters below which what stands between two 、 is a name and no headline."""
_APART = "\x1e"
"""Stands between texts that are folded together, because a call costs more than a name; no entry has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicFields:
    """An entry as topics see it. All folded; `sections` are whole names, the rest is running text."""

    title: str
    title_breaks: tuple[int, ...]
    """Where in the title of a round-up one report ends and the next begins; empty for all other entries."""
    tags: tuple[str, ...]
    text: str
    """Lead and body: the lead is its first LEAD characters."""
    sections: frozenset[str]
    """The column, the tags, the folders of the link and its host, each as a whole."""
    body_text: str
    """The running text of the body alone, whole, simplified and not folded further: what reposts are known by."""


def extract_topic_fields(entry: Entry) -> TopicFields:
    """Take an entry apart. Pure; the same entry gives the same places."""
    text = extract_running_text(entry.html)
    words = to_simplified(text)
    summary = " ".join(entry.summary.split())
    head = ""
    if summary and summary[:24] not in " ".join(text[: 3 * LEAD].split()):
        head = f"{to_simplified(summary)}\n"
    folded = normalize_text(_APART.join((entry.title, entry.section, *entry.tags, *_path(entry.link)))).split(_APART)
    title, section, tags, path = folded[0], folded[1], folded[2 : 2 + len(entry.tags)], folded[2 + len(entry.tags) :]
    title = _COLUMN.sub("", _without_datelines(title))
    return TopicFields(
        title=title,
        title_breaks=_cuts(title),
        tags=tuple(tags),
        text=_without_datelines(unify_names(f"{head}{words[:LONGEST]}"[:LONGEST])),
        sections=frozenset({section, *tags, *_runs(path), _host(entry.link)} - {""}),
        body_text=words,
    )


def _cuts(title: str) -> tuple[int, ...]:
    """At semicolons, or at the commas of a list (、) of three headlines or more."""
    if cuts := tuple(found.start() for found in _SEMICOLON.finditer(title)):
        return cuts
    items = title.split("、")
    if len(items) < 3 or min(len(item.strip()) for item in items) < _SHORT:
        return ()
    return tuple(at for at, sign in enumerate(title) if sign == "、")


def _without_datelines(folded: str) -> str:
    return _WITHIN.sub("", _AT_START.sub("\n", f"\n{folded}")[1:])


def extract_running_text(html: str) -> str:
    """The running text of an entry's HTML, a line per block; figures and lists of nothing but links are left out."""
    if not html.strip():
        return ""
    root = etree.HTML(html)
    if root is None:
        return ""
    pieces: list[str] = []
    _read(root, pieces)
    return "\n".join(line for piece in "".join(pieces).split("\n") if (line := piece.strip()))


def extract_body_text(html: str) -> str:
    """The running text of an entry's HTML in Simplified Chinese: `TopicFields.body_text` of an entry that is stored."""
    return to_simplified(extract_running_text(html))


def _read(root: etree._Element, pieces: list[str]) -> None:
    # A stack and not a recursion: a body may nest deeper than Python does.
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
        if name in _UNREAD or not isinstance(name, str) or (name in ("ul", "ol") and _only_links(node)):
            continue
        if text := node.text:
            pieces.append(text)
        if len(node):
            stack.extend(reversed(node))


def _only_links(node: etree._Element) -> bool:
    linked = sum(len(_text(link)) for link in node.iter("a"))
    return linked > 0 and linked >= 0.9 * len(_text(node))


def _text(node: etree._Element) -> str:
    return "".join(str(piece) for piece in node.itertext()).strip()


def _host(link: str) -> str:
    return (urlsplit(link).hostname or "").removeprefix("www.")


def _path(link: str) -> list[str]:
    """The folders of a link, and its last name, without the number that may end them."""
    return [re.sub(r"-\d+$", "", unquote(part)) for part in urlsplit(link).path.split("/") if part]


def _runs(path: list[str]) -> set[str]:
    """Up to three successive folders, as a section may be written: `culture`, `yataibaodao/meiti`."""
    return {
        "/".join(path[start:end])
        for start in range(len(path))
        for end in range(start + 1, min(start + 3, len(path)) + 1)
    }
