"""The history of the schema: a list of SQL migrations that brings a store of any age up to date. Only append to it.

`schema` describes the result.
"""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text

from ..errors import SchemaError, StoreError

_FIRST_SCHEMA = """
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

_MEDIA_AND_ICONS = """
ALTER TABLE entries ADD COLUMN media {text} NOT NULL DEFAULT '[]'
;
ALTER TABLE sources ADD COLUMN icon {text} NOT NULL DEFAULT '[]'
"""

_PRIVATE_ENTRIES = "ALTER TABLE entries ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0"

_OUTCOME_COUNTS = """
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

_PLAIN_NAMES = """
ALTER TABLE state RENAME TO meta
;
ALTER TABLE originals RENAME TO dumps
;
ALTER TABLE dumps RENAME COLUMN entry TO entry_id
;
ALTER TABLE dumps RENAME COLUMN at TO dump_time
;
ALTER TABLE dumps RENAME COLUMN seen TO first_seen
;
DROP INDEX originals_entry
;
DROP INDEX originals_doubtful
;
CREATE INDEX dumps_entry ON dumps (entry_id, outcome, first_seen)
;
CREATE INDEX dumps_issues ON dumps (outcome, first_seen) WHERE outcome <> 'accepted'
;
DROP INDEX files_doubtful
;
CREATE INDEX files_issues ON files (outcome, path) WHERE outcome <> 'accepted'
;
ALTER TABLE entries RENAME COLUMN weight TO size_estimate
;
ALTER TABLE entries RENAME COLUMN notes TO provenance
;
ALTER TABLE entries RENAME COLUMN via TO repost_links
;
ALTER TABLE entries RENAME COLUMN sketch TO minhash
;
ALTER TABLE entries RENAME COLUMN bands TO minhash_bands
;
ALTER TABLE entries RENAME COLUMN rules TO rules_version
;
ALTER TABLE entries RENAME COLUMN topics TO topics_version
;
ALTER TABLE entries RENAME COLUMN hidden TO private
;
ALTER TABLE bands RENAME TO minhash_bands
;
ALTER TABLE minhash_bands RENAME COLUMN entry TO entry_id
;
ALTER TABLE tallies RENAME TO outcome_counts
;
ALTER TABLE outcome_counts RENAME COLUMN seen TO last_seen
;
ALTER TABLE members RENAME TO feed_members
;
ALTER TABLE feed_members RENAME COLUMN entry TO entry_id
;
ALTER TABLE feed_members RENAME COLUMN weight TO size_estimate
;
ALTER TABLE months RENAME TO feed_months
"""

_SEARCH = """
CREATE TABLE search_changes (entry_id {text} PRIMARY KEY, revision BIGINT NOT NULL) {without_rowid}
;
CREATE INDEX search_changes_revision ON search_changes (revision)
;
CREATE TABLE search_documents ({docid}, entry_id {text} NOT NULL, published BIGINT NOT NULL, content {bytes} NOT NULL)
;
CREATE UNIQUE INDEX search_documents_entry ON search_documents (entry_id)
;
{search_tokens}
;
INSERT INTO search_changes (entry_id, revision) SELECT id, revision FROM entries
"""

_IDENTITIES = """
ALTER TABLE dumps ADD COLUMN link_id {text}
;
ALTER TABLE dumps ADD COLUMN guid_id {text}
;
CREATE INDEX dumps_link ON dumps (link_id, dump_time, digest) WHERE link_id IS NOT NULL
;
CREATE INDEX dumps_guid ON dumps (guid_id, dump_time, digest) WHERE guid_id IS NOT NULL
"""

_INBOX = """
CREATE TABLE inbox (
    folder {text} NOT NULL,
    name {text} NOT NULL,
    received BIGINT NOT NULL,
    data {bytes} NOT NULL,
    PRIMARY KEY (folder, name)
)
"""

_SHARED_LINKS = """
ALTER TABLE entries ADD COLUMN link_id {text}
;
CREATE INDEX entries_link ON entries (link_id) WHERE link_id IS NOT NULL
"""

_UPSTREAMS = """
CREATE TABLE upstreams (
    source {text} NOT NULL,
    address {text} NOT NULL,
    state {bytes} NOT NULL,
    PRIMARY KEY (source, address)
)
"""

_DIGESTS = """
CREATE TABLE digest_feeds (
    feed {text} NOT NULL,
    period {text} NOT NULL,
    requested BIGINT NOT NULL,
    closed BIGINT,
    PRIMARY KEY (feed, period)
)
;
CREATE TABLE digests (
    feed {text} NOT NULL,
    period {text} NOT NULL,
    name {text} NOT NULL,
    opened BIGINT NOT NULL,
    closed BIGINT NOT NULL,
    content {bytes} NOT NULL,
    PRIMARY KEY (feed, period, name)
)
"""

_STORIES = """
CREATE TABLE story_changes (entry_id {text} PRIMARY KEY, revision BIGINT NOT NULL) {without_rowid}
;
CREATE INDEX story_changes_revision ON story_changes (revision)
;
CREATE TABLE story_members (
    entry_id {text} PRIMARY KEY,
    story_id {text} NOT NULL,
    root_id {text} NOT NULL,
    parent_id {text},
    score INTEGER NOT NULL,
    published BIGINT NOT NULL,
    signature {bytes} NOT NULL
)
;
CREATE INDEX story_members_story ON story_members (story_id, published, entry_id)
;
CREATE INDEX story_members_root ON story_members (root_id)
;
CREATE INDEX story_members_joined ON story_members (root_id) WHERE story_id <> root_id
;
CREATE TABLE story_terms (
    term BIGINT NOT NULL,
    published BIGINT NOT NULL,
    entry_id {text} NOT NULL,
    PRIMARY KEY (term, published, entry_id)
) {without_rowid}
;
CREATE TABLE story_moves (entry_id {text} PRIMARY KEY, target_id {text} NOT NULL) {without_rowid}
;
INSERT INTO story_changes (entry_id, revision) SELECT id, revision FROM entries
"""

_CUT_OFF_STORIES = """
CREATE INDEX story_members_cut_off ON story_members (parent_id) WHERE parent_id IS NOT NULL AND root_id = entry_id
"""

_STORY_LINKS = """
CREATE TABLE story_links (
    entry_id {text} NOT NULL,
    target_id {text} NOT NULL,
    score INTEGER NOT NULL,
    PRIMARY KEY (entry_id, target_id)
) {without_rowid}
;
CREATE INDEX story_links_target ON story_links (target_id)
"""

_UPSTREAM_TITLES = "ALTER TABLE upstreams ADD COLUMN title {text} NOT NULL DEFAULT ''"

MIGRATIONS: tuple[str, ...] = (
    _FIRST_SCHEMA,
    _MEDIA_AND_ICONS,
    _PRIVATE_ENTRIES,
    _OUTCOME_COUNTS,
    _PLAIN_NAMES,
    _SEARCH,
    _IDENTITIES,
    _INBOX,
    _SHARED_LINKS,
    _UPSTREAMS,
    _DIGESTS,
    _STORIES,
    _CUT_OFF_STORIES,
    _STORY_LINKS,
    _UPSTREAM_TITLES,
)
"""SQL statements separated by lines of `;`. `_SPELLINGS` gives what is written differently for each database.

Each migration uses the table names of its time. Today's names date from the fifth migration."""

_SPELLINGS = {
    "sqlite": {
        "bytes": "BLOB",
        "text": "TEXT",
        "without_rowid": "WITHOUT ROWID",
        "docid": "docid INTEGER PRIMARY KEY",  # with BIGINT it would not be the rowid
        # `ascii` takes every character beyond ASCII as part of a token, and tokens have only letters and digits.
        "search_tokens": "CREATE VIRTUAL TABLE search_tokens USING fts5"
        "(tokens, content='', detail=none, columnsize=0, tokenize='ascii')",
    },
    "postgresql": {
        "bytes": "BYTEA",
        # COLLATE "C" sorts text by its bytes, as SQLite does, in any locale of the server. It is also faster.
        "text": 'TEXT COLLATE "C"',
        "without_rowid": "",
        "docid": "docid BIGINT PRIMARY KEY",
        # Rare words are found by the index of tokens, frequent ones by walking through the newest documents. PostgreSQL
        # needs to know many words to choose well.
        "search_tokens": "CREATE TABLE search_tokens (docid BIGINT PRIMARY KEY, tokens TSVECTOR NOT NULL)\n;\n"
        "CREATE INDEX search_tokens_index ON search_tokens USING GIN (tokens)\n;\n"
        "ALTER TABLE search_tokens ALTER COLUMN tokens SET STATISTICS 2000",
    },
}


def read_schema_version(connection: Connection) -> int:
    """The version of this database's schema; 0 for an empty database. Writes nothing.

    Raises SchemaError when a newer version of the program wrote the schema.
    """
    return read_version(connection) if inspect(connection).has_table("migrations") else 0


def read_version(connection: Connection) -> int:
    """The same of a database that is known to have a schema, in one query."""
    version: int = connection.execute(text("SELECT COALESCE(MAX(version), 0) FROM migrations")).scalar_one()
    if version > len(MIGRATIONS):
        raise SchemaError(
            f"the store has schema version {version}, and this program knows {len(MIGRATIONS)}: run the newer program"
        )
    return version


def apply_migrations(connection: Connection, version: int = len(MIGRATIONS)) -> int:
    """Bring the schema up to `version` inside the caller's write transaction, and return `version`.

    Raises SchemaError when a newer version of the program wrote the schema, and StoreError when the database's
    encoding cannot represent every character.
    """
    if connection.dialect.name == "postgresql":
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
        if encoding not in ("UTF8", "SQL_ASCII"):
            raise StoreError(f"the database is encoded in {encoding}; make it with: CREATE DATABASE … ENCODING 'UTF8'")
    connection.execute(text("CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY)"))
    for number in range(read_schema_version(connection), version):
        for statement in MIGRATIONS[number].format(**_SPELLINGS[connection.dialect.name]).split("\n;\n"):
            connection.execute(text(statement))
        connection.execute(text("INSERT INTO migrations (version) VALUES (:v)"), {"v": number + 1})
    return version
