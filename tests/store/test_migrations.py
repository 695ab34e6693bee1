"""Stores of every older schema open, and publish the same documents as a new store."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import MetaData, Table, inspect

from helpers.store_builders import recount_feeds, recount_outcomes, stored_feeds, stored_outcomes
from refeed.config.settings import Settings
from refeed.fetch.enclosure_metadata import FileMetadata
from refeed.ingest.pipeline import Pipeline
from refeed.store import schema as t
from refeed.store.entry_updates import update_enclosures, update_icons, withdraw_entries
from refeed.store.migrations import MIGRATIONS, apply_migrations
from refeed.store.rows import DumpRow, EntryRow, FileRow, StoryRow
from refeed.store.store import Store

long = partial(pytest.param, marks=pytest.mark.torture)
NOW = datetime(2024, 1, 10, 12, tzinfo=UTC)
CONFIG = """
site: {id: "tag:example.org,2026", title: 样本站, author: 样本站}
dumps: {folders: [dumps]}
topics:
  - {id: sample, title: 样本, words: [样本]}
"""
OLD_ROWS = json.loads(Path(__file__).with_name("old_store.json").read_text("utf-8"))
"""All rows of a store that the program made when the schema had four migrations, from the dumps below."""
SHARED_TEXT = "".join(f"第{n}句是长一些的样本，两处都登了它，一字不改。" for n in range(40))


def dump(number: int, body: str, host: str = "sample.example.org") -> bytes:
    epoch = 1_704_000_000 + number * 86_401
    return f"<!--{epoch}000-->\n[样本标题{number}](https://{host}/{number})\n------\n\n<p>{body}</p>\n".encode()


DUMPS = {
    "one/1.txt": dump(1, '一篇样本，带着声音。</p><audio src="https://media.example.org/1.mp3"></audio><p>完。'),
    "one/2.txt": dump(2, SHARED_TEXT),
    "one/3.txt": dump(3, "后来撤下的一篇样本。"),
    "one/edited.txt": dump(4, "改前的样本。"),
    "two/5.txt": dump(5, SHARED_TEXT, "other.example.net"),
    "two/no-date.txt": "<!---->\n[没有日期](https://other.example.net/6)\n------\n\n<p>没有日期。</p>\n".encode(),
    "two/no-link.txt": "<!--1704000000000-->\n[没有链接]()\n------\n\n<p>没有链接。</p>\n".encode(),
}
EDITED = dump(4, "改后的样本，读得出不同。")


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, without a schema."""
    return (
        f"sqlite:///{tmp_path / 'store.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    )


@pytest.fixture
def settings(make_settings: Callable[..., Settings], store_url: str, tmp_path: Path) -> Settings:
    """Settings for the store under test."""
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG)
    return make_settings(config, DATABASE_URL=store_url)


@pytest.fixture
def empty_store(store_url: str) -> Iterator[Store]:
    """A database without a schema."""
    store = Store(store_url)
    yield store
    store.close()


def make_old_store(store: Store, version: int) -> None:
    """Create the schema of `version`, and those rows and columns of `OLD_ROWS` that it has a place for."""
    with store.write_transaction() as connection:
        apply_migrations(connection, min(version, 4))
        tables = set(inspect(connection).get_table_names())
        for name, rows in OLD_ROWS.items():
            if name in tables:
                table = Table(name, MetaData(), autoload_with=connection)
                columns = set(table.columns.keys())
                values = [{key: decode(value) for key, value in row.items() if key in columns} for row in rows]
                connection.execute(table.insert(), values)
        apply_migrations(connection, version)


def decode(value: object) -> object:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value


def publish_new_store(settings: Settings, dumps: Path, *, with_media: bool) -> None:
    """Do with a new store what the old code did with the old one."""
    pipeline = Pipeline.open(settings, clock=lambda: NOW)
    for name, data in DUMPS.items():
        write_dump(dumps / name, data, age=600)
    pipeline.ingest()
    write_dump(dumps / "one/edited.txt", EDITED, age=300)
    pipeline.ingest()
    store = pipeline.store
    entries = [stored.entry for stored in store.get_entries(store.get_entry_ids())]
    ids = {entry.link: entry.id.removeprefix("urn:uuid:") for entry in entries}
    withdraw_entries(store, [ids["https://sample.example.org/3"]], NOW, pipeline.pool.builder.find_repost_original)
    if with_media:
        sound = FileMetadata(url="https://media.example.org/1.mp3", type="audio/mpeg", length=4321)
        update_enclosures(store, {ids["https://sample.example.org/1"]: [sound]}, NOW)
        icon = FileMetadata(url="https://sample.example.org/icon.png", type="image/png", next=NOW)
        update_icons(store, {"one": icon}, NOW)
    pipeline.publisher.publish()
    pipeline.close()


def write_dump(path: Path, data: bytes, *, age: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (NOW.timestamp() - age,) * 2)


def documents(settings: Settings) -> dict[str, bytes]:
    """All documents, by their paths."""
    folder = Path(settings.feeds_dir)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("[!.]*.*") if path.is_file()}


@pytest.mark.slow
@pytest.mark.parametrize("version", [1, long(2), long(3), 4])  # the rows have the names of before the fifth migration
def test_a_store_of_every_older_schema_publishes_what_a_new_store_does(
    empty_store: Store, settings: Settings, make_settings: Callable[..., Settings], tmp_path: Path, version: int
) -> None:
    make_old_store(empty_store, version)
    assert empty_store.migrate() == len(MIGRATIONS)
    assert stored_feeds(empty_store) == recount_feeds(empty_store)
    assert stored_outcomes(empty_store) == recount_outcomes(empty_store)
    old = Pipeline.open(settings, clock=lambda: NOW)
    while old.reprocessor.step() is not None:  # the old code cleaned differently
        pass
    old.publisher.publish()
    old.close()

    fresh = make_settings(
        tmp_path / "config.yaml",
        DATABASE_URL=f"sqlite:///{tmp_path / 'fresh.db'}",
        REFEED_FEEDS=str(tmp_path / "fresh"),
    )
    publish_new_store(fresh, tmp_path / "dumps", with_media=version >= 2)
    expected = documents(fresh)
    assert len(expected) > 12
    assert documents(settings) == expected


def test_the_schema_is_what_the_migrations_make(empty_store: Store) -> None:
    empty_store.migrate()
    with empty_store.read_transaction() as connection:
        found = inspect(connection)
        made = {
            name: (
                {column["name"]: column["nullable"] for column in found.get_columns(name)},
                set(found.get_pk_constraint(name)["constrained_columns"]),
            )
            for name in found.get_table_names()
        }
    del made["migrations"]
    # The tokens of the search index are a virtual table or have a type of their own: `search_index` writes their SQL.
    made = {name: table for name, table in made.items() if not name.startswith("search_tokens")}
    for table in t.metadata.sorted_tables:
        columns, keys = made.pop(table.name)
        assert set(columns) == {column.name for column in table.columns}
        assert keys == {column.name for column in table.primary_key}
        optional = {column.name for column in table.columns if column.nullable}
        assert {name for name, nullable in columns.items() if nullable} - keys == optional
    assert made == {}


def test_the_types_of_rows_have_the_columns_of_their_tables() -> None:
    for kind, table in ((EntryRow, t.entries), (DumpRow, t.dumps), (FileRow, t.files), (StoryRow, t.story_members)):
        assert kind._fields == tuple(table.columns.keys())
