"""What the operator decided about stories: which entries are alone, and whose stories are one. It holds for ever."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, select

from . import schema
from .change_log import list_entries
from .database import Database, upsert
from .decisions import STORIES_KEY, sync_decisions


class StoryDecisions(NamedTuple):
    """Decisions, by entry ids. The entries may be gone, and come back."""

    split: tuple[str, ...] = ()
    """Entries that are compared with nothing."""
    joined: tuple[tuple[str, str], ...] = ()
    """Pairs of entries whose stories are one."""


def load_story_decisions(connection: Connection) -> StoryDecisions:
    """All decisions."""
    meta = schema.meta.c
    stored = connection.execute(select(meta.value).where(meta.name == STORIES_KEY)).scalar_one_or_none()
    return msgspec.json.decode(stored, type=StoryDecisions) if stored is not None else StoryDecisions()


def split_entries(store: Database, ids: Sequence[str]) -> None:
    """Take entries out of their stories: each is a story of its own, whatever it is similar to."""

    def change(before: StoryDecisions) -> StoryDecisions:
        joined = tuple(pair for pair in before.joined if not set(pair) & set(ids))
        return StoryDecisions(tuple(sorted({*before.split, *ids})), joined)

    _decide(store, ids, change)


def join_entries(store: Database, ids: Sequence[str]) -> None:
    """Make one story of the stories of entries."""
    _decide(store, ids, lambda before: before._replace(joined=tuple(dict.fromkeys((*before.joined, *pairwise(ids))))))


def forget_story_decisions(store: Database, ids: Sequence[str]) -> None:
    """Forget what was decided about entries."""

    def change(before: StoryDecisions) -> StoryDecisions:
        split = tuple(id for id in before.split if id not in ids)
        return StoryDecisions(split, tuple(pair for pair in before.joined if not set(pair) & set(ids)))

    _decide(store, ids, change)


def _decide(store: Database, ids: Sequence[str], change: Callable[[StoryDecisions], StoryDecisions]) -> None:
    with store.write_transaction() as connection:
        value = msgspec.json.encode(change(load_story_decisions(connection))).decode()
        upsert(connection, schema.meta, [{"name": STORIES_KEY, "value": value}])
        list_entries(connection, schema.story_changes, ids)
    sync_decisions(store)
