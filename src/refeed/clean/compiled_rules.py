"""A source's rule -> the same rule ready for use: its patterns and selectors compiled once, for all dumps."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import soupsieve
from bs4.element import Tag

from ..config.field_types import Regexp, compile_rule_pattern
from ..config.source_rules import ExtractRule, LineRule, SourceRule
from .html_elements import WATCHED_ATTRIBUTES

_GROUP = re.compile(r"\\(\d)")
_GROUP_NAME = re.compile(r"[(][?]P<[a-z]+>")


@dataclass(frozen=True, slots=True)
class CompiledSelector:
    """A `take` of a rule, and the test that its selector asks of an element."""

    rule: ExtractRule
    matches: ElementTest


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """One rule with its patterns compiled; None stands for a pattern that the rule does not have.

    An `any_…` tells in one search whether one of several can match: each search of RE2 costs a copy of the text.
    """

    source_rule: SourceRule
    selectors: dict[str, list[CompiledSelector]]
    """By what an element must have to be worth the full test: a tag, `.class`, or `[attribute`."""
    watched_attributes: frozenset[str]
    """Attributes for which the walk stops to ask what an element is."""
    line_rules: tuple[tuple[LineRule, Regexp], ...]
    any_line_rule: Regexp | None
    has_link_lines: bool
    """True when any of `lines` looks at the text outside of links."""
    trim_end: tuple[Regexp, ...]
    any_trim_end: Regexp | None
    strip_title: tuple[Regexp, ...]
    agencies: Regexp | None
    images: Regexp | None
    links: tuple[tuple[Regexp, str], ...]
    id_pattern: Regexp | None
    section: Regexp | None
    lead: Regexp | None
    original: Regexp | None
    any_original: Regexp | None
    hosts: tuple[str, ...]
    """In lower case."""

    def is_agency(self, name: str) -> bool:
        """True of a byline that names the house itself or an agency, and no person."""
        return self.agencies is not None and bool(self.agencies.fullmatch(name))

    def rewrite_link(self, url: str) -> str:
        """The URL as the rule wants it; empty to drop the link."""
        for pattern, replacement in self.links:
            if match := pattern.search(url):
                if not replacement:
                    return ""
                parts = _GROUP.split(replacement)  # text, group, text, group, … text
                parts[1::2] = [match.group(int(number)) or "" for number in parts[1::2]]
                return url[: match.start()] + "".join(parts) + url[match.end() :]
        return url

    def is_own_link(self, url: str) -> bool:
        """True of a link to the source's own pages."""
        host = urlsplit(url).hostname or ""
        return any(host == own or host.endswith("." + own) for own in self.hosts)


def compile_rule(rule: SourceRule) -> CompiledRule:
    """The rule with everything compiled that can be."""
    takings = _takings(rule.extract)
    return CompiledRule(
        source_rule=rule,
        selectors=takings,
        watched_attributes=WATCHED_ATTRIBUTES.union(key[1:] for key in takings if key[0] == "["),
        line_rules=tuple((line, compile_rule_pattern(line.match, "lines")) for line in rule.line_rules),
        any_line_rule=_any((line.match for line in rule.line_rules), "lines"),
        has_link_lines=any(line.links for line in rule.line_rules),
        trim_end=tuple(compile_rule_pattern(pattern, "cut") for pattern in rule.trim_end),
        any_trim_end=_any(rule.trim_end, "cut"),
        strip_title=tuple(compile_rule_pattern(pattern, "titles") for pattern in rule.strip_title),
        agencies=_any(rule.agencies, "agencies"),
        images=_any(rule.images, "images"),
        links=tuple(
            (compile_rule_pattern(pattern, "links"), replacement) for pattern, replacement in rule.links.items()
        ),
        id_pattern=_one(rule.id_pattern, "key"),
        section=_one(rule.section, "section"),
        lead=_one(rule.lead, "lead"),
        original=_one(rule.original, "original"),
        any_original=_any([rule.original] if rule.original else [], "original"),
        hosts=tuple(host.lower() for host in rule.hosts),
    )


def _takings(takes: Iterable[ExtractRule]) -> dict[str, list[CompiledSelector]]:
    takings: dict[str, list[CompiledSelector]] = {}
    for take in takes:
        for selector in split_selectors(take.select):
            takings.setdefault(selector_key(selector), []).append(CompiledSelector(take, compile_selector(selector)))
    return takings


def _one(pattern: str, name: str) -> Regexp | None:
    return compile_rule_pattern(pattern, name) if pattern else None


def _any(patterns: Iterable[str], name: str) -> Regexp | None:
    """One pattern that finds what any of several does, at any line's beginning or end; None of none."""
    # Without the names of their groups, which may occur in several of them.
    several = "|".join(f"(?:{_GROUP_NAME.sub('(?:', pattern)})" for pattern in patterns)
    return compile_rule_pattern(f"(?m){several}", name) if several else None


# A CSS selector of a rule -> a test of one element, and what an element must have to be worth that test. Pure. The
# plain ones, such as `div.a[b^=c]`, are tested here in a tenth of the time that soupsieve takes; it does all others.

ElementTest = Callable[[Any], bool]

_PART = re.compile(
    r"\.(?P<class>[\w-]+)|#(?P<id>[\w-]+)|"
    r"\[(?P<name>[\w:-]+)(?:(?P<how>[~^$*]?=)[\"']?(?P<value>[^\"'\]]*)[\"']?)?\]"
)
_PLAIN = re.compile(r"(?P<tag>[a-zA-Z][\w-]*)?(?:\.[\w-]+|#[\w-]+|\[[\w:-]+(?:[~^$*]?=[\"']?[^\"'\]]*[\"']?)?\])*")
_COMPOUND = re.compile(r"[^\s>+~]*(?:\[[^\]]*\][^\s>+~]*|\([^)]*\)[^\s>+~]*)*$")
_KEY = re.compile(r"(#|\.|\[\s*)([\w-]+)")
_HOW: dict[str, Callable[[str, str], bool]] = {
    "": lambda _found, _value: True,
    "=": lambda found, value: found == value,
    "^=": lambda found, value: bool(value) and found.startswith(value),
    "$=": lambda found, value: bool(value) and found.endswith(value),
    "*=": lambda found, value: bool(value) and value in found,
    "~=": lambda found, value: value in found.split(),
}


def split_selectors(selector: str) -> list[str]:
    """The selectors of a list, parted at the commas that stand outside of brackets and quotes."""
    parts: list[str] = []
    depth = start = 0
    quote = ""
    for at, char in enumerate(selector):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        elif char == "," and not depth:
            parts.append(selector[start:at].strip())
            start = at + 1
    return [*parts, selector[start:].strip()]


def selector_key(selector: str) -> str:
    """What an element that fits must have: `[attribute`, `.class`, a tag, or anything (`*`)."""
    compound = _COMPOUND.search(selector.strip())
    bare = re.sub(r":[\w-]+(?:\([^)]*\))?", "", compound[0] if compound else "")
    if found := _KEY.search(bare):
        return {"#": "[id", ".": "." + found[2]}.get(found[1], "[" + found[2].lower())
    tag = re.match(r"[a-zA-Z][\w-]*", bare)
    return tag[0].lower() if tag else "*"


def compile_selector(selector: str) -> ElementTest:
    """Whether an element fits the selector."""
    plain = _PLAIN.fullmatch(selector)
    if plain is None:
        return soupsieve.compile(selector).match
    name = (plain["tag"] or "").lower()
    parts = [_part(part) for part in _PART.finditer(selector)]

    def fits(tag: Tag) -> bool:
        return (not name or tag.name == name) and all(part(tag.attrs) for part in parts)

    return fits


def _part(part: re.Match[str]) -> Callable[[Any], bool]:
    if part["class"]:
        attribute, how, value = "class", _HOW["~="], part["class"]
    elif part["id"]:
        attribute, how, value = "id", _HOW["="], part["id"]
    else:
        attribute, how, value = part["name"].lower(), _HOW[part["how"] or ""], part["value"] or ""
    return lambda attrs: attribute in attrs and how(str(attrs[attribute]), value)
