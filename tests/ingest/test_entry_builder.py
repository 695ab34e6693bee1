"""Entries are built in one process or in many: the same entries in the same order, and idle processes end."""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import pickle
import random
import resource
import subprocess
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from helpers.processes import wait_until
from refeed import process_pool
from refeed.config.settings import Limits, Settings
from refeed.dumps.scanner import FoundFile, inspect_file
from refeed.ingest.entry_builder import EntryBuilder, EntryPool
from refeed.ingest.pipeline import Pipeline
from refeed.model import ALL_FEED, Dump, Outcome
from refeed.topics import normalization

NOW = datetime(2024, 1, 2, tzinfo=UTC)


def dump(number: int, text: str = "样稿。") -> bytes:
    head = f"<!--{1700000000 + number}000-->\n[样稿{number}](https://sample.example.net/{number})\n------\n\n"
    return f"{head}<p>这是一篇用来测试的样稿，编号{number}。{text}</p>\n".encode()


def test_a_used_builder_can_be_pickled_and_works(make_settings: Callable[..., Settings]) -> None:
    """Seen with 20,000 dumps: a slow one had to run isolated, and every batch with it failed."""
    builder = EntryBuilder.from_settings(make_settings())
    versions = builder.rules_version, builder.topics_version, builder.rule_lookup, builder.matcher
    sent = pickle.loads(pickle.dumps(builder))
    assert (sent.rules_version, sent.topics_version) == versions[:2]
    assert sent == builder


def test_several_processes_give_the_same_results_in_order_and_end_when_idle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process_pool, "_IDLE", 0.0)
    builder = EntryBuilder(sources=(), topics=(), limits=Limits())
    data = [dump(number) for number in range(120)]
    data[7] = b"\xff\xfe\x00"  # quarantined
    data[11] = dump(11, f'<p title="{"x" * 20_001}">样稿。</p>')  # runs isolated
    dumps = [Dump(path=f"{n}.md", folder="", data=one, first_seen=NOW) for n, one in enumerate(data)]
    local, pool = EntryPool(builder), EntryPool(builder, 2)
    expected = list(local.map(dumps))
    for _ in range(2):  # they start again after `shrink`
        assert list(pool.map(dumps)) == expected
        assert len(multiprocessing.active_children()) == 1  # beside this one
        pool.shrink()
        assert multiprocessing.active_children() == []
        assert [name for name in children() if b"forkserver" in name] == []
    local.shrink()


def test_a_killed_process_loses_no_dump() -> None:
    builder = EntryBuilder(sources=(), topics=(), limits=Limits())
    dumps = [Dump(path=f"{n}.md", folder="", data=dump(n), first_seen=NOW) for n in range(600)]
    expected = list(EntryPool(builder).map(dumps))
    pool = EntryPool(builder, 3)
    packed = pool.map(dumps)
    first = next(packed)
    wait_until(multiprocessing.active_children)
    for child in multiprocessing.active_children():
        child.kill()
    assert [first, *packed] == expected
    pool.close()


LONG_TEXT = "".join(map(chr, random.Random(1).choices(range(0x4E00, 0x9FA5), k=8000)))
"""Makes the answer of a process larger than a pipe takes at once."""


@contextmanager
def killed_during_its_answer() -> Iterator[None]:
    """Read nothing from the one process until it has begun its answer and is killed."""
    wait_until(multiprocessing.active_children)
    [child] = multiprocessing.active_children()
    with subprocess.Popen(["/bin/sh", "-c", f"sleep 1.5; kill -KILL {child.pid}"]):
        ctypes.PyDLL(None).usleep(2_000_000)  # holds the interpreter
        yield


def test_a_process_that_is_killed_during_its_answer_loses_no_dump() -> None:
    builder = EntryBuilder(sources=(), topics=(), limits=Limits())
    dumps = [Dump(path=f"{n}.md", folder="", data=dump(n, LONG_TEXT), first_seen=NOW) for n in range(112)]
    expected = list(EntryPool(builder).map(dumps))
    pool = EntryPool(builder, 2)
    packed = pool.map(dumps)
    results = [next(packed)]
    rest = threading.Thread(target=lambda: results.extend(packed), daemon=True)
    with killed_during_its_answer():
        rest.start()
        wait_until(lambda: not rest.is_alive())
    assert results == expected
    pool.close()


def test_a_heavy_dump_whose_process_ends_during_its_answer_is_published_as_plain_text() -> None:
    builder = EntryBuilder(sources=(), topics=(), limits=Limits())
    heavy = Dump(
        path="heavy.md", folder="", data=dump(1, f'<p title="{"x" * 20_001}">{LONG_TEXT * 5}</p>'), first_seen=NOW
    )
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(EntryPool(builder).run, heavy)
        with killed_during_its_answer():
            results = answer.result()
    assert results.outcome is Outcome.FLAGGED
    assert "more time or memory" in str(results.reason)


def test_no_free_files_degrade_no_entry() -> None:
    pool = EntryPool(EntryBuilder(sources=(), topics=(), limits=Limits()))
    sample = Dump(path="a.md", folder="", data=dump(1), first_seen=NOW)
    pool.run(sample)
    normalization._converter.cache_clear()  # its tables are files, and are opened when they are first needed
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        with pytest.raises(OSError, match="t2s"):
            pool.run(sample)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert pool.run(sample).outcome is Outcome.ACCEPTED


class WeaklyReferencedText(str):
    """A text that weak references can refer to."""


def test_two_maps_at_once_give_each_its_own_results() -> None:
    builder = EntryBuilder(sources=(), topics=(), limits=Limits())
    dumps = [Dump(path=f"{n}.md", folder="", data=dump(n), first_seen=NOW) for n in range(600)]
    expected = list(EntryPool(builder).map(dumps))
    pool = EntryPool(builder, 2)
    first, second = pool.map(dumps[:300]), pool.map(dumps[300:])
    assert list(first) == expected[:300]
    assert list(second) == expected[300:]
    pool.close()


def test_finished_batches_are_released(monkeypatch: pytest.MonkeyPatch) -> None:
    builder = EntryBuilder(sources=(), topics=(), limits=Limits())
    pool = EntryPool(builder, 2)
    monkeypatch.setattr(pool, "_work_locally", lambda: False)  # as when the other processes are faster
    kept = []
    for start in range(0, 600, 200):
        dumps = [
            Dump(path=WeaklyReferencedText(f"{n}.md"), folder="", data=dump(n), first_seen=NOW)
            for n in range(start, start + 200)
        ]
        kept += [weakref.ref(sample.path) for sample in dumps]
        assert len(list(pool.map(dumps))) == 200
        del dumps
        gc.collect()
        assert sum(path() is not None for path in kept) <= 200
    pool.close()
    gc.collect()
    assert [path() for path in kept if path() is not None] == []


def children() -> list[bytes]:
    """Command lines of the children of this process."""
    command_lines = []
    for task in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
        command_lines += [Path(f"/proc/{child}/cmdline").read_bytes() for child in task.read_text().split()]
    return command_lines


@pytest.mark.parametrize(("first", "edited"), [("甲。", "乙。"), ("乙。", "甲。")])
def test_a_file_edited_while_its_entry_is_built_is_recorded_as_edited(
    make_settings: Callable[..., Settings], tmp_path: Path, first: str, edited: str
) -> None:
    """Batches overlap: the second is read before the first is recorded, and depends on its content."""
    folder = tmp_path / "dumps"
    folder.mkdir(exist_ok=True)
    settings = replace(make_settings(), topics=())
    pipeline = Pipeline.open(settings, clock=lambda: NOW)

    def write_file(name: str, data: bytes) -> FoundFile:
        (folder / name).write_bytes(data)
        return inspect_file(str(folder / name), str(folder), settings.limits.suffixes)

    list(pipeline.ingester.ingest([write_file("other.md", dump(0, edited))]))  # so that its bytes are stored

    def files() -> Iterator[FoundFile]:
        yield write_file("0.md", dump(0, first))
        for number in range(1, 256):
            yield write_file(f"{number}.md", dump(number))
        yield write_file("256.md", dump(256))
        yield write_file("0.md", dump(0, edited))

    results = list(pipeline.ingester.ingest(files()))
    assert [result.files for result in results] == [256, 2]
    [stored] = pipeline.store.get_entries([pipeline.store.get_newest(ALL_FEED, 300)[-1].id])
    assert edited in stored.entry.html
    pipeline.close()


@pytest.mark.parametrize(
    ("limits", "body", "reason"),
    [
        (Limits(depth=50), "<div>" * 51 + "样稿。", "nested more than 50 deep"),
        (Limits(attributes=20), f"<p {' '.join(f'a{n}=1' for n in range(21))}>样稿。", "more than 20 attributes"),
    ],
)
def test_limits_of_the_settings_apply(limits: Limits, body: str, reason: str) -> None:
    sample = Dump(path="a.md", folder="", data=dump(1, body), first_seen=NOW)
    assert reason in str(EntryBuilder(sources=(), topics=(), limits=limits).build(sample, isolated=True).reason)
    assert EntryBuilder(sources=(), topics=(), limits=Limits()).build(sample, isolated=True).reason is None
