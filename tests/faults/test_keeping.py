"""What a source keeps no longer goes, archives and all, and stays away; everything else stays."""

from __future__ import annotations

import time
from pathlib import Path

from station import CONFIG, Station, dump

SOURCE = "\nsources:\n  - {id: sample, hosts: [sample.example.org], keep: {%s}}\n"
MONTH = 4400
"""Numbers of dumps, ten minutes each, that are more than one month apart."""


def test_everything_is_kept_where_nothing_is_said(tmp_path: Path) -> None:
    station = Station(tmp_path, CONFIG + SOURCE % "")
    for number in range(3):
        station.put(f"{number}.md", dump(number * MONTH))
    assert station.run("ingest").returncode == 0
    assert len(station.ids("source/sample")) == 3


def test_the_newest_so_many_stay_and_a_late_older_one_does_not_come_in(tmp_path: Path) -> None:
    station = Station(tmp_path, CONFIG + SOURCE % "entries: 2")
    for number in range(1, 5):
        station.put(f"{number}.md", dump(number * MONTH))
    other = dump(1).replace(b"sample.example.org", b"other.example.net")
    station.put("other.md", other)
    assert station.run("ingest").returncode == 0
    assert len(station.ids("source/sample")) == 2
    assert len(station.ids()) == 3
    assert station.ask("SELECT count(*) FROM entries") == [(3,)]
    assert station.ask("SELECT count(*) FROM originals") == [(3,)]
    station.put("0.md", dump(0))
    station.run("ingest")
    assert len(station.ids("source/sample")) == 2
    assert station.ask("SELECT sum(entries) FROM months WHERE feed = 'source/sample'") == [(2,)]
    assert station.faults() == []
    before = station.documents()
    assert "0 new" in station.run("ingest").stdout
    assert station.documents() == before


def test_what_is_older_than_wanted_goes(tmp_path: Path) -> None:
    station = Station(tmp_path, CONFIG + SOURCE % "age: 30d")
    station.put("old.md", dump(1))

    station.put("new.md", dump(2, at=int(time.time()) - 3600))
    assert station.run("ingest").returncode == 0
    assert len(station.ids("source/sample")) == 1
