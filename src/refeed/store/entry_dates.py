"""The versions of one entry -> its dates. They depend on the set of its dumps, not on the order in which those arrived.

Pure: touches no row and no clock.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryVersion:
    """What one dump says of an entry, as far as its dates depend on it."""

    dump_time: datetime
    digest: bytes
    published: datetime
    fingerprint: str
    """Equal for versions in which a person reads the same. Empty when it is unknown: then it differs from none."""
    edited: datetime | None = None
    """When it replaced another dump in the same file without a newer date: it follows that one, at its `dump_time`."""

    def as_edit_of(self, prior: EntryVersion, time: datetime) -> EntryVersion:
        """This version as an edit of the file that held `prior`, made at `time`: it follows `prior` directly."""
        edited = max(time, (prior.edited or prior.dump_time) + timedelta(seconds=1))
        return replace(self, dump_time=prior.dump_time, edited=edited)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDates:
    """The dates of an entry, and the dump that gives its text."""

    published: datetime
    updated: datetime
    newest: bytes
    """Digest of that dump."""


def resolve_dates(versions: Sequence[EntryVersion]) -> EntryDates:
    """Judge all versions of one entry together.

    The newest gives the text, the earliest `published` counts, and `updated` is the time of the last dump in which a
    person reads something else than in the one before it.
    """
    ordered = sorted(
        versions, key=lambda version: (version.dump_time, version.edited or version.dump_time, version.digest)
    )
    published = min(version.published for version in ordered)
    updated = published
    for older, newer in itertools.pairwise(ordered):
        if newer.fingerprint != older.fingerprint and newer.fingerprint and older.fingerprint:
            updated = max(updated, newer.edited or newer.dump_time)
    return EntryDates(published=published, updated=updated, newest=ordered[-1].digest)
