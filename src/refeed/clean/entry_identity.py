"""An entry's link -> its canonical form and the entry's permanent id. Pure."""

from __future__ import annotations

import uuid
from urllib.parse import unquote

from .rule_lookup import CompiledRule
from .url_cleaner import canonicalize_url, clean_link, percent_encode


def canonical_link(link: str, rule: CompiledRule) -> tuple[str, str]:
    """Return (canonical link, section): the stable form of a link, and the source's section in it or "".

    The canonical link is made from the rule's `id_pattern` when that matches, else with `canonicalize_url`.
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
    """Return the permanent id of the entry with this canonical link: `urn:uuid:` and the link's UUIDv5 (RFC 9562)."""
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, link)}"
