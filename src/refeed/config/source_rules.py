"""A source's YAML -> `SourceRule`. The YAML is a file of a pack, or an item of `sources:` in config.yaml."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Literal

from annotated_types import Ge

from .field_types import Check, Duration, LanguageTag, RulePattern, Slug, TimeZone, Url, matching

ElementRole = Literal[
    "drop", "author", "date", "lead", "caption", "credit", "people", "rights", "tag", "original", "card"
]
"""What an element becomes. `people` holds roles and names, `card` holds lines of `label: value`. A `lead` also stays in
the text."""

LineRole = Literal["drop", "author", "people", "rights", "tag", "original", "note"]
"""What a line of a text becomes. A `note` stays in the text, and no other line rule is applied to it."""

CardField = Literal["author", "tag", "original", "rights"]
"""The field that a line of a card becomes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractRule:
    """Turns an element of a source's pages into a field, or drops it."""

    select: str
    """A CSS selector of soupsieve. Only `cross_checks` validates it, because loading soupsieve takes 0.3 s."""
    to: ElementRole = "drop"
    start: bool = False
    """The rule applies only before the first sentence of the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRule:
    """Turns a line of a source's texts into a field, or drops it.

    The pattern is matched against one line with its white space collapsed. The names of its groups say what they find:
    `author`, `people`, `rights`, `tag`, or `name` and `role`.
    """

    match: RulePattern
    to: LineRole = "drop"
    role: str = ""
    """The role of the person in group `name`, when the pattern has no group `role`."""
    where: Literal["any", "start", "end"] = "any"
    """`start`: only the first six paragraphs; `end`: only the last six."""
    links: bool = False
    """Match only lines with links, against their text outside of the links."""
    keep: bool = False
    """The line also stays in the text."""
    figures: bool = False
    """The figures directly after the line are dropped too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How many entries of a source are kept, and for how long. All others are deleted. By default all are kept."""

    entries: Annotated[int, Ge(0)] = 0
    """Keep at most this many of the newest entries; 0 sets no limit."""
    age: Duration = timedelta(0)
    """Keep entries published within this time; 0 sets no limit."""


PERMALINK_FIELD = re.compile(r"\{(year|month|day|slug)\}")
"""A part of a post's link that its front matter or its file's name gives."""


def _check_permalink(template: str) -> None:
    if "{slug}" not in template or re.search("[{}]", PERMALINK_FIELD.sub("", template)):
        raise ValueError(f"must have {{slug}}, and may have {{year}}, {{month}} and {{day}}, got {template!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRule:
    """What is special about one source. Markup that occurs in many sources is handled by a step of the cleaner.

    Every key except `id` is optional. Patterns use RE2's syntax.
    """

    id: Slug
    """An ASCII slug that never changes."""
    title: str = ""
    hosts: tuple[Annotated[str, matching(r"[^\s/:@?#*]+", "only a host, such as example.org")], ...] = ()
    """Hosts of the source's links; `example.org` includes its subdomains."""
    folders: tuple[str, ...] = ()
    """Folders under the dump root. Their dumps belong to this source when no rule has the link's host."""
    permalink: Annotated[Url, Check(_check_permalink)] | Literal[""] = ""
    """Template of the links of a blog's posts, for dumps in `folders` whose front matter has no link."""
    archive: bool = False
    """The source republishes other sources' texts. When both copies are stored, the other source's is the original."""
    link: Url | Literal[""] = ""
    language: LanguageTag | Literal[""] = ""
    timezone: TimeZone = "UTC"
    """The time zone of dates in the source's texts that do not name one."""
    icon: str = ""
    access: Literal["public", "private"] = "public"
    """`private`: the source's documents are served only at addresses with a token."""
    keep: Retention = field(default_factory=Retention)
    id_pattern: RulePattern = ""
    """Pattern of the part of a link that never changes; its groups fill `canonical`."""
    canonical: str = ""
    """Template of the link that an entry's id is made from: `https://example.org/a/{number}`. The default is the match
    of `id_pattern`, or the cleaned link when nothing matches."""
    section: RulePattern = ""
    """Pattern for a link with its percent-escapes decoded. The group `section` is the section of the entry."""
    strip_title: tuple[RulePattern, ...] = ()
    """Patterns of text to cut from a title; a group `section` names the column."""
    lead: RulePattern = ""
    """Pattern that a paragraph above the lead image must match to be the source's own lead."""
    agencies: tuple[RulePattern, ...] = ()
    """Patterns of bylines that name the publisher or an agency, not a person."""
    extract: tuple[ExtractRule, ...] = ()
    line_rules: tuple[LineRule, ...] = ()
    trim_end: tuple[RulePattern, ...] = ()
    """Patterns of text to cut from the last paragraphs: end marks and credits, with groups as in `line_rules`."""
    images: tuple[RulePattern, ...] = ()
    """Patterns of URLs of images that show nothing: separators, placeholders."""
    links: dict[RulePattern, str] = field(default_factory=dict)
    """Pattern of a URL -> replacement, with groups as \\1. An empty replacement drops the link and keeps its text."""
    original: RulePattern = ""
    """Pattern of the text of the link to the article in its original language."""
    drop_related: bool = False
    """Drop lists that consist of links to the source's own pages."""
    digest_pages: str = ""
    """Text in the links of pages that keep these lists, like a daily digest."""
    original_language: LanguageTag | Literal[""] = "en"
    """Language of the original articles, BCP 47."""
    labels: dict[str, CardField] = field(default_factory=dict)
    """Label of a line in a `card` -> the field that it becomes: {作者: author}."""
