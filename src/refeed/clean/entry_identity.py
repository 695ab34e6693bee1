"""An entry's link and origin -> the canonical link, and what identifies the entry. Pure."""

from __future__ import annotations

import re
import uuid
from urllib.parse import unquote

from ..dumps.origin import spell_guid
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
    return _link_by_rule(link, rule) or _canonicalize(link, rule), section


def _link_by_rule(link: str, rule: CompiledRule) -> str:
    """Return the link that the rule's `id_pattern` gives; "" when it does not match."""
    if not rule.id_pattern or not (match := rule.id_pattern.search(link)):
        return ""
    canonical = template = rule.source_rule.canonical
    if not template:
        return percent_encode(match.group(0))
    for name, value in match.groupdict().items():
        canonical = canonical.replace("{" + name + "}", value or "")
    return percent_encode(canonical)


def _canonicalize(link: str, rule: CompiledRule, *, formerly: bool = False) -> str:
    """`formerly`: as the first version did."""
    canonical = canonicalize_url(clean_link(link, link, formerly=formerly) or link, formerly=formerly)
    if rule.source_rule.canonical and canonical.startswith("http:"):
        return "https" + canonical[4:]
    return canonical


def identify_entry(raw: RawEntry, match: SourceMatch) -> tuple[str, str, Identity]:
    """Return (link, section, identity): the canonical link to show, the section in it, and the entry's identity."""
    link, section = canonical_link(raw.link, match.rule)
    owner_id = entry_id(link) if match.host_owner else ""
    former_link = _link_by_rule(raw.link, match.rule) or _canonicalize(raw.link, match.rule, formerly=True)
    if match.is_own_host:
        former = () if former_link == link else (entry_id(former_link),)
        return link, section, Identity(link_id=entry_id(link), former_ids=former, is_certain=not former)
    origin, source = raw.origin, match.source.id
    # Without a rule, http and https are one page, and an application's pages differ in what follows `#/` or `#!`.
    fragment = raw.link.partition("#")[2]
    key = _ESCAPE.sub(lambda escape: escape[0].upper(), link)
    key = f"https:{key.partition(':')[2]}" + (f"#{fragment}" if fragment.startswith(("/", "!")) else "")
    guid = origin.guid or (key if origin.source else "")
    guid_id = guid_entry_id(source, guid) if guid else ""
    other_ids = tuple(guid_entry_id(source, other) for other in spell_guid(guid) if other != guid)
    if fragment and (origin.guid or fragment.startswith(("/", "!"))):
        link = f"{link}#{percent_encode(fragment)}"  # one of several items of a page
    if match.host_owner:
        identity = Identity(
            link_id=guid_id or guid_entry_id(source, key),
            guid_id=guid_id,
            other_guid_ids=other_ids,
            owner_id=owner_id,
            is_certain=not other_ids,
        )
        return link, section, identity
    former_ids = () if fragment.startswith(("/", "!")) else _former_ids(former_link, key)
    identity = Identity(
        link_id=entry_id(key),
        guid_id=guid_id,
        other_guid_ids=other_ids,
        former_ids=former_ids,
        is_certain=False,
    )
    return link, section, identity


def _former_ids(former_link: str, key: str) -> tuple[str, ...]:
    """Ids of the spellings of a link that the first version told apart, without the one that `key` gives."""
    address = former_link.partition(":")[2]
    escapes = (address, *(_ESCAPE.sub(change, address) for change in (lambda e: e[0].upper(), lambda e: e[0].lower())))
    links = dict.fromkeys(f"{scheme}:{spelling}" for scheme in ("https", "http") for spelling in escapes)
    return tuple(entry_id(link) for link in links if link != key)


def entry_id(link: str) -> str:
    """Return the permanent id of the entry with this canonical link: `urn:uuid:` and the link's UUIDv5 (RFC 9562)."""
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, link)}"


def guid_entry_id(source: str, guid: str) -> str:
    """Return the id of an item that its link does not identify: made from its source, and its guid there."""
    return entry_id(f"{source}\n{guid}")
