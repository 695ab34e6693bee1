"""One dump -> one entry with its labels, packed for the store: parse, clean, label. Pure, and runs in any process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from hashlib import blake2b, sha256

import msgspec

from ..clean.cleaner import clean_as_text, clean_entry
from ..clean.complexity import measure_complexity
from ..clean.rule_lookup import RuleLookup, canonical_link, entry_id
from ..config.settings import Limits, Settings
from ..config.source_rules import Retention, SourceRule
from ..config.topic_rules import TopicRule
from ..errors import QuarantineError
from ..feeds.access_tokens import private_sources
from ..feeds.pagination import estimate_size
from ..model import CleanResult, Dump, Label, Outcome, RawEntry, Source
from ..parse.parser import parse_dump
from ..store.serialization import (
    EncodedEntry,
    RepostCandidate,
    compress,
    encode_entry,
    encode_labels,
    encode_provenance,
)
from ..topics import reposts
from ..topics.fields import extract_topic_fields
from ..topics.matcher import TopicMatcher

CLEANING_VERSION = 1
"""Raise it when parsing or cleaning changes: what is stored is then cleaned again, and no date moves."""


def hash_dump(data: bytes) -> bytes:
    """What tells one dump's bytes from another's in the store."""
    return blake2b(data, digest_size=20).digest()


class HeavyDumpError(Exception):
    """A dump that may take long: it is made in a process of its own, which can be killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildResult:
    """What became of one dump, stage by stage."""

    outcome: Outcome
    reason: str | None = None
    raw: RawEntry | None = None
    source: Source | None = None
    cleaned: CleanResult | None = None
    labels: tuple[Label, ...] = ()
    body_text: str = ""
    """The entry's text as topics and reposts read it, extracted once for both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedResult:
    """The same, as the store takes it."""

    outcome: Outcome
    reason: str | None
    data: bytes
    """The dump's bytes, compressed."""
    dump_time: datetime | None = None
    row: EncodedEntry | None = None


@dataclass(frozen=True, kw_only=True)
class EntryBuilder:
    """Everything that making an entry depends on, built once and only where it is used. Cheap to send to a process."""

    sources: tuple[SourceRule, ...]
    topics: tuple[TopicRule, ...]
    limits: Limits
    private_sources: frozenset[str] = frozenset()
    """Sources whose entries stand in no feed but their own."""

    @classmethod
    def from_settings(cls, settings: Settings) -> EntryBuilder:
        """The maker that these settings ask for."""
        # Without what makes no entry another one: a change of it cleans nothing again.
        sources = tuple(replace(rule, keep=Retention(), access="public") for rule in settings.sources)
        private = private_sources(settings)
        return cls(sources=sources, topics=settings.topics, limits=settings.limits, private_sources=private)

    def __reduce__(self) -> tuple[Callable[[], EntryBuilder], tuple[()]]:
        # What was built of the rules stays here: it is built again where it is used, quicker than it is sent.
        given = partial(
            EntryBuilder,
            sources=self.sources,
            topics=self.topics,
            limits=self.limits,
            private_sources=self.private_sources,
        )
        return given, ()

    @cached_property
    def rules_version(self) -> str:
        """Version of the rules: entries that bear another one are to be cleaned again."""
        return sha256(msgspec.json.encode((CLEANING_VERSION, reposts.MINHASH_VERSION, self.sources))).hexdigest()[:16]

    @cached_property
    def topics_version(self) -> str:
        """Version of the topics: entries that bear another one are to be labelled again."""
        versions = [(topic.id, self.matcher.version(topic.id)) for topic in self.topics]
        return sha256(msgspec.json.encode(versions)).hexdigest()[:16]

    @cached_property
    def rule_lookup(self) -> RuleLookup:
        """The source rules, ready to look up."""
        return RuleLookup(self.sources)

    @cached_property
    def matcher(self) -> TopicMatcher:
        """The topic rules, ready to match."""
        return TopicMatcher(self.topics)

    def build(self, dump: Dump, *, isolated: bool = False) -> BuildResult:
        """Take a dump through every stage; what it holds decides the outcome and never raises.

        Raises HeavyError for a dump that could take long, unless `alone` says that this process may be killed.
        """
        try:
            raw = parse_dump(dump, self.limits)
        except QuarantineError as error:
            return BuildResult(outcome=Outcome.QUARANTINED, reason=str(error))
        complexity = measure_complexity(raw.html, self.limits)
        if complexity.is_heavy and not complexity.limit_exceeded and not isolated:
            raise HeavyDumpError
        match = self.rule_lookup.match(raw)
        return self._label(raw, match.source, clean_entry(raw, match, complexity))

    def derive_entry_id(self, dump: Dump) -> str:
        """The id of the entry that a dump would be, without making it. Raises QuarantineError."""
        raw = parse_dump(dump, self.limits)
        link, _ = canonical_link(raw.link, self.rule_lookup.match(raw).rule)
        return entry_id(link)

    def build_plaintext(self, dump: Dump, reason: str) -> BuildResult:
        """What is published of a dump whose cleaning had to be stopped: all its text, without its markup."""
        raw = parse_dump(dump, self.limits)
        match = self.rule_lookup.match(raw)
        return self._label(raw, match.source, clean_as_text(raw, match, reason))

    def pack(self, dump: Dump, made: BuildResult) -> PackedResult:
        """A result as the store takes it."""
        data = compress(dump.data)
        if made.raw is None or made.source is None or made.cleaned is None:
            return PackedResult(outcome=made.outcome, reason=made.reason, data=data)
        row = self.to_row(made.cleaned, made.source, encode_labels(made.labels), made.body_text)
        return PackedResult(outcome=made.outcome, reason=made.reason, data=data, dump_time=made.raw.dump_time, row=row)

    def to_row(self, cleaned: CleanResult, source: Source, labels: str, body_text: str) -> EncodedEntry:
        """An entry as the store takes it. `body_text`: as `TopicFields` has it."""
        entry = cleaned.entry
        sketch = reposts.compute_minhash(body_text)
        return EncodedEntry(
            id=entry.id.removeprefix("urn:uuid:"),
            source=source,
            title=entry.title,
            published=entry.published,
            fingerprint=cleaned.fingerprint,
            size_estimate=estimate_size(entry),
            minhash=sketch.to_bytes() if sketch else None,
            minhash_bands=sketch.bands() if sketch else (),
            payload=encode_entry(entry),
            provenance=encode_provenance(cleaned),
            labels=labels,
            rules_version=self.rules_version,
            topics_version=self.topics_version,
            private=source.id in self.private_sources,
        )

    def find_repost_original(self, candidate: RepostCandidate, others: Sequence[RepostCandidate]) -> str | None:
        """Whose text an entry repeats, among those that may have the same; None when it is its own.

        What is private stands for nothing that is not, and nothing for it: a reader would learn of it.
        """
        if candidate.source in self.private_sources:
            return None
        found = reposts.find_original(
            self._copy(candidate), (self._copy(other) for other in others if other.source not in self.private_sources)
        )
        return found.original_id if found else None

    def _copy(self, candidate: RepostCandidate) -> reposts.TextCopy:
        return reposts.TextCopy(
            id=candidate.id,
            source=candidate.source,
            published=candidate.published,
            minhash=reposts.MinHash.from_bytes(candidate.minhash),
            archive=candidate.source in self._archives,
        )

    @cached_property
    def _archives(self) -> frozenset[str]:
        return frozenset(rule.id for rule in self.sources if rule.archive)

    def _label(self, raw: RawEntry, source: Source, cleaned: CleanResult) -> BuildResult:
        fields = extract_topic_fields(cleaned.entry)
        return BuildResult(
            outcome=Outcome.FLAGGED if cleaned.issues else Outcome.ACCEPTED,
            reason="; ".join(cleaned.issues) or None,
            raw=raw,
            source=source,
            cleaned=cleaned,
            labels=self.matcher.label(cleaned.entry, fields),
            body_text=fields.body_text,
        )
