"""What a source keeps no longer goes, archives and all, and stays away; everything else stays."""

from __future__ import annotations

import time
from pathlib import Path

from helpers.service_fixture import CONFIG, LocalService, sample_dump

SOURCE = "\nsources:\n  - {id: sample, hosts: [sample.example.org], keep: {%s}}\n"
MONTH = 4400
"""Numbers of dumps, ten minutes each, that are more than one month apart."""


def test_everything_is_kept_where_nothing_is_said(tmp_path: Path) -> None:
    service = LocalService(tmp_path, CONFIG + SOURCE % "")
    for number in range(3):
        service.add_dump(f"{number}.md", sample_dump(number * MONTH))
    assert service.run("ingest").returncode == 0
    assert len(service.ids("source/sample")) == 3


def test_the_newest_so_many_stay_and_a_late_older_one_does_not_come_in(tmp_path: Path) -> None:
    service = LocalService(tmp_path, CONFIG + SOURCE % "entries: 2")
    for number in range(1, 5):
        service.add_dump(f"{number}.md", sample_dump(number * MONTH))
    other = sample_dump(1).replace(b"sample.example.org", b"other.example.net")
    service.add_dump("other.md", other)
    assert service.run("ingest").returncode == 0
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


def test_what_is_older_than_wanted_goes(tmp_path: Path) -> None:
    service = LocalService(tmp_path, CONFIG + SOURCE % "age: 30d")
    service.add_dump("old.md", sample_dump(1))

    service.add_dump("new.md", sample_dump(2, at=int(time.time()) - 3600))
    assert service.run("ingest").returncode == 0
    assert len(service.ids("source/sample")) == 1
