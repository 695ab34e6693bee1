"""The tables, as SQLAlchemy Core sees them today. `migrations` is what makes them in a database.

Instants are whole seconds since 1970. Entry ids are bare UUIDs (without `urn:uuid:`).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, Table, Text

metadata = MetaData()

meta = Table(
    "state",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

dumps = Table(
    "originals",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("entry", Text),
    Column("at", BigInteger, nullable=False),
    Column("edited", BigInteger),
    Column("published", BigInteger),
    Column("fingerprint", Text),
    Column("outcome", Text, nullable=False),
    Column("reason", Text),
    Column("path", Text, nullable=False),
    Column("folder", Text, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

files = Table(
    "files",
    metadata,
    Column("path", LargeBinary, primary_key=True),
    Column("stamp", BigInteger, nullable=False),
    Column("digest", LargeBinary),
    Column("outcome", Text, nullable=False),
    Column("reason", Text),
)

entries = Table(
    "entries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("published", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("weight", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("notes", LargeBinary, nullable=False),
    Column("labels", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("media", Text, nullable=False),
    Column("sketch", LargeBinary),
    Column("bands", LargeBinary, nullable=False),
    Column("repost_of", Text),
    Column("rules", Text, nullable=False),
    Column("topics", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("withdrawn", BigInteger),
    Column("hidden", Integer, nullable=False),
)

minhash_bands = Table(
    "bands",
    metadata,
    Column("band", BigInteger, primary_key=True),
    Column("entry", Text, primary_key=True),
)

outcome_counts = Table(
    "tallies",
    metadata,
    Column("source", Text, primary_key=True),
    Column("outcome", Text, primary_key=True),
    Column("dumps", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
)

feed_members = Table(
    "members",
    metadata,
    Column("feed", Text, primary_key=True),
    Column("published", BigInteger, primary_key=True),
    Column("entry", Text, primary_key=True),
    Column("weight", Integer, nullable=False),
)

feeds = Table(
    "feeds",
    metadata,
    Column("path", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("entries", Integer, nullable=False),
)

feed_months = Table(
    "months",
    metadata,
    Column("feed", Text, primary_key=True),
    Column("month", Text, primary_key=True),
    Column("entries", Integer, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
)

sources = Table(
    "sources",
    metadata,
    Column("id", Text, primary_key=True),
    Column("data", Text, nullable=False),
    Column("icon", Text, nullable=False),
)
