"""RawEntry -> the source it belongs to, that source's rule, and the entry's id. Pure."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from ..config.field_types import SLUG_PATTERN
from ..config.source_rules import SourceRule
from ..model import RawEntry, Source
from .compiled_rules import CompiledRule, compile_rule
from .url_cleaner import canonicalize_url, clean_link, percent_encode

# Words that mean something else in a feed's path, and names that no file may have on Windows, in case feeds/ is copied
# there.
_RESERVED = frozenset((
    "all", "archive", "con", "prn", "aux", "nul", *(f"{device}{n}" for device in ("com", "lpt") for n in range(10)),
))  # fmt: skip
# The shape of a slug that `slugify` made with a hash. A name of that shape gets a hash too, or two names could collide.
_HASHED_SLUG = re.compile(r".*-[0-9a-f]{10}")


class SourceMatch(NamedTuple):
    """The result of one look-up."""

    source: Source
    rule: CompiledRule
    """The source's own rule; for a source that is not configured, a rule that knows nothing but the host."""


class RuleLookup:
    """All source rules, compiled once and indexed by host and by folder. Immutable."""

    __slots__ = ("_by_folder", "_by_host", "_ids", "rules")

    def __init__(self, rules: Iterable[SourceRule]) -> None:
        self.rules = tuple(rules)
        matches = [SourceMatch(_configured_source(rule), compile_rule(rule)) for rule in self.rules]
        self._by_host = {host: match for match in matches for host in match.rule.hosts}
        self._by_folder = {folder: match for match in matches for folder in match.rule.source_rule.folders}
        self._ids = frozenset(rule.id for rule in self.rules)

    def match(self, raw: RawEntry) -> SourceMatch:
        """Look up the source and rule of a raw entry: by the link's host or its nearest parent domain, then by folder.

        An unknown host gets a source named after the dump's folder, or after the host itself.
        """
        host = _hostname(raw.link)
        labels = host.split(".")
        for index in range(len(labels)):
            if found := self._by_host.get(".".join(labels[index:])):
                return found
        if found := self._by_folder.get(raw.folder):
            return found
        name = raw.folder or host
        return SourceMatch(
            Source(
                id=slugify(name, self._ids),
                title=_UNSHOWABLE.sub("\ufffd", name),
                link=f"{urlsplit(raw.link).scheme or 'https'}://{host}/",
                configured=False,
            ),
            compile_rule(SourceRule(id="unconfigured", hosts=(host.removeprefix("www."),))),
        )


_UNSHOWABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


def _configured_source(rule: SourceRule) -> Source:
    return Source(
        id=rule.id,
        title=rule.title or rule.id,
        link=rule.link,
        language=rule.language or "zh-Hans",
        icon=rule.icon,
    )


def _hostname(link: str) -> str:
    """The host of a link in lower case, without a trailing dot."""
    try:
        return (urlsplit(link).hostname or "").rstrip(".").lower()
    except ValueError:
        return ""


def slugify(name: str, taken: Iterable[str] = ()) -> str:
    """An ASCII slug for a name: different names get different slugs, and none gets one of `taken`."""
    if (
        SLUG_PATTERN.fullmatch(name)
        and name not in taken
        and name not in _RESERVED
        and not _HASHED_SLUG.fullmatch(name)
    ):
        return name
    ascii_part = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-") or "source"
    return f"{ascii_part}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}"


def canonical_link(link: str, rule: CompiledRule) -> tuple[str, str]:
    """(canonical link, section or ""): the stable form of a link, and the part of the source that the link names.

    Made from the rule's `id_pattern` where that matches, else by the cleaning that every link gets.
    """
    section = ""
    if rule.section and (match := rule.section.search(unquote(link, errors="replace"))):
        section = match.group("section") or ""
    template = rule.source_rule.canonical
    if rule.id_pattern and (match := rule.id_pattern.search(link)):
        canonical = template or match.group(0)
        for name, value in match.groupdict().items() if template else ():
            canonical = canonical.replace("{" + name + "}", value or "")
        return percent_encode(canonical), section
    canonical = canonicalize_url(clean_link(link, link) or link)
    if template and canonical.startswith("http:"):
        canonical = "https" + canonical[4:]
    return canonical, section


def entry_id(link: str) -> str:
    """The permanent id of the entry with this canonical link: `urn:uuid:` and its UUIDv5 (RFC 9562)."""
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, link)}"
