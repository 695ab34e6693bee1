"""The tables of the store for SQLAlchemy Core. `migrations` creates them in a database; a test compares the two.

Times are whole seconds since 1970 (UTC). Entry ids are bare UUIDs, without `urn:uuid:`. Feeds are identified by their
paths.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, Table, Text

metadata = MetaData()

meta = Table(  # small values that processes share: Store.get_meta
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

dumps = Table(  # one row for each distinct content of a dump
    "dumps",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("entry_id", Text),
    Column("dump_time", BigInteger, nullable=False),
    Column("edited", BigInteger),
    Column("published", BigInteger),
    Column("fingerprint", Text),
    Column("outcome", Text, nullable=False),
    Column("reason", Text),
    Column("path", Text, nullable=False),
    Column("folder", Text, nullable=False),
    Column("first_seen", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("link_id", Text),
    Column("guid_id", Text),
)

files = Table(  # one row for each file of the dump folders, as it was last read
    "files",
    metadata,
    Column("path", LargeBinary, primary_key=True),
    Column("stamp", BigInteger, nullable=False),
    Column("digest", LargeBinary),
    Column("outcome", Text, nullable=False),
    Column("reason", Text),
)

entries = Table(  # rows.EntryRow has the same fields in the same order
    "entries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("published", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("size_estimate", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("provenance", LargeBinary, nullable=False),
    Column("labels", Text, nullable=False),
    Column("minhash", LargeBinary),
    Column("minhash_bands", LargeBinary, nullable=False),
    Column("rules_version", Text, nullable=False),
    Column("topics_version", Text, nullable=False),
    Column("private", Integer, nullable=False),
    Column("media", Text, nullable=False),
    Column("repost_of", Text),
    Column("repost_links", Text, nullable=False),
    Column("withdrawn", BigInteger),
    Column("revision", BigInteger, nullable=False),
    Column("link_id", Text),
)

minhash_bands = Table(  # entries by the bands of their MinHash: texts that may be the same share a band
    "minhash_bands",
    metadata,
    Column("band", BigInteger, primary_key=True),
    Column("entry_id", Text, primary_key=True),
)

outcome_counts = Table(  # number of dumps by source and outcome, and of all files under the source ALL_FILES
    "outcome_counts",
    metadata,
    Column("source", Text, primary_key=True),
    Column("outcome", Text, primary_key=True),
    Column("dumps", BigInteger, nullable=False),
    Column("last_seen", BigInteger, nullable=False),
)

feed_members = Table(  # the entries that each feed shows, by publication time
    "feed_members",
    metadata,
    Column("feed", Text, primary_key=True),
    Column("published", BigInteger, primary_key=True),
    Column("entry_id", Text, primary_key=True),
    Column("size_estimate", Integer, nullable=False),
)

feeds = Table(
    "feeds",
    metadata,
    Column("path", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("entries", Integer, nullable=False),
)

feed_months = Table(  # like `feeds`, for each calendar month (UTC) of a feed
    "feed_months",
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

inbox = Table(  # pushed dumps that the leader has not ingested yet (PostgreSQL; SQLite has files for them)
    "inbox",
    metadata,
    Column("folder", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("received", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

upstreams = Table(  # the state of each upstream between two polls, as JSON: fetch.upstreams.UpstreamState
    "upstreams",
    metadata,
    Column("source", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    Column("state", LargeBinary, nullable=False),
    Column("title", Text, nullable=False),  # of the feed, as in its state: read at each publication
)

digest_feeds = Table(  # the digests that somebody reads: `period` is daily or weekly
    "digest_feeds",
    metadata,
    Column("feed", Text, primary_key=True),
    Column("period", Text, primary_key=True),
    Column("requested", BigInteger, nullable=False),
    Column("closed", BigInteger),
)

digests = Table(  # closed digests
    "digests",
    metadata,
    Column("feed", Text, primary_key=True),
    Column("period", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("opened", BigInteger, nullable=False),
    Column("closed", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

search_changes = Table(  # the entries whose document in the search index is missing or outdated
    "search_changes",
    metadata,
    Column("entry_id", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
)

search_documents = Table(  # entries as the search index knows them; search_tokens has their tokens
    "search_documents",
    metadata,
    Column("docid", BigInteger, primary_key=True),
    Column("entry_id", Text, nullable=False),
    Column("published", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

story_changes = Table(  # the entries whose row in story_members is missing or outdated
    "story_changes",
    metadata,
    Column("entry_id", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
)

story_members = Table(  # the story of each public entry: rows.StoryRow has the same fields in the same order
    "story_members",
    metadata,
    Column("entry_id", Text, primary_key=True),
    Column("story_id", Text, nullable=False),
    Column("root_id", Text, nullable=False),
    Column("parent_id", Text),
    Column("score", Integer, nullable=False),
    Column("published", BigInteger, nullable=False),
    Column("signature", LargeBinary, nullable=False),
)

story_terms = Table(  # entries by the rare terms of their titles and leads: reports of one event share some
    "story_terms",
    metadata,
    Column("term", BigInteger, primary_key=True),
    Column("published", BigInteger, primary_key=True),
    Column("entry_id", Text, primary_key=True),
)

story_links = Table(  # the most similar earlier entries of each entry, with the scores in thousandths
    "story_links",
    metadata,
    Column("entry_id", Text, primary_key=True),
    Column("target_id", Text, primary_key=True),
    Column("score", Integer, nullable=False),
)

story_moves = Table(  # entries that left their story, with an entry that stayed: where the address of a story leads
    "story_moves",
    metadata,
    Column("entry_id", Text, primary_key=True),
    Column("target_id", Text, nullable=False),
)

ALL_FILES = ""
"""`outcome_counts.source` of the rows that count files, whose source may be unknown. No real source has an empty id."""
