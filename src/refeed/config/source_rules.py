"""`sources/*.yaml`, and `sources:` in config.yaml: what is special about one source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from .field_types import check_language_tags, check_slug, check_url, compile_rule_pattern

ElementRole = Literal[
    "drop", "author", "date", "lead", "caption", "credit", "people", "rights", "tag", "original", "card"
]
"""What an element is: `people` holds roles and names, `card` lines of `label: value`; a `lead` stays in the text."""

LineRole = Literal["drop", "author", "people", "rights", "tag", "original", "note"]
"""What a line of a text is; a `note` stays where it is and takes no further part."""

CardField = Literal["author", "tag", "original", "rights"]
"""What a line of a card is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractRule:
    """An element of a source's pages that is a field, or that does not belong to the article."""

    select: str
    """CSS, as Beautiful Soup takes it. Checked with config.yaml as a whole: what reads CSS takes 0.3 s to load."""
    to: ElementRole = "drop"
    start: bool = False
    """Only before the first sentence of the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRule:
    """A line of a source's texts that is a field, or that does not belong to the article.

    The pattern has to fit a whole line, white space collapsed. Its groups name what they hold:
    `author`, `people`, `rights`, `original`, or `name` and `role`.
    """

    match: str
    to: LineRole = "drop"
    role: str = ""
    """The role of the `name` that the pattern finds, where it has no group `role`."""
    where: Literal["any", "start", "end"] = "any"
    """`start`: before the first line of the text, `end`: after its last one."""
    links: bool = False
    """Only when all the rest of the line is links."""
    keep: bool = False
    """The line stays in the text as well."""
    figures: bool = False
    """The figures that follow go with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How much of a source is kept; what is older or more is given up. By default, all of it is kept."""

    entries: int = 0
    """The newest so many."""
    age: timedelta = timedelta(0)
    """Those published within this time."""

    def __post_init__(self) -> None:
        if self.entries < 0 or self.age < timedelta(0):
            raise ValueError("keep: entries and age are above 0; leave out what is not to be limited")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRule:
    """What is special about one source. All that recurs in many sources is a step, not a rule.

    Every key but `id` may be left out, so that config.yaml can override a rule with the keys that differ.
    Patterns are RE2's: no look-around, no back-reference, and in return never slow.
    """

    id: str
    """An ASCII slug, for ever."""
    title: str = ""
    hosts: tuple[str, ...] = ()
    """Hosts of its links; `example.org` covers its subdomains."""
    folders: tuple[str, ...] = ()
    """Folders under the dump root whose dumps are this source's, even on hosts that no rule knows."""
    archive: bool = False
    """It republishes other sources' texts: where both are stored, theirs count as the original."""
    link: str = ""
    language: str = ""
    timezone: str = "UTC"
    """Of the dates in its texts; those that name a zone themselves need none."""
    icon: str = ""
    access: Literal["public", "private"] = "public"
    """Private: its documents are given out under addresses with a token alone."""
    keep: Retention = field(default_factory=Retention)
    id_pattern: str = ""
    """Pattern that finds what never changes in a link; its groups fill `canonical`."""
    canonical: str = ""
    """The link that an entry's id is made of: `https://example.org/a/{key}`. Without it, the link's own, tidied."""
    section: str = ""
    """Pattern whose group `section` is the part of the source, found in the link with percent-escapes decoded."""
    strip_title: tuple[str, ...] = ()
    """Patterns of what does not belong to a title; a group `section` names the column that it was."""
    lead: str = ""
    """Pattern that a text above the lead image has to fit to be the source's own lead."""
    agencies: tuple[str, ...] = ()
    """Patterns of bylines that name the publisher itself, or an agency, and no person."""
    extract: tuple[ExtractRule, ...] = ()
    line_rules: tuple[LineRule, ...] = ()
    trim_end: tuple[str, ...] = ()
    """Patterns of what does not belong to the last lines: an end mark, a credit. Groups as in `lines`."""
    images: tuple[str, ...] = ()
    """Patterns of URLs of images that show nothing: separators, stand-ins."""
    links: dict[str, str] = field(default_factory=dict)
    """Pattern of a URL to what it has to be, with groups as in \\1; to nothing, to leave its text and drop the link."""
    original: str = ""
    """Pattern of the text of the link to the article in its first language."""
    drop_related: bool = False
    """Lists of nothing but links to the source's own pages are not the text."""
    digest_pages: str = ""
    """Text in the links of pages that do consist of such lists, which then stay: a daily digest."""
    original_language: str = "en"
    """Language of those articles, BCP 47."""
    labels: dict[str, CardField] = field(default_factory=dict)
    """What the lines of a `card` are: {作者: author}."""

    def __post_init__(self) -> None:
        check_slug("id", self.id)
        try:
            ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(
                f"timezone: {self.timezone!r} is not a time zone; write one such as Asia/Shanghai"
            ) from error
        if self.link:
            check_url("link", self.link)
        for name in ("language", "original_language"):
            check_language_tags(name, filter(None, [getattr(self, name)]))
        for name, pattern in self._patterns():
            compile_rule_pattern(pattern, name)

    def _patterns(self) -> Iterator[tuple[str, str]]:
        for name in ("id_pattern", "section", "lead", "original"):
            yield name, getattr(self, name)
        for name in ("strip_title", "agencies", "trim_end", "images", "links"):
            for index, pattern in enumerate(getattr(self, name)):
                yield f"{name}[{index}]", pattern
        for index, line in enumerate(self.line_rules):
            yield f"line_rules[{index}].match", line.match
