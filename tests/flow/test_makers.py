"""Many dumps are made by processes: the same entries in the same order, and no process stays when nothing is left."""

from __future__ import annotations

import gc
import multiprocessing
import os
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from refeed import dumps, makers
from refeed.config import Settings
from refeed.dumps import Found
from refeed.makers import Makers
from refeed.making import Maker
from refeed.model import Dump
from refeed.pipeline import Program
from refeed.rules import Limits

NOW = datetime(2024, 1, 2, tzinfo=UTC)


def dump(number: int, text: str = "样稿。") -> bytes:
    head = f"<!--{1700000000 + number}000-->\n[样稿{number}](https://sample.example.net/{number})\n------\n\n"
    return f"{head}<p>这是一篇用来测试的样稿，编号{number}。{text}</p>\n".encode()


def test_processes_make_what_one_alone_makes_in_the_same_order_and_end_when_they_idle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(makers, "_IDLE", 0.0)
    maker = Maker(sources=(), topics=(), limits=Limits())
    data = [dump(number) for number in range(120)]
    data[7] = b"\xff\xfe\x00"  # quarantined
    data[11] = dump(11, f'<p title="{"x" * 20_001}">样稿。</p>')  # heavy: made alone
    given = [Dump(path=f"{n}.md", folder="", data=one, seen=NOW) for n, one in enumerate(data)]
    here, spread = Makers(maker), Makers(maker, 2)
    expected = list(here.pack(given))
    for _ in range(2):  # they start anew after a rest
        assert list(spread.pack(given)) == expected
        assert len(multiprocessing.active_children()) == 1  # and this one makes too
        spread.rest()
        assert multiprocessing.active_children() == []
        assert [name for name in children() if b"forkserver" in name] == []
    here.rest()


def test_a_process_that_is_killed_costs_no_dump_and_stops_nobody() -> None:
    maker = Maker(sources=(), topics=(), limits=Limits())
    given = [Dump(path=f"{n}.md", folder="", data=dump(n), seen=NOW) for n in range(600)]
    expected = list(Makers(maker).pack(given))
    spread = Makers(maker, 3)
    found = spread.pack(given)
    first = next(found)
    while not multiprocessing.active_children():
        time.sleep(0.01)
    for child in multiprocessing.active_children():
        child.kill()
    assert [first, *found] == expected
    spread.close()


class Noted(str):
    """A text of which one can tell whether anybody has it still."""


def test_two_batches_asked_for_at_once_give_each_its_own() -> None:
    maker = Maker(sources=(), topics=(), limits=Limits())
    given = [Dump(path=f"{n}.md", folder="", data=dump(n), seen=NOW) for n in range(600)]
    expected = list(Makers(maker).pack(given))
    spread = Makers(maker, 2)
    one, two = spread.pack(given[:300]), spread.pack(given[300:])
    assert list(one) == expected[:300]
    assert list(two) == expected[300:]
    spread.close()


def test_batches_that_were_made_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    maker = Maker(sources=(), topics=(), limits=Limits())
    spread = Makers(maker, 2)
    monkeypatch.setattr(spread, "_help", lambda: False)  # as when the other processes are faster
    kept = []
    for start in range(0, 600, 200):
        given = [Dump(path=Noted(f"{n}.md"), folder="", data=dump(n), seen=NOW) for n in range(start, start + 200)]
        kept += [weakref.ref(one.path) for one in given]
        assert len(list(spread.pack(given))) == 200
        del given
        gc.collect()
        assert sum(path() is not None for path in kept) <= 200
    spread.close()
    gc.collect()
    assert [path() for path in kept if path() is not None] == []


def children() -> list[bytes]:
    """Command lines of this process's own children."""
    found = []
    for task in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
        found += [Path(f"/proc/{child}/cmdline").read_bytes() for child in task.read_text().split()]
    return found


@pytest.mark.parametrize(("first", "edited"), [("甲。", "乙。"), ("乙。", "甲。")])
def test_a_file_edited_while_its_entry_is_made_is_recorded_as_edited(
    make_settings: Callable[..., Settings], tmp_path: Path, first: str, edited: str
) -> None:
    """Batches overlap: the second is read before the first is recorded, and has to know what the first one held."""
    folder = tmp_path / "dumps"
    folder.mkdir(exist_ok=True)
    settings = replace(make_settings(), topics=())
    program = Program.open(settings, clock=lambda: NOW)

    def found(name: str, data: bytes) -> Found:
        (folder / name).write_bytes(data)
        return dumps.look(str(folder / name), str(folder), settings.limits.suffixes)

    list(program.ingester.take([found("other.md", dump(0, edited))]))  # so that its bytes are known

    def files() -> Iterator[Found]:
        yield found("0.md", dump(0, first))
        for number in range(1, 256):
            yield found(f"{number}.md", dump(number))
        yield found("256.md", dump(256))
        yield found("0.md", dump(0, edited))

    tallies = list(program.ingester.take(files()))
    assert [tally.files for tally in tallies] == [256, 2]
    stored = program.store.entry(program.store.newest("all", 300)[-1].id)
    [stored] = program.store.entries([program.store.newest("all", 300)[-1].id])
    assert edited in stored.entry.html
    program.close()
