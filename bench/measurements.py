"""One function for each measurement: a workspace -> rows of the table."""

from __future__ import annotations

import json
import random
import shutil
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from refeed.clock import utc_now
from refeed.config.load import load_settings
from refeed.config.packs import load_builtin_sources
from refeed.config.settings import Settings
from refeed.dumps.scanner import FoundFile
from refeed.ingest.entry_builder import EntryBuilder
from refeed.ingest.entry_pool import EntryPool
from refeed.ingest.pipeline import Pipeline
from refeed.ingest.reprocess import Reprocessor
from refeed.model import FORMATS, Feed, FeedPath, Format
from refeed.render.formats import RENDERERS
from refeed.store.store import Store

from . import corpus
from .harness import Usage, Workspace, run, run_server


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    what: str
    measured: str
    target: str = ""
    is_met: bool | None = None
    """None where only a comparison with other rows says something."""


def measure_imports(folder: Path, dumps: Path, count: int, rounds: int) -> list[Row]:
    """What importing into an empty store costs, documents included, beside the baseline in alternating runs.

    Processor time comes first: other programs may use the machine.
    """
    runs: dict[str, list[Usage]] = {"baseline": [], "one": [], "two": []}
    for _ in range(rounds):
        for name, usages in runs.items():
            workspace = Workspace(_empty(folder / name), dumps)
            feeds = str(workspace.folder / "feeds")
            command = (
                ["bench.baseline", str(dumps), feeds]
                if name == "baseline"
                else ["bench.bench_import", _PROCESSES[name]]
            )
            usages.append(run(command, workspace))
    rows = [Row("baseline.py, one process", f"{_cost(count, runs['baseline'])}, {_rate(count, runs['baseline'])}")]
    for name, target in (("one", 0.5), ("two", 0.8)):
        pairs = list(zip(runs["baseline"], runs[name], strict=True))
        ratio = statistics.median(baseline.seconds / ours.seconds for baseline, ours in pairs)
        processor = statistics.median(baseline.processor_seconds / ours.processor_seconds for baseline, ours in pairs)
        measured = f"{_rate(count, runs[name])}, x{ratio:.2f}"
        if name == "one":  # with more, the time of grandchildren is not counted
            measured = f"{_cost(count, runs[name])} (x{processor:.2f}), {measured}"
        rows.append(
            Row(
                f"import, {name} process{'es' * (name == 'two')}",
                measured,
                f"x{target} of baseline.py",
                ratio >= target,
            )
        )
    return rows


def prepare_stored(folder: Path, count: int) -> tuple[Workspace, Usage | None]:
    """A workspace with `count` stored entries; made once. The usage of its import, if it is made now."""
    workspace = Workspace(folder / f"stored-{count}", folder / f"dumps-{count}")
    if (workspace.folder / "done").exists():
        run(["bench.bench_import", "2"], workspace)  # rules may have changed since: everything is cleaned again
        return workspace, None
    shutil.rmtree(workspace.dumps, ignore_errors=True)
    corpus.make(workspace.dumps, count)
    _empty(workspace.folder)
    usage = run(["bench.bench_import", "2"], workspace)
    (workspace.folder / "done").touch()
    return workspace, usage


def measure_memory(usage: Usage, count: int) -> list[Row]:
    """How much memory an import takes, and whether it grows."""
    samples = usage.memory_samples or [0]
    third = max(1, len(samples) // 3)
    early, late = statistics.median(samples[third : 2 * third] or samples), statistics.median(samples[-third:])
    most = max(samples) / 1e6
    measured = f"{most:.0f} MB, last third x{late / max(1, early):.2f} of the second"
    return [Row(f"memory, importing {count:,}", measured, "< 400 MB, flat", most < 400)]


def measure_latency(workspace: Workspace, stored: int, tries: int) -> tuple[list[Row], float]:
    """From closing a dump file to the new ETag of its feed, requested over HTTP without pause; also the median."""
    chance = random.Random(7)
    milliseconds: list[float] = []
    with run_server(workspace) as server:
        server.wait_for("/feeds/all.atom")
        time.sleep(3)
        # Newer than the dumps of earlier runs: a dump that is not among the newest of a feed changes no document.
        first, start = int(time.time()), datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
        for number in range(first, first + _WARM_UP + tries):
            folder, feed = chance.choice(_FEEDS)
            text = corpus.dump(folder, number, start + timedelta(seconds=number - first), chance)
            _, before = server.request(f"/feeds/source/{feed}.atom")
            (workspace.dumps / folder / f"new-{number}.md").write_text(text, "utf-8")
            seconds, _ = server.wait_for(f"/feeds/source/{feed}.atom", seconds=60, other_than=before, pause=0.001)
            milliseconds.append(seconds * 1000)
            time.sleep(0.2)
        memory, resident = server.memory(), server.memory("Rss")
    milliseconds = milliseconds[_WARM_UP:]
    median, p95 = statistics.median(milliseconds), sorted(milliseconds)[int(len(milliseconds) * 0.95)]
    target, is_met = ("median < 60 ms, p95 < 150 ms", median < 60 and p95 < 150)
    if stored > 1000:
        target, is_met = "x1.3 of 1,000", None
    return [
        Row(f"dump to ETag, {stored:,} stored", f"median {median:.0f} ms, p95 {p95:.0f} ms", target, is_met),
        Row(
            f"memory, server and worker, {stored:,}",
            f"{memory / 1e6:.0f} MB (sum of RSS: {resident / 1e6:.0f} MB)",
            "< 150 MB",
            memory < 150e6,
        ),
    ], median


def measure_starts(workspace: Workspace, stored: int, rounds: int) -> list[Row]:
    """How long until a document is served, and how long a scan of known files takes."""
    first_documents = []
    for _ in range(rounds):
        started = time.monotonic()
        with run_server(workspace) as server:
            server.wait_for("/feeds/all.atom", pause=0.01)
            first_documents.append(time.monotonic() - started)
    settings = load_settings(workspace.environment(), workspace.config)
    pipeline = Pipeline.open(settings)
    scans = []
    for _ in range(rounds):
        started = time.monotonic()
        pipeline.ingester.scan([workspace.dumps])
        scans.append(time.monotonic() - started)
    pipeline.close()
    first, scan = statistics.median(first_documents), statistics.median(scans)
    return [
        Row(f"start to first document, {stored:,} stored", f"{first:.2f} s", "< 1 s", first < 1),
        Row(f"scan of {stored:,} known files", f"{scan:.2f} s", "< 2 s", scan < 2),
    ]


def measure_rendering(workspace: Workspace, stored: int) -> list[Row]:
    """Which documents are rendered and written for one new dump, and for fifty at once."""
    pipeline = Pipeline.open(load_settings(workspace.environment(), workspace.config))
    pipeline.mark_complete()
    pipeline.publisher.publish()
    rows = []
    with _count_renderings() as counted:
        for count in (1, _BATCH):
            files = _write_new_dumps(workspace, pipeline, count)
            counted.clear()
            before = _file_identities(pipeline)
            feeds = pipeline.ingest(files).feeds
            filtered = [path for path, rule in pipeline.publisher.registry().filtered.items() if rule.feed in feeds]
            wanted = {f"{path}.{format}" for path in (*feeds, *filtered) for format in FORMATS}
            documents = sum(not name.startswith(("opml", "feeds.")) for name in before)
            written = [name for name, identity in _file_identities(pipeline).items() if before.get(name) != identity]
            lists = sum(name in ("opml.xml", "feeds.json") for name in written)
            measured = (
                f"{counted.total()} of {documents} rendered, {max(counted.values())} time{'s' * (max(counted.values()) > 1)}"
                f" each; {len(written) - lists} written, {lists} lists"
            )
            what = "one new dump" if count == 1 else f"{count} new dumps at once"
            is_met = counted == Counter(wanted) and set(written) <= wanted | {"opml.xml", "feeds.json"}
            rows.append(Row(f"{what}, {stored:,} stored", measured, f"its {len(wanted)}, once", is_met))
    pipeline.close()
    return rows


@contextmanager
def _count_renderings() -> Iterator[Counter[str]]:
    """Count how often each document is rendered inside the block."""
    counted: Counter[str] = Counter()
    renderers = dict(RENDERERS)

    def count_and_render(format: Format, feed: Feed) -> bytes:
        counted[f"{feed.info.path}{f'/archive/{feed.archive}' if feed.archive else ''}.{format}"] += 1
        return renderers[format](feed)

    RENDERERS.update({format: partial(count_and_render, format) for format in renderers})
    try:
        yield counted
    finally:
        RENDERERS.update(renderers)


def _write_new_dumps(workspace: Workspace, pipeline: Pipeline, count: int) -> list[FoundFile]:
    """Write dumps that are newer than everything stored; returns them as a scan finds them."""
    chance = random.Random(count)
    first, start = int(time.time()) * 100, datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    for number in range(first, first + count):
        folder = chance.choice(_FEEDS)[0] if count > 1 else "voa"
        text = corpus.dump(folder, number, start + timedelta(seconds=number - first), chance)
        (workspace.dumps / folder / f"news-{number}.md").write_text(text, "utf-8")
    return pipeline.ingester.scan([workspace.dumps]).changed


def _file_identities(pipeline: Pipeline) -> dict[str, tuple[int, int]]:
    """Inode and size of each document: a document that is written again is another file."""
    documents = ((name, (pipeline.output_dir.root / name).stat()) for name in pipeline.output_dir.list_documents())
    return {name: (info.st_ino, info.st_size) for name, info in documents}


def measure_recleaning(workspace: Workspace, most: int = 4) -> list[Row]:
    """Change a rule of every source and clean some batches again, with two pool processes."""
    pipeline = Pipeline.open(load_settings(workspace.environment(), workspace.config))
    builder = pipeline.pool.builder
    rules = tuple(replace(rule, trim_end=(*rule.trim_end, _NO_MATCH)) for rule in builder.sources)
    pool = EntryPool(replace(builder, sources=rules), processes=2)
    reprocessor = Reprocessor(pipeline.store, pool, utc_now)
    reprocessor.step()  # starts the processes
    before, started = _count_outdated(pipeline, pool), time.monotonic()
    for _ in range(most):
        reprocessor.step()
    seconds = time.monotonic() - started
    cleaned = before - _count_outdated(pipeline, pool)
    pool.close()
    pipeline.close()
    return [Row("cleaned again, two processes", f"{cleaned / seconds:.0f} dumps/s", "as fast as import")]


def measure_requests_meanwhile(workspace: Workspace, seconds: float) -> list[Row]:
    """How soon requests are answered while `serve` cleans everything again after a change of every source rule."""
    overrides = [
        {"id": rule.id, "trim_end": [*rule.trim_end, _NO_MATCH + str(time.time())]} for rule in load_builtin_sources()
    ]
    config = workspace.folder / "changed.yaml"
    config.write_text(
        f"{workspace.config.read_text('utf-8')}\nsources: {json.dumps(overrides, ensure_ascii=False)}\n", "utf-8"
    )
    changed = replace(workspace, config=config)
    settings = load_settings(changed.environment(), config)
    store, rules = Store(settings.database_url, read_only=True), EntryBuilder.from_settings(settings).rules_version
    milliseconds = []
    with run_server(changed) as server:
        server.wait_for("/feeds/all.atom")
        left = [(time.monotonic(), len(store.get_outdated_ids(rules_version=rules, limit=_ALL)))]
        while left[-1][1] and (moment := time.monotonic()) < left[0][0] + seconds:
            server.request("/feeds/all.atom")
            milliseconds.append((time.monotonic() - moment) * 1000)
            time.sleep(0.005)
            if moment > left[-1][0] + 1:
                left.append((moment, len(store.get_outdated_ids(rules_version=rules, limit=_ALL))))
                if len(left) == 2 and left[0][1] == left[1][1]:
                    left.pop()  # the pool processes are still starting
                    left[0] = moment, left[0][1]
    store.close()
    p99 = sorted(milliseconds)[int(len(milliseconds) * 0.99)]
    (started, before), (ended, after) = left[0], left[-1]
    rate = (before - after) / max(1.0, ended - started)
    measured = f"p99 {p99:.0f} ms of {len(milliseconds)}; {rate:.0f} dumps/s meanwhile"
    return [Row("requests while all is cleaned again", measured, "p99 < 50 ms", p99 < 50)]


def measure_relabelling(workspace: Workspace, stored: int) -> list[Row]:
    """Widen one topic by an entry in a hundred; relabel and publish in this process."""
    settings = load_settings(workspace.environment(), workspace.config)
    edited, *others = settings.topics
    wider = replace(edited, words=(*edited.words, r"re:样稿\d*77："))
    _bring_up_to_date(settings)
    before = _documents(settings)
    pipeline = Pipeline.open(replace(settings, topics=(wider, *others)))
    started = time.monotonic()
    while pipeline.reprocessor.step() is not None:
        pass
    pipeline.mark_complete()
    pipeline.publisher.publish()
    seconds = time.monotonic() - started
    ids = {member.id for member in pipeline.store.get_newest(FeedPath("topic", wider.id), stored)}
    pipeline.close()
    after = _documents(settings)
    changed = [data for name, data in after.items() if data != before.get(name)]
    without = sum(not any(id.encode() in data for id in ids) for data in changed)
    _bring_up_to_date(settings)
    measured = (
        f"{seconds:.1f} s; {len(ids)} entries, {len(changed)} of {len(after)} documents, {without} of them without one"
    )
    return [Row(f"one topic edited, {stored:,} stored", measured, "seconds; no document without one", without == 0)]


def _bring_up_to_date(settings: Settings) -> None:
    """Relabel and publish everything by these settings."""
    pipeline = Pipeline.open(settings)
    while pipeline.reprocessor.step() is not None:
        pass
    pipeline.mark_complete()
    pipeline.publisher.publish()
    pipeline.close()


def _documents(settings: Settings) -> dict[str, bytes]:
    """Documents of feeds, without the lists of feeds: those change with every entry."""
    root = Path(settings.feeds_dir)
    paths = (path for path in (*root.glob("all.*"), *root.glob("*/**/*")) if path.suffix in _FORMATS)
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}


def _count_outdated(pipeline: Pipeline, pool: EntryPool) -> int:
    return len(pipeline.store.get_outdated_ids(rules_version=pool.builder.rules_version, limit=_ALL))


def _cost(count: int, runs: list[Usage]) -> str:
    return f"{statistics.median(ran.processor_seconds for ran in runs) / count * 1000:.2f} ms of processor time a dump"


def _rate(count: int, runs: list[Usage]) -> str:
    return f"{count / statistics.median(ran.seconds for ran in runs):.0f} dumps/s"


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


_ALL = 1_000_000
_NO_MATCH = "样稿没有的话"
"""A pattern that matches in no dump: a rule with it is a changed rule that cleans the same."""
_FORMATS = (".atom", ".rss", ".json")
_PROCESSES = {"one": "1", "two": "2"}
_BATCH = 50
"""Dumps at once."""
_WARM_UP = 5
"""The first dumps after a start are not timed: what they need is loaded then."""
_FEEDS = (("rfi", "rfi"), ("bbc", "bbc"), ("voa", "voachinese"), ("dw", "dw"))
