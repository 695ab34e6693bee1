"""Entries are built in child processes: in order, within limits, and no dump that ends its process stops another."""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import random
import resource
import signal
import subprocess
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from helpers.processes import wait_until
from refeed.config.settings import Limits, Settings
from refeed.config.topic_rules import TopicRule
from refeed.dumps.scanner import FoundFile, inspect_file
from refeed.errors import ProgramChangedError, QuarantineError
from refeed.ingest import entry_pool
from refeed.ingest.entry_builder import BuildResult, EntryBuilder
from refeed.ingest.entry_pool import EntryPool
from refeed.ingest.ingester import Ingester
from refeed.ingest.pipeline import Pipeline
from refeed.model import Dump, Outcome
from refeed.store.serialization import decompress

NOW = datetime(2024, 1, 2, tzinfo=UTC)
BUILDER = EntryBuilder(sources=(), topics=(), limits=Limits())
NEWER = TopicRule(id="newer", title="样本", words=("样稿",))
LONG_TEXT = "".join(map(chr, random.Random(1).choices(range(0x4E00, 0x9FA5), k=8000)))
"""Makes the answers of a process larger than a pipe takes at once."""


class HostileBuilder(EntryBuilder):
    """Does what the text of a dump says, as a dump may that finds a bug in a library."""

    def build(self, dump: Dump) -> BuildResult:
        if b"LOOP" in dump.data:
            while True:
                pass
        if b"ALLOCATE" in dump.data:
            bytearray(1 << 40)
        if b"CRASH" in dump.data:
            os.kill(os.getpid(), signal.SIGSEGV)
        if b"SLEEP" in dump.data:
            time.sleep(60)
        if b"SLOW" in dump.data:
            if signal.getitimer(signal.ITIMER_PROF)[0] < self.limits.seconds / 2:
                os.kill(os.getpid(), signal.SIGPROF)  # as if the short limit were over
            wait_until(Path(dump.data.split(b"|")[1].decode()).exists)
        return super().build(dump)

    def build_plaintext(self, dump: Dump, reason: str) -> BuildResult:
        if b"AGAIN" in dump.data:
            self.build(dump)
        return super().build_plaintext(dump, reason)

    def __reduce__(self) -> tuple[Callable[[], EntryBuilder], tuple[()]]:
        return partial(HostileBuilder, **{each.name: getattr(self, each.name) for each in fields(self)}), ()


class ReplacedBuilder(EntryBuilder):
    """In a child process it is as if other files of the program had been loaded."""

    def __reduce__(self) -> tuple[Callable[[], EntryBuilder], tuple[()]]:
        return partial(EntryBuilder, sources=(), topics=(NEWER,), limits=self.limits), ()


HOSTILE = HostileBuilder(sources=(), topics=(), limits=Limits(seconds=0.2))
PATIENT = HostileBuilder(sources=(), topics=(), limits=Limits(seconds=60))
"""Its limits are reached by no load of the machine."""


def dump(number: int, text: str = "样稿。") -> Dump:
    head = f"<!--{1700000000 + number}000-->\n[样稿{number}](https://sample.example.net/{number})\n------\n\n"
    data = f"{head}<p>这是一篇用来测试的样稿，编号{number}。{text}</p>\n".encode()
    return Dump(path=f"{number}.md", folder="", data=data, first_seen=NOW)


def in_this_process(dumps: list[Dump]) -> list[object]:
    return [BUILDER.pack(each, BUILDER.build(each)) for each in dumps]


def test_several_processes_give_the_same_results_in_order_and_end_when_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    dumps = [dump(number) for number in range(120)]
    dumps[7] = Dump(path="7.md", folder="", data=b"\xff\xfe\x00", first_seen=NOW)  # quarantined
    others = multiprocessing.active_children()
    with closing(EntryPool(BUILDER, 2)) as pool:
        for _ in range(2):
            assert list(pool.map(dumps)) == in_this_process(dumps)
            pool.shrink()
            assert len(set(multiprocessing.active_children()) - set(others)) == 2
        monkeypatch.setattr(entry_pool, "_IDLE", 0.0)
        pool.shrink()
        assert len(set(multiprocessing.active_children()) - set(others)) == 1
        assert list(pool.map(dumps)) == in_this_process(dumps)
    assert set(multiprocessing.active_children()) <= set(others)


def test_entries_that_another_version_of_the_program_built_are_refused() -> None:
    with closing(EntryPool(ReplacedBuilder(sources=(), topics=(), limits=Limits()))) as pool:
        with pytest.raises(ProgramChangedError, match="files were replaced while it ran"):
            list(pool.map([dump(1)]))
        assert pool.identify([dump(1)]), "a web process still accepts what is pushed"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "outcome", "reason"),
    [
        ("LOOP", Outcome.FLAGGED, "cleaning it took more time or memory than a dump may have"),
        ("ALLOCATE", Outcome.FLAGGED, "cleaning it took more time or memory than a dump may have"),
        ("LOOP AGAIN", Outcome.QUARANTINED, "more time or memory than a dump may have, even as plain text"),
        ("CRASH", Outcome.QUARANTINED, "its process ended each time it was read"),
    ],
)
def test_a_dump_that_ends_its_process_stops_no_other(text: str, outcome: Outcome, reason: str) -> None:
    dumps = [dump(number, text if number == 17 else "") for number in range(40)]
    with closing(EntryPool(HOSTILE, 2)) as pool:
        packed = list(pool.map(dumps))
        assert pool.run(dumps[17]).outcome is outcome
    assert packed[:17] + packed[18:] == in_this_process([*dumps[:17], *dumps[18:]])
    assert packed[17].outcome is outcome
    assert reason in str(packed[17].reason)
    assert packed[17].data
    if outcome is Outcome.FLAGGED:
        assert packed[17].row is not None
        assert "编号17".encode() in decompress(packed[17].row.payload)


@pytest.mark.slow
def test_no_dump_waits_for_a_slow_one_and_an_edited_file_does_not_wait_for_its_former_content(
    make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    folder = tmp_path / "dumps"
    folder.mkdir(exist_ok=True)

    def write(name: str, sample: Dump) -> FoundFile:
        (folder / name).write_bytes(sample.data)
        return inspect_file(str(folder / name), str(folder))

    end_of_slow = tmp_path / "end"
    with closing(Pipeline.open(make_settings())) as pipeline, closing(EntryPool(PATIENT, 2)) as pool:
        ingester = Ingester(pipeline.store, pool, lambda: NOW)
        slow = [
            write(name, dump(number, f"SLOW|{end_of_slow}|")) for number, name in enumerate(("slow.md", "edited.md"))
        ]
        list(ingester.ingest([*slow, write("ordinary.md", dump(3))]))
        assert len(pipeline.store.get_entry_ids()) == 1
        assert ingester.is_waiting
        assert ingester.scan([folder]).changed == []
        list(ingester.ingest([write("edited.md", dump(4))]))
        assert len(pipeline.store.get_entry_ids()) == 2
        end_of_slow.touch()
        assert ingester.finish_slow(wait=True).counts["new"] == 1
        assert not ingester.is_waiting
        assert len(pipeline.store.get_entry_ids()) == 3


@pytest.mark.slow
def test_a_dump_that_was_in_work_when_the_machine_ended_twice_is_quarantined_by_name(tmp_path: Path) -> None:
    dumps, notes = [dump(0), dump(1, "SLEEP"), dump(2)], tmp_path / "in-work"
    for tries in (1, 2):
        pool = EntryPool(PATIENT, 1, notes)
        assert pool.is_suspect("1.md") == (tries == 2)
        pool.map([dumps[1]])
        noted = f'"tries":{tries},"path":"1.md"'.encode()
        wait_until(lambda noted=noted: notes.exists() and noted in notes.read_bytes())  # type: ignore[misc]
        left_behind = notes.read_bytes()  # as if everything ended now
        pool.close()
        notes.write_bytes(left_behind)
    with closing(EntryPool(PATIENT, 1, notes)) as pool:
        packed = list(pool.map(dumps))
    assert [each.outcome for each in packed] == [Outcome.ACCEPTED, Outcome.QUARANTINED, Outcome.ACCEPTED]
    assert "ended each time" in str(packed[1].reason)
    assert not notes.exists()


def test_a_dump_that_was_in_work_is_tried_after_all_others(
    make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    folder = tmp_path / "dumps"
    folder.mkdir(exist_ok=True)
    for name in ("old.md", "suspect.md"):
        (folder / name).write_bytes(dump(1 if name == "old.md" else 2).data)
    os.utime(folder / "old.md", (1, 1))
    settings = make_settings()
    note = f'{{"digest":"00","tries":1,"path":"{folder}/suspect.md"}}'.encode()
    Path(settings.var_dir).mkdir(exist_ok=True)
    (Path(settings.var_dir) / "in-work").write_bytes(bytes(512) + note.ljust(512, b"\0") + b"torn {")
    with closing(Pipeline.open(settings)) as pipeline:
        found = pipeline.ingester.scan([folder]).changed
    assert [file.relative_path for file in found] == ["old.md", "suspect.md"]


def test_dumps_are_identified_within_limits() -> None:
    with closing(EntryPool(HOSTILE)) as pool:
        expected = BUILDER.build(dump(1)).cleaned
        assert expected is not None
        assert pool.identify([dump(1)]) == [expected.entry.id]
        with pytest.raises(QuarantineError, match="dump 2: "):
            pool.identify([dump(1), Dump(path="", folder="", data=b"\xff\xfe\x00", first_seen=NOW)])


def test_dumps_that_are_refused_end_no_process_and_the_first_ten_are_named() -> None:
    """Seen: a push of refused dumps started a process for each of them."""
    others = multiprocessing.active_children()
    with closing(EntryPool(HOSTILE)) as pool:
        pool.identify([dump(1)])
        (child,) = set(multiprocessing.active_children()) - set(others)
        with pytest.raises(QuarantineError) as refused:
            pool.identify([Dump(path="", folder="", data=b"no header", first_seen=NOW)] * 50)
        assert child.is_alive()
        assert [line.partition(":")[0] for line in str(refused.value).splitlines()] == [
            *(f"dump {number}" for number in range(1, 11)),
            "the dumps after it were not read",
        ]


@pytest.mark.slow
def test_a_killed_process_loses_no_dump() -> None:
    dumps = [dump(number) for number in range(600)]
    with closing(EntryPool(BUILDER, 2)) as pool:
        packed = pool.map(dumps)
        first = next(packed)
        for child in multiprocessing.active_children():
            child.kill()
        assert [first, *packed] == in_this_process(dumps)


@contextmanager
def killed_during_its_answer(others: list[BaseProcess]) -> Iterator[None]:
    """Read nothing from the one process besides `others` until it has begun its answers and is killed."""
    wait_until(lambda: set(multiprocessing.active_children()) - set(others))
    [child] = set(multiprocessing.active_children()) - set(others)
    with subprocess.Popen(["/bin/sh", "-c", f"sleep 1.5; kill -KILL {child.pid}"]):
        ctypes.PyDLL(None).usleep(2_000_000)  # holds the interpreter
        yield


@pytest.mark.slow
def test_a_process_that_is_killed_during_its_answer_loses_no_dump() -> None:
    others = multiprocessing.active_children()
    dumps = [dump(number, LONG_TEXT) for number in range(112)]
    with closing(EntryPool(BUILDER, 1)) as pool:
        packed = pool.map(dumps)
        results: list[object] = [next(packed)]
        rest = threading.Thread(target=lambda: results.extend(packed), daemon=True)
        with killed_during_its_answer(others):
            rest.start()
            wait_until(lambda: not rest.is_alive())
        assert results == in_this_process(dumps)


def test_a_pool_that_is_closed_while_it_works_starts_no_process_again() -> None:
    others = multiprocessing.active_children()
    pool = EntryPool(BUILDER, 2)
    next(pool.map([dump(number) for number in range(600)]))
    pool.close()
    assert set(multiprocessing.active_children()) <= set(others)


def test_a_pool_that_is_closed_while_it_works_blames_no_dump(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    with closing(EntryPool(PATIENT, 1, tmp_path / "in-work")) as pool:
        [built] = pool.build([dump(1, f"SLOW|{tmp_path / 'never'}|")])
        assert isinstance(built, Future)
        wait_until(lambda: b'"tries":2' in (tmp_path / "in-work").read_bytes())
    with pytest.raises(ChildProcessError):
        built.result()
    assert caplog.records == []


def test_no_free_files_degrade_no_entry() -> None:
    with closing(EntryPool(BUILDER)) as pool:
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
        try:
            with pytest.raises(OSError, match="Too many open files"):
                pool.run(dump(1))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        assert pool.run(dump(1)).outcome is Outcome.ACCEPTED


@pytest.mark.slow
def test_two_maps_at_once_give_each_its_own_results() -> None:
    dumps = [dump(number) for number in range(600)]
    with closing(EntryPool(BUILDER, 2)) as pool:
        first, second = pool.map(dumps[:300]), pool.map(dumps[300:])
        assert list(first) == in_this_process(dumps[:300])
        assert list(second) == in_this_process(dumps[300:])


class WeaklyReferencedText(str):
    """A text that weak references can refer to."""


@pytest.mark.slow
def test_finished_batches_are_released() -> None:
    kept = []
    with closing(EntryPool(BUILDER, 2)) as pool:
        for start in range(0, 600, 200):
            names = [WeaklyReferencedText(number) for number in range(start, start + 200)]
            kept += [weakref.ref(name) for name in names]
            dumps = [Dump(path=name, folder="", data=dump(0).data, first_seen=NOW) for name in names]
            assert len(list(pool.map(dumps))) == 200
            del dumps, names
        gc.collect()
        assert sum(path() is not None for path in kept) <= 40  # the last batch of each thread
