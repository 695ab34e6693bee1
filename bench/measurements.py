"""One function for each measurement: folders to work in -> rows of the table."""

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
from .harness import Place, Watched, run, serving


@dataclass(frozen=True)
class Row:
    """A line of the table; `well` is None where only other rows can tell."""

    what: str
    found: str
    aim: str = ""
    well: bool | None = None


def imports(folder: Path, dumps: Path, count: int, rounds: int) -> list[Row]:
    """Dumps a second into an empty store with all documents, against the yardstick, by turns.

    The ratio of processor time stands beside that of the clock: others may use the machine too.
    """
    runs: dict[str, list[Watched]] = {"baseline": [], "one": [], "two": []}
    for _ in range(rounds):
        for name, found in runs.items():
            place = Place(_fresh(folder / name), dumps)
            feeds = str(place.folder / "feeds")
            what = (
                ["bench.baseline", str(dumps), feeds]
                if name == "baseline"
                else ["bench.bench_import", _PROCESSES[name]]
            )
            found.append(run(what, place))
    rows = [Row("baseline.py, one process", _rate(count, runs["baseline"]))]
    for name, aim in (("one", 0.8), ("two", 1.5)):
        pairs = list(zip(runs["baseline"], runs[name], strict=True))
        ratio = statistics.median(baseline.seconds / ours.seconds for baseline, ours in pairs)
        processor = statistics.median(baseline.processor / ours.processor for baseline, ours in pairs)
        found = f"{_rate(count, runs[name])}, x{ratio:.2f}"
        if name == "one":  # children of children are nobody's to count
            found += f" (processor time x{processor:.2f})"
        rows.append(
            Row(f"import, {name} process{'es' * (name == 'two')}", found, f"x{aim} of baseline.py", ratio >= aim)
        )
    return rows


def filled(folder: Path, count: int) -> tuple[Place, Watched | None]:
    """A place with `count` entries stored, made once, and how the import went if it was made now."""
    place = Place(folder / f"stored-{count}", folder / f"dumps-{count}")
    if (place.folder / "done").exists():
        run(["bench.bench_import", "2"], place)  # rules may have changed since: all is cleaned again
        return place, None
    shutil.rmtree(place.dumps, ignore_errors=True)
    corpus.make(place.dumps, count)
    _fresh(place.folder)
    watched = run(["bench.bench_import", "2"], place)
    (place.folder / "done").touch()
    return place, watched


def growth(watched: Watched, count: int) -> list[Row]:
    """How much memory an import took, and whether more and more."""
    course = watched.course or [0]
    third = max(1, len(course) // 3)
    early, late = statistics.median(course[third : 2 * third] or course), statistics.median(course[-third:])
    most = max(course) / 1e6
    found = f"{most:.0f} MB, last third x{late / max(1, early):.2f} of the second"
    return [Row(f"memory, importing {count:,}", found, "< 400 MB, flat", most < 400)]


def latency(place: Place, stored: int, tries: int) -> tuple[list[Row], float]:
    """From the close of a dump to its feed's new ETag, asked for over HTTP all the while; and the median alone."""
    chance = random.Random(7)
    took: list[float] = []
    with serving(place) as server:
        server.wait("/feeds/all.atom")
        time.sleep(3)
        # Younger than what earlier runs left: a dump that is not among a feed's newest changes no document.
        first, begin = int(time.time()), datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
        for number in range(first, first + _WARM + tries):
            folder, feed = chance.choice(_FEEDS)
            text = corpus.dump(folder, number, begin + timedelta(seconds=number - first), chance)
            _, before = server.ask(f"/feeds/source/{feed}.atom")
            (place.dumps / folder / f"new-{number}.md").write_text(text, "utf-8")
            seconds, _ = server.wait(f"/feeds/source/{feed}.atom", seconds=60, other_than=before, pause=0.001)
            took.append(seconds * 1000)
            time.sleep(0.2)
        memory, resident = server.memory(), server.memory("Rss")
    took = took[_WARM:]
    middle, late = statistics.median(took), sorted(took)[int(len(took) * 0.95)]
    small = stored <= 1000
    aim, well = ("median < 60 ms, p95 < 150 ms", middle < 60 and late < 150) if small else ("x1.3 of 1,000", None)
    return [
        Row(f"dump to ETag, {stored:,} stored", f"median {middle:.0f} ms, p95 {late:.0f} ms", aim, well),
        Row(
            f"memory, serving and watching, {stored:,}",
            f"{memory / 1e6:.0f} MB (each page as often as it is mapped: {resident / 1e6:.0f} MB)",
            "< 150 MB",
            memory < 150e6,
        ),
    ], middle


def starts(place: Place, stored: int, rounds: int) -> list[Row]:
    """How long until a document is served, and until all files are known to be known."""
    took = []
    for _ in range(rounds):
        began = time.monotonic()
        with serving(place) as server:
            server.wait("/feeds/all.atom", pause=0.01)
            took.append(time.monotonic() - began)
    settings = load_settings(place.environment(), place.config)
    program = Pipeline.open(settings)
    scans = []
    for _ in range(rounds):
        began = time.monotonic()
        program.ingester.scan([place.dumps])
        scans.append(time.monotonic() - began)
    program.close()
    first, scan = statistics.median(took), statistics.median(scans)
    return [
        Row(f"start to first document, {stored:,} stored", f"{first:.2f} s", "< 1 s", first < 1),
        Row(f"scan of {stored:,} known files", f"{scan:.2f} s", "< 2 s", scan < 2),
    ]


def rendered(place: Place, stored: int) -> list[Row]:
    """Which documents are rendered and written for one new dump, and for fifty that come together."""
    program = Pipeline.open(load_settings(place.environment(), place.config))
    program.publisher.publish()
    rows = []
    with _counting() as counted:
        for count in (1, _TOGETHER):
            files = _news(place, program, count)
            counted.clear()
            before = _written(program)
            feeds = program.ingest(files).feeds
            views = [path for path, view in program.publisher.registry().filtered.items() if view.feed in feeds]
            wanted = {f"{path}.{format}" for path in (*feeds, *views) for format in FORMATS}
            documents = sum(not name.startswith(("opml", "feeds.")) for name in before)
            written = [name for name, identity in _written(program).items() if before.get(name) != identity]
            lists = sum(name in ("opml.xml", "feeds.json") for name in written)
            found = (
                f"{counted.total()} of {documents} rendered, {max(counted.values())} time{'s' * (max(counted.values()) > 1)}"
                f" each; {len(written) - lists} written, {lists} lists"
            )
            what = "one new dump" if count == 1 else f"{count} new dumps at once"
            well = counted == Counter(wanted) and set(written) <= wanted | {"opml.xml", "feeds.json"}
            rows.append(Row(f"{what}, {stored:,} stored", found, f"its {len(wanted)}, once", well))
    program.close()
    return rows


@contextmanager
def _counting() -> Iterator[Counter[str]]:
    """How often each document is rendered meanwhile."""
    counted: Counter[str] = Counter()
    renderers = dict(RENDERERS)

    def counting(format: Format, feed: Feed) -> bytes:
        counted[f"{feed.info.path}{f'/archive/{feed.archive}' if feed.archive else ''}.{format}"] += 1
        return renderers[format](feed)

    RENDERERS.update({format: partial(counting, format) for format in renderers})
    try:
        yield counted
    finally:
        RENDERERS.update(renderers)


def _news(place: Place, program: Pipeline, count: int) -> list[FoundFile]:
    """New dumps, younger than all that is stored, as a scan finds them."""
    chance = random.Random(count)
    first, begin = int(time.time()) * 100, datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    for number in range(first, first + count):
        folder = chance.choice(_FEEDS)[0] if count > 1 else "voa"
        text = corpus.dump(folder, number, begin + timedelta(seconds=number - first), chance)
        (place.dumps / folder / f"news-{number}.md").write_text(text, "utf-8")
    return program.ingester.scan([place.dumps]).changed


def _written(program: Pipeline) -> dict[str, tuple[int, int]]:
    """What tells whether a document was written: another file takes its place then."""
    found = ((name, (program.output_dir.root / name).stat()) for name in program.output_dir.list_documents())
    return {name: (info.st_ino, info.st_size) for name, info in found}


def cleaned_again(place: Place, most: int = 4) -> list[Row]:
    """A rule of every source has changed: some batches are cleaned again, by the processes that import."""
    program = Pipeline.open(load_settings(place.environment(), place.config))
    maker = program.pool.builder
    rules = tuple(replace(rule, trim_end=(*rule.trim_end, _NOWHERE)) for rule in maker.sources)
    makers = EntryPool(replace(maker, sources=rules), processes=2)
    refresher = Reprocessor(program.store, makers, utc_now)
    refresher.step()  # starts the processes
    before, began = _left(program, makers), time.monotonic()
    for _ in range(most):
        refresher.step()
    seconds = time.monotonic() - began
    made = before - _left(program, makers)
    makers.close()
    program.close()
    return [Row("cleaned again, two processes", f"{made / seconds:.0f} dumps/s", "as fast as import")]


def polled_meanwhile(place: Place, seconds: float) -> list[Row]:
    """How soon polls are answered while `serve` cleans again what is stored, because a rule of every source changed."""
    odd = [
        {"id": rule.id, "trim_end": [*rule.trim_end, _NOWHERE + str(time.time())]} for rule in load_builtin_sources()
    ]
    config = place.folder / "changed.yaml"
    config.write_text(f"{place.config.read_text('utf-8')}\nsources: {json.dumps(odd, ensure_ascii=False)}\n", "utf-8")
    changed = replace(place, config=config)
    settings = load_settings(changed.environment(), config)
    store, rules = Store(settings.database_url, read_only=True), EntryBuilder.from_settings(settings).rules_version
    took = []
    with serving(changed) as server:
        server.wait("/feeds/all.atom")
        left = [(time.monotonic(), len(store.get_outdated_ids(rules_version=rules, limit=_ALL)))]
        while left[-1][1] and (moment := time.monotonic()) < left[0][0] + seconds:
            server.ask("/feeds/all.atom")
            took.append((time.monotonic() - moment) * 1000)
            time.sleep(0.005)
            if moment > left[-1][0] + 1:
                left.append((moment, len(store.get_outdated_ids(rules_version=rules, limit=_ALL))))
                if len(left) == 2 and left[0][1] == left[1][1]:
                    left.pop()  # the processes that clean are still starting
                    left[0] = moment, left[0][1]
    store.close()
    late = sorted(took)[int(len(took) * 0.99)]
    (began, before), (ended, after) = left[0], left[-1]
    rate = (before - after) / max(1.0, ended - began)
    found = f"p99 {late:.0f} ms of {len(took)}; {rate:.0f} dumps/s meanwhile"
    return [Row("polls while all is cleaned again", found, "p99 < 50 ms", late < 50)]


def relabelled(place: Place, stored: int) -> list[Row]:
    """One topic has changed, so that it takes in an entry of a hundred: labelled anew and published, in this process."""
    settings = load_settings(place.environment(), place.config)
    edited, *others = settings.topics
    wider = replace(edited, words=(*edited.words, r"re:样稿\d*77："))
    _settle(settings)
    before = _documents(settings)
    program = Pipeline.open(replace(settings, topics=(wider, *others)))
    began = time.monotonic()
    while program.reprocessor.step() is not None:
        pass
    program.publisher.publish()
    seconds = time.monotonic() - began
    ids = {member.id for member in program.store.get_newest(FeedPath("topic", wider.id), stored)}
    program.close()
    after = _documents(settings)
    changed = [data for name, data in after.items() if data != before.get(name)]
    idle = sum(not any(id.encode() in data for id in ids) for data in changed)
    _settle(settings)
    found = f"{seconds:.1f} s; {len(ids)} entries, {len(changed)} of {len(after)} documents, {idle} of them without one"
    return [Row(f"one topic edited, {stored:,} stored", found, "seconds; no document without one", idle == 0)]


def _settle(settings: Settings) -> None:
    """Have all that is stored labelled and published as these settings say."""
    program = Pipeline.open(settings)
    while program.reprocessor.step() is not None:
        pass
    program.publisher.publish()
    program.close()


def _documents(settings: Settings) -> dict[str, bytes]:
    """Those of feeds: the catalogue counts the entries of each, and so changes with any."""
    root = Path(settings.feeds_dir)
    found = (path for path in (*root.glob("all.*"), *root.glob("*/**/*")) if path.suffix in _FORMATS)
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


def _left(program: Pipeline, makers: EntryPool) -> int:
    return len(program.store.get_outdated_ids(rules_version=makers.builder.rules_version, limit=_ALL))


def _rate(count: int, runs: list[Watched]) -> str:
    return f"{count / statistics.median(ran.seconds for ran in runs):.0f} dumps/s"


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


_ALL = 1_000_000
_NOWHERE = "样稿没有的话"
"""A pattern that is found in no dump: a rule with it is another rule, and cleans as before."""
_FORMATS = (".atom", ".rss", ".json")
_PROCESSES = {"one": "1", "two": "2"}
_TOGETHER = 50
"""Dumps that come in one batch."""
_WARM = 5
"""The first dumps after a start, which nobody waits for: what they need is read and compiled."""
_FEEDS = (("rfi", "rfi"), ("bbc", "bbc"), ("voa", "voachinese"), ("dw", "dw"))
