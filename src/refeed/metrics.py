"""Prometheus metrics of all processes of one machine: the web counts requests, the worker measures durations.

Each process counts in its own memory and writes its numbers to a file now and then, from which the others read them. On
a disk that is full or read-only the numbers of the other processes are old, and nothing else happens. Files that are
mapped into memory, as prometheus-client's own, would end the process with SIGBUS.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter as Counts
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric

FOLDER_NAME = "metrics"
"""Name of the folder in the var folder."""
_BUCKETS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300)
_SUFFIXES = ("_total", "_bucket", "_sum", "_count")
"""Ends of the names of counts. Gauges have none of them."""
_SAVE_SECONDS = 1.0
_SAVE_FACTOR = 20
"""Minimum pause between two saves, as a multiple of the duration of the last one: many feeds have many numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """All metrics of the program."""

    requests: Counter
    saved_bytes: Counter
    subscribers: Gauge
    durations: Histogram
    own_registry: CollectorRegistry
    """The registry of this process. It does not contain the numbers of other processes."""


@cache
def get_metrics() -> Metrics:
    """The metrics of this process, created at the first call: prometheus-client is imported only where it is needed."""
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

    registry = CollectorRegistry()
    labels = ("feed", "client")
    return Metrics(
        requests=Counter(
            "refeed_requests",
            "Requests for documents, by feed, status and kind of client.",
            ("status", *labels),
            registry=registry,
        ),
        saved_bytes=Counter("refeed_saved_bytes", "Bytes saved by 304 answers.", ("feed",), registry=registry),
        subscribers=Gauge(
            "refeed_subscribers", "Subscribers that an aggregator says it has.", labels, registry=registry
        ),
        durations=Histogram(
            "refeed_seconds",
            "Time to ingest dumps, publish, join entries to stories, close digests, or make a derived document.",
            ("what",),
            registry=registry,
            buckets=_BUCKETS,
        ),
        own_registry=registry,
    )


@contextmanager
def observe_duration(what: Literal["ingest", "publish", "stories", "digests", "derived"]) -> Iterator[None]:
    """Measure how long the block takes, also when it raises."""
    start = time.perf_counter()
    try:
        yield
    finally:
        get_metrics().durations.labels(what).observe(time.perf_counter() - start)


class _Sample(NamedTuple):
    name: str
    labels: tuple[tuple[str, str], ...]


_Samples = dict[_Sample, float]


@dataclass(slots=True)
class _SharedFolder:
    """The folder with a file for each process."""

    path: Path
    inherited: _Samples = field(default_factory=dict)
    """The counts of processes that have ended."""
    saved: _Samples = field(default_factory=dict)
    next_save: float = 0.0


_shared: _SharedFolder | None = None
_lock = threading.Lock()


def share_metrics(var_dir: str) -> None:
    """Share the metrics of this process with all others that have the same var folder.

    It takes over the counts of processes that have ended, so that counters never go back. Ignores OSError.
    """
    global _shared  # metrics belong to the process, as in prometheus-client
    folder = _SharedFolder(Path(var_dir) / FOLDER_NAME)
    with suppress(OSError):
        folder.path.mkdir(parents=True, exist_ok=True)
        for file in folder.path.glob("*.json"):
            if not _is_running(file.stem):
                claimed = file.with_name(f".{file.name}.{os.getpid()}")
                with suppress(OSError):  # another process has taken it
                    file.rename(claimed)
                    _add(folder.inherited, _read(claimed))
                    claimed.unlink()
    _shared = folder
    save_metrics()
    folder.next_save = 0.0


def save_metrics() -> None:
    """Let other processes see the numbers of this one, if they have changed and it is time. Ignores OSError."""
    folder = _shared
    if folder is None or time.monotonic() < folder.next_save or not _lock.acquire(blocking=False):
        return
    try:
        start = time.monotonic()
        samples = _own_samples(folder)
        if samples != folder.saved:
            temporary = folder.path / f".{os.getpid()}"
            try:
                folder.path.mkdir(parents=True, exist_ok=True)
                temporary.write_bytes(msgspec.json.encode([(*sample, value) for sample, value in samples.items()]))
                temporary.replace(folder.path / f"{os.getpid()}.json")
                folder.saved = samples
            except OSError:
                with suppress(OSError):
                    temporary.unlink()
        folder.next_save = time.monotonic() + max(_SAVE_SECONDS, _SAVE_FACTOR * (time.monotonic() - start))
    finally:
        _lock.release()


def count_feed_reads() -> Counts[str]:
    """How often each feed was served since the metrics began."""
    reads: Counts[str] = Counts()
    for (name, labels), value in _all_samples().items():
        if name == "refeed_requests_total" and dict(labels)["status"] in ("200", "304"):
            reads[dict(labels)["feed"]] += int(value)
    return reads


def collect_metrics() -> Iterator[Metric]:
    """The metrics of all processes that share them; those of this process if they are not shared."""
    from prometheus_client import Metric

    samples = _all_samples()
    for family in get_metrics().own_registry.collect():
        merged = Metric(family.name, family.documentation, family.type)
        for (name, labels), value in samples.items():
            if name == family.name or (name.startswith(family.name) and name[len(family.name) :] in _SUFFIXES):
                merged.add_sample(name, dict(labels), value)
        yield merged


def _all_samples() -> _Samples:
    """The numbers of all processes: counts are added, and of gauges the last one that was written stays."""
    folder = _shared
    if folder is None:
        return _own_samples(None)
    samples: _Samples = {}
    own_name = f"{os.getpid()}.json"
    with suppress(OSError):
        files = [(file.stat().st_mtime_ns, file) for file in folder.path.glob("*.json") if file.name != own_name]
        for _, file in sorted(files):
            _add(samples, _read(file))
    _add(samples, _own_samples(folder))
    return samples


def _own_samples(folder: _SharedFolder | None) -> _Samples:
    samples = dict(folder.inherited) if folder else {}
    own = {
        _Sample(sample.name, tuple(sample.labels.items())): sample.value
        for family in get_metrics().own_registry.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    }
    _add(samples, own)
    return samples


def _add(samples: _Samples, more: _Samples) -> None:
    for sample, value in more.items():
        samples[sample] = samples.get(sample, 0) + value if sample.name.endswith(_SUFFIXES) else value


def _read(file: Path) -> _Samples:
    """The numbers in the file of a process; none if it is gone or not ours."""
    try:
        rows = msgspec.json.decode(file.read_bytes(), type=list[tuple[str, tuple[tuple[str, str], ...], float]])
    except (OSError, msgspec.DecodeError):
        return {}
    return {_Sample(name, labels): value for name, labels, value in rows}


def _is_running(name: str) -> bool:
    """Whether the process with this number runs, other than this one: numbers begin again in a new container."""
    try:
        pid = int(name)
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return pid != os.getpid()
