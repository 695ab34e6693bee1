"""What every publication asks the store, built once: to build a statement takes several times as long as its answer."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, desc, func, select, text

from ..model import Outcome
from . import schema as t

ENTRY = (
    t.entries.c.id,
    t.entries.c.payload,
    t.entries.c.published,
    t.entries.c.updated,
    t.entries.c.labels,
    t.entries.c.via,
    t.entries.c.media,
    t.entries.c.revision,
    t.entries.c.withdrawn,
)

_m = t.members.c
_feed: BindParameter[str] = bindparam("feed")
_within = (_m.feed == _feed, _m.published >= bindparam("first"), _m.published < bindparam("after"))
NEWEST = select(t.members).where(_m.feed == _feed).order_by(desc(_m.published), desc(_m.entry)).limit(bindparam("most"))
MONTH = select(t.members).where(*_within).order_by(_m.published, _m.entry)
WEIGHTS = select(_m.weight).where(*_within).order_by(_m.published, _m.entry)
MONTHS = select(t.months).where(t.months.c.feed == _feed, t.months.c.entries > 0).order_by(desc(t.months.c.month))
FEEDS = select(t.feeds).where(t.feeds.c.version > bindparam("after")).order_by(t.feeds.c.path)
ENTRIES = select(*ENTRY).where(t.entries.c.id.in_(bindparam("ids", expanding=True)))
REVISIONS = select(t.entries.c.id, t.entries.c.revision).where(t.entries.c.id.in_(bindparam("ids", expanding=True)))
SOURCES = select(t.sources.c.data, t.sources.c.icon).order_by(t.sources.c.id)
_e = t.entries.c
_gone = select(_e.id, _e.source, _e.labels, _e.withdrawn).where(_e.withdrawn.is_not(None))
_gone = _gone.order_by(desc(_e.withdrawn), _e.id)
WITHDRAWN = _gone.where(_e.hidden == 0)
WITHDRAWN_OF = _gone.where(_e.source == bindparam("source"))
STATE = select(t.state.c.value).where(t.state.c.name == bindparam("name"))


def doubts(outcome: Outcome, limit: int) -> Select[Any]:
    """By the index of files that are not simply accepted. Its condition has to stand here, and as it stands there."""
    f, o, e = t.files.c, t.originals.c, t.entries.c
    return (
        select(f.path, f.outcome, func.coalesce(f.reason, "").label("reason"), o.seen, e.source)
        .select_from(t.files.outerjoin(t.originals, f.digest == o.digest).outerjoin(t.entries, o.entry == e.id))
        .where(f.outcome == outcome.value, text("files.outcome <> 'accepted'"))
        .order_by(f.path)
        .limit(limit)
    )
