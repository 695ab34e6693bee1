"""Status and metrics -> `/healthz`, `/readyz`, `/status.json`, `/metrics`, for operators. None needs the store."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec
from flask import Blueprint, Response
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ..clock import utc_now
from ..config.settings import Settings
from ..errors import StoreError
from ..feeds.registry import build_registry
from ..metrics import collect_metrics
from ..model import FORMATS
from ..publish.output_dir import OutputDir
from .request_metrics import RequestMetrics
from .service_status import ServiceStatus, collect_status

FreshnessReader = Callable[[], dict[str, tuple[int, datetime]]]
"""Returns the number of entries of each source, and when its newest was published. Raises StoreError."""
_FRESHNESS_TTL = 30.0
"""Seconds for which a result is reused, because the query counts every entry."""
_STATUS_TTL = 5.0
"""Seconds for which a status is reused, because it costs several queries and anyone can request it."""


class StatusCache:
    """The status, collected at most once in five seconds. Safe to use from several threads.

    It is complete if the operator's token protects it, and what the public may know otherwise.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._status: ServiceStatus | None = None
        self._expires = float("-inf")

    def current(self) -> ServiceStatus:
        """The current status, as in `/status.json`."""
        with self._lock:
            if self._status is None or time.monotonic() > self._expires:
                self._status = collect_status(self._settings, utc_now(), public=not self._settings.operator_token)
                self._expires = time.monotonic() + _STATUS_TTL
            return self._status


def operations_blueprint(
    settings: Settings, status_cache: StatusCache, request_metrics: RequestMetrics, read_freshness: FreshnessReader
) -> Blueprint:
    """Create the routes for operators."""
    blueprint = Blueprint("operations", __name__)
    output_dir = OutputDir.from_settings(settings)
    documents = [f"{path}.{format}" for path in build_registry(settings).feeds for format in FORMATS]
    source_freshness = _SourceFreshnessCollector(read_freshness)

    @blueprint.get("/healthz")
    def healthz() -> Response:
        return _uncached(200, b"alive\n")

    @blueprint.get("/readyz")
    def readyz() -> Response:
        missing = sum(1 for name in documents if output_dir.document_digest(name) is None)
        if missing:
            return _uncached(503, f"{missing} of {len(documents)} documents are not generated yet.\n".encode())
        return _uncached(200, b"ready\n")

    @blueprint.get("/status.json")
    def status_json() -> Response:
        return _uncached(200, msgspec.json.encode(status_cache.current()) + b"\n", "application/json")

    @blueprint.get("/metrics")
    def metrics() -> Response:
        request_metrics.flush()
        registry = CollectorRegistry()
        registry.register(source_freshness)
        registry.register(_SharedMetricsCollector())
        body = generate_latest(registry)
        return _uncached(200, body, "text/plain; version=0.0.4; charset=utf-8")

    return blueprint


class _SharedMetricsCollector(Collector):
    """The metrics of all processes of this machine."""

    def collect(self) -> Iterator[Metric]:
        """Return the metrics. Called for each scrape."""
        return collect_metrics()


class _SourceFreshnessCollector(Collector):
    """Prometheus gauges of each source's entries and newest entry; none while the store does not respond."""

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
        newest = GaugeMetricFamily(
            "refeed_source_newest_timestamp_seconds", "When a source's newest entry was published.", labels=["source"]
        )
        entries = GaugeMetricFamily("refeed_source_entries", "Entries of a source.", labels=["source"])
        for source, (count, published) in sorted(self._sources.items()):
            newest.add_metric([source], published.timestamp())
            entries.add_metric([source], count)
        yield newest
        yield entries


def _uncached(code: int, body: bytes, media_type: str = "text/plain; charset=utf-8") -> Response:
    response = Response(body, code, content_type=media_type)
    response.headers["Cache-Control"] = "no-store"
    if code == 503:
        response.headers["Retry-After"] = "5"
    return response
