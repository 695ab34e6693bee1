"""Two processes that publish the same store into the same folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

from refeed.config.settings import Settings
from refeed.dumps.writer import compose_dump
from refeed.fetch.upstreams import dump_dirs
from refeed.ingest.pipeline import Pipeline
from refeed.model import ALL_FEED


def test_what_is_stored_while_another_process_publishes_is_published_too(
    make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    settings = make_settings()

    def write(number: int) -> None:
        link = f"https://sample.example.net/{number}"
        dump = compose_dump(title=f"样本{number}", link=link, html="<p>样本。</p>", at=datetime(2026, 1, 1, tzinfo=UTC))
        (tmp_path / "dumps" / f"{number}.md").write_bytes(dump)

    write(1)
    with closing(Pipeline.open(settings)) as one, closing(Pipeline.open(settings)) as other:
        one.ingest()
        write(2)
        with one.output_dir.lock():
            waiting = Thread(target=other.publisher.publish)
            waiting.start()
            time.sleep(0.2)  # until it waits for the lock
            list(one.ingester.ingest(one.ingester.scan(dump_dirs(settings))[0]))
        waiting.join()
        (version,) = (state.version for state in one.store.get_feed_states() if state.path == ALL_FEED)
        assert one.output_dir.read_manifests()[ALL_FEED].version == version
