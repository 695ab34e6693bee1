"""The versions of one entry -> its dates: a function of the set of its dumps, whatever order they arrived in."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryVersion:
    """What one dump said of an entry, as far as its dates depend on it."""

    dump_time: datetime
    digest: bytes
    published: datetime
    fingerprint: str
    """Of what a person reads in it. Empty when nobody knows: then it differs from none."""
    edited: datetime | None = None
    """When it took the place of another dump in the same file and with the same date or an older one: then it stands
    right after that one, at the same `at`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDates:
    """The entry's dates, and the dump that gives its text."""

    published: datetime
    updated: datetime
    newest: bytes


def resolve_dates(versions: Sequence[EntryVersion]) -> EntryDates:
    """Judge all dumps of one entry together.

    The newest gives the text; the earliest `published` stands; `updated` is the time of the last dump
    in which a person would have read something else than in the one before it.
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
