"""The rows of stories: which entries report the same event, where the address of a story leads, the feeds' stories.

    entries --(apply_changes, same transaction)--> story_changes --(stories.story_updater)--> story_members, story_terms

Every public entry that is not withdrawn is in exactly one story; most stories have one report. A story's id is that of
its first report. Ids are bare UUIDs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import BindParameter, Connection, and_, bindparam, desc, exists, func, select, tuple_

from ..model import FeedPath
from . import schema
from .change_log import count_changes
from .database import upsert
from .serialization import from_timestamp, to_timestamp
from .store import Store

STATE_KEY = "stories"
"""Key in `meta` of the version of the stories, and the time of its last change."""
_CHUNK = 500
_PAGE = 200

_member, _shown, _entry = schema.story_members.c, schema.feed_members.c, schema.entries.c
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_STORY_IDS = select(_member.entry_id, _member.story_id).where(_member.entry_id.in_(_IDS))
_MEMBERS = (
    select(_member.entry_id, _member.story_id, _member.parent_id, _member.score, _member.published)
    .add_columns(_entry.source, _entry.title)
    .join(schema.entries, _entry.id == _member.entry_id)
    .where(_member.story_id.in_(_IDS))
    .order_by(_member.published, _member.entry_id)
)
_FIRST_MEMBERS = (
    select(_member.entry_id)
    .where(_member.story_id == bindparam("story"), _member.entry_id != bindparam("entry"))
    .order_by(_member.published, _member.entry_id)
    .limit(bindparam("limit"))
)
_IN_FEED = (
    select(_shown.published, _shown.entry_id, _member.story_id)
    .join(schema.story_members, _member.entry_id == _shown.entry_id)
    .where(_shown.feed == bindparam("feed"))
)
_NEWEST = _IN_FEED.order_by(desc(_shown.published), desc(_shown.entry_id)).limit(_PAGE)
_BEFORE = _NEWEST.where(
    _shown.published <= bindparam("published"),
    tuple_(_shown.published, _shown.entry_id) < tuple_(bindparam("published"), bindparam("entry")),
)
_BETWEEN = _IN_FEED.where(_shown.published >= bindparam("start"), _shown.published < bindparam("end")).order_by(
    _shown.published, _shown.entry_id
)
_SEEN = (
    select(_member.story_id)
    .distinct()
    .where(
        _member.story_id.in_(_IDS),
        tuple_(_member.published, _member.entry_id) >= tuple_(bindparam("published"), bindparam("entry")),
        exists().where(
            and_(
                _shown.feed == bindparam("feed"),
                _shown.published == _member.published,
                _shown.entry_id == _member.entry_id,
            )
        ),
    )
)


class StoryMember(NamedTuple):
    """A report of a story."""

    entry_id: str
    story_id: str
    parent_id: str | None
    """The earlier report that it was joined to; None for the first report, and for one that the operator joined."""
    score: float
    """How sure that is, from 0 to 1."""
    published: datetime
    source: str
    title: str


class StoryPosition(NamedTuple):
    """A story in a list, newest first: its newest report that the feed shows."""

    published: datetime
    entry_id: str
    story_id: str


class StoriesState(NamedTuple):
    """How far the stories are."""

    version: int
    """Grows whenever an entry changes its story; 0 when there were no stories yet."""
    changed: datetime | None
    """When the version last grew."""
    pending: int
    """Entries whose story is missing or outdated."""


def get_stories_state(store: Store) -> StoriesState:
    """The version of all stories, and the number of entries that are still to be joined."""
    version, changed = msgspec.json.decode(store.get_meta(STATE_KEY) or "[0, 0]", type=tuple[int, int])
    pending = count_changes(store, schema.story_changes)
    return StoriesState(version, from_timestamp(changed) if version else None, pending)


def increase_version(connection: Connection, now: datetime) -> None:
    """Note that stories changed. The time increases with every version, whatever the clock says."""
    meta = schema.meta.c
    stored = connection.execute(select(meta.value).where(meta.name == STATE_KEY)).scalar_one_or_none()
    version, changed = msgspec.json.decode(stored or "[0, 0]", type=tuple[int, int])
    value = msgspec.json.encode([version + 1, max(to_timestamp(now), changed + 1)]).decode()
    upsert(connection, schema.meta, [{"name": STATE_KEY, "value": value}])


def get_story_ids(store: Store, entry_ids: Iterable[str]) -> dict[str, str]:
    """The story of each of these entries. Entries without one are left out: private, withdrawn, not yet joined."""
    found: dict[str, str] = {}
    ids = list(entry_ids)
    with store.read_transaction() as connection:
        for start in range(0, len(ids), _CHUNK):
            rows = connection.execute(_STORY_IDS, {"ids": ids[start : start + _CHUNK]})
            found |= {row.entry_id: row.story_id for row in rows}
    return found


def get_story_members(store: Store, story_ids: Iterable[str]) -> dict[str, list[StoryMember]]:
    """The reports of each of these stories in the order of publication, then by id. Unknown stories are left out."""
    found: dict[str, list[StoryMember]] = {}
    ids = list(story_ids)
    with store.read_transaction() as connection:
        for start in range(0, len(ids), _CHUNK):
            for row in connection.execute(_MEMBERS, {"ids": ids[start : start + _CHUNK]}):
                member = StoryMember(
                    entry_id=row.entry_id,
                    story_id=row.story_id,
                    parent_id=row.parent_id,
                    score=row.score / 1000,
                    published=from_timestamp(row.published),
                    source=row.source,
                    title=row.title,
                )
                found.setdefault(row.story_id, []).append(member)
    return found


def get_other_members(store: Store, story_id: str, entry_id: str, limit: int) -> list[str]:
    """The ids of the first reports of a story without one of them. A story may have thousands."""
    with store.read_transaction() as connection:
        values = {"story": story_id, "entry": entry_id, "limit": limit}
        return list(connection.execute(_FIRST_MEMBERS, values).scalars())


def resolve_story(store: Store, id: str) -> str | None:
    """The id of the story that an address names: by its id, a former one, or the id of any of its reports.

    A story whose first report left it, because it was withdrawn or deleted, is found by that report too.
    """
    move = schema.story_moves.c
    seen: set[str] = set()
    while id not in seen:
        seen.add(id)
        if story := get_story_ids(store, [id]).get(id):
            return story
        with store.read_transaction() as connection:
            id = connection.execute(select(move.target_id).where(move.entry_id == id)).scalar_one_or_none() or id
    return None


def list_stories(
    store: Store, feed: FeedPath, limit: int, older_than: StoryPosition | None = None
) -> list[StoryPosition]:
    """Up to `limit` stories of which the feed shows a report, by the newest of these, newest first.

    Pass the last one as `older_than` to go on. Over all pages, each story comes once.
    """
    found: dict[str, StoryPosition] = {}
    end = older_than
    with store.read_transaction() as connection:
        while len(found) < limit:
            values: dict[str, Any] = {"feed": str(feed)}
            if end:
                values |= {"published": to_timestamp(end.published), "entry": end.entry_id}
            rows = connection.execute(_BEFORE if end else _NEWEST, values).all()
            seen: set[str] = set()
            if older_than:
                values |= {"published": to_timestamp(older_than.published), "entry": older_than.entry_id}
                values["ids"] = list({row.story_id for row in rows} - found.keys())
                seen = set(connection.execute(_SEEN, values).scalars())
            for published, entry_id, story_id in rows:
                end = StoryPosition(from_timestamp(published), entry_id, story_id)
                if story_id not in seen:
                    found.setdefault(story_id, end)
            if len(rows) < _PAGE:
                break
    return list(found.values())[:limit]


def list_stories_between(store: Store, feed: FeedPath, start: datetime, end: datetime) -> dict[str, list[str]]:
    """The stories of which the feed shows reports published from `start` to before `end`, with these reports.

    The stories are in the order of their first such report, and the reports in the order of publication.
    """
    found: dict[str, list[str]] = {}
    values = {"feed": str(feed), "start": to_timestamp(start), "end": to_timestamp(end)}
    with store.read_transaction() as connection:
        for _, entry_id, story_id in connection.execute(_BETWEEN, values):
            found.setdefault(story_id, []).append(entry_id)
    return found


def count_stories(store: Store) -> tuple[int, int]:
    """The numbers of stories with two or more reports, and of the entries in them."""
    reports = func.count().label("reports")
    grouped = select(reports).select_from(schema.story_members).group_by(_member.story_id).having(reports > 1)
    with store.read_transaction() as connection:
        sizes: Sequence[int] = connection.execute(grouped).scalars().all()
    return len(sizes), sum(sizes)
