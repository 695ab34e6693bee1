"""What is counted and timed, for every process of one machine: requests by the web, durations by the movers.

Processes share their numbers through files in PROMETHEUS_MULTIPROC_DIR, which `refeed serve` sets for all that it
starts; without it each process has its own.
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
    """Every number there is."""

    requests: Counter
    saved_bytes: Counter
    subscribers: Gauge
    durations: Histogram
    own_registry: CollectorRegistry


@cache
def get_metrics() -> Metrics:
    """The numbers of this process. Made when first used: prometheus-client decides while it is imported whether they
    are shared, and a web process is a fork of one that was there before."""
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

    own = CollectorRegistry()
    by = ("feed", "client")
    return Metrics(
        requests=Counter(
            "refeed_requests",
            "Requests for documents, by feed, status and kind of client.",
            ("status", *by),
            registry=own,
        ),
        saved_bytes=Counter("refeed_saved_bytes", "Bytes that 304 answers saved.", ("feed",), registry=own),
        subscribers=Gauge(
            "refeed_subscribers",
            "People for whom an aggregator says that it asks.",
            by,
            registry=own,
            multiprocess_mode="mostrecent",
        ),
        durations=Histogram(
            "refeed_seconds",
            "Time that a batch of dumps, or a publication, took.",
            ("what",),
            registry=own,
            buckets=_BUCKETS,
        ),
        own_registry=own,
    )


@contextmanager
def observe_duration(what: Literal["ingest", "publish"]) -> Iterator[None]:
    """Count the time that the block takes, however it ends."""
    start = time.perf_counter()
    try:
        yield
    finally:
        get_metrics().durations.labels(what).observe(time.perf_counter() - start)


def share_metrics(folder: Path) -> None:
    """Have what this process starts from now on share its numbers, beginning with none."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ[MULTIPROC_DIR] = str(folder)


def count_feed_reads() -> Counts[str]:
    """How often each feed was asked for, and answered, since the numbers began."""
    found: Counts[str] = Counts()
    for metric in collect_registry().collect():
        for sample in metric.samples:
            if sample.name == "refeed_requests_total" and sample.labels["status"] in ("200", "304"):
                found[sample.labels["feed"]] += int(sample.value)
    return found


def collect_registry() -> CollectorRegistry:
    """All numbers of the processes that share them; those of this process where none are, or their folder is gone."""
    own = get_metrics().own_registry
    if not Path(os.environ.get(MULTIPROC_DIR, "/nowhere")).is_dir():
        return own
    from prometheus_client import CollectorRegistry
    from prometheus_client.multiprocess import MultiProcessCollector

    everything = CollectorRegistry()
    MultiProcessCollector(everything)  # type: ignore[no-untyped-call]
    return everything
