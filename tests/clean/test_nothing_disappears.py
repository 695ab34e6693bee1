"""Every word, image, player and link of a body is in the entry or in its removals, as often as it stood there."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from helpers.entry_builders import AT, builtin_rules, clean_body, clean_raw, parse_file, real_dumps
from helpers.property_testing import examples, given, st
from helpers.random_html import LINKS
from helpers.random_trees import bodies
from refeed.clean.image_urls import clean_image_url
from refeed.clean.text import strip_invisible
from refeed.clean.url_cleaner import clean_link
from refeed.model import CleanResult, RawEntry

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+")
_INLINE = frozenset(("a", "b", "em", "font", "i", "mark", "s", "span", "strong", "sub", "sup", "u", "wbr"))
_SILENT = ("script", "style")
"""The elements whose text no browser shows and nobody misses. What is hidden in other ways is a removal."""
_ADDRESSES = {
    "a": "href",
    "img": "src",
    "iframe": "src",
    "video": "src",
    "audio": "src",
    "embed": "src",
    "object": "data",
}


class Content(HTMLParser):
    """The words and addresses in HTML, by a parser that the cleaner does not use."""

    def __init__(self, html: str, unit: re.Pattern[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.words: Counter[str] = Counter()
        self.addresses: Counter[str] = Counter()
        self._silent = 0
        self._text: list[str] = []
        self._last_link = ""
        self._in_link = False
        self.feed(html)
        self.close()
        self.words.update(unit.findall(strip_invisible("".join(self._text))))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        self._part(tag)
        address = (dict(attrs).get(_ADDRESSES.get(tag, "")) or "").strip()
        if address and (address != self._last_link or tag != "a"):
            self.addresses[address] += 1
        if tag == "a":
            self._last_link, self._in_link = address, True  # neighbours with the same address are one link

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._silent -= tag in _SILENT

    def handle_endtag(self, tag: str) -> None:
        self._silent = max(0, self._silent - (tag in _SILENT))
        self._in_link = self._in_link and tag != "a"
        self._part(tag)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._text.append(data)
            if data.strip() and not self._in_link:
                self._last_link = ""

    def _part(self, tag: str) -> None:
        if tag not in _INLINE:
            self._text.append(" ")


def missing(body: str, link: str, cleaned: CleanResult, unit: re.Pattern[str] = _WORD) -> list[str]:
    """The words (or other units) and addresses of a body that are neither in the entry nor in the removals."""
    before, after = Content(body, unit), Content(cleaned.entry.html, unit)
    for removed in cleaned.removed:
        after.words.update(unit.findall(removed.text))
    rule = builtin_rules().match(RawEntry(title="", link=link, dump_time=AT, html="")).rule
    gone = [f"{word!r}" for word in (before.words - after.words).elements()]
    told = cleaned.entry.html.replace("&amp;", "&") + " ".join(removed.text for removed in cleaned.removed)
    for address, times in before.addresses.items():
        target = clean_link(address, link)
        forms = {address, address[:80], target, rule.rewrite_link(target), clean_image_url(address, link)} - {""}
        if max(told.count(form) for form in forms) < times:
            gone.append(address)
    return gone


@given(bodies(), st.sampled_from(LINKS))
@examples(120)
def test_everything_in_any_body_is_kept_or_a_named_removal(body: str, link: str) -> None:
    cleaned = clean_body(body, link)
    assert missing(body, link, cleaned) == []
    assert all(removed.step and removed.text for removed in cleaned.removed)


@pytest.mark.slow
def test_everything_in_a_real_dump_is_kept_or_a_named_removal() -> None:
    for file in real_dumps():
        raw = parse_file(file)
        # Characters, because hidden words may touch the words beside them.
        assert missing(raw.html, raw.link, clean_raw(raw), re.compile(r"\w")) == [], file.name


@given(bodies(), st.sampled_from(LINKS))
@examples(40)
def test_cleaning_any_body_twice_is_cleaning_it_once(body: str, link: str) -> None:
    once = clean_body(body, link).entry.html
    assert clean_body(once, link).entry.html == once
