"""`refeed ingest`: what it takes, what it refuses, and its messages."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from helpers.service_fixture import LocalService, sample_dump
from refeed.cli.main import main
from refeed.config.packs import load_builtin_sources


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalService:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)  # a process pool takes a second to start
    return LocalService(tmp_path)


def ingest(service: LocalService, *paths: Path | str, **environ: str) -> Result:
    return CliRunner().invoke(main, ["ingest", *map(str, paths)], env=service.environment(**environ))


def test_a_second_ingest_counts_known_files_as_unchanged(service: LocalService) -> None:
    for number in range(3):
        service.add_dump(f"{number}.md", sample_dump(number))
    counts = "0 flagged, 0 quarantined\n"
    assert ingest(service).stdout == f"3 new, 0 changed, 0 unchanged, {counts}"
    service.add_dump("3.md", sample_dump(3))
    assert ingest(service).stdout == f"1 new, 0 changed, 3 unchanged, {counts}"


def test_a_file_without_a_dump_suffix_is_refused_with_its_reason_and_exit_status_1(service: LocalService) -> None:
    good, other = service.add_dump("a.md", sample_dump(1)), service.add_dump("b.rst", sample_dump(2))
    ran = ingest(service, good, other)
    assert ran.exit_code == 1
    assert ran.stdout.startswith("1 new")
    suffixes = ".md, .txt, .html, .eml, .mbox, .xml, .rss, .atom, .json"
    assert ran.stderr == f"refused: {other}: not a dump's suffix: {suffixes}\n"


def test_only_named_files_are_listed_as_quarantined(service: LocalService) -> None:
    one, two = service.add_dump("one.md", b"no dump"), service.add_dump("two.md", b"no dump either")
    assert ingest(service, one).exit_code == 1
    ran = ingest(service, two)
    assert ran.exit_code == 1
    assert ran.stderr.startswith(f"quarantined: {two}: ")
    assert len(ran.stderr.splitlines()) == 1


def test_a_missing_dump_folder_is_reported(service: LocalService) -> None:
    missing = str(service.home / "nowhere")
    ran = ingest(service, REFEED_DUMPS=f"{service.dumps}:{missing}")
    assert ran.exit_code == 0
    assert ran.stderr == f"{missing}: folder not found, skipped\n"


def test_a_limit_is_named_by_its_key_in_config_yaml(service: LocalService) -> None:
    (service.home / "config.yaml").write_text("dumps: {limits: {bytes: 100, link: 30}}")
    long = service.add_dump(
        "long.md", b"<!--1700000000000-->\n[x](https://sample.example.org/" + b"a" * 9 + b")\n---\n"
    )
    large = service.add_dump("large.md", sample_dump(1))
    ran = ingest(service, long, large)
    assert "(dumps.limits.link)" in ran.stderr
    assert "(dumps.limits.bytes)" in ran.stderr


@pytest.mark.slow
def test_progress_is_shown_on_terminals_only(service: LocalService) -> None:
    # Without the pages of built-in sources an export takes half the time.
    retired = [f"source/{rule.id}" for rule in load_builtin_sources()]
    (service.home / "config.yaml").write_text(f"retired: {retired}")
    service.add_dump("a.md", sample_dump(1))
    ingest(service)
    out = str(service.home / "public")
    ran = CliRunner().invoke(main, ["publish", "--static", out], env=service.environment())
    assert ran.stderr == "BASE_URL is not set: the exported feeds name an address of this machine\n"
    copied = CliRunner().invoke(main, ["copy-store", str(service.store), out + ".db"], env=service.environment())
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
def test_a_named_path_is_ingested_as_a_scan_would_ingest_it(
    service: LocalService, monkeypatch: pytest.MonkeyPatch, named: str, relative: bool
) -> None:
    monkeypatch.chdir(service.home)
    folders = {"REFEED_DUMPS": "dumps"} if relative else {}
    service.add_dump("Somewhere/1.md", sample_dump(1))
    assert ingest(service, named.format(dumps="dumps" if relative else service.dumps), **folders).exit_code == 0
    assert ingest(service, **folders).stdout.startswith("0 new, 0 changed")
    assert len(service.query("SELECT path FROM files")) == 1
    ((source,),) = service.query("SELECT source FROM entries")
    assert source == "somewhere"


@pytest.mark.parametrize("name", [".hidden", "link"])
def test_a_folder_that_scans_skip_is_refused_when_it_is_named(service: LocalService, name: str) -> None:
    service.add_dump("Somewhere/1.md", sample_dump(1))
    (service.dumps / "link").symlink_to("Somewhere")
    service.add_dump(".hidden/2.md", sample_dump(2))
    ran = ingest(service, service.dumps / name)
    assert ran.exit_code == 1
    assert f"in the folder {name}: a " in ran.stderr
    assert ran.stdout.startswith("0 new")


def test_a_folder_outside_of_the_dump_folders_is_its_own_dump_root(service: LocalService) -> None:
    other = service.home / "other"
    (other / "Somewhere").mkdir(parents=True)
    (other / "Somewhere" / "1.md").write_bytes(sample_dump(1))
    assert ingest(service, other).exit_code == 0
    ((source,),) = service.query("SELECT source FROM entries")
    assert source == "somewhere"
