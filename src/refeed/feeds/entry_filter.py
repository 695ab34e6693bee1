"""A feed's entries and a view -> the entries that the view shows, and how. Pure, bounded, and about text alone.

Words are looked for in what a person reads, never in markup, and in Simplified characters on both sides, so that a
Traditional reader's words find a Simplified text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import cache, lru_cache
from html import escape
from itertools import islice
from typing import NamedTuple

import opencc
import re2
from lxml import etree

from ..clean.sanitize import sanitize
from ..config.field_types import compile_search_pattern
from ..config.filter_rules import FeedFilter
from ..model import Entry, FeedEntry, Person

MAX_SCANNED = 300
"""Entries that a view looks through at most, newest first."""
_READ = 20_000
"""Characters of a text that are looked at; the longest of 4,470 real articles has 18,000."""
_WORK = 100_000_000
"""Characters looked at, times steps of the patterns. The worst patterns we found take 5 ns for each: half a second.
A count and not a clock, so that the same request gets the same answer on a busy machine."""

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+")
_TAG = re.compile(r"""(<(?:[^>"']|"[^"]*"|'[^']*')*>)""")
_ALT = re.compile(r'( alt=")([^"]*)(")')
_INLINE = frozenset({"a", "b", "strong", "i", "em", "u", "s", "sub", "sup", "mark", "code", "q", "cite"})


class FilterText(NamedTuple):
    """An entry as filters see it: what a person reads, in Simplified characters."""

    title: str
    author: str
    category: str
    content: str


class EntryFilter:
    """A view ready to look at entries. Counts what it has done: one for each answer."""

    def __init__(self, view: FeedFilter, now: datetime) -> None:
        self._view = view
        self._since = now - view.filter_time if view.filter_time else None
        self._tests = [
            (name.startswith("filterout"), name.partition("_")[2], compile_search_pattern(_simplified_pattern(text)))
            for name, text in view.patterns.items()
        ]
        self._steps = sum(pattern.programsize * (2 if not place else 1) for _, place, pattern in self._tests)
        self._left = _WORK

    def select(self, entries: Iterable[FeedEntry], most: int) -> list[FeedEntry]:
        """Those of the entries, newest first, that the view shows: at most `most`, from among the first SCANNED."""
        chosen = (shown for shown in islice(entries, MAX_SCANNED) if self._wants(shown))
        found = list(islice(self._affordable(chosen), min(self._view.limit or most, most)))
        return found if self._view.sorted else sorted(found, key=lambda shown: shown.entry.updated, reverse=True)

    def _affordable(self, entries: Iterator[FeedEntry]) -> Iterator[FeedEntry]:
        for shown in entries:
            if self._left < 0:
                return
            yield shown

    def _wants(self, shown: FeedEntry) -> bool:
        entry = shown.entry
        if self._since is not None and entry.published < self._since:
            return False
        if self._view.source and entry.source not in self._view.source:
            return False
        if not self._tests:
            return True
        if self._left < 0:
            return False
        words = _words(shown)
        self._left -= self._steps * (len(words.content) + len(words.title))
        return all(_found(pattern, place, words) != out for out, place, pattern in self._tests)


def apply_presentation(shown: FeedEntry, view: FeedFilter) -> FeedEntry:
    """An entry as the view shows it: without pictures, shortened, in another script."""
    entry = shown.entry
    if view.images == "none":
        entry = replace(entry, html=sanitize(_without_pictures(entry.html)), image=None, images=())
    if view.mode == "titles":
        entry = replace(entry, html=sanitize(""), summary="")
    elif view.brief:
        entry = replace(entry, html=sanitize(f"<p>{escape(_cut(_plain(entry.html), view.brief), quote=False)}</p>"))
    shown = replace(shown, entry=entry, summary_only=shown.summary_only or view.mode == "summary")
    return _converted(shown, view.opencc) if view.opencc else shown


def _found(pattern: re2._Regexp, place: str, words: FilterText) -> bool:
    if not place:
        return bool(pattern.search(words.title) or pattern.search(words.content))
    return bool(pattern.search(getattr(words, place)))


@lru_cache(maxsize=1000)  # about 15 MB: what three feeds have that somebody filters again and again
def _words(shown: FeedEntry) -> FilterText:
    entry = shown.entry
    people = [*entry.authors, *(person.name for person in entry.contributors)]
    topics = [part for label in shown.labels for part in label]
    return FilterText(
        title=_simplified(entry.title),
        author=_simplified("\n".join(people)),
        category=_simplified("\n".join([*topics, entry.section, *entry.tags])),
        content=_simplified(_plain(entry.html)[:_READ]),
    )


def _plain(html: str) -> str:
    """What a person reads of an entry's HTML, captions too; a line for every block."""
    root = etree.HTML(html) if html.strip() else None
    if root is None:
        return ""
    pieces: list[str] = []
    for event, node in etree.iterwalk(root, events=("start", "end")):
        if event == "start":
            pieces.append(node.text or "")
        else:
            pieces.append(("" if node.tag in _INLINE else "\n") + (node.tail or ""))
    return re.sub(r"\s*\n\s*", "\n", "".join(pieces)).strip()


def _cut(text: str, length: int) -> str:
    text = " ".join(text.split("\n"))
    return text if len(text) <= length else f"{text[:length].rstrip()}…"


def _without_pictures(html: str) -> str:
    """The HTML without images, and without figures, whose captions say nothing where the picture is gone."""
    root = etree.HTML(html) if html.strip() else None
    body = root.find("body") if root is not None else None
    if body is None:
        return ""
    for node in list(body.iter("figure", "img")):
        parent = node.getparent()
        if parent is None or not (node.tag == "img" or node.find(".//img") is not None):
            continue
        previous = node.getprevious()
        if previous is not None:
            previous.tail = (previous.tail or "") + (node.tail or "")
        else:
            parent.text = (parent.text or "") + (node.tail or "")
        parent.remove(node)
    inner = [
        escape(body.text or "", quote=False),
        *(etree.tostring(child, encoding="unicode", method="html") for child in body),
    ]
    return "".join(inner)


def _converted(shown: FeedEntry, name: str) -> FeedEntry:
    """The whole entry in another script: every word that a person reads, and no address."""
    entry, convert = shown.entry, _converter(name).convert

    def html(text: str) -> str:
        parts = _TAG.split(text)
        parts[::2] = map(convert, parts[::2])
        parts[1::2] = (_ALT.sub(lambda m: m[1] + convert(m[2]) + m[3], tag) for tag in parts[1::2])
        return "".join(parts)

    image = entry.image
    converted: Entry = replace(
        entry,
        title=convert(entry.title),
        summary=convert(entry.summary),
        # Converted text is new text: it goes through the sanitizer like any other.
        html=sanitize(html(entry.html)),
        authors=tuple(map(convert, entry.authors)),
        contributors=tuple(Person(name=convert(p.name), role=convert(p.role)) for p in entry.contributors),
        image=image and replace(image, caption=convert(image.caption), credit=convert(image.credit)),
        rights=convert(entry.rights),
        section=convert(entry.section),
        tags=tuple(map(convert, entry.tags)),
        language=script_language(name) if entry.language.startswith("zh") else entry.language,
    )
    source = shown.source and replace(shown.source, title=convert(shown.source.title))
    return replace(shown, entry=converted, source=source, labels=tuple((id, convert(t)) for id, t in shown.labels))


def convert_script(text: str, name: str) -> str:
    """A feed's own title in the script of the view."""
    return str(_converter(name).convert(text)) if name else text


def script_language(name: str) -> str:
    """The language of what a conversion gives (BCP 47)."""
    return "zh-Hans" if name.partition("2")[2].startswith("s") else "zh-Hant"


@cache
def _converter(name: str) -> opencc.OpenCC:
    return opencc.OpenCC(name)


def _simplified(text: str) -> str:
    return str(_converter("t2s").convert(text))


def _simplified_pattern(pattern: str) -> str:
    """The same for the Chinese characters of a pattern, but for the ends of a range, whose order has a meaning."""

    def run(found: re.Match[str]) -> str:
        ranges = pattern[found.start() - 1 : found.start()] == "-" or pattern[found.end() : found.end() + 1] == "-"
        return found[0] if ranges else _simplified(found[0])

    return _HAN.sub(run, pattern)
