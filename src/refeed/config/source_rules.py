"""A source's YAML -> `SourceRule`: what is special about one source. A file of a pack, or an item of `sources:`."""

from __future__ import annotations

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
"""What a line of a text is; a `note` stays where it is, and no later step looks at it."""

CardField = Literal["author", "tag", "original", "rights"]
"""What a line of a card is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractRule:
    """An element of a source's pages that becomes a field, or is not part of the article."""

    select: str
    """A CSS selector, as Beautiful Soup takes it. `cross_checks` checks it: loading soupsieve takes 0.3 s."""
    to: ElementRole = "drop"
    start: bool = False
    """Only before the first sentence of the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRule:
    """A line of a source's texts that becomes a field, or is not part of the article.

    The pattern matches against one line with its white space collapsed. Its groups name what they find:
    `author`, `people`, `rights`, `original`, or `name` and `role`.
    """

    match: str
    to: LineRole = "drop"
    role: str = ""
    """The role of the `name`, where the pattern has no group `role`."""
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
    """How much of a source is kept; what is older, or more, is deleted. By default everything is kept."""

    entries: int = 0
    """At most this many, the newest; 0 sets no limit."""
    age: timedelta = timedelta(0)
    """Those published within this time; 0 sets no limit."""

    def __post_init__(self) -> None:
        if self.entries < 0 or self.age < timedelta(0):
            raise ValueError("entries and age must be above 0; leave out what has no limit")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRule:
    """What is special about one source. What recurs in many sources is a step of the cleaner, not a rule.

    Every key but `id` may be left out. Patterns are RE2's.
    """

    id: str
    """An ASCII slug that never changes."""
    title: str = ""
    hosts: tuple[str, ...] = ()
    """Hosts of its links; `example.org` includes its subdomains."""
    folders: tuple[str, ...] = ()
    """Folders under the dump root whose dumps belong to this source even when no rule has their host."""
    archive: bool = False
    """It republishes other sources' texts: where both are stored, theirs count as the original."""
    link: str = ""
    language: str = ""
    timezone: str = "UTC"
    """Of the dates in its texts that name no zone themselves."""
    icon: str = ""
    access: Literal["public", "private"] = "public"
    """Private: its documents are served only at addresses with a token."""
    keep: Retention = field(default_factory=Retention)
    id_pattern: str = ""
    """Pattern of the part of a link that never changes; its groups fill `canonical`."""
    canonical: str = ""
    """The link that an entry's id is made from: `https://example.org/a/{number}`. Without it, the cleaned link."""
    section: str = ""
    """Pattern whose group `section` names the part of the source, in the link with percent-escapes decoded."""
    strip_title: tuple[str, ...] = ()
    """Patterns of what is cut from a title; a group `section` names the column."""
    lead: str = ""
    """Pattern that a text above the lead image has to match to be the source's own lead."""
    agencies: tuple[str, ...] = ()
    """Patterns of bylines that name the publisher itself or an agency, not a person."""
    extract: tuple[ExtractRule, ...] = ()
    line_rules: tuple[LineRule, ...] = ()
    trim_end: tuple[str, ...] = ()
    """Patterns of what is cut from the last lines: an end mark, a credit. Groups as in `line_rules`."""
    images: tuple[str, ...] = ()
    """Patterns of URLs of images that show nothing: separators, placeholders."""
    links: dict[str, str] = field(default_factory=dict)
    """Pattern of a URL -> its replacement, with groups as in \\1; an empty one drops the link and keeps its text."""
    original: str = ""
    """Pattern of the text of the link to the article in its original language."""
    drop_related: bool = False
    """Drop lists that consist of links to the source's own pages."""
    digest_pages: str = ""
    """Text in the links of pages that keep such lists: a daily digest."""
    original_language: str = "en"
    """Language of the original articles, BCP 47."""
    labels: dict[str, CardField] = field(default_factory=dict)
    """What the lines of a `card` are: {作者: author}."""

    def __post_init__(self) -> None:
        check_slug("id", self.id)
        try:
            ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(
                f"timezone: unknown time zone {self.timezone!r}: write one such as Asia/Shanghai"
            ) from error
        if self.link:
            check_url("link", self.link)
        for name in ("language", "original_language"):
            check_language_tags(name, filter(None, [getattr(self, name)]))
        for name in ("id_pattern", "section", "lead", "original"):
            compile_rule_pattern(getattr(self, name), name)
        for name in ("strip_title", "agencies", "trim_end", "images", "links"):
            for index, pattern in enumerate(getattr(self, name)):
                compile_rule_pattern(pattern, f"{name}[{index}]")
        for index, line in enumerate(self.line_rules):
            compile_rule_pattern(line.match, f"line_rules[{index}].match")
