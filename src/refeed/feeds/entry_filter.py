"""A feed's entries and a filter -> the entries that the filter selects, as it presents them. Pure, with limited work.

Patterns are matched against visible text, never against markup. Both are converted to Simplified characters, so that
Traditional words match a Simplified text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache, partial
from html import escape
from threading import Lock
from typing import NamedTuple

import opencc
from cachetools import LRUCache, cached
from lxml.html import fragment_fromstring, tostring

from ..clean.sanitize import sanitize
from ..clean.text import visible_text
from ..config.field_types import compile_search_pattern
from ..config.filter_rules import FeedFilter
from ..model import Entry, FeedEntry, FeedInfo, FeedPath, Person
from ..page_languages import translate
from ..xml_chars import xml_safe

MAX_SCANNED = 300
"""The largest number of entries that a filter examines, newest first."""
MAX_FOUND = 2000
"""The largest number of entries that a filter examines of those that a search has found."""
_MAX_TEXT = 20_000
"""The largest number of characters of a text that are examined. The longest of 4,470 real articles has 18,000."""
_MAX_STEPS = 100_000_000
"""The limit on examined characters times the size of the patterns. The worst known patterns take 5 ns for each step:
half a second. The limit is a count and not a duration, so that the same request gets the same answer on a busy
machine."""

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+")
_TAG = re.compile(r"(<[^<>]*>)")  # sanitized HTML has neither character inside of a tag
_ALT = re.compile(r'( alt=")([^"]*)(")')


class _FilterText(NamedTuple):
    """The visible text of an entry in Simplified characters, which patterns are matched against."""

    title: str
    author: str
    category: str
    content: str


class EntryFilter:
    """Selects entries with one filter. An instance counts its steps, so it serves one request only."""

    def __init__(self, rule: FeedFilter, now: datetime) -> None:
        self._rule = rule
        self._since = now - rule.filter_time if rule.filter_time else None
        self._tests = [
            (name.startswith("filterout"), name.partition("_")[2], compile_search_pattern(_simplify_pattern(text)))
            for name, text in rule.patterns.items()
        ]
        self._steps = sum(pattern.programsize * (1 if field else 2) for _, field, pattern in self._tests)
        self._steps_left = _MAX_STEPS
        self.complete = True
        """False when older entries were not examined although fewer entries than asked for were found."""

    def select(self, entries: Iterable[FeedEntry], limit: int, max_scanned: int = MAX_SCANNED) -> list[FeedEntry]:
        """Select and present at most `limit` of the first `max_scanned` entries. `entries` must be newest first."""
        chosen: list[FeedEntry] = []
        for number, feed_entry in enumerate(entries):
            if number == max_scanned or self._steps_left < 0:
                self.complete = False
                break
            if self.matches(feed_entry):
                # Presented one by one, because an oversized entry then loses its HTML before the next one is read.
                chosen.append(apply_presentation(feed_entry, self._rule))
            if len(chosen) >= min(self._rule.limit or limit, limit):
                break
        return chosen if self._rule.sorted else sorted(chosen, key=lambda item: item.entry.updated, reverse=True)

    def matches(self, feed_entry: FeedEntry) -> bool:
        """Whether the filter keeps this entry."""
        entry = feed_entry.entry
        if self._since is not None and entry.published < self._since:
            return False
        if self._rule.source and entry.source not in self._rule.source:
            return False
        if not self._tests:
            return True
        if self._steps_left < 0:
            return False
        text = _filter_text(feed_entry)
        self._steps_left -= self._steps * (len(text.content) + len(text.title))
        for excludes, field, pattern in self._tests:
            texts = (getattr(text, field),) if field else (text.title, text.content)
            if any(pattern.search(part) for part in texts) == excludes:
                return False
        return True


def apply_presentation(feed_entry: FeedEntry, rule: FeedFilter) -> FeedEntry:
    """Return the entry as the filter presents it: without images, shortened, or in a different script."""
    entry = feed_entry.entry
    summary_only = feed_entry.summary_only or rule.mode == "summary"
    if summary_only:
        entry = replace(entry, html=sanitize(""))  # not shown, so not worth converting
    if rule.images == "none":
        entry = replace(entry, html=sanitize(_remove_images(entry.html)), image=None, images=())
    if rule.mode == "titles":
        entry = replace(entry, html=sanitize(""), summary="")
    elif rule.brief:
        text = visible_text(entry.html).replace("\n", " ")
        text = text if len(text) <= rule.brief else f"{text[: rule.brief].rstrip()}…"
        entry = replace(entry, html=sanitize(f"<p>{escape(text, quote=False)}</p>"))
    feed_entry = replace(feed_entry, entry=entry, summary_only=summary_only)
    return _convert_entry(feed_entry, rule.opencc) if rule.opencc else feed_entry


# Feeds are filtered repeatedly. The key holds no text: the entries themselves may have several MB each.
@cached(
    LRUCache(4_000_000, getsizeof=lambda text: sum(map(len, text))),
    key=lambda feed_entry: (feed_entry.entry.id, hash(feed_entry)),
    lock=Lock(),
)
def _filter_text(feed_entry: FeedEntry) -> _FilterText:
    entry = feed_entry.entry
    people = [*entry.authors, *(person.name for person in entry.contributors)]
    topics = [part for label in feed_entry.labels for part in label]
    return _FilterText(
        title=_to_simplified(entry.title),
        author=_to_simplified("\n".join(people)),
        category=_to_simplified("\n".join([*topics, entry.section, *entry.tags])),
        content=_to_simplified(visible_text(entry.html)[:_MAX_TEXT]),
    )


def _remove_images(html: str) -> str:
    """Return the HTML without images and their figures, whose captions mean nothing without the image."""
    if "<img" not in html:
        return html
    root = fragment_fromstring(html, create_parent=True)
    for node in root.xpath("//figure[.//img] | //img"):
        node.drop_tree()  # the text after it stays
    return str(tostring(root, encoding="unicode"))


def _convert_entry(feed_entry: FeedEntry, conversion: str) -> FeedEntry:
    """Convert the visible text of an entry to a different script; URLs stay."""
    entry, convert = feed_entry.entry, _converter(conversion).convert
    parts = _TAG.split(entry.html)
    parts[::2] = map(convert, parts[::2])
    parts[1::2] = (_ALT.sub(lambda m: m[1] + convert(m[2]) + m[3], tag) for tag in parts[1::2])
    image = entry.image
    converted: Entry = replace(
        entry,
        title=convert(entry.title),
        summary=convert(entry.summary),
        # Converted text is new text: it goes through the sanitizer like all other text.
        html=sanitize("".join(parts)),
        authors=tuple(map(convert, entry.authors)),
        contributors=tuple(Person(name=convert(p.name), role=convert(p.role)) for p in entry.contributors),
        image=image and replace(image, caption=convert(image.caption), credit=convert(image.credit)),
        rights=convert(entry.rights),
        section=convert(entry.section),
        tags=tuple(map(convert, entry.tags)),
        language=script_language(conversion) if entry.language.startswith("zh") else entry.language,
    )
    source = feed_entry.source and replace(feed_entry.source, title=convert(feed_entry.source.title))
    labels = tuple((id, convert(title)) for id, title in feed_entry.labels)
    publisher = convert(feed_entry.publisher)
    return replace(feed_entry, entry=converted, source=source, publisher=publisher, labels=labels)


def filtered_title(title: str, language: str, rule: FeedFilter, feeds: Mapping[FeedPath, FeedInfo]) -> str:
    """The title of a feed that a query filters, with what it selects, in a language. `feeds` name its sources."""
    _ = partial(translate, language=language)
    marks = {"ja": "「{}」", "zh-Hant": "「{}」", "de": "„{}“"}
    quoted = next((mark for tag, mark in marks.items() if language.startswith(tag)), "“{}”").format
    labels = {
        "filter": "",
        "filter_title": _("in the title:"),
        "filter_author": _("by:"),
        "filter_category": _("with the topic or tag:"),
        "filter_content": _("in the text:"),
        "filterout": _("without:"),
        "filterout_title": _("not in the title:"),
        "filterout_author": _("not by:"),
        "filterout_category": _("without the topic or tag:"),
        "filterout_content": _("not in the text:"),
    }
    infos = [(id, feeds.get(FeedPath("source", id))) for id in rule.source]
    sources = [info.title if info else id for id, info in infos]
    parts = [("", quoted(rule.q))] if rule.q else []
    parts += [(labels[name], quoted(text)) for name, text in rule.patterns.items()]
    parts += [(_("from:"), ", ".join(sources))] if rule.source else []
    comma = "、" if language.startswith("ja") else "，" if language.startswith("zh") else ", "
    # A full-width colon needs no space after it.
    texts = [f"{label}{text}" if label.endswith("：") else f"{label} {text}".strip() for label, text in parts]
    return xml_safe(f"{title} – {comma.join(texts)}") if texts else title


def convert_script(text: str, conversion: str) -> str:
    """Convert the title or subtitle of a feed; it stays when `conversion` is empty."""
    return str(_converter(conversion).convert(text)) if conversion else text


def script_language(conversion: str) -> str:
    """The BCP 47 language tag of converted Chinese text."""
    return "zh-Hans" if conversion.partition("2")[2].startswith("s") else "zh-Hant"


@cache
def _converter(conversion: str) -> opencc.OpenCC:
    return opencc.OpenCC(conversion)


def _to_simplified(text: str) -> str:
    return str(_converter("t2s").convert(text))


def _simplify_pattern(pattern: str) -> str:
    """Convert a pattern to Simplified characters, except for the ends of ranges, where the order matters."""

    def simplify(han: re.Match[str]) -> str:
        is_range = pattern[han.start() - 1 : han.start()] == "-" or pattern[han.end() : han.end() + 1] == "-"
        return han[0] if is_range else _to_simplified(han[0])

    return _HAN.sub(simplify, pattern)
