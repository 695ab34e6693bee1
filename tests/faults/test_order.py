"""Whatever order dumps come in, however often, and wherever it is cut off: the same entries and the same bytes."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from refeed.config import Settings
from refeed.makers import Makers
from refeed.making import Maker, digest
from refeed.model import Dump
from refeed.pipeline import Program
from refeed.store import Reading, Store, record
from refeed.store import schema as t
from station import CONFIG, dump

NOW = datetime(2026, 1, 2, tzinfo=UTC)
TEXTS = ("样本的第一个说法。", "样本的第二个说法，比第一个长。", "样本的第三个说法。" * 20)
SHARED = "几个来源都登了这同一篇样本，一字不差，所以只有一篇算是原来的。它要够长才比得出来，因此这里还有许多字。" * 12

drafts = st.builds(
    lambda entry, epoch, text, title: dump(entry, at=1_700_000_000 + epoch * 1000, text=text, title=title),
    st.integers(1, 4),
    st.integers(0, 3),
    st.sampled_from((*TEXTS, SHARED)),
    st.sampled_from(("样本甲", "样本乙")),
)


class Shelf:
    """A store that dumps are recorded in without files."""

    def __init__(self, maker: Maker, path: Path) -> None:
        path.unlink(missing_ok=True)
        self.store = Store(f"sqlite:///{path}")
        self.store.migrate()
        self.makers = Makers(maker)

    def take(self, files: Sequence[tuple[str, bytes]], seen: datetime = NOW) -> None:
        """One batch of files by name."""
        dumps = [Dump(path=name, folder="", data=data, seen=seen) for name, data in files]
        readings = []
        for made, one in zip(self.makers.pack(dumps), dumps, strict=True):
            reading = Reading(
                path=os.fsencode(one.path),
                shown=one.path,
                folder="",
                stamp=hash(one.data),
                seen=seen,
                written=seen,
                outcome=made.outcome,
                reason=made.reason,
                digest=digest(one.data),
                data=made.data,
                at=made.at,
                entry=made.row,
            )
            readings.append(reading)
        record(self.store, readings, seen, self.makers.maker.judge)

    def says(self) -> list[dict[str, object]]:
        """All that documents are made of."""
        e = t.entries.c
        columns = (e.id, e.title, e.published, e.updated, e.weight, e.payload, e.labels, e.via, e.repost_of, e.source)
        with self.store.reading() as connection:
            entries = [dict(row._mapping) for row in connection.execute(select(*columns).order_by(e.id))]
            members = connection.execute(select(t.members)).all()
        return [*entries, {"members": sorted(map(tuple, members))}]


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    from refeed.config import load

    home = tmp_path_factory.mktemp("order")
    (home / "config.yaml").write_text(CONFIG)
    return Maker.of(load({}, home / "config.yaml"))


@given(data=st.lists(drafts, min_size=1, max_size=7), seed=st.integers(0, 2**32))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_entries_do_not_depend_on_the_order_nor_on_the_batches_their_dumps_came_in(
    data: list[bytes], seed: int, maker: Maker, tmp_path: Path
) -> None:
    files = [(f"{number}.md", content) for number, content in enumerate(data)]
    at_once = Shelf(maker, tmp_path / "a.db")
    at_once.take(files)
    chance = random.Random(seed)
    shuffled = files + chance.sample(files, len(files) // 2)
    chance.shuffle(shuffled)
    in_parts = Shelf(maker, tmp_path / "b.db")
    while shuffled:
        size = chance.randint(1, 3)
        in_parts.take(shuffled[:size], NOW + timedelta(seconds=chance.randint(0, 9)))
        shuffled = shuffled[size:]
    assert in_parts.says() == at_once.says()


edits = st.lists(st.tuples(st.sampled_from("ab"), drafts), min_size=1, max_size=6)


@given(steps=edits)
@example(steps=[("a", dump(1, text=TEXTS[0])), ("a", dump(1, text=TEXTS[1])), ("a", dump(1, text=TEXTS[0]))])
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_that_is_edited_says_what_it_says_last(
    steps: list[tuple[str, bytes]], maker: Maker, tmp_path: Path
) -> None:
    """Unless another file holds a later dump of the same entry, or the file held another entry's dump just before:
    then it is no edit but one more dump of its entry, and takes its place by date and bytes."""
    shelf = Shelf(maker, tmp_path / "a.db")
    updated: dict[str, int] = {}
    for number, (name, data) in enumerate(steps):
        shelf.take([(name, data)], NOW + timedelta(minutes=number))
        with shelf.store.reading() as connection:
            rows = list(connection.execute(select(t.entries.c.id, t.entries.c.updated)))
        # A dump that another file brings late takes its place by its date, and may show that the change was earlier:
        # an entry is a function of the set of its dumps. Editing one file never takes `updated` back.
        if len({file for file, _ in steps[: number + 1]}) == 1 and len(rows) == 1:
            assert all(row.updated >= updated.get(row.id, 0) for row in rows)
        updated = {row.id: row.updated for row in rows}
    name, data = steps[-1]
    others = [other for other_name, other in steps if other_name != name]
    (made,) = shelf.makers.pack([Dump(path=name, folder="", data=data, seen=NOW)])
    assert made.row is not None
    for other in shelf.makers.pack([Dump(path="", folder="", data=other, seen=NOW) for other in others]):
        if other.row and other.row.id == made.row.id:
            return
    earlier = [data for before, data in steps[:-1] if before == name][-1:]
    for last in shelf.makers.pack([Dump(path="", folder="", data=data, seen=NOW) for data in earlier]):
        if last.row and last.row.id != made.row.id:
            return
    entry = shelf.store.entry(made.row.id)
    assert entry is not None
    assert entry[0].entry.title == made.row.title
    assert made.row.payload == _payload(shelf, made.row.id)


def _payload(shelf: Shelf, id: str) -> object:
    with shelf.store.reading() as connection:
        return connection.execute(select(t.entries.c.payload).where(t.entries.c.id == id)).scalar_one()


def test_an_edit_gives_way_to_a_later_dump_of_the_entry(maker: Maker, tmp_path: Path) -> None:
    """The edit was made today, of an old dump; the newer dump comes from last year and arrives afterwards."""
    shelf = Shelf(maker, tmp_path / "a.db")
    shelf.take([("a", dump(1, at=1_600_000_000, text=TEXTS[0]))])
    shelf.take([("a", dump(1, at=1_600_000_000, text=TEXTS[1]))])
    shelf.take([("b", dump(1, at=1_700_000_000, title="后来的样本"))])
    (entry,) = (row for row in shelf.says() if "title" in row)
    assert entry["title"] == "后来的样本"


def test_an_undated_dump_keeps_the_time_it_was_first_seen(maker: Maker, tmp_path: Path) -> None:
    shelf = Shelf(maker, tmp_path / "a.db")
    undated = dump(1).split(b"\n", 1)[1]
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
        (number, dump(number % 9, at=1_700_000_000 + chance.randint(0, 5) * 86_400, text=chance.choice(TEXTS)))
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
            feeds_folder=str(home / "feeds"),
            var_folder=str(home),
            database_url=f"sqlite:///{home}/s.db",
        )
        (home / "dumps").mkdir(parents=True)
        program = Program.open(given, clock=lambda turn=turn: NOW + timedelta(days=turn))  # type: ignore[misc]
        if turn:
            chance.shuffle(files)
        for number, data in files:
            (home / "dumps" / f"{number}.md").write_bytes(data)
            if turn and chance.random() < 0.2:  # begun, and cut off before its end: everything is opened anew
                found = program.ingester.scan(given.dumps.folders)
                next(program.ingester.take(found[: chance.randint(1, len(found))]), None)
                program.close()
                program = Program.open(given, clock=lambda: NOW)
        program.ingest()
        program.close()
        results.append({p.relative_to(home): p.read_bytes() for p in (home / "feeds").rglob("*.*") if p.is_file()})
    first, second = ({p: d for p, d in r.items() if not p.name.startswith(".")} for r in results)
    assert first.keys() == second.keys()
    assert [str(path) for path in first if first[path] != second[path]] == []
