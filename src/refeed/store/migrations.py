"""The schema's history: a short list that is only ever appended to. Each step runs once, in its own transaction."""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text

from ..errors import StoreError
from .engine import disable_timeouts

_FIRST = """
CREATE TABLE state (name {text} PRIMARY KEY, value {text} NOT NULL)
;
CREATE TABLE originals (
    digest {bytes} PRIMARY KEY,
    entry {text},
    at BIGINT NOT NULL,
    edited BIGINT,
    published BIGINT,
    fingerprint {text},
    outcome {text} NOT NULL,
    reason {text},
    path {text} NOT NULL,
    folder {text} NOT NULL,
    seen BIGINT NOT NULL,
    data {bytes} NOT NULL
)
;
CREATE INDEX originals_entry ON originals (entry, outcome, seen)
;
CREATE INDEX originals_doubtful ON originals (outcome, seen) WHERE outcome <> 'accepted'
;
CREATE TABLE files (
    path {bytes} PRIMARY KEY,
    stamp BIGINT NOT NULL,
    digest {bytes},
    outcome {text} NOT NULL,
    reason {text}
)
;
CREATE INDEX files_quarantined ON files (outcome) WHERE outcome = 'quarantined'
;
CREATE TABLE entries (
    id {text} PRIMARY KEY,
    source {text} NOT NULL,
    title {text} NOT NULL,
    published BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    weight INTEGER NOT NULL,
    digest {bytes} NOT NULL,
    payload {bytes} NOT NULL,
    notes {bytes} NOT NULL,
    labels {text} NOT NULL,
    via {text} NOT NULL,
    sketch {bytes},
    bands {bytes} NOT NULL,
    repost_of {text},
    rules {text} NOT NULL,
    topics {text} NOT NULL,
    revision BIGINT NOT NULL,
    withdrawn BIGINT
)
;
CREATE INDEX entries_reposts ON entries (repost_of) WHERE repost_of IS NOT NULL
;
CREATE TABLE bands (
    band BIGINT NOT NULL,
    entry {text} NOT NULL,
    PRIMARY KEY (band, entry)
) {without_rowid}
;
CREATE INDEX entries_rules ON entries (rules, id)
;
CREATE INDEX entries_topics ON entries (topics, id)
;
CREATE INDEX entries_withdrawn ON entries (withdrawn) WHERE withdrawn IS NOT NULL
;
CREATE TABLE members (
    feed {text} NOT NULL,
    published BIGINT NOT NULL,
    entry {text} NOT NULL,
    weight INTEGER NOT NULL,
    PRIMARY KEY (feed, published, entry)
) {without_rowid}
;
CREATE TABLE feeds (
    path {text} PRIMARY KEY,
    version BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    entries INTEGER NOT NULL
)
;
CREATE INDEX feeds_version ON feeds (version)
;
CREATE TABLE months (
    feed {text} NOT NULL,
    month {text} NOT NULL,
    entries INTEGER NOT NULL,
    version BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    PRIMARY KEY (feed, month)
) {without_rowid}
;
CREATE TABLE sources (id {text} PRIMARY KEY, data {text} NOT NULL)
"""

_MEASURED = """
ALTER TABLE entries ADD COLUMN media {text} NOT NULL DEFAULT '[]'
;
ALTER TABLE sources ADD COLUMN icon {text} NOT NULL DEFAULT '[]'
"""

_HIDDEN = "ALTER TABLE entries ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0"

_TALLIES = """
CREATE TABLE tallies (
    source {text} NOT NULL,
    outcome {text} NOT NULL,
    dumps BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    PRIMARY KEY (source, outcome)
) {without_rowid}
;
INSERT INTO tallies (source, outcome, dumps, seen) SELECT '', outcome, COUNT(*), 0 FROM files GROUP BY outcome
;
INSERT INTO tallies (source, outcome, dumps, seen)
SELECT e.source, o.outcome, COUNT(*), MAX(o.seen) FROM originals o JOIN entries e ON o.entry = e.id
GROUP BY e.source, o.outcome
;
DROP INDEX files_quarantined
;
CREATE INDEX files_doubtful ON files (outcome, path) WHERE outcome <> 'accepted'
"""

MIGRATIONS: tuple[str, ...] = (_FIRST, _MEASURED, _HIDDEN, _TALLIES)
"""SQL statements between lines of `;`, with {bytes}, {text} and {without_rowid} as each database spells them."""

_WORDS = {
    "sqlite": {"bytes": "BLOB", "text": "TEXT", "without_rowid": "WITHOUT ROWID"},
    # Text is ordered by its bytes, as in SQLite, whatever language the server was set up in; that is faster, too.
    "postgresql": {"bytes": "BYTEA", "text": 'TEXT COLLATE "C"', "without_rowid": ""},
}


def read_schema_version(connection: Connection) -> int:
    """The version of the schema that is there; 0 for an empty database. Only reads.

    Raises StoreError when the database was made by a newer program.
    """
    if not inspect(connection).has_table("migrations"):
        return 0
    version: int = connection.execute(text("SELECT COALESCE(MAX(version), 0) FROM migrations")).scalar_one()
    if version > len(MIGRATIONS):
        raise StoreError(
            f"the store has schema version {version}, and this program knows {len(MIGRATIONS)}: run the newer program"
        )
    return version


def apply_migrations(connection: Connection) -> int:
    """Bring the schema up to date inside the caller's write transaction; returns the version it now has.

    Raises StoreError when the database was made by a newer program, or cannot hold what we write.
    """
    _check_encoding(connection)
    disable_timeouts(connection)
    words = _WORDS[connection.dialect.name]
    connection.execute(text("CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY)"))
    for number in range(read_schema_version(connection), len(MIGRATIONS)):
        for statement in MIGRATIONS[number].split("\n;\n"):
            connection.execute(text(statement.format(**words)))
        connection.execute(text("INSERT INTO migrations (version) VALUES (:v)"), {"v": number + 1})
    return len(MIGRATIONS)


def _check_encoding(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
        if encoding not in ("UTF8", "SQL_ASCII"):
            raise StoreError(f"the database is encoded in {encoding}; make it with: CREATE DATABASE … ENCODING 'UTF8'")
