"""The status -> gauges for Prometheus, and what is wrong in words, for `refeed status --check` and `/healthz?deep`."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from importlib.metadata import version

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ..errors import StoreError
from ..ingest.status_file import WorkerStatus
from ..model import Outcome
from .service_status import WORKER_TIMEOUT, ServiceStatus

FreshnessReader = Callable[[], dict[str, tuple[int, datetime]]]
"""Returns the number of entries of each source, and when its newest was published. Raises StoreError."""
_FILE_OUTCOMES = (Outcome.ACCEPTED, Outcome.FLAGGED, Outcome.QUARANTINED)
_FRESHNESS_TTL = 30.0
"""Seconds for which a result is reused, because the query counts every entry."""


def find_faults(status: ServiceStatus, missing_documents: int) -> list[str]:
    """What is wrong with the service, one line each; empty if nothing is."""
    faults = []
    if status.store_problem:
        faults.append(f"store: {status.store_problem}")
    if not _is_alive(status.worker, status) and not (status.leader and _is_alive(status.leader, status)):
        faults.append(f"worker: {status.worker['state']}")
    faults += [f"{subject}: {text}" for subject, text in status.worker["problems"].items()]
    if missing_documents:
        faults.append(f"documents: {missing_documents} are missing or damaged")
    return faults


class ServiceCollector(Collector):
    """Gauges of the worker, the store, the upstreams and the documents, made anew for each scrape."""

    def __init__(self, read_status: Callable[[], ServiceStatus], count_missing: Callable[[], int]) -> None:
        self._read_status = read_status
        self._count_missing = count_missing

    def collect(self) -> Iterator[Metric]:
        """Return the gauges. Called for each scrape."""
        status = self._read_status()
        worker, leader = status.worker, status.leader or status.worker
        build = {"version": version("refeed"), "python": platform.python_version()}
        yield _gauge("build_info", "The program that runs.", [(build, 1)])
        yield _gauge("worker_state", "1 for the state of the worker on this machine.", [({"state": _state(worker)}, 1)])
        yield _gauge(
            "worker_silent_seconds",
            "Seconds since the last sign of the worker on this machine.",
            _silence(worker, status),
        )
        identity = {"machine": leader.get("machine", ""), "process": str(leader.get("process", ""))}
        leads = leader["state"] == "ingesting"
        yield _gauge(
            "leader_info", "The worker that ingests.", [(identity, 1)] if leads and any(identity.values()) else []
        )
        yield _gauge("leader_silent_seconds", "Seconds since the last sign of the leader.", _silence(leader, status))
        yield _gauge("backlog_dumps", "Dumps that wait to be ingested.", [({}, leader.get("waiting", 0))])
        yield _gauge("backlog_stories", "Entries that wait for their story.", [({}, leader.get("unjoined", 0))])
        yield _gauge("last_ingest_timestamp_seconds", "When dumps were last recorded.", _time(leader.get("ingested")))
        published = _time(worker.get("published"))
        yield _gauge("last_publication_timestamp_seconds", "When feeds/ was last brought up to date.", published)
        subjects = sorted({subject.partition(" ")[0] for subject in worker["problems"]})
        yield _gauge("problems", "Present problems of the service.", [({}, len(worker["problems"]))])
        yield _gauge("problem", "1 for each subject that has a problem.", [({"subject": name}, 1) for name in subjects])
        # A series that begins with 1 is no increase to Prometheus: outcomes without files are 0.
        outcomes = {} if status.store_problem else {each.value: 0 for each in _FILE_OUTCOMES} | status.outcomes
        yield _gauge("files", "Files by outcome.", [({"outcome": name}, n) for name, n in outcomes.items()])
        yield _gauge("store_up", "Whether the store answers.", [({}, 0 if status.store_problem else 1)])
        yield _gauge("documents_missing", "Documents that are missing or damaged.", [({}, self._count_missing())])
        failures: dict[str, int] = {}
        successes: dict[str, float] = {}
        for upstream in status.upstreams:
            failures[upstream.address] = max(upstream.failures, failures.get(upstream.address, 0))
            for _, at in _time(upstream.success):
                successes[upstream.address] = min(at, successes.get(upstream.address, at))
        for name, text, values in (
            ("upstream_failures", "Failed polls of an upstream since its last success.", failures),
            ("upstream_success_timestamp_seconds", "When an upstream was last polled with success.", successes),
        ):
            yield _gauge(name, text, [({"upstream": address}, value) for address, value in values.items()])


class FreshnessCollector(Collector):
    """Gauges of each source's entries and newest entry; none while the store does not respond."""

    def __init__(self, read_freshness: FreshnessReader) -> None:
        self._read_freshness = read_freshness
        self._sources: dict[str, tuple[int, datetime]] = {}
        self._expires = 0.0

    def collect(self) -> Iterator[Metric]:
        """Return the gauges. Called for each scrape."""
        if time.monotonic() >= self._expires:
            try:
                self._sources = self._read_freshness()
            except StoreError:
                self._sources = {}
            self._expires = time.monotonic() + _FRESHNESS_TTL
        sources = sorted(self._sources.items())
        text = "When a source's newest entry was published."
        newest = [({"source": source}, published.timestamp()) for source, (_, published) in sources]
        yield _gauge("source_newest_timestamp_seconds", text, newest)
        entries = [({"source": source}, count) for source, (count, _) in sources]
        yield _gauge("source_entries", "Entries of a source.", entries)


def _gauge(name: str, text: str, values: Sequence[tuple[dict[str, str], float]]) -> Metric:
    gauge = GaugeMetricFamily(f"refeed_{name}", text, labels=list(values[0][0]) if values else ())
    for labels, value in values:
        gauge.add_metric(list(labels.values()), value)
    return gauge


def _state(worker: WorkerStatus) -> str:
    """The state in one word, without what it was before."""
    return worker["state"].partition(" ")[0]


def _is_alive(worker: WorkerStatus, status: ServiceStatus) -> bool:
    if _state(worker) not in ("starting", "ingesting", "standby", "waiting"):
        return False
    return all(seconds <= WORKER_TIMEOUT.total_seconds() for _, seconds in _silence(worker, status))


def _silence(worker: WorkerStatus, status: ServiceStatus) -> list[tuple[dict[str, str], float]]:
    now = datetime.fromisoformat(status.at).timestamp()
    return [({}, max(0.0, now - at)) for _, at in _time(worker["at"])]


def _time(written: str | None) -> list[tuple[dict[str, str], float]]:
    return [({}, datetime.fromisoformat(written).timestamp())] if written else []
