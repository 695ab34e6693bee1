"""The rules of all sources, ready for use: raw entry -> rule and source, link -> canonical link and section."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from ..model import RawEntry, Source
from ..rules import SLUG, Line, SourceRule, Take, compiled
from . import links, selectors
from .markup import ASKED

_RESERVED = {
    "all",
    "archive",
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{device}{n}" for device in ("com", "lpt") for n in range(10)),
}
_HASHED = re.compile(r".*-[0-9a-f]{10}")
_GROUP = re.compile(r"\\(\d)")


@dataclass(frozen=True, slots=True)
class Taking:
    """A selector of a rule, its matcher, and what it says of the element."""

    take: Take
    matches: selectors.Test


@dataclass(frozen=True, slots=True)
class Compiled:
    """One rule with its patterns compiled once."""

    rule: SourceRule
    takings: dict[str, list[Taking]]
    """By what an element must have to be worth the full test: a tag, `.class`, or `[attribute`."""
    asked: frozenset[str]
    """Attributes for which the walk stops to ask what an element is."""
    lines: tuple[tuple[Line, Any], ...]
    any_line: Any
    """Finds in one search whether any of `lines` can match."""
    asks_links: bool
    """True when any of `lines` looks at the text outside of links."""
    cut: tuple[Any, ...]
    any_cut: Any
    titles: tuple[Any, ...]
    agencies: Any
    images: Any
    links: tuple[tuple[Any, str], ...]
    key: Any
    section: Any
    lead: Any
    original: Any
    any_original: Any
    hosts: tuple[str, ...]

    def is_agency(self, name: str) -> bool:
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


@dataclass(slots=True)
class Sources:
    """Every rule by host; made once, asked for every dump."""

    rules: tuple[SourceRule, ...]
    _by_host: dict[str, Compiled] = field(init=False, default_factory=dict)
    _by_folder: dict[str, Compiled] = field(init=False, default_factory=dict)
    _ids: frozenset[str] = field(init=False, default=frozenset())

    def __init__(self, rules: Iterable[SourceRule]) -> None:
        self.rules = tuple(rules)
        self._by_host, self._by_folder = {}, {}
        self._ids = frozenset(rule.id for rule in self.rules)
        for rule in self.rules:
            ready = ruled(rule)
            self._by_host.update((host.lower(), ready) for host in rule.hosts)
            self._by_folder.update((folder, ready) for folder in rule.folders)

    def lookup(self, raw: RawEntry) -> Compiled | None:
        """The rule by the link's host or the nearest host above it, else by a folder that a rule names."""
        host = hostname(raw.link)
        labels = host.split(".")
        for index in range(len(labels)):
            if found := self._by_host.get(".".join(labels[index:])):
                return found
        return self._by_folder.get(raw.folder)

    def rule(self, raw: RawEntry) -> SourceRule | None:
        """The rule as its file says it; None for a host that no rule knows."""
        found = self.lookup(raw)
        return found.rule if found else None

    def ready(self, raw: RawEntry) -> Compiled:
        """The rule to clean with: the source's own, or one that knows nothing but the host."""
        if found := self.lookup(raw):
            return found
        host = hostname(raw.link)
        return ruled(SourceRule(id="unconfigured", hosts=(host.removeprefix("www."),)))

    def source(self, raw: RawEntry) -> Source:
        """The source that a raw entry belongs to, as feeds and pages show it."""
        if rule := self.rule(raw):
            return Source(
                id=rule.id,
                title=rule.title or rule.id,
                link=rule.link,
                language=rule.language or "zh-Hans",
                icon=rule.icon,
                configured=True,
            )
        host = hostname(raw.link)
        name = raw.folder or host
        scheme = urlsplit(raw.link).scheme or "https"
        return Source(id=slug(name, self._ids), title=_shown(name), link=f"{scheme}://{host}/", configured=False)

    def configured(self) -> tuple[Source, ...]:
        """Every source that has a rule, in the order of the rules."""
        return tuple(
            Source(
                id=rule.id,
                title=rule.title or rule.id,
                link=rule.link,
                language=rule.language or "zh-Hans",
                icon=rule.icon,
            )
            for rule in self.rules
        )


def slug(name: str, taken: Iterable[str] = ()) -> str:
    """An ASCII slug for a name, a different one for every different name, and never one of `taken`."""
    if SLUG.fullmatch(name) and name not in taken and name not in _RESERVED and not _HASHED.fullmatch(name):
        return name
    readable = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-") or "source"
    return f"{readable}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}"


def canonical(link: str, ready: Compiled) -> tuple[str, str]:
    """(canonical link, section or ""): what never changes in a link, and the part of the source that it names."""
    rule = ready.rule
    section = ""
    if ready.section and (match := ready.section.search(unquote(link, errors="replace"))):
        section = match.group("section") or ""
    if ready.key and (match := ready.key.search(link)):
        if rule.canonical:
            return links.encoded(_filled(rule.canonical, match)), section
        return links.encoded(match.group(0)), section
    return plain_canonical(link, secure=bool(rule.canonical)), section


def plain_canonical(link: str, secure: bool = False) -> str:
    """The link of a source without a key, as it is the same for everybody."""
    url = links.tidied(links.link(link, link) or link)
    return "https" + url[4:] if secure and url.startswith("http:") else url


def _filled(template: str, match: Any) -> str:
    for name, value in match.groupdict().items():
        template = template.replace("{" + name + "}", value or "")
    return template


def hostname(link: str) -> str:
    """The host of a link in lower case, without a final dot."""
    try:
        return (urlsplit(link).hostname or "").rstrip(".").lower()
    except ValueError:
        return ""


def ruled(rule: SourceRule) -> Compiled:
    """The rule with everything compiled that can be."""
    takings: dict[str, list[Taking]] = {}
    for take in rule.take:
        for selector in selectors.alternatives(take.select):
            takings.setdefault(selectors.key(selector), []).append(Taking(take, selectors.test(selector)))
    return Compiled(
        rule=rule,
        takings=takings,
        asked=ASKED.union(key[1:] for key in takings if key[0] == "["),
        lines=tuple((line, compiled(line.match, "lines")) for line in rule.lines),
        any_line=_any(tuple(line.match for line in rule.lines), "lines"),
        asks_links=any(line.links for line in rule.lines),
        any_cut=_any(rule.cut, "cut"),
        cut=tuple(compiled(pattern, "cut") for pattern in rule.cut),
        titles=tuple(compiled(pattern, "titles") for pattern in rule.titles),
        agencies=_any(rule.agencies, "agencies"),
        images=_any(rule.images, "images"),
        links=tuple((compiled(pattern, "links"), replacement) for pattern, replacement in rule.links.items()),
        key=compiled(rule.key, "key") if rule.key else None,
        section=compiled(rule.section, "section") if rule.section else None,
        lead=compiled(rule.lead, "lead") if rule.lead else None,
        any_original=_any((rule.original,) if rule.original else (), "original"),
        original=compiled(rule.original, "original") if rule.original else None,
        hosts=tuple(host.lower() for host in rule.hosts),
    )


def _any(patterns: Iterable[str], name: str) -> Any:
    """One pattern that finds what any of several does, at any line's beginning or end; None of none."""
    several = "|".join(f"(?:{re.sub(r'[(][?]P<[a-z]+>', '(?:', pattern)})" for pattern in patterns)
    return compiled(f"(?m){several}", name) if several else None


def _shown(name: str) -> str:
    return re.sub(
        r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u200b-\u200f\u202a-\u202e\u2066-\u2069]", "\ufffd", name
    )
