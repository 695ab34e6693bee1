"""`refeed ingest` for people: what it refuses, and what it says of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from refeed.cli import main
from refeed.config import built_in_sources
from station import Station, dump


@pytest.fixture
def station(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Station:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)  # entries are made in this process: a pool takes a second to boot
    return Station(tmp_path)


def ingest(station: Station, *paths: Path | str, **environ: str) -> Result:
    return CliRunner().invoke(main, ["ingest", *map(str, paths)], env=station.environment(**environ))


def test_a_second_ingest_counts_what_it_knows(station: Station) -> None:
    for number in range(3):
        station.put(f"{number}.md", dump(number))
    counts = "0 flagged, 0 quarantined\n"
    assert ingest(station).stdout == f"3 new, 0 changed, 0 unchanged, {counts}"
    station.put("3.md", dump(3))
    assert ingest(station).stdout == f"1 new, 0 changed, 3 unchanged, {counts}"


def test_a_file_that_is_no_dump_is_refused_with_its_reason_and_exit_status_1(station: Station) -> None:
    good, other = station.put("a.md", dump(1)), station.put("b.rst", dump(2))
    ran = ingest(station, good, other)
    assert ran.exit_code == 1
    assert ran.stdout.startswith("1 new")
    assert ran.stderr == f"refused: {other}: no dump's suffix: .md, .txt, .html\n"


def test_of_the_quarantined_only_those_that_were_asked_for_are_named(station: Station) -> None:
    one, two = station.put("one.md", b"no dump"), station.put("two.md", b"no dump either")
    assert ingest(station, one).exit_code == 1
    ran = ingest(station, two)
    assert ran.exit_code == 1
    assert ran.stderr.startswith(f"quarantined: {two}: ")
    assert len(ran.stderr.splitlines()) == 1


def test_a_dump_folder_that_is_not_there_is_said(station: Station) -> None:
    missing = str(station.home / "nowhere")
    ran = ingest(station, REFEED_DUMPS=f"{station.dumps}:{missing}")
    assert ran.exit_code == 0
    assert ran.stderr == f"{missing}: no such folder; no dumps are taken from it\n"


def test_a_limit_is_named_as_config_yaml_spells_it(station: Station) -> None:
    (station.home / "config.yaml").write_text("dumps: {limits: {bytes: 100, link: 30}}")
    long = station.put("long.md", b"<!--1700000000000-->\n[x](https://sample.example.org/" + b"a" * 9 + b")\n---\n")
    large = station.put("large.md", dump(1))
    ran = ingest(station, long, large)
    assert "(dumps.limits.link)" in ran.stderr
    assert "(dumps.limits.bytes)" in ran.stderr


def test_counting_stands_on_terminals_alone(station: Station) -> None:
    retired = [f"source/{rule.id}" for rule in built_in_sources()]  # an export without their pages takes half the time
    (station.home / "config.yaml").write_text(f"retired: {retired}")
    station.put("a.md", dump(1))
    ingest(station)
    out = str(station.home / "public")
    ran = CliRunner().invoke(main, ["publish", "--static", out], env=station.environment())
    assert ran.stderr == "BASE_URL is not set: feeds name themselves by an address of this machine\n"
    copied = CliRunner().invoke(main, ["copy-store", str(station.store), out + ".db"], env=station.environment())
    assert (copied.exit_code, copied.stderr) == (0, "")


@pytest.mark.parametrize(
    ("named", "relative"),
    [
        ("{dumps}/Somewhere", False),
        ("{dumps}/Somewhere", True),
        ("{dumps}/Somewhere/1.md", True),
        ("{dumps}/../dumps/Somewhere", False),
        (".", False),
    ],
)
def test_what_is_named_is_taken_as_a_scan_would_take_it(
    station: Station, monkeypatch: pytest.MonkeyPatch, named: str, relative: bool
) -> None:
    monkeypatch.chdir(station.home)
    folders = {"REFEED_DUMPS": "dumps"} if relative else {}
    station.put("Somewhere/1.md", dump(1))
    assert ingest(station, named.format(dumps="dumps" if relative else station.dumps), **folders).exit_code == 0
    assert ingest(station, **folders).stdout.startswith("0 new, 0 changed")
    assert len(station.ask("SELECT path FROM files")) == 1
    ((source,),) = station.ask("SELECT source FROM entries")
    assert str(source).startswith("somewhere-")


@pytest.mark.parametrize("name", [".hidden", "link"])
def test_a_folder_that_no_scan_enters_is_refused_when_it_is_named(station: Station, name: str) -> None:
    station.put("Somewhere/1.md", dump(1))
    (station.dumps / "link").symlink_to("Somewhere")
    station.put(".hidden/2.md", dump(2))
    ran = ingest(station, station.dumps / name)
    assert ran.exit_code == 1
    assert f"in the folder {name}: a " in ran.stderr
    assert ran.stdout.startswith("0 new")


def test_a_folder_elsewhere_is_a_dump_folder_of_its_own(station: Station) -> None:
    other = station.home / "other"
    (other / "Somewhere").mkdir(parents=True)
    (other / "Somewhere" / "1.md").write_bytes(dump(1))
    assert ingest(station, other).exit_code == 0
    ((source,),) = station.ask("SELECT source FROM entries")
    assert str(source).startswith("somewhere-")
