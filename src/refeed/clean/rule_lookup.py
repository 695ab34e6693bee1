"""RawEntry -> its source and the source's rule, compiled once. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

import soupsieve
from anyascii import anyascii

from ..config.field_types import Regexp, compile_pattern_filter, compile_rule_pattern
from ..config.source_rules import ExtractRule, LineRule, SourceRule
from ..model import RawEntry, Source


class SourceMatch(NamedTuple):
    """The result of one look-up."""

    source: Source
    rule: CompiledRule
    """The source's own rule. For a source that is not configured, it contains only the host."""
    is_own_host: bool = False
    """Whether the rule knows the host of the link."""
    host_owner: str = ""
    """The source that the host belongs to, if the entry's origin may not write to that source."""


class RuleLookup:
    """All source rules, compiled once and indexed by host and by folder. Immutable."""

    __slots__ = ("_by_folder", "_by_host", "_by_id", "_ids", "rules")

    def __init__(self, rules: Iterable[SourceRule]) -> None:
        self.rules = tuple(rules)
        matches = [SourceMatch(_configured_source(rule), _compile_rule(rule)) for rule in self.rules]
        self._by_host = {host: match._replace(is_own_host=True) for match in matches for host in match.rule.hosts}
        self._by_id = {match.source.id: match for match in matches}
        self._by_folder = {folder: match for match in matches for folder in match.rule.source_rule.folders}
        self._ids = frozenset(rule.id for rule in self.rules)

    def match(self, raw: RawEntry) -> SourceMatch:
        """Look up the source and rule of a raw entry: by the link's host or its nearest parent domain, then by folder.

        When neither is known, the source is named after the dump's folder, or after the host. If the entry's origin
        says its source, only the hosts of that source, and of those it may write to, count.
        """
        host, own = _hostname(raw.link), raw.origin.source
        labels = host.split(".")
        parents = (self._by_host.get(".".join(labels[index:])) for index in range(len(labels)))
        match = next(filter(None, parents), None)
        owner = match.source.id if match and own and match.source.id not in (own, *raw.origin.sources) else ""
        if match and not owner:
            return match
        if match := self._by_id.get(own) or self._by_folder.get(raw.folder):
            return match._replace(host_owner=owner)
        name = own or raw.folder or host
        return SourceMatch(
            Source(
                id=slugify(name, self._ids),
                title=_UNSHOWABLE.sub("\ufffd", name),
                link=f"{urlsplit(raw.link).scheme or 'https'}://{host}/",
                configured=False,
            ),
            _compile_rule(SourceRule(id=_UNCONFIGURED, hosts=(host.removeprefix("www."),))),
            host_owner=owner,
        )


_UNCONFIGURED = "unconfigured"
_UNSHOWABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


def _configured_source(rule: SourceRule) -> Source:
    return Source(
        id=rule.id,
        title=rule.title or rule.id,
        link=rule.link,
        language=rule.language,
        icon=rule.icon,
    )


def _hostname(link: str) -> str:
    """Return the host of a link in lower case, without a trailing dot."""
    try:
        return (urlsplit(link).hostname or "").rstrip(".").lower()
    except ValueError:
        return ""


# Words that have a different meaning in a feed's path, and names that Windows does not allow for a file, in case
# feeds/ is copied there.
_RESERVED = frozenset((
    "all", "archive", "con", "prn", "aux", "nul", *(f"{device}{n}" for device in ("com", "lpt") for n in range(10)),
))  # fmt: skip
# The form of `hashed_slug`. A name in this form gets a hash too: it could be equal to the slug of another name.
_HASHED_SLUG = re.compile(r".*-[0-9a-f]{10}")
_MAX_SLUG = 40


def slugify(name: str, taken: Iterable[str] = ()) -> str:
    """Return a readable ASCII slug that is not in `taken`. Names that share one are told apart by the store."""
    slug = _ascii_slug(name)
    is_lossy = not slug or len(slug) > _MAX_SLUG or _UNSHOWABLE.search(name)
    if is_lossy or slug in taken or slug in _RESERVED or _HASHED_SLUG.fullmatch(slug):
        return hashed_slug(name)
    return slug


def hashed_slug(name: str) -> str:
    """Return a slug that no other name has."""
    readable = _ascii_slug(name)[:_MAX_SLUG].strip("-") or "source"
    return f"{readable}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}"


def _ascii_slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", anyascii(name).lower()).strip("-")


_BACKREFERENCE = re.compile(r"\\(\d)")
_GROUP_NAME = re.compile(r"[(][?]P<[a-z]+>")


class RequiredNames(NamedTuple):
    """Names that a selector needs: tags, attributes, `.classes` and `#ids`."""

    of_document: frozenset[str]
    """Without one of these in the document, the selector selects nothing."""
    of_element: str
    """A name of each element that it selects; "" when it selects elements by nothing of the kind."""


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """One rule with its patterns compiled; None for a pattern that the rule does not have."""

    source_rule: SourceRule
    selectors: tuple[tuple[ExtractRule, soupsieve.SoupSieve, tuple[RequiredNames, ...]], ...]
    """Each with its `list_required_names`."""
    line_rules: tuple[tuple[LineRule, Regexp], ...]
    find_possible_lines: Callable[[str], Sequence[int]]
    """Returns the indices of the `line_rules` that may match a line of a text."""
    trim_end: tuple[Regexp, ...]
    strip_title: tuple[Regexp, ...]
    agencies: Regexp | None
    images: Regexp | None
    links: tuple[tuple[Regexp, str], ...]
    id_pattern: Regexp | None
    section: Regexp | None
    lead: Regexp | None
    original: Regexp | None
    hosts: tuple[str, ...]
    """In lower case."""

    @property
    def is_configured(self) -> bool:
        """False for the rule of a source that has none of its own."""
        return self.source_rule.id != _UNCONFIGURED

    def is_agency(self, name: str) -> bool:
        """True for a byline that names the publisher or an agency instead of a person."""
        return self.agencies is not None and bool(self.agencies.fullmatch(name))

    def rewrite_link(self, url: str) -> str:
        """Apply the first of the rule's `links` that matches. Returns "" when the link must be dropped."""
        for pattern, replacement in self.links:
            if match := pattern.search(url):
                if not replacement:
                    return ""
                parts = _BACKREFERENCE.split(replacement)  # text, group, text, group, … text
                parts[1::2] = [match.group(int(number)) or "" for number in parts[1::2]]
                return url[: match.start()] + "".join(parts) + url[match.end() :]
        return url

    def is_own_link(self, url: str) -> bool:
        """True for a link to the source's own pages."""
        host = urlsplit(url).hostname or ""
        return any(host == own or host.endswith("." + own) for own in self.hosts)


def _compile_rule(rule: SourceRule) -> CompiledRule:
    """Compile all of a rule's patterns and selectors. Raises ValueError for a pattern that RE2 does not accept."""
    return CompiledRule(
        source_rule=rule,
        selectors=tuple(
            (extract, soupsieve.compile(extract.select), list_required_names(extract.select))
            for extract in rule.extract
        ),
        line_rules=tuple((line, compile_rule_pattern(line.match)) for line in rule.line_rules),
        find_possible_lines=compile_pattern_filter([line.match for line in rule.line_rules]),
        trim_end=tuple(compile_rule_pattern(pattern) for pattern in rule.trim_end),
        strip_title=tuple(compile_rule_pattern(pattern) for pattern in rule.strip_title),
        agencies=_compile_any(rule.agencies),
        images=_compile_any(rule.images),
        links=tuple((compile_rule_pattern(pattern), replacement) for pattern, replacement in rule.links.items()),
        id_pattern=_compile_optional(rule.id_pattern),
        section=_compile_optional(rule.section),
        lead=_compile_optional(rule.lead),
        original=_compile_optional(rule.original),
        hosts=tuple(host.lower() for host in rule.hosts),
    )


_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_IN_BRACKETS = re.compile(r"\([^()]*\)")
_PSEUDO_CLASS = re.compile(r":[\w-]+")
_ATTRIBUTE = re.compile(r"\[\s*([\w-]+)[^\]]*\]")
_NAME = re.compile(r"[.#]?[\w-]+")


def list_required_names(selector: str) -> tuple[RequiredNames, ...]:
    """Return the names that each alternative of a CSS selector requires. Looking for them takes a tenth of the time of
    trying the selector on every element."""
    if "\\" in selector:  # an escape in a name
        return (RequiredNames(frozenset(), ""),)
    text = _QUOTED.sub("", selector)
    while text != (text := _IN_BRACKETS.sub("", text)):
        pass
    text = _ATTRIBUTE.sub(r"@\1", _PSEUDO_CLASS.sub("", text))
    required = []
    for alternative in text.split(","):
        names = [name if name[0] in ".#" else name.lower() for name in _NAME.findall(alternative)]
        # The last name is one of the element that the selector selects, unless that is `*` or a pseudo-class.
        is_named = re.search(r"[\w-]\s*$", alternative) is not None
        required.append(RequiredNames(frozenset(names), names[-1] if names and is_named else ""))
    return tuple(required)


def _compile_optional(pattern: str) -> Regexp | None:
    return compile_rule_pattern(pattern) if pattern else None


def _compile_any(patterns: Iterable[str]) -> Regexp | None:
    """Combine patterns into one that matches wherever one of them does, with ^ and $ at any line; None without any."""
    # Group names are removed because several patterns may use the same name.
    alternatives = "|".join(f"(?:{_GROUP_NAME.sub('(?:', pattern)})" for pattern in patterns)
    return compile_rule_pattern(f"(?m){alternatives}") if alternatives else None
