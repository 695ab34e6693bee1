"""One dump -> one entry with its labels, packed for the store: parse, clean, label. Pure, and runs in any process."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from hashlib import blake2b, sha256

import msgspec

from .access import private_sources
from .archives import weight
from .clean import Sources, canonical, clean, plain, weigh
from .config import Settings
from .errors import QuarantineError
from .model import Cleaned, Dump, Label, Outcome, RawEntry, Source
from .packing import Candidate, EntryRow, compress, pack_entry, pack_labels, pack_notes
from .parse import parse
from .rules import Keep, Limits, SourceRule, TopicRule
from .topics import Matcher, reposts
from .topics.places import places

EDITION = 1
"""Raise it when parsing or cleaning changes: what is stored is then cleaned again, and no date moves."""


def digest(data: bytes) -> bytes:
    """What tells one dump's bytes from another's in the store."""
    return blake2b(data, digest_size=20).digest()


class HeavyError(Exception):
    """A dump that may take long: it is made in a process of its own, which can be killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What became of one dump, stage by stage."""

    outcome: Outcome
    reason: str | None = None
    raw: RawEntry | None = None
    cleaned: Cleaned | None = None
    labels: tuple[Label, ...] = ()
    words: str | None = None
    """The entry's text as topics and reposts read it: read once for both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """The same, as the store takes it."""

    outcome: Outcome
    reason: str | None
    data: bytes
    """The dump's bytes, compressed."""
    at: datetime | None = None
    row: EntryRow | None = None


@dataclass(frozen=True, kw_only=True)
class Maker:
    """Everything that making an entry depends on, built once and only where it is used. Cheap to send to a process."""

    sources: tuple[SourceRule, ...]
    topics: tuple[TopicRule, ...]
    limits: Limits
    private: frozenset[str] = frozenset()
    """Sources whose entries stand in no feed but their own."""

    @classmethod
    def of(cls, settings: Settings) -> Maker:
        """The maker that these settings ask for."""
        # Without what makes no entry another one: a change of it cleans nothing again.
        sources = tuple(replace(rule, keep=Keep(), access="public") for rule in settings.sources)
        private = private_sources(settings)
        return cls(sources=sources, topics=settings.topics, limits=settings.limits, private=private)

    def __reduce__(self) -> tuple[Callable[[], Maker], tuple[()]]:
        # What was built of the rules stays here: it is built again where it is used, quicker than it is sent.
        given = partial(Maker, sources=self.sources, topics=self.topics, limits=self.limits, private=self.private)
        return given, ()

    @cached_property
    def rules(self) -> str:
        """Version of the rules: entries that bear another one are to be cleaned again."""
        return sha256(msgspec.json.encode((EDITION, reposts.METHOD, self.sources))).hexdigest()[:16]

    @cached_property
    def labelling(self) -> str:
        """Version of the topics: entries that bear another one are to be labelled again."""
        versions = [(topic.id, self.matcher.version(topic.id)) for topic in self.topics]
        return sha256(msgspec.json.encode(versions)).hexdigest()[:16]

    @cached_property
    def known(self) -> Sources:
        """The source rules, ready to look up."""
        return Sources(self.sources)

    @cached_property
    def matcher(self) -> Matcher:
        """The topic rules, ready to match."""
        return Matcher(self.topics)

    def make(self, dump: Dump, *, alone: bool = False) -> Made:
        """Take a dump through every stage; what it holds decides the outcome and never raises.

        Raises HeavyError for a dump that could take long, unless `alone` says that this process may be killed.
        """
        try:
            raw = parse(dump, self.limits)
        except QuarantineError as error:
            return Made(outcome=Outcome.QUARANTINED, reason=str(error))
        load = weigh(raw.html)
        if load.over:
            return self._made(raw, plain(raw, self.known, load.over))
        if load.heavy and not alone:
            raise HeavyError
        return self._made(raw, clean(raw, self.known))

    def identify(self, dump: Dump) -> str:
        """The id of the entry that a dump would be, without making it. Raises QuarantineError."""
        raw = parse(dump, self.limits)
        link, _ = canonical(raw.link, self.known.ready(raw))
        return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, link)}"

    def make_plain(self, dump: Dump, reason: str) -> Made:
        """What is published of a dump whose cleaning had to be stopped: all its text, without its markup."""
        raw = parse(dump, self.limits)
        return self._made(raw, plain(raw, self.known, reason))

    def pack(self, dump: Dump, made: Made) -> Packed:
        """A result as the store takes it."""
        data = compress(dump.data)
        if made.raw is None or made.cleaned is None:
            return Packed(outcome=made.outcome, reason=made.reason, data=data)
        row = self.row(made.cleaned, self.known.source(made.raw), pack_labels(made.labels), made.words)
        return Packed(outcome=made.outcome, reason=made.reason, data=data, at=made.raw.at, row=row)

    def row(self, cleaned: Cleaned, source: Source, labels: str, words: str | None = None) -> EntryRow:
        """An entry as the store takes it. `words`: its text, if it is at hand."""
        entry = cleaned.entry
        sketch = reposts.sketch(entry, words)
        return EntryRow(
            id=entry.id.removeprefix("urn:uuid:"),
            source=source,
            title=entry.title,
            published=entry.published,
            fingerprint=cleaned.fingerprint,
            weight=weight(entry),
            sketch=sketch.to_bytes() if sketch else None,
            bands=sketch.bands() if sketch else (),
            payload=pack_entry(entry),
            notes=pack_notes(cleaned),
            labels=labels,
            rules=self.rules,
            topics=self.labelling,
            hidden=source.id in self.private,
        )

    def judge(self, candidate: Candidate, others: Sequence[Candidate]) -> str | None:
        """Whose text an entry repeats, among those that may have the same; None when it is its own.

        What is private stands for nothing that is not, and nothing for it: a reader would learn of it.
        """
        if candidate.source in self.private:
            return None
        found = reposts.original(
            self._copy(candidate), (self._copy(other) for other in others if other.source not in self.private)
        )
        return found.original if found else None

    def _copy(self, candidate: Candidate) -> reposts.Copy:
        return reposts.Copy(
            id=candidate.id,
            source=candidate.source,
            published=candidate.published,
            sketch=reposts.Sketch.from_bytes(candidate.sketch),
            archive=candidate.source in self._archives,
        )

    @cached_property
    def _archives(self) -> frozenset[str]:
        return frozenset(rule.id for rule in self.sources if rule.archive)

    def _made(self, raw: RawEntry, cleaned: Cleaned) -> Made:
        seen = places(cleaned.entry)
        return Made(
            outcome=Outcome.FLAGGED if cleaned.flags else Outcome.ACCEPTED,
            reason="; ".join(cleaned.flags) or None,
            raw=raw,
            cleaned=cleaned,
            labels=self.matcher.labels(cleaned.entry, seen),
            words=seen.words,
        )
