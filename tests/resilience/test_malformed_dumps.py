"""A folder of broken, odd and hostile dumps through the whole program: each has its expected outcome, in time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from helpers import malformed_corpus
from helpers.service_fixture import LocalService, sample_dump
from refeed.model import Outcome

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> LocalService:
    service = LocalService(tmp_path_factory.mktemp("malformed"))
    service.add_dump("good.md", sample_dump(1))
    return service


@pytest.fixture(scope="module")
def cases(service: LocalService) -> tuple[malformed_corpus.Case, ...]:
    return malformed_corpus.write_corpus(service.dumps)


# In a process of its own: what the tests before have started counts for the process of the tests.
_MEASURE = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
with open(sys.argv[1], "w") as file:
    file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)
"""


@pytest.fixture(scope="module")
def ingest(service: LocalService, cases: tuple[malformed_corpus.Case, ...]) -> dict[str, float]:
    """One `refeed ingest` of all of them: exit status, seconds, and the peak memory of a process."""
    started = time.monotonic()
    command = [sys.executable, "-c", _MEASURE, str(service.home / "peak"), *service.command("ingest")]
    done = subprocess.run(command, env=service.environment(), capture_output=True, text=True, timeout=300, check=False)
    seconds = time.monotonic() - started
    peak = int((service.home / "peak").read_text())
    (service.home / "stderr").write_text(done.stderr)
    return {"code": done.returncode, "seconds": seconds, "megabytes": peak / 1024}


def test_all_are_ingested_within_a_minute_and_400_megabytes(ingest: dict[str, float]) -> None:
    assert ingest["code"] == 1  # something was quarantined
    busy = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))  # a busy machine is slower
    assert ingest["seconds"] < 60 * busy
    assert ingest["megabytes"] < 400


def test_each_dump_has_its_expected_outcome(
    service: LocalService, cases: tuple[malformed_corpus.Case, ...], ingest: dict[str, float]
) -> None:
    rows = service.query("SELECT path, outcome, reason FROM files")
    outcomes = {os.fsencode(path): (outcome, str(reason or "")) for path, outcome, reason in rows}  # type: ignore[arg-type]
    wrong = []
    for case in cases:
        outcome, reason = outcomes.get(os.fsencode(service.dumps / case.name), ("ignored", case.says))
        if case.outcome is not None and (outcome != case.outcome.value or case.says not in reason):
            wrong.append(f"{case.name!r}: {outcome} ({reason}), not {case.outcome.value} ({case.says})")
    assert wrong == []


def test_quarantined_dumps_are_kept_and_shown_with_their_reasons(
    service: LocalService, cases: tuple[malformed_corpus.Case, ...], ingest: dict[str, float]
) -> None:
    status = msgspec.json.decode(service.run("status", "--json").stdout)
    shown = {issue["file"] for issue in status["issues"] if issue["outcome"] == "quarantined"}
    assert len(shown) == sum(1 for row in service.query("SELECT 1 FROM files WHERE outcome = 'quarantined'"))
    assert all(issue["reason"] for issue in status["issues"])
    kept = service.query("SELECT count(*) FROM dumps WHERE outcome = 'quarantined'")[0][0]
    assert isinstance(kept, int)
    assert kept > 0
    secret = Path("/etc/passwd").read_bytes().partition(b"\n")[0]
    everything = b"".join(service.documents().values()) + service.store.read_bytes()
    assert secret not in everything


def test_good_dumps_are_published_and_every_document_is_whole(service: LocalService, ingest: dict[str, float]) -> None:
    # Devices, links and other names are not recorded.
    assert [problem for problem in service.find_problems() if "not recorded" not in problem] == []
    published = len(service.query("SELECT 1 FROM entries"))
    assert published >= 50


def test_a_quarantined_dump_is_tried_again_when_it_changes(service: LocalService, ingest: dict[str, float]) -> None:
    broken = service.dumps / "again.md"
    broken.write_bytes(b"no dump at all")
    assert service.run("ingest").exit_code == 1
    broken.write_bytes(sample_dump(2))
    done = service.run("ingest")
    assert "1 new" in done.stdout
    assert service.query(f"SELECT outcome FROM files WHERE path = CAST('{broken}' AS BLOB)") == [("accepted",)]


def test_retry_ingests_what_changed_settings_allow(tmp_path: Path) -> None:
    service = LocalService(tmp_path)
    service.add_dump("large.md", sample_dump(1, text="样本" * 20_000))
    config = service.home / "config.yaml"
    text = config.read_text()
    config.write_text(text.replace("settle: 500ms", "settle: 500ms, bytes: 50000"))
    assert service.run("ingest").exit_code == 1
    config.write_text(text)
    assert "1 new" in service.run("ingest", "--retry").stdout
    assert Outcome.QUARANTINED.value not in service.run("status", "--json").stdout
