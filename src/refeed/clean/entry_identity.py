"""An entry's link and origin -> the canonical link, and what identifies the entry. Pure."""

from __future__ import annotations

import re
import uuid
from urllib.parse import unquote

from ..model import Identity, RawEntry
from .rule_lookup import CompiledRule, SourceMatch
from .url_cleaner import canonicalize_url, clean_link, percent_encode

_ESCAPE = re.compile(r"%[0-9a-fA-F]{2}")


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


def identify_entry(raw: RawEntry, match: SourceMatch) -> tuple[str, str, Identity]:
    """Return (link, section, identity): the canonical link to show, the section in it, and the entry's identity."""
    link, section = canonical_link(raw.link, match.rule)
    if match.is_own_host:
        return link, section, Identity(link_id=entry_id(link))
    origin, source = raw.origin, match.source.id
    # Without a rule, http and https are one page, and an application's pages differ in what follows `#/` or `#!`.
    fragment = raw.link.partition("#")[2]
    key = _ESCAPE.sub(lambda escape: escape[0].upper(), link)
    key = f"https:{key.partition(':')[2]}" + (f"#{fragment}" if fragment.startswith(("/", "!")) else "")
    guid_id = guid_entry_id(source, origin.guid or key) if origin.guid or origin.source else ""
    if fragment and (origin.guid or fragment.startswith(("/", "!"))):
        link = f"{link}#{percent_encode(fragment)}"  # one of several items of a page
    if match.host_owner:
        return link, section, Identity(link_id=guid_id or guid_entry_id(source, key))
    former = entry_id(f"http:{canonicalize_url(link).partition(':')[2]}")
    return link, section, Identity(link_id=entry_id(key), guid_id=guid_id, former_id=former, is_certain=False)


def entry_id(link: str) -> str:
    """Return the permanent id of the entry with this canonical link: `urn:uuid:` and the link's UUIDv5 (RFC 9562)."""
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, link)}"


def guid_entry_id(source: str, guid: str) -> str:
    """Return the id of an item that its link does not identify: made from its source, and its guid there."""
    return entry_id(f"{source}\n{guid}")
