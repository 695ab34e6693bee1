"""Status and metrics -> `/healthz`, `/readyz`, `/status.json`, `/metrics`, for operators. None needs the store."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

from flask import Blueprint, Response, request
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.registry import Collector

from ..clock import utc_now
from ..config.settings import Settings
from ..feeds.registry import build_registry
from ..ingest.status_file import STATUS_FILE_NAME, read_status_file
from ..metrics import collect_metrics
from ..model import FORMATS
from ..publish.output_dir import OutputDir
from ..terminal import encode_json
from .request_metrics import RequestMetrics
from .service_metrics import FreshnessCollector, FreshnessReader, ServiceCollector, find_faults
from .service_status import ServiceStatus, collect_status

_STATUS_TTL = 5.0
"""Seconds for which a status is reused, because it costs several queries and anyone can request it."""


class StatusCache:
    """The status, collected at most once in five seconds. Safe to use from several threads.

    It is complete if the operator's token protects it, and what the public may know otherwise.
    """

    def __init__(self, settings: Settings, *, brief: bool = False) -> None:
        self._settings = settings
        self._brief = brief
        self._lock = threading.Lock()
        self._status: ServiceStatus | None = None
        self._expires = float("-inf")

    def current(self) -> ServiceStatus:
        """The current status, as in `/status.json`."""
        with self._lock:
            if self._status is None or time.monotonic() > self._expires:
                public = not self._settings.operator_token
                self._status = collect_status(self._settings, utc_now(), public=public, brief=self._brief)
                self._expires = time.monotonic() + _STATUS_TTL
            return self._status


def operations_blueprint(
    settings: Settings, status_cache: StatusCache, request_metrics: RequestMetrics, read_freshness: FreshnessReader
) -> Blueprint:
    """Create the routes for operators."""
    blueprint = Blueprint("operations", __name__)
    output_dir = OutputDir.from_settings(settings)
    documents = [f"{path}.{format}" for path in build_registry(settings).feeds for format in FORMATS]
    documents.append("feeds.json")  # written last, when no dump of the first scan is still to come
    health_cache = StatusCache(settings, brief=True)
    registry = CollectorRegistry()

    def count_missing() -> int:
        return sum(1 for name in documents if output_dir.document_digest(name) is None)

    for collector in (
        _SharedMetricsCollector(),
        ServiceCollector(health_cache.current, count_missing),
        FreshnessCollector(read_freshness),
    ):
        registry.register(collector)

    @blueprint.get("/healthz")
    def healthz() -> Response:
        if "deep" in request.args:
            faults = find_faults(health_cache.current(), count_missing())
            return _uncached(503 if faults else 200, "".join(f"{fault}\n" for fault in faults or ["well"]).encode())
        return _uncached(200, b"alive\n")

    @blueprint.get("/readyz")
    def readyz() -> Response:
        if missing := count_missing():
            worker = read_status_file(Path(settings.var_dir) / STATUS_FILE_NAME)
            to_come = worker.get("to_come") if worker else None
            is_scanning = worker and worker.get("importing", {}).get("total") == 0
            text = "" if to_come is None else f" {to_come} dumps are still to come."
            text = " The dump folders are being read." if is_scanning and not to_come else text
            return _uncached(503, f"{missing} of {len(documents)} documents are not generated yet.{text}\n".encode())
        return _uncached(200, b"ready\n")

    @blueprint.get("/status.json")
    def status_json() -> Response:
        return _uncached(200, f"{encode_json(status_cache.current())}\n".encode(), "application/json")

    @blueprint.get("/metrics")
    def metrics() -> Response:
        request_metrics.flush()
        return _uncached(200, generate_latest(registry), "text/plain; version=0.0.4; charset=utf-8")

    return blueprint


class _SharedMetricsCollector(Collector):
    """The metrics of all processes of this machine."""

    def collect(self) -> Iterator[Metric]:
        """Return the metrics. Called for each scrape."""
        return collect_metrics()


def _uncached(code: int, body: bytes, media_type: str = "text/plain; charset=utf-8") -> Response:
    response = Response(body, code, content_type=media_type)
    response.headers["Cache-Control"] = "no-store"
    if code == 503:
        response.headers["Retry-After"] = "5"
    return response
