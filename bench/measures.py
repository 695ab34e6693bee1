"""One function for each measurement: a folder to work in -> rows of the table."""

from __future__ import annotations

import os
import random
import shutil
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from refeed.config import load
from refeed.pipeline import Program

from . import load as dumps_of
from .running import ROOT, Place, Watched, run, serving


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    what: str
    found: str
    aim: str = ""
    well: bool | None = None


def imports(folder: Path, dumps: Path, count: int, rounds: int) -> list[Row]:
    """Dumps a second into an empty store with all documents, against the yardstick; by turns, since others use the
    machine too."""
    rates: dict[str, list[float]] = {"naive": [], "one": [], "two": []}
    for number in range(rounds):
        place = Place(_fresh(folder / "naive"), dumps)
        seconds = float(run(["bench.naive", str(dumps), str(place.folder / "feeds")], place).said.split()[0])
        rates["naive"].append(count / seconds)
        for name, processes in (("one", "1"), ("two", "2")):
            place = Place(_fresh(folder / name), dumps)
            seconds, made = map(float, run(["bench.importing", processes], place).said.split())
            assert made == count, f"{made} of {count} dumps became entries"
            rates[name].append(count / seconds)
        print(f"  round {number + 1}: " + ", ".join(f"{name} {found[-1]:.0f}/s" for name, found in rates.items()))
    rows = [Row("naive.py, one process", f"{statistics.median(rates['naive']):.0f} dumps/s")]
    for name, aim in (("one", 0.8), ("two", 1.5)):
        ratio = statistics.median(a / b for a, b in zip(rates[name], rates["naive"], strict=True))
        rate = statistics.median(rates[name])
        rows.append(
            Row(f"import, {name} process{'es' * (name == 'two')}", f"{rate:.0f} dumps/s, x{ratio:.2f}", f"x{aim} of naive.py", ratio >= aim)
        )
    return rows


def filled(folder: Path, count: int) -> tuple[Place, Watched | None]:
    """A place with `count` entries stored; made once for each count, since 100,000 take minutes."""
    place = Place(folder / f"stored-{count}", folder / f"dumps-{count}")
    if (place.folder / "done").exists():
        return place, None
    shutil.rmtree(place.dumps, ignore_errors=True)
    dumps_of.make(place.dumps, count)
    _fresh(place.folder)
    watched = run(["bench.importing", "2"], place)
    (place.folder / "done").touch()
    return place, watched


def growth(watched: Watched, count: int) -> list[Row]:
    """How much memory an import took, and whether more and more."""
    if not watched.course:
        return []
    third = max(1, len(watched.course) // 3)
    early, late = (statistics.median(part) for part in (watched.course[third : 2 * third] or watched.course, watched.course[-third:]))
    most = watched.memory / 1e6
    return [Row(f"memory, importing {count:,}", f"{most:.0f} MB, last third x{late / early:.2f} of the second", "< 400 MB, flat", most < 400)]


def latency(place: Place, stored: int, tries: int) -> tuple[list[Row], float]:
    """From the close of a dump to its feed's new ETag, asked for over HTTP all the while."""
    chance = random.Random(7)
    took = []
    with serving(place) as server:
        server.wait("/feeds/all.atom")
        _settle(server)
        memory = server.memory()
        begin = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=tries)
        first = int(time.time()) % 10_000_000 * 100
        for number in range(tries + 5):
            source = chance.choice(("rfi", "bbc", "voa", "dw"))
            _, before = server.ask(f"/feeds/source/{_FEEDS[source]}.atom")
            path = place.dumps / source / f"new-{first + number}.md"
            path.write_text(dumps_of.dump(source, first + number, begin + timedelta(minutes=number), chance), "utf-8")
            seconds, _ = server.wait(f"/feeds/source/{_FEEDS[source]}.atom", seconds=30, other_than=before, pause=0.001)
            if number >= 5:
                took.append(seconds * 1000)
            time.sleep(0.3)
        memory = max(memory, server.memory())
    middle, late = statistics.median(took), sorted(took)[int(len(took) * 0.95)]
    well = None if stored > 1000 else middle < 60 and late < 150
    aim = "median < 60 ms, p95 < 150 ms" if stored <= 1000 else "at most x1.3"
    rows = [Row(f"dump to ETag, {stored:,} stored", f"median {middle:.0f} ms, p95 {late:.0f} ms", aim, well)]
    if stored >= 100_000:
        rows.append(Row(f"memory, serving and watching, {stored:,} stored", f"{memory / 1e6:.0f} MB", "< 150 MB", memory < 150e6))
    return rows, middle


def starts(place: Place, stored: int, rounds: int) -> list[Row]:
    """How long until a document is served, and until all files are known to be known."""
    took = []
    for _ in range(rounds):
        began = time.monotonic()
        with serving(place) as server:
            server.wait("/feeds/all.atom", pause=0.01)
            took.append(time.monotonic() - began)
    settings = load(place.environment())
    program = Program.open(settings)
    scans = []
    for _ in range(rounds):
        began = time.monotonic()
        program.ingester.scan(settings.dumps.folders)
        scans.append(time.monotonic() - began)
    program.close()
    first, scan = statistics.median(took), statistics.median(scans)
    return [
        Row(f"start to first document, {stored:,} stored", f"{first:.2f} s", "< 1 s", first < 1),
        Row(f"scan of {stored:,} known files", f"{scan:.2f} s", "< 2 s", scan < 2),
    ]


def cleaned_again(place: Place, count: int) -> list[Row]:
    """A changed rule: everything is cleaned again, by the same processes that import."""
    settings = load(place.environment())
    program = Program.open(settings, processes=2)
    maker = program.makers.maker
    changed = replace(maker, sources=tuple(replace(rule, cut=(*rule.cut, "样稿没有的话")) for rule in maker.sources))
    program.makers.maker = program.refresher.renew(changed) if hasattr(program.refresher, "renew") else changed
    began, steps = time.monotonic(), 0
    while steps < 8 and program.refresher.step() is not None:
        steps += 1
    seconds = time.monotonic() - began
    program.close()
    return [Row("clean again", f"{min(count, steps * 256) / seconds:.0f} dumps/s", "as fast as import")]


def _settle(server: object) -> None:
    time.sleep(3)


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


_FEEDS = {"rfi": "rfi", "bbc": "bbc", "voa": "voachinese", "dw": "dw"}

__all__ = ["ROOT", "Row", "Sequence", "cleaned_again", "filled", "growth", "imports", "latency", "os", "starts"]
