"""Whatever order dumps come in, however often, and wherever it is cut off: the same entries and the same bytes."""

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

from helpers.property_testing import HealthCheck, example, given, settings, st
from helpers.service_fixture import CONFIG, sample_dump
from refeed.config.settings import Settings
from refeed.ingest.entry_builder import EntryBuilder, hash_dump
from refeed.ingest.pipeline import Pipeline
from refeed.ingest.process_pool import ProcessPool
from refeed.model import Dump
from refeed.store import schema as t
from refeed.store.ingest_writes import FileResult, record_files
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


class Shelf:
    """A store that dumps are recorded in without files."""

    def __init__(self, maker: EntryBuilder, path: Path) -> None:
        path.unlink(missing_ok=True)
        self.store = Store(f"sqlite:///{path}")
        self.store.migrate()
        self.makers = ProcessPool(maker)

    def close(self) -> None:
        self.store.close()

    def take(self, files: Sequence[tuple[str, bytes]], seen: datetime = NOW) -> None:
        """One batch of files by name."""
        dumps = [Dump(path=name, folder="", data=data, first_seen=seen) for name, data in files]
        readings = []
        for made, one in zip(self.makers.map(dumps), dumps, strict=True):
            reading = FileResult(
                path=os.fsencode(one.path),
                display_path=one.path,
                folder="",
                stamp=hash(one.data),
                first_seen=seen,
                modified=seen,
                outcome=made.outcome,
                reason=made.reason,
                digest=hash_dump(one.data),
                data=made.data,
                dump_time=made.dump_time,
                entry=made.row,
            )
            readings.append(reading)
        record_files(self.store, readings, seen, self.makers.builder.find_repost_original)

    def says(self) -> list[dict[str, object]]:
        """All that documents are made of."""
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
def maker(tmp_path_factory: pytest.TempPathFactory) -> EntryBuilder:
    from refeed.config.load import load_settings

    home = tmp_path_factory.mktemp("order")
    (home / "config.yaml").write_text(CONFIG)
    return EntryBuilder.from_settings(load_settings({}, home / "config.yaml"))


@pytest.fixture
def shelf(maker: EntryBuilder, tmp_path: Path) -> Iterator[Shelf]:
    with closing(Shelf(maker, tmp_path / "a.db")) as shelf:
        yield shelf


@given(data=st.lists(drafts, min_size=1, max_size=7), seed=st.integers(0, 2**32))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_entries_do_not_depend_on_the_order_nor_on_the_batches_their_dumps_came_in(
    data: list[bytes], seed: int, maker: EntryBuilder, tmp_path: Path
) -> None:
    files = [(f"{number}.md", content) for number, content in enumerate(data)]
    chance = random.Random(seed)
    shuffled = files + chance.sample(files, len(files) // 2)
    chance.shuffle(shuffled)
    with closing(Shelf(maker, tmp_path / "a.db")) as at_once, closing(Shelf(maker, tmp_path / "b.db")) as in_parts:
        at_once.take(files)
        while shuffled:
            size = chance.randint(1, 3)
            in_parts.take(shuffled[:size], NOW + timedelta(seconds=chance.randint(0, 9)))
            shuffled = shuffled[size:]
        assert in_parts.says() == at_once.says()


said = st.tuples(st.sampled_from((*TEXTS, SHARED)), st.sampled_from(("样本甲", "样本乙")))


@given(steps=st.lists(said, min_size=1, max_size=6))
@example(steps=[(TEXTS[0], "样本甲"), (TEXTS[1], "样本甲"), (TEXTS[0], "样本甲")])
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_that_is_edited_says_what_it_says_last_and_its_updated_never_goes_back(
    steps: list[tuple[str, str]], maker: EntryBuilder, tmp_path: Path
) -> None:
    updated = 0
    with closing(Shelf(maker, tmp_path / "a.db")) as shelf:
        for number, (text, title) in enumerate(steps):
            data = sample_dump(1, text=text, title=title)
            shelf.take([("a", data)], NOW + timedelta(minutes=number))
            (made,) = shelf.makers.map([Dump(path="a", folder="", data=data, first_seen=NOW)])
            assert made.row is not None
            (entry,) = (row for row in shelf.says() if "title" in row)
            assert (entry["title"], entry["payload"]) == (made.row.title, made.row.payload)
            assert isinstance(entry["updated"], int)
            assert entry["updated"] >= updated
            updated = entry["updated"]


def test_an_edit_gives_way_to_a_later_dump_of_the_entry(shelf: Shelf) -> None:
    """The edit was made today, of an old dump; the newer dump comes from last year and arrives afterwards."""
    shelf.take([("a", sample_dump(1, at=1_600_000_000, text=TEXTS[0]))])
    shelf.take([("a", sample_dump(1, at=1_600_000_000, text=TEXTS[1]))])
    shelf.take([("b", sample_dump(1, at=1_700_000_000, title="后来的样本"))])
    (entry,) = (row for row in shelf.says() if "title" in row)
    assert entry["title"] == "后来的样本"


def test_an_undated_dump_keeps_the_time_it_was_first_seen(shelf: Shelf) -> None:
    undated = sample_dump(1).split(b"\n", 1)[1]
    shelf.take([("a", undated)])
    shelf.take([("a", undated.replace("样本".encode(), "样稿".encode()))], NOW + timedelta(hours=1))
    shelf.take([("a", undated)], NOW + timedelta(hours=2))
    (entry,) = (row for row in shelf.says() if "title" in row)
    assert entry["published"] == int(NOW.timestamp())
    assert entry["updated"] == int((NOW + timedelta(hours=2)).timestamp())


@pytest.mark.parametrize("seed", [1, 2])
def test_documents_are_the_same_bytes_in_any_order_and_cut_off_anywhere(
    seed: int, make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG)
    chance = random.Random(seed)
    files = [
        (number, sample_dump(number % 9, at=1_700_000_000 + chance.randint(0, 5) * 86_400, text=chance.choice(TEXTS)))
        for number in range(24)
    ]
    results = []
    for turn in range(2):
        home = tmp_path / str(turn)
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
        program = Pipeline.open(given, clock=lambda turn=turn: NOW + timedelta(days=turn))  # type: ignore[misc]
        if turn:
            chance.shuffle(files)
        for number, data in files:
            (home / "dumps" / f"{number}.md").write_bytes(data)
            if turn and chance.random() < 0.2:  # begun, and cut off before its end: everything is opened anew
                found = program.ingester.scan(given.dumps.folders).changed
                next(program.ingester.ingest(found[: chance.randint(1, len(found))]), None)
                program.close()
                program = Pipeline.open(given, clock=lambda: NOW)
        program.ingest()
        program.close()
        results.append({p.relative_to(home): p.read_bytes() for p in (home / "feeds").rglob("*.*") if p.is_file()})
    first, second = ({p: d for p, d in r.items() if not p.name.startswith(".")} for r in results)
    assert first.keys() == second.keys()
    assert [str(path) for path in first if first[path] != second[path]] == []
