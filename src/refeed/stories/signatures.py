"""An entry -> its signature: the terms of its title, lead and body, by which it is found and compared. Pure."""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from functools import cached_property
from math import log1p, sqrt

from ..model import Entry
from ..topics.fields import extract_body_text
from .terms import MAX_WEIGHT, hash_term, split_terms, weigh_term

SIGNATURE_VERSION = 4
"""Increase it when signatures are made, or entries are joined, differently."""
LEAD_LENGTH = 160
"""Characters of the text that say what happened."""
_BODY_LENGTH = 1500
_BODY_TERMS = 128
_INDEX_TERMS = 32
_MIN_INDEX_WEIGHT = 5
_HEAD = struct.Struct("<IIIHHHH")

# What a source writes around its titles: [國際] …, 【立此存照】…, … - 200722-16
_TITLE_MARK = re.compile(r"^\s*(?:[\[【〔][^\]】〕]{1,8}[\]】〕]\s*)+|\s-\s+[\d-]+\s*$")
_DIGITS = re.compile(r"[\d零一二三四五六七八九十]+")
_SEPARATOR = re.compile("[；;]|\\d、")

Weights = Mapping[int, int]
"""Terms as numbers, each with its weight."""


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What is compared of an entry. About a kilobyte in the store."""

    published: int
    source: int
    """A number that stands for the source."""
    series: int
    """A number that stands for the source and its title without digits: equal for two days of a series."""
    headline: int
    """A number that stands for the whole title."""
    parts: int
    """The number of headlines in the title: more than one in a round-up."""
    title: Weights
    lead: Weights
    """The terms of the lead, without the title."""
    body: Weights
    """The terms that are most characteristic of the text."""

    @cached_property
    def terms(self) -> tuple[int, ...]:
        """The terms by which the entry is found: rare ones of its title and lead. What the table does not contain comes
        last: most are pairs of characters that belong to two words."""
        weights = {term: _index_weight(weight) for term, weight in self.lead.items()}
        weights |= {term: _index_weight(weight) + 2 for term, weight in self.title.items()}
        ranked = sorted(weights.items(), key=lambda item: (-item[1], item[0]))
        return tuple(term for term, weight in ranked if weight >= _MIN_INDEX_WEIGHT)[:_INDEX_TERMS]

    @cached_property
    def head(self) -> Weights:
        """The terms of title and lead."""
        return {**self.lead, **self.title}

    @cached_property
    def all(self) -> Set[int]:
        """All terms."""
        return {*self.body, *self.lead, *self.title}

    @cached_property
    def numbers(self) -> Set[int]:
        """The numbers in title and lead."""
        return {term for term in self.head if term & 1}

    @cached_property
    def norms(self) -> tuple[float, float]:
        """The lengths of title and body as vectors."""
        title, body = (sqrt(sum(w * w for w in each.values())) for each in (self.title, self.body))
        return title, body

    def to_bytes(self) -> bytes:
        """Encode for the store."""
        groups = (self.title, self.lead, self.body)
        head = _HEAD.pack(self.source, self.series, self.headline, self.parts, *map(len, groups))
        terms = [term for group in groups for term in group]
        weights = bytes(weight for group in groups for weight in group.values())
        return head + struct.pack(f"<{len(terms)}I", *terms) + weights

    @classmethod
    def from_bytes(cls, data: bytes, published: int) -> Signature:
        """Undo `to_bytes`. Empty bytes are the signature of an entry that nothing is compared with."""
        if not data:
            return cls(published=published, source=0, series=0, headline=0, parts=0, title={}, lead={}, body={})
        source, series, headline, parts, *counts = _HEAD.unpack_from(data)
        total = sum(counts)
        terms = struct.unpack_from(f"<{total}I", data, _HEAD.size)
        weights = data[_HEAD.size + 4 * total :]
        groups, start = [], 0
        for count in counts:
            groups.append(dict(zip(terms[start : start + count], weights[start : start + count], strict=True)))
            start += count
        title, lead, body = groups
        return cls(
            published=published,
            source=source,
            series=series,
            headline=headline,
            parts=parts,
            title=title,
            lead=lead,
            body=body,
        )


def make_signature(entry: Entry) -> Signature:
    """The signature of an entry. It depends on nothing else."""
    return sign_text(
        title=entry.title,
        text=extract_body_text(entry.html) or entry.summary,
        source=entry.source,
        published=int(entry.published.timestamp()),
    )


def common_terms(one: Entry, other: Entry) -> list[str]:
    """The terms that titles and leads of two entries have in common, rarest first."""
    found = []
    for entry in (one, other):
        text = extract_body_text(entry.html) or entry.summary
        found.append(dict.fromkeys(split_terms(f"{_TITLE_MARK.sub('', entry.title)}\n{text[:LEAD_LENGTH]}")))
    common = [term for term in found[0] if term in found[1] and weigh_term(term) >= _MIN_INDEX_WEIGHT]
    return sorted(common, key=lambda term: -weigh_term(term))


def sign_text(*, title: str, text: str, source: str, published: int) -> Signature:
    """The signature of a text in Simplified characters."""
    title = _TITLE_MARK.sub("", title)
    of_title, of_lead = split_terms(title), split_terms(text[:LEAD_LENGTH])
    of_body = Counter(split_terms(text[:_BODY_LENGTH]))
    tf_idf = {term: weigh_term(term) * (1 + log1p(count - 1)) for term, count in of_body.items()}
    rare = sorted(tf_idf, key=lambda term: (-tf_idf[term], term))[:_BODY_TERMS]
    known = set(of_title)
    return Signature(
        published=published,
        source=hash_term(source),
        series=hash_term(f"{source} {_DIGITS.sub('0', title)[:40]}"),
        headline=hash_term(title),
        parts=1 + len(_SEPARATOR.findall(title)),
        title=_weigh(of_title, 48),
        lead=_weigh((term for term in of_lead if term not in known), 112),
        body={hash_term(term): min(255, round(tf_idf[term])) for term in rare},
    )


def _index_weight(weight: int) -> int:
    return weight if weight < MAX_WEIGHT else _MIN_INDEX_WEIGHT + 1


def _weigh(terms: Iterable[str], limit: int) -> Weights:
    """The weights of different terms. Numbers weigh as much as rare words: few of them are in two reports by chance."""
    weights = {term: weigh_term(term) for term in terms}
    kept = sorted((term for term in weights if weights[term]), key=lambda term: (-weights[term], term))[:limit]
    return {hash_term(term): weights[term] for term in kept}
