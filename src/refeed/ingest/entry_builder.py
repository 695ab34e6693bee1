"""One dump -> one entry with its labels, encoded for the store: parse, clean, label. Pure; runs in any process."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from hashlib import blake2b, sha256

import msgspec

from ..clean.cleaner import clean_as_text, clean_entry
from ..clean.entry_identity import identify_entry
from ..clean.rule_lookup import RuleLookup
from ..config.filter_rules import FilteredFeedRule
from ..config.settings import Limits, Settings
from ..config.source_rules import Retention, SourceRule
from ..config.topic_rules import TopicRule
from ..errors import QuarantineError
from ..feeds.access_tokens import private_sources
from ..feeds.named_searches import NamedSearches
from ..feeds.pagination import estimate_size
from ..model import CleanResult, Dump, Label, Outcome, RawEntry, Source
from ..parse.parser import parse_dump
from ..store.serialization import EncodedEntry, RepostCandidate, compress, encode_entry, encode_json, encode_provenance
from ..topics import reposts
from ..topics.fields import extract_topic_fields
from ..topics.matcher import TopicMatcher

CLEANING_VERSION = 9
"""Increase it when parsing or cleaning changes. Stored entries are then cleaned again and keep their dates."""


def hash_dump(data: bytes) -> bytes:
    """The digest by which the store knows the content of a dump."""
    return blake2b(data, digest_size=20).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildResult:
    """The outcome of one dump, stage by stage."""

    outcome: Outcome
    reason: str | None = None
    raw: RawEntry | None = None
    source: Source | None = None
    cleaned: CleanResult | None = None
    labels: tuple[Label, ...] = ()
    """The entry's topics."""
    searches: tuple[Label, ...] = ()
    """The named searches that the entry belongs to."""
    body_text: str = ""
    """The entry's plain text, extracted once for topics and for reposts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedResult:
    """The outcome of one dump, encoded for the store."""

    outcome: Outcome
    reason: str | None
    data: bytes
    """The dump's bytes, compressed."""
    dump_time: datetime | None = None
    row: EncodedEntry | None = None


@dataclass(frozen=True, kw_only=True)
class EntryBuilder:
    """Builds entries from dumps. Holds everything else that an entry depends on: rules, topics and limits.

    A builder is cheap to send to another process: only the rules are sent, and they are compiled again there.
    """

    sources: tuple[SourceRule, ...]
    topics: tuple[TopicRule, ...]
    filtered_feeds: tuple[FilteredFeedRule, ...] = ()
    """Those with a search make labels."""
    limits: Limits
    private_sources: frozenset[str] = frozenset()
    """Sources whose entries only the source's own feed contains."""

    @classmethod
    def from_settings(cls, settings: Settings) -> EntryBuilder:
        """The builder for these settings."""
        # Retention and access do not affect entries. Without them here, a change of them does not start cleaning.
        return cls(
            sources=tuple(replace(rule, keep=Retention(), access="public") for rule in settings.sources),
            topics=settings.topics,
            filtered_feeds=tuple(rule for rule in settings.filtered_feeds if rule.q),
            limits=settings.limits,
            private_sources=private_sources(settings),
        )

    def __reduce__(self) -> tuple[Callable[[], EntryBuilder], tuple[()]]:
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return partial(EntryBuilder, **fields), ()

    @cached_property
    def rules_version(self) -> str:
        """Digest of everything that cleaning depends on. Entries with a different digest are cleaned again."""
        return sha256(msgspec.json.encode((CLEANING_VERSION, reposts.MINHASH_VERSION, self.sources))).hexdigest()[:16]

    @cached_property
    def topics_version(self) -> str:
        """Digest of the topic rules. Entries with a different digest are labelled again."""
        versions = [*self.matcher.versions.items(), *filter(None, [self.named_searches.version])]
        return sha256(msgspec.json.encode(versions)).hexdigest()[:16]

    @property
    def version(self) -> str:
        """Two processes with the same version build the same entries."""
        return f"{self.rules_version} {self.topics_version}"

    @cached_property
    def rule_lookup(self) -> RuleLookup:
        """The source rules, compiled."""
        return RuleLookup(self.sources)

    @cached_property
    def permalinks(self) -> dict[str, str]:
        """The templates of links, by folder."""
        return {folder: rule.permalink for rule in self.sources if rule.permalink for folder in rule.folders}

    @cached_property
    def matcher(self) -> TopicMatcher:
        """The topic rules, compiled."""
        return TopicMatcher(self.topics)

    @cached_property
    def named_searches(self) -> NamedSearches:
        """The named searches, compiled."""
        return NamedSearches(self.filtered_feeds, self.topics)

    def warm_up(self) -> None:
        """Compile the rules now instead of at the first dump."""
        _ = self.rule_lookup, self.matcher, self.named_searches

    def build(self, dump: Dump) -> BuildResult:
        """Parse, clean and label a dump. Bad content is an outcome, not an error."""
        try:
            raw = parse_dump(dump, self.limits, self.permalinks)
        except QuarantineError as error:
            return BuildResult(outcome=Outcome.QUARANTINED, reason=str(error))
        match = self.rule_lookup.match(raw)
        return self._label(raw, match.source, clean_entry(raw, match, self.limits))

    def derive_entry_id(self, dump: Dump) -> str:
        """The id that the entry of a dump would have. Raises QuarantineError."""
        raw = parse_dump(dump, self.limits, self.permalinks)
        _, _, identity = identify_entry(raw, self.rule_lookup.match(raw))
        return identity.link_id

    def build_plaintext(self, dump: Dump, reason: str) -> BuildResult:
        """Build the entry of a dump whose cleaning was stopped: all of its text, without markup."""
        raw = parse_dump(dump, self.limits, self.permalinks)
        match = self.rule_lookup.match(raw)
        return self._label(raw, match.source, clean_as_text(raw, match, reason))

    def pack(self, dump: Dump, result: BuildResult) -> PackedResult:
        """Encode a result for the store."""
        data = compress(dump.data)
        if result.raw is None or result.source is None or result.cleaned is None:
            return PackedResult(outcome=result.outcome, reason=result.reason, data=data)
        return PackedResult(
            outcome=result.outcome,
            reason=result.reason,
            data=data,
            dump_time=result.raw.dump_time,
            row=self.to_row(
                result.cleaned, result.source, encode_json(result.labels + result.searches), result.body_text
            ),
        )

    def to_row(self, cleaned: CleanResult, source: Source, labels: str, body_text: str) -> EncodedEntry:
        """Encode an entry for the store. `body_text` is `TopicFields.body_text`."""
        entry, identity = cleaned.entry, cleaned.identity
        minhash = reposts.compute_minhash(body_text)
        return EncodedEntry(
            id=entry.id.removeprefix("urn:uuid:"),
            identity=None if identity.is_certain else identity,
            link_id=(identity.owner_id or identity.link_id).removeprefix("urn:uuid:"),
            source=source,
            title=entry.title,
            published=entry.published,
            fingerprint=cleaned.fingerprint,
            size_estimate=estimate_size(entry),
            minhash=minhash.to_bytes() if minhash else None,
            minhash_bands=minhash.bands() if minhash else (),
            payload=encode_entry(entry),
            provenance=encode_provenance(cleaned),
            labels=labels,
            rules_version=self.rules_version,
            topics_version=self.topics_version,
            private=source.id in self.private_sources,
        )

    def find_repost_original(self, candidate: RepostCandidate, others: Sequence[RepostCandidate]) -> str | None:
        """The id of the entry among `others` whose text `candidate` repeats; None if its text is original.

        Private entries are never compared, because a public feed would then reveal them.
        """
        if candidate.source in self.private_sources:
            return None
        archives = {rule.id for rule in self.sources if rule.archive}

        def to_copy(entry: RepostCandidate) -> reposts.TextCopy:
            return reposts.TextCopy(
                id=entry.id,
                source=entry.source,
                published=entry.published,
                minhash=reposts.MinHash.from_bytes(entry.minhash),
                archive=entry.source in archives,
            )

        public = (to_copy(other) for other in others if other.source not in self.private_sources)
        match = reposts.find_original(to_copy(candidate), public)
        return match.id if match else None

    def _label(self, raw: RawEntry, source: Source, cleaned: CleanResult) -> BuildResult:
        fields = extract_topic_fields(cleaned.entry)
        labels = self.matcher.label(cleaned.entry, fields)
        return BuildResult(
            outcome=Outcome.FLAGGED if cleaned.issues else Outcome.ACCEPTED,
            reason="; ".join(cleaned.issues) or None,
            raw=raw,
            source=source,
            cleaned=cleaned,
            labels=labels,
            searches=self.named_searches.label(cleaned.entry, labels),
            body_text=fields.body_text,
        )
