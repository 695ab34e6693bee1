"""Prometheus metrics of all processes of one machine: the web counts requests, the worker measures durations.

Processes share their numbers through files in PROMETHEUS_MULTIPROC_DIR, which `refeed serve` sets for all processes
that it starts. Without it, each process has its own numbers.
"""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter as Counts
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

MULTIPROC_DIR = "PROMETHEUS_MULTIPROC_DIR"
_BUCKETS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300)


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
    """The metrics of this process, created at the first call.

    prometheus-client decides at import whether metrics are shared, and a web process inherits what its parent imported
    before the fork.
    """
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
            "refeed_subscribers",
            "Subscribers that an aggregator says it has.",
            labels,
            registry=registry,
            multiprocess_mode="mostrecent",
        ),
        durations=Histogram(
            "refeed_seconds",
            "Time to ingest a batch of dumps, or to publish.",
            ("what",),
            registry=registry,
            buckets=_BUCKETS,
        ),
        own_registry=registry,
    )


@contextmanager
def observe_duration(what: Literal["ingest", "publish"]) -> Iterator[None]:
    """Measure how long the block takes, also when it raises."""
    start = time.perf_counter()
    try:
        yield
    finally:
        get_metrics().durations.labels(what).observe(time.perf_counter() - start)


def share_metrics(folder: Path) -> None:
    """Let the processes that this one starts from now on share their metrics, which begin at zero."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ[MULTIPROC_DIR] = str(folder)


def count_feed_reads() -> Counts[str]:
    """How often each feed was served since the metrics began."""
    reads: Counts[str] = Counts()
    for metric in collect_registry().collect():
        for sample in metric.samples:
            if sample.name == "refeed_requests_total" and sample.labels["status"] in ("200", "304"):
                reads[sample.labels["feed"]] += int(sample.value)
    return reads


def collect_registry() -> CollectorRegistry:
    """The metrics of all processes that share them; those of this process if they are not shared."""
    own = get_metrics().own_registry
    if not Path(os.environ.get(MULTIPROC_DIR, "/nowhere")).is_dir():
        return own
    from prometheus_client import CollectorRegistry
    from prometheus_client.multiprocess import MultiProcessCollector

    shared = CollectorRegistry()
    MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
    return shared
