"""What publishing one dump costs, by the number of topics and sources: processor milliseconds, one row a configuration.

    python -m bench.publication [ROUNDS]

The same four feeds change each time, and have the same entries: those of the dump's source and of its two topics, and
`all`. All configurations take turns.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from refeed.config.load import load_settings
from refeed.config.settings import Settings
from refeed.config.topic_rules import TopicRule
from refeed.ingest.pipeline import Pipeline
from refeed.model import Source
from refeed.store.dump_recording import record_files

from .scale import FIRST, STEP, make_result, make_words

_CONFIGURATIONS = ((17, 30), (300, 30), (1000, 30), (17, 9), (17, 1000))
"""Numbers of topics and of sources."""
_ENTRIES = 200
"""Entries of the feeds that change."""


class Publication:
    """A store with feeds, of which one dump changes four."""

    def __init__(self, folder: Path, topics: int, sources: int) -> None:
        environment = {"REFEED_FEEDS": str(folder / "feeds"), "DATABASE_URL": f"sqlite:///{folder / 'refeed.db'}"}
        settings = load_settings(
            environment | {"REFEED_VAR": str(folder / "var")}, Path(__file__).parents[1] / "config.yaml"
        )
        self._pipeline = Pipeline.open(_with_topics(settings, topics))
        self._chance, self._words, self._number = random.Random(1), make_words(), 0
        self._topics = [f"t{n}" for n in range(topics)]
        self._record([(f"s{n % sources}", [self._topics[n % topics]]) for n in range(max(topics, sources))])
        self._record([("s0", self._topics[:2])] * _ENTRIES)
        self._pipeline.mark_complete()
        self._pipeline.publisher.publish()

    def _record(self, entries: list[tuple[str, list[str]]]) -> None:
        """Record entries of a source with topics each."""
        results = []
        for source, topics in entries:
            self._number += 1
            results.append(
                make_result(self._number, self._chance, self._words, Source(id=source, title=source), topics)
            )
        record_files(self._pipeline.store, results, FIRST + self._number * STEP + timedelta(days=1))

    def measure(self) -> tuple[float, float]:
        """Processor milliseconds of one more dump's publication, and of a publication that changes nothing."""
        self._record([("s0", self._topics[:2])])
        start = time.process_time()
        self._pipeline.publisher.publish(incremental=True)
        middle = time.process_time()
        self._pipeline.publisher.publish(incremental=True)
        return (middle - start) * 1000, (time.process_time() - middle) * 1000


def _with_topics(settings: Settings, count: int) -> Settings:
    topics = tuple(TopicRule(id=f"t{n}", title=f"t{n}", words=(f"w{n}",)) for n in range(count))
    return replace(settings, topics=topics, sources=())


def main() -> None:
    """Print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as folder:
        publications = {
            (topics, sources): Publication(Path(folder) / f"{topics}-{sources}", topics, sources)
            for topics, sources in _CONFIGURATIONS
        }
        measured = [{key: publication.measure() for key, publication in publications.items()} for _ in range(rounds)]
    for topics, sources in publications:
        one, none = (statistics.median(turn[topics, sources][i] for turn in measured) for i in (0, 1))
        print(f"{topics:>5} topics, {sources:>5} sources: {one:6.1f} ms for one dump, {none:6.1f} ms for none")


if __name__ == "__main__":
    main()
