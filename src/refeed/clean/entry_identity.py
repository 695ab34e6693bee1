"""An entry's link -> its canonical form, and from that the id that never changes. Pure."""

from __future__ import annotations

import uuid
from urllib.parse import unquote

from .rule_lookup import CompiledRule
from .url_cleaner import canonicalize_url, clean_link, percent_encode


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
        if template:
            for name, value in match.groupdict().items():
                canonical = canonical.replace("{" + name + "}", value or "")
        return percent_encode(canonical), section
    canonical = canonicalize_url(clean_link(link, link) or link)
    if template and canonical.startswith("http:"):
        canonical = "https" + canonical[4:]
    return canonical, section


def entry_id(link: str) -> str:
    """The permanent id of the entry with this canonical link: `urn:uuid:` and its UUIDv5 (RFC 9562)."""
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, link)}"
