"""A source's rule -> the same rule ready for use: its patterns and selectors compiled once, for all dumps."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..rules import Line, Regexp, SourceRule, Take, compiled
from . import selectors
from .markup import ASKED

_GROUP = re.compile(r"\\(\d)")
_GROUP_NAME = re.compile(r"[(][?]P<[a-z]+>")


@dataclass(frozen=True, slots=True)
class Taking:
    """A `take` of a rule, and the test that its selector asks of an element."""

    take: Take
    matches: selectors.Test


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """One rule with its patterns compiled; None stands for a pattern that the rule does not have.

    An `any_…` tells in one search whether one of several can match: each search of RE2 costs a copy of the text.
    """

    rule: SourceRule
    takings: dict[str, list[Taking]]
    """By what an element must have to be worth the full test: a tag, `.class`, or `[attribute`."""
    asked: frozenset[str]
    """Attributes for which the walk stops to ask what an element is."""
    lines: tuple[tuple[Line, Regexp], ...]
    any_line: Regexp | None
    asks_links: bool
    """True when any of `lines` looks at the text outside of links."""
    cut: tuple[Regexp, ...]
    any_cut: Regexp | None
    titles: tuple[Regexp, ...]
    agencies: Regexp | None
    images: Regexp | None
    links: tuple[tuple[Regexp, str], ...]
    key: Regexp | None
    section: Regexp | None
    lead: Regexp | None
    original: Regexp | None
    any_original: Regexp | None
    hosts: tuple[str, ...]
    """In lower case."""

    def is_agency(self, name: str) -> bool:
        """True of a byline that names the house itself or an agency, and no person."""
        return self.agencies is not None and bool(self.agencies.fullmatch(name))

    def rewritten(self, url: str) -> str:
        """The URL as the rule wants it; empty to drop the link."""
        for pattern, replacement in self.links:
            if match := pattern.search(url):
                if not replacement:
                    return ""
                parts = _GROUP.split(replacement)  # text, group, text, group, … text
                parts[1::2] = [match.group(int(number)) or "" for number in parts[1::2]]
                return url[: match.start()] + "".join(parts) + url[match.end() :]
        return url

    def owns(self, url: str) -> bool:
        """True of a link to the source's own pages."""
        host = urlsplit(url).hostname or ""
        return any(host == own or host.endswith("." + own) for own in self.hosts)


def compile_rule(rule: SourceRule) -> CompiledRule:
    """The rule with everything compiled that can be."""
    takings = _takings(rule.take)
    return CompiledRule(
        rule=rule,
        takings=takings,
        asked=ASKED.union(key[1:] for key in takings if key[0] == "["),
        lines=tuple((line, compiled(line.match, "lines")) for line in rule.lines),
        any_line=_any((line.match for line in rule.lines), "lines"),
        asks_links=any(line.links for line in rule.lines),
        cut=tuple(compiled(pattern, "cut") for pattern in rule.cut),
        any_cut=_any(rule.cut, "cut"),
        titles=tuple(compiled(pattern, "titles") for pattern in rule.titles),
        agencies=_any(rule.agencies, "agencies"),
        images=_any(rule.images, "images"),
        links=tuple((compiled(pattern, "links"), replacement) for pattern, replacement in rule.links.items()),
        key=_one(rule.key, "key"),
        section=_one(rule.section, "section"),
        lead=_one(rule.lead, "lead"),
        original=_one(rule.original, "original"),
        any_original=_any([rule.original] if rule.original else [], "original"),
        hosts=tuple(host.lower() for host in rule.hosts),
    )


def _takings(takes: Iterable[Take]) -> dict[str, list[Taking]]:
    takings: dict[str, list[Taking]] = {}
    for take in takes:
        for selector in selectors.alternatives(take.select):
            takings.setdefault(selectors.key(selector), []).append(Taking(take, selectors.test(selector)))
    return takings


def _one(pattern: str, name: str) -> Regexp | None:
    return compiled(pattern, name) if pattern else None


def _any(patterns: Iterable[str], name: str) -> Regexp | None:
    """One pattern that finds what any of several does, at any line's beginning or end; None of none."""
    # Without the names of their groups, which may occur in several of them.
    several = "|".join(f"(?:{_GROUP_NAME.sub('(?:', pattern)})" for pattern in patterns)
    return compiled(f"(?m){several}", name) if several else None
