"""What the operator decided (withdrawals, stories, accepted settings) -> a small file beside an SQLite store, and back.

A store that is lost or damaged is rebuilt from dumps, which know nothing of these decisions.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec
from sqlalchemy import Connection, select

from . import schema
from .database import Database, upsert

ACCEPTED_KEY = "accepted_config"
"""Key in `meta` of the feeds that `feeds.accepted_config` accepted."""
_WITHDRAWN_KEY = "withdrawn"
"""Key in `meta` of the ids of withdrawn entries, each with the time in seconds. An entry may come back without its row:
from its dump, after a retention, or from published feeds."""
_CHANGES_KEY = "withdrawal_changes"
"""Key in `meta` of how often withdrawals have changed: the file beside an older copy of the store knows more."""
STORIES_KEY = "story_decisions"
"""Key in `meta` of the entries that the operator split off their stories, and of the pairs that he joined."""
_KEYS = (_WITHDRAWN_KEY, _CHANGES_KEY, ACCEPTED_KEY, STORIES_KEY)
_SUFFIX = ".decisions"


def load_withdrawals(connection: Connection) -> dict[str, int]:
    """When each withdrawn entry was withdrawn, by id, whether or not the store has the entry."""
    entry, meta = schema.entries.c, schema.meta.c
    stored = connection.execute(select(meta.value).where(meta.name == _WITHDRAWN_KEY)).scalar_one_or_none()
    if stored is not None:
        return msgspec.json.decode(stored, type=dict[str, int])
    query = select(entry.id, entry.withdrawn).where(entry.withdrawn.is_not(None))
    return {row.id: row.withdrawn for row in connection.execute(query)}


def record_withdrawals(connection: Connection, ids: Iterable[str], time: int | None) -> None:
    """Remember that entries are withdrawn, or with None that they are not. A time that is known already stays."""
    withdrawn, meta = load_withdrawals(connection), schema.meta.c
    for id in ids:
        if time is None:
            withdrawn.pop(id, None)
        else:
            withdrawn.setdefault(id, time)
    value = msgspec.json.encode(withdrawn, order="sorted").decode()
    changes = connection.execute(select(meta.value).where(meta.name == _CHANGES_KEY)).scalar_one_or_none()
    upsert(
        connection,
        schema.meta,
        [{"name": _WITHDRAWN_KEY, "value": value}, {"name": _CHANGES_KEY, "value": str(int(changes or 0) + 1)}],
    )


def has_older_withdrawals(store: Database) -> bool:
    """Whether the file beside the store knows more of withdrawals: the store is an older copy, for example a backup."""
    if (path := _file_path(store)) is None:
        return False
    copied = _read_file(path)
    with store.read_transaction() as connection:
        stored = _read_stored(connection)
    return _WITHDRAWN_KEY in copied and int(copied.get(_CHANGES_KEY, 0)) > int(stored.get(_CHANGES_KEY, 0))


def take_withdrawals(store: Database, connection: Connection) -> dict[str, int]:
    """Copy the withdrawals from the file into the store. Returns when each entry was withdrawn, by id."""
    path = _file_path(store)
    copied = _read_file(path) if path else {}
    rows = [{"name": key, "value": copied[key]} for key in (_WITHDRAWN_KEY, _CHANGES_KEY) if key in copied]
    upsert(connection, schema.meta, rows)
    return load_withdrawals(connection)


def sync_decisions(store: Database) -> None:
    """Copy the decisions to the file beside the store; into a store that has none, copy them from the file.

    An older copy of the store takes its withdrawals from the file before (`take_withdrawals`). A file that cannot be
    written is written at the next decision or start. Raises StoreError.
    """
    path = _file_path(store)
    if path is None:
        return
    copied = _read_file(path)
    with store.read_transaction() as connection:
        stored = _read_stored(connection)
    missing = [{"name": key, "value": copied[key]} for key in _KEYS if key in copied and key not in stored]
    if missing:
        with store.write_transaction() as connection:
            upsert(connection, schema.meta, missing)
    decisions = copied | stored
    if decisions != copied:
        with suppress(OSError):
            temporary = path.with_name(f".{path.name}.{os.getpid()}")
            with temporary.open("wb") as file:
                file.write(msgspec.json.encode(decisions))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)


def _file_path(store: Database) -> Path | None:
    database = store.engine.url.database
    return Path(database + _SUFFIX) if store.engine.dialect.name == "sqlite" and database else None


def _read_file(path: Path) -> dict[str, str]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError):
        return {}


def _read_stored(connection: Connection) -> dict[str, str]:
    meta = schema.meta.c
    rows = connection.execute(select(meta.name, meta.value).where(meta.name.in_(_KEYS)))
    return {row.name: row.value for row in rows}
