"""Dumps in any order, repeated, interrupted anywhere: the same entries and the same bytes."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from helpers.property_testing import example, examples, given, st
from helpers.service_fixture import CONFIG, sample_dump
from refeed.config.settings import Settings
from refeed.ingest.entry_builder import EntryBuilder, hash_dump
from refeed.ingest.entry_pool import EntryPool
from refeed.ingest.pipeline import Pipeline
from refeed.model import Dump
from refeed.store import schema as t
from refeed.store.dump_recording import FileResult, record_files
from refeed.store.store import Store

NOW = datetime(2026, 1, 2, tzinfo=UTC)
TEXTS = ("样本的第一个说法。", "样本的第二个说法，比第一个长。", "样本的第三个说法。" * 20)
SHARED = "几个来源都登了这同一篇样本，一字不差，所以只有一篇算是原来的。它要够长才比得出来，因此这里还有许多字。" * 12

drafts = st.builds(
    lambda entry, epoch, text, title: sample_dump(entry, at=1_700_000_000 + epoch * 1000, text=text, title=title),
    st.integers(1, 4),
    st.integers(0, 3),
    st.sampled_from((*TEXTS, SHARED)),
    st.sampled_from(("样本甲", "样本乙")),
)


class RecordingStore:
    """A store that records dumps without files."""

    def __init__(self, builder: EntryBuilder, path: Path) -> None:
        path.unlink(missing_ok=True)
        self.store = Store(f"sqlite:///{path}")
        self.store.migrate()
        self.pool = EntryPool(builder)

    def close(self) -> None:
        self.store.close()

    def record(self, files: Sequence[tuple[str, bytes]], seen: datetime = NOW) -> None:
        """Record one batch of files by name."""
        dumps = [Dump(path=name, folder="", data=data, first_seen=seen) for name, data in files]
        results = []
        for built, dump in zip(self.pool.map(dumps), dumps, strict=True):
            result = FileResult(
                path=os.fsencode(dump.path),
                display_path=dump.path,
                folder="",
                stamp=hash(dump.data),
                first_seen=seen,
                modified=seen,
                outcome=built.outcome,
                reason=built.reason,
                digest=hash_dump(dump.data),
                data=built.data,
                dump_time=built.dump_time,
                entry=built.row,
            )
            results.append(result)
        record_files(self.store, results, seen, self.pool.builder.find_repost_original)

    def contents(self) -> list[dict[str, object]]:
        """Everything that documents are made of."""
        e = t.entries.c
        columns = (
            e.id,
            e.title,
            e.published,
            e.updated,
            e.size_estimate,
            e.payload,
            e.labels,
            e.repost_links,
            e.repost_of,
            e.source,
        )
        with self.store.read_transaction() as connection:
            entries = [dict(row._mapping) for row in connection.execute(select(*columns).order_by(e.id))]
            members = connection.execute(select(t.feed_members)).all()
        return [*entries, {"members": sorted(map(tuple, members))}]


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> EntryBuilder:
    from refeed.config.load import load_settings

    home = tmp_path_factory.mktemp("order")
    (home / "config.yaml").write_text(CONFIG)
    return EntryBuilder.from_settings(load_settings({}, home / "config.yaml"))


@pytest.fixture
def store(builder: EntryBuilder, tmp_path: Path) -> Iterator[RecordingStore]:
    with closing(RecordingStore(builder, tmp_path / "a.db")) as store:
        yield store


@pytest.mark.slow
@given(data=st.lists(drafts, min_size=1, max_size=7), seed=st.integers(0, 2**32))
@examples(8)
def test_entries_do_not_depend_on_the_order_and_the_batches_of_their_dumps(
    data: list[bytes], seed: int, builder: EntryBuilder, tmp_path: Path
) -> None:
    files = [(f"{number}.md", content) for number, content in enumerate(data)]
    chance = random.Random(seed)
    shuffled = files + chance.sample(files, len(files) // 2)
    chance.shuffle(shuffled)
    with (
        closing(RecordingStore(builder, tmp_path / "a.db")) as at_once,
        closing(RecordingStore(builder, tmp_path / "b.db")) as in_parts,
    ):
        at_once.record(files)
        while shuffled:
            size = chance.randint(1, 3)
            in_parts.record(shuffled[:size], NOW + timedelta(seconds=chance.randint(0, 9)))
            shuffled = shuffled[size:]
        assert in_parts.contents() == at_once.contents()


versions = st.tuples(st.sampled_from((*TEXTS, SHARED)), st.sampled_from(("样本甲", "样本乙")))


@pytest.mark.slow
@given(steps=st.lists(versions, min_size=1, max_size=6))
@example(steps=[(TEXTS[0], "样本甲"), (TEXTS[1], "样本甲"), (TEXTS[0], "样本甲")])
@examples(6)
def test_an_edited_file_gives_its_last_text_and_updated_never_goes_back(
    steps: list[tuple[str, str]], builder: EntryBuilder, tmp_path: Path
) -> None:
    updated = 0
    with closing(RecordingStore(builder, tmp_path / "a.db")) as store:
        for number, (text, title) in enumerate(steps):
            data = sample_dump(1, text=text, title=title)
            store.record([("a", data)], NOW + timedelta(minutes=number))
            (built,) = store.pool.map([Dump(path="a", folder="", data=data, first_seen=NOW)])
            assert built.row is not None
            (entry,) = (row for row in store.contents() if "title" in row)
            assert (entry["title"], entry["payload"]) == (built.row.title, built.row.payload)
            assert isinstance(entry["updated"], int)
            assert entry["updated"] >= updated
            updated = entry["updated"]


def test_a_dump_with_a_later_date_wins_over_an_edit_of_an_older_dump(store: RecordingStore) -> None:
    """The edit of the old dump is from today; the newer dump has last year's date and arrives afterwards."""
    store.record([("a", sample_dump(1, at=1_600_000_000, text=TEXTS[0]))])
    store.record([("a", sample_dump(1, at=1_600_000_000, text=TEXTS[1]))])
    store.record([("b", sample_dump(1, at=1_700_000_000, title="后来的样本"))])
    (entry,) = (row for row in store.contents() if "title" in row)
    assert entry["title"] == "后来的样本"


def test_an_undated_dump_keeps_the_time_it_was_first_seen(store: RecordingStore) -> None:
    undated = sample_dump(1).split(b"\n", 1)[1]
    store.record([("a", undated)])
    store.record([("a", undated.replace("样本".encode(), "样稿".encode()))], NOW + timedelta(hours=1))
    store.record([("a", undated)], NOW + timedelta(hours=2))
    (entry,) = (row for row in store.contents() if "title" in row)
    assert entry["published"] == int(NOW.timestamp())
    assert entry["updated"] == int((NOW + timedelta(hours=2)).timestamp())


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_documents_are_the_same_bytes_in_any_order_and_after_interruptions(
    seed: int, make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG)
    chance = random.Random(seed)
    files = [
        (number, sample_dump(number % 9, at=1_700_000_000 + chance.randint(0, 5) * 86_400, text=chance.choice(TEXTS)))
        for number in range(24)
    ]
    results = []
    for run in range(2):
        home = tmp_path / str(run)
        given = make_settings(tmp_path / "config.yaml")
        folders = replace(given.dumps, folders=(str(home / "dumps"),))
        given = replace(
            given,
            dumps=folders,
            feeds_dir=str(home / "feeds"),
            var_dir=str(home),
            database_url=f"sqlite:///{home}/s.db",
        )
        (home / "dumps").mkdir(parents=True)
        pipeline = Pipeline.open(given, clock=lambda run=run: NOW + timedelta(days=run))  # type: ignore[misc]
        if run:
            chance.shuffle(files)
        for number, data in files:
            (home / "dumps" / f"{number}.md").write_bytes(data)
            if run and chance.random() < 0.2:  # interrupted: everything is opened again
                found = pipeline.ingester.scan(given.dumps.folders).changed
                next(pipeline.ingester.ingest(found[: chance.randint(1, len(found))]), None)
                pipeline.close()
                pipeline = Pipeline.open(given, clock=lambda: NOW)
        pipeline.ingest()
        pipeline.close()
        results.append({p.relative_to(home): p.read_bytes() for p in (home / "feeds").rglob("*.*") if p.is_file()})
    first, second = ({p: d for p, d in r.items() if not p.name.startswith(".")} for r in results)
    assert first.keys() == second.keys()
    assert [str(path) for path in first if first[path] != second[path]] == []
