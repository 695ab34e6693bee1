"""The schema's history: a short list that is only ever appended to. Each step runs once, in its own transaction."""

from __future__ import annotations

from sqlalchemy import Connection, text

from ..errors import StoreError

_FIRST = """
CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL)
;
CREATE TABLE originals (
    digest {bytes} PRIMARY KEY,
    entry TEXT,
    at BIGINT NOT NULL,
    edited BIGINT,
    published BIGINT,
    fingerprint TEXT,
    outcome TEXT NOT NULL,
    reason TEXT,
    path TEXT NOT NULL,
    folder TEXT NOT NULL,
    seen BIGINT NOT NULL,
    data {bytes} NOT NULL
)
;
CREATE INDEX originals_entry ON originals (entry)
;
CREATE INDEX originals_doubtful ON originals (outcome, seen) WHERE outcome <> 'accepted'
;
CREATE TABLE files (
    path {bytes} PRIMARY KEY,
    stamp BIGINT NOT NULL,
    digest {bytes},
    outcome TEXT NOT NULL,
    reason TEXT
)
;
CREATE INDEX files_quarantined ON files (outcome) WHERE outcome = 'quarantined'
;
CREATE TABLE entries (
    id TEXT PRIMARY KEY,
    source TEXT NOT NULL,
    title TEXT NOT NULL,
    published BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    weight INTEGER NOT NULL,
    digest {bytes} NOT NULL,
    payload {bytes} NOT NULL,
    notes {bytes} NOT NULL,
    labels TEXT NOT NULL,
    via TEXT NOT NULL,
    sketch {bytes},
    bands {bytes} NOT NULL,
    repost_of TEXT,
    rules TEXT NOT NULL,
    topics TEXT NOT NULL,
    revision BIGINT NOT NULL,
    withdrawn BIGINT
)
;
CREATE INDEX entries_reposts ON entries (repost_of) WHERE repost_of IS NOT NULL
;
CREATE TABLE bands (
    band BIGINT NOT NULL,
    entry TEXT NOT NULL,
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
    feed TEXT NOT NULL,
    published BIGINT NOT NULL,
    entry TEXT NOT NULL,
    weight INTEGER NOT NULL,
    PRIMARY KEY (feed, published, entry)
) {without_rowid}
;
CREATE TABLE feeds (
    path TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    entries INTEGER NOT NULL
)
;
CREATE INDEX feeds_version ON feeds (version)
;
CREATE TABLE months (
    feed TEXT NOT NULL,
    month TEXT NOT NULL,
    entries INTEGER NOT NULL,
    version BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    PRIMARY KEY (feed, month)
) {without_rowid}
;
CREATE TABLE sources (id TEXT PRIMARY KEY, data TEXT NOT NULL)
"""

MIGRATIONS: tuple[str, ...] = (_FIRST,)
"""SQL statements between lines of `;`, with {bytes} and {without_rowid} as each database spells them."""

_WORDS = {
    "sqlite": {"bytes": "BLOB", "without_rowid": "WITHOUT ROWID"},
    "postgresql": {"bytes": "BYTEA", "without_rowid": ""},
}
_LOCK = 0x72656665  # "refe": any number will do, so long as all our processes use the same


def migrate(connection: Connection) -> int:
    """Bring the schema up to date inside the caller's transaction; returns the version it now has.

    Raises StoreError when the database was made by a newer program.
    """
    words = _WORDS[connection.dialect.name]
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    connection.execute(text("CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY)"))
    version = connection.execute(text("SELECT COALESCE(MAX(version), 0) FROM migrations")).scalar_one()
    if version > len(MIGRATIONS):
        raise StoreError(
            f"the store has schema version {version}, and this program knows {len(MIGRATIONS)}: run the newer program"
        )
    for number in range(version, len(MIGRATIONS)):
        for statement in MIGRATIONS[number].split("\n;\n"):
            connection.execute(text(statement.format(**words)))
        connection.execute(text("INSERT INTO migrations (version) VALUES (:v)"), {"v": number + 1})
    return len(MIGRATIONS)
