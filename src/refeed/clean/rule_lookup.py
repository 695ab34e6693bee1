"""The rules of all sources: raw entry -> its rule and source, link -> canonical link and section."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from ..config.field_types import SLUG_PATTERN
from ..config.source_rules import SourceRule
from ..model import RawEntry, Source
from . import url_cleaner
from .compiled_rules import CompiledRule, compile_rule

# What means something else in a feed's path, and what no file may be called on Windows, should feeds/ be copied there.
_RESERVED = frozenset((
    "all", "archive", "con", "prn", "aux", "nul", *(f"{device}{n}" for device in ("com", "lpt") for n in range(10)),
))  # fmt: skip
# What a slug looks like that `slug` made: a name of that look gets a hash of its own, or two names could share one.
_HASHED = re.compile(r".*-[0-9a-f]{10}")


class RuleLookup:
    """Every rule by host; made once, asked for every dump, never changed."""

    __slots__ = ("_by_folder", "_by_host", "_ids", "rules")

    def __init__(self, rules: Iterable[SourceRule]) -> None:
        self.rules = tuple(rules)
        ready = [compile_rule(rule) for rule in self.rules]
        self._by_host = {host: one for one in ready for host in one.hosts}
        self._by_folder = {folder: one for one in ready for folder in one.source_rule.folders}
        self._ids = frozenset(rule.id for rule in self.rules)

    def find(self, raw: RawEntry) -> CompiledRule | None:
        """The rule by the link's host or the nearest host above it, else by a folder that a rule names."""
        host = hostname(raw.link)
        labels = host.split(".")
        for index in range(len(labels)):
            if found := self._by_host.get(".".join(labels[index:])):
                return found
        return self._by_folder.get(raw.folder)

    def source_rule_for(self, raw: RawEntry) -> SourceRule | None:
        """The rule as its file says it; None for a host that no rule knows."""
        found = self.find(raw)
        return found.source_rule if found else None

    def rule_for(self, raw: RawEntry) -> CompiledRule:
        """The rule to clean with: the source's own, or one that knows nothing but the host."""
        if found := self.find(raw):
            return found
        host = hostname(raw.link)
        return compile_rule(SourceRule(id="unconfigured", hosts=(host.removeprefix("www."),)))

    def source_for(self, raw: RawEntry) -> Source:
        """The source that a raw entry belongs to, as feeds and pages show it."""
        if rule := self.source_rule_for(raw):
            return _source(rule)
        host = hostname(raw.link)
        name = raw.folder or host
        scheme = urlsplit(raw.link).scheme or "https"
        return Source(id=slugify(name, self._ids), title=_shown(name), link=f"{scheme}://{host}/", configured=False)

    def configured(self) -> tuple[Source, ...]:
        """Every source that has a rule, in the order of the rules."""
        return tuple(map(_source, self.rules))


def _source(rule: SourceRule) -> Source:
    return Source(
        id=rule.id,
        title=rule.title or rule.id,
        link=rule.link,
        language=rule.language or "zh-Hans",
        icon=rule.icon,
    )


def slugify(name: str, taken: Iterable[str] = ()) -> str:
    """An ASCII slug for a name, a different one for every different name, and never one of `taken`."""
    if SLUG_PATTERN.fullmatch(name) and name not in taken and name not in _RESERVED and not _HASHED.fullmatch(name):
        return name
    readable = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-") or "source"
    return f"{readable}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}"


def canonical_link(link: str, ready: CompiledRule) -> tuple[str, str]:
    """(canonical link, section or ""): what never changes in a link, and the part of the source that it names."""
    rule = ready.source_rule
    section = ""
    if ready.section and (match := ready.section.search(unquote(link, errors="replace"))):
        section = match.group("section") or ""
    if ready.id_pattern and (match := ready.id_pattern.search(link)):
        if rule.canonical:
            return url_cleaner.percent_encode(_filled(rule.canonical, match)), section
        return url_cleaner.percent_encode(match.group(0)), section
    return plain_canonical(link, secure=bool(rule.canonical)), section


def plain_canonical(link: str, secure: bool = False) -> str:
    """The link of a source without a key, in the form that is the same for every reader; `secure` makes it https."""
    url = url_cleaner.canonicalize_url(url_cleaner.clean_link(link, link) or link)
    return "https" + url[4:] if secure and url.startswith("http:") else url


def _filled(template: str, match: re.Match[str]) -> str:
    for name, value in match.groupdict().items():
        template = template.replace("{" + name + "}", value or "")
    return template


def hostname(link: str) -> str:
    """The host of a link in lower case, without a final dot."""
    try:
        return (urlsplit(link).hostname or "").rstrip(".").lower()
    except ValueError:
        return ""


def _shown(name: str) -> str:
    return re.sub(
        r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u200b-\u200f\u202a-\u202e\u2066-\u2069]", "\ufffd", name
    )
