"""`keep:` of a source: what exceeds it is removed from documents and archives, and stays removed."""

from __future__ import annotations

import time
from pathlib import Path

from helpers.service_fixture import CONFIG, LocalService, sample_dump

SOURCE = "\nsources:\n  - {id: sample, hosts: [sample.example.org], keep: {%s}}\n"
MONTH = 4400
"""So many sample dumps, ten minutes apart, are more than a month."""


def test_without_keep_everything_is_kept(tmp_path: Path) -> None:
    service = LocalService(tmp_path, CONFIG + SOURCE % "")
    for number in range(3):
        service.add_dump(f"{number}.md", sample_dump(number * MONTH))
    assert service.run("ingest").exit_code == 0
    assert len(service.ids("source/sample")) == 3


def test_only_the_newest_entries_are_kept_and_a_late_older_one_is_not_added(tmp_path: Path) -> None:
    service = LocalService(tmp_path, CONFIG + SOURCE % "entries: 2")
    for number in range(1, 5):
        service.add_dump(f"{number}.md", sample_dump(number * MONTH))
    other = sample_dump(1).replace(b"sample.example.org", b"other.example.net")
    service.add_dump("other.md", other)
    assert service.run("ingest").exit_code == 0
    assert len(service.ids("source/sample")) == 2
    assert len(service.ids()) == 3
    assert service.query("SELECT count(*) FROM entries") == [(3,)]
    assert service.query("SELECT count(*) FROM dumps") == [(3,)]
    service.add_dump("0.md", sample_dump(0))
    service.run("ingest")
    assert len(service.ids("source/sample")) == 2
    assert service.query("SELECT sum(entries) FROM feed_months WHERE feed = 'source/sample'") == [(2,)]
    assert service.find_problems() == []
    before = service.documents()
    assert "0 new" in service.run("ingest").stdout
    assert service.documents() == before


def test_entries_older_than_the_age_are_removed(tmp_path: Path) -> None:
    service = LocalService(tmp_path, CONFIG + SOURCE % "age: 30d")
    service.add_dump("old.md", sample_dump(1))

    service.add_dump("new.md", sample_dump(2, at=int(time.time()) - 3600))
    assert service.run("ingest").exit_code == 0
    assert len(service.ids("source/sample")) == 1
