"""`/metrics`, for Prometheus: what all processes of this machine counted, and how fresh each source is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime

from flask import Blueprint, Response
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ..errors import StoreError
from ..measures import registry
from .counting import Counting

Freshness = Callable[[], dict[str, tuple[int, datetime]]]
"""Per source: entries, and when the newest was published. Raises StoreError."""
_KEPT = 30.0
"""Seconds for which the store's answer is good: it counts every entry."""


def metrics(counting: Counting, freshness: Freshness) -> Blueprint:
    """The route."""
    blueprint = Blueprint("metrics", __name__)
    sources = _Sources(freshness)

    @blueprint.get("/metrics")
    def numbers() -> Response:
        counting.flush()
        fresh = CollectorRegistry()
        fresh.register(sources)
        body = generate_latest(registry()) + generate_latest(fresh)
        response = Response(body, content_type="text/plain; version=0.0.4; charset=utf-8")
        response.headers["Cache-Control"] = "no-store"
        return response

    return blueprint


class _Sources(Collector):
    """Freshness of each source; nothing while the store is away."""

    def __init__(self, freshness: Freshness) -> None:
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
            self._until = time.monotonic() + _KEPT
        newest = GaugeMetricFamily(
            "refeed_source_newest_timestamp_seconds", "When a source's newest entry was published.", labels=["source"]
        )
        entries = GaugeMetricFamily("refeed_source_entries", "Entries of a source.", labels=["source"])
        for source, (count, moment) in sorted(self._known.items()):
            newest.add_metric([source], moment.timestamp())
            entries.add_metric([source], count)
        yield newest
        yield entries
