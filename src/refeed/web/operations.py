"""Routes for whoever keeps the service running: `/healthz`, `/readyz`, `/status.json`. None needs the store."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec
from flask import Blueprint, Response
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ..clock import utc_now
from ..config.settings import Settings
from ..errors import StoreError
from ..feeds.registry import build_registry
from ..metrics import collect_registry
from ..model import FORMATS
from ..publish.output_dir import OutputDir
from .request_metrics import RequestMetrics
from .service_status import collect_status

# `/metrics`, for Prometheus: what all processes of this machine counted, and how fresh each source is.

FreshnessReader = Callable[[], dict[str, tuple[int, datetime]]]
"""Per source: entries, and when the newest was published. Raises StoreError."""
_FRESHNESS_TTL = 30.0
"""Seconds for which the store's answer is good: it counts every entry."""


def metrics_blueprint(counting: RequestMetrics, freshness: FreshnessReader) -> Blueprint:
    """The route."""
    blueprint = Blueprint("metrics", __name__)
    sources = _Sources(freshness)

    @blueprint.get("/metrics")
    def numbers() -> Response:
        counting.flush()
        fresh = CollectorRegistry()
        fresh.register(sources)
        body = generate_latest(collect_registry()) + generate_latest(fresh)
        response = Response(body, content_type="text/plain; version=0.0.4; charset=utf-8")
        response.headers["Cache-Control"] = "no-store"
        return response

    return blueprint


class _Sources(Collector):
    """Freshness of each source; nothing while the store is away."""

    def __init__(self, freshness: FreshnessReader) -> None:
        self._freshness = freshness
        self._known: dict[str, tuple[int, datetime]] = {}
        self._until = 0.0

    def collect(self) -> Iterator[Metric]:
        """Called for each scrape."""
        if time.monotonic() >= self._until:
            try:
                self._known = self._freshness()
            except StoreError:
                self._known = {}
            self._until = time.monotonic() + _FRESHNESS_TTL
        newest = GaugeMetricFamily(
            "refeed_source_newest_timestamp_seconds", "When a source's newest entry was published.", labels=["source"]
        )
        entries = GaugeMetricFamily("refeed_source_entries", "Entries of a source.", labels=["source"])
        for source, (count, moment) in sorted(self._known.items()):
            newest.add_metric([source], moment.timestamp())
            entries.add_metric([source], count)
        yield newest
        yield entries


# The service's status, as anybody may know it; made at most every few seconds.

_STATUS_TTL = 5.0
"""Seconds that a status is given out again: it costs some queries, and anybody may ask for it."""


class StatusCache:
    """One for the whole application."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._made = float("-inf")
        self._facts: Mapping[str, Any] = {}

    def current(self) -> Mapping[str, Any]:
        """What `/status.json` says."""
        with self._lock:
            if time.monotonic() - self._made > _STATUS_TTL:
                self._facts = collect_status(self._settings, utc_now(), public=True)
                self._made = time.monotonic()
            return self._facts


def operations_blueprint(settings: Settings, health: StatusCache) -> Blueprint:
    """The routes for operators."""
    blueprint = Blueprint("operations", __name__)
    folder = OutputDir(settings.feeds_dir)
    documents = [f"{path}.{format}" for path in build_registry(settings).feeds for format in FORMATS]

    @blueprint.get("/healthz")
    def healthz() -> Response:
        return _answer(200, b"alive\n")

    @blueprint.get("/readyz")
    def readyz() -> Response:
        missing = sum(1 for name in documents if folder.document_digest(name) is None)
        if missing:
            return _answer(503, f"{missing} of {len(documents)} documents are being made.\n".encode())
        return _answer(200, b"ready\n")

    @blueprint.get("/status.json")
    def status_json() -> Response:
        return _answer(200, msgspec.json.encode(health.current()) + b"\n", "application/json")

    return blueprint


def _answer(code: int, body: bytes, media: str = "text/plain; charset=utf-8") -> Response:
    response = Response(body, code, content_type=media)
    response.headers["Cache-Control"] = "no-store"
    if code == 503:
        response.headers["Retry-After"] = "5"
    return response
