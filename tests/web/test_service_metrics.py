"""Gauges for Prometheus, rules on them, `refeed status --check` and `/healthz?deep`."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from prometheus_client import CollectorRegistry, generate_latest

from helpers.store_builders import file_result
from refeed.cli.main import main
from refeed.clock import format_rfc3339, utc_now
from refeed.config.settings import Settings
from refeed.ingest.pipeline import Pipeline
from refeed.ingest.status_file import STATUS_FILE_NAME, LoopStatus, StatusFile
from refeed.store.dump_recording import record_files
from refeed.web.app import create_app
from refeed.web.service_metrics import ServiceCollector, find_faults
from refeed.web.service_status import collect_status

ALERTS = Path(__file__).parents[2] / "docs" / "alerts.yml"
PROVOKED = Path(__file__).with_name("alerts_provoked.yml")
needs_promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="promtool (Debian: prometheus) is missing")


@pytest.fixture
def settings(make_settings: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A published service; commands find it through the environment."""
    monkeypatch.setenv("REFEED_CONFIG", str(tmp_path / "config.yaml"))
    for name in ("dumps", "feeds", "var"):
        monkeypatch.setenv(f"REFEED_{name.upper()}", str(tmp_path / name))
    (tmp_path / "config.yaml").write_text(
        "site: {id: 'tag:example.org,2026', title: 样本站, author: 样本站}\npacks: []\n"
        "upstreams: [{source: sample, url: 'https://feeds.example.org/feed.xml'}]\n"
    )
    made = make_settings(tmp_path / "config.yaml", REFEED_OPERATOR_TOKEN="operator-token-of-the-tests")
    pipeline = Pipeline.open(made)
    pipeline.ingest()
    pipeline.close()
    return made


def write_status(settings: Settings, problems: dict[str, str] | None = None, **more: object) -> None:
    file = StatusFile(Path(settings.var_dir) / STATUS_FILE_NAME)
    for subject, text in (problems or {}).items():
        file.set_problem(subject, text)
    status: LoopStatus = {"state": "ingesting", **more}  # type: ignore[typeddict-item]
    file.write(status)


def metrics(settings: Settings, missing: int = 0, later: timedelta = timedelta()) -> str:
    registry = CollectorRegistry()
    registry.register(
        ServiceCollector(lambda: collect_status(settings, utc_now() + later, brief=True), lambda: missing)
    )
    return generate_latest(registry).decode()


def test_metrics_name_what_an_operator_is_alerted_on(settings: Settings) -> None:
    at = format_rfc3339(datetime(2026, 3, 20, 12, tzinfo=UTC))
    write_status(
        settings, {"feeds": "disk full", "upstream https://x": "404"}, waiting=7, unjoined=5, ingested=at, published=at
    )
    text = metrics(settings, missing=3, later=timedelta(seconds=20))
    for line in (
        "refeed_backlog_dumps 7.0",
        "refeed_backlog_stories 5.0",
        "refeed_documents_missing 3.0",
        "refeed_store_up 1.0",
        "refeed_problems 2.0",
        'refeed_problem{subject="feeds"} 1.0',
        'refeed_problem{subject="upstream"} 1.0',
        'refeed_worker_state{state="ingesting"} 1.0',
        "refeed_last_ingest_timestamp_seconds 1.774008e+09",
        "refeed_last_publication_timestamp_seconds 1.774008e+09",
        'refeed_upstream_failures{upstream="https://feeds.example.org/feed.xml"} 0.0',
        'refeed_files{outcome="quarantined"} 0.0',  # the first one is an increase
    ):
        assert line in text.splitlines()
    assert re.search(r'^refeed_leader_info\{machine=".+",process="\d+"\} 1.0$', text, re.MULTILINE)
    assert re.search(r'^refeed_build_info\{python="[\d.]+",version="[\d.]+"\} 1.0$', text, re.MULTILINE)
    silent = re.search(r"^refeed_worker_silent_seconds (\S+)$", text, re.MULTILINE)
    assert silent
    assert 15 < float(silent[1]) < 60


def test_the_check_says_what_is_wrong_and_a_living_worker_is_well(settings: Settings) -> None:
    def check(later: timedelta = timedelta()) -> list[str]:
        return find_faults(collect_status(settings, utc_now() + later, brief=True), 0)

    assert check() == ["worker: none on this machine"]
    write_status(settings)
    assert check() == []
    assert check(timedelta(seconds=100)) == ["worker: silent (was ingesting)"]
    write_status(settings, {"feeds": "disk full"})
    assert check() == ["feeds: disk full"]


def test_the_command_exits_with_1_when_something_is_wrong(settings: Settings) -> None:
    def run() -> tuple[int, str]:
        result = CliRunner().invoke(main, ["status", "--check"])
        return result.exit_code, result.output

    assert run() == (1, "worker: none on this machine\n")
    write_status(settings)
    assert run() == (0, "")
    (Path(settings.feeds_dir) / "all.atom").write_bytes(b"damaged")
    assert run() == (1, "documents: 1 are missing or damaged\n")


def test_deep_health_is_503_with_the_reason_and_plain_health_is_200(settings: Settings) -> None:
    client = create_app(settings).test_client()
    deep = client.get("/healthz?deep")
    assert (deep.status_code, deep.data) == (503, b"worker: none on this machine\n")
    assert client.get("/healthz").status_code == 200
    write_status(settings)
    deep = create_app(settings).test_client().get("/healthz?deep")
    assert (deep.status_code, deep.data) == (200, b"well\n")


@needs_promtool
def test_promtool_accepts_the_rules_and_each_alert_is_provoked() -> None:
    rules = [rule["alert"] for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]
    tested = yaml.safe_load(PROVOKED.read_text())
    provoked = [each["alertname"] for test in tested["tests"] for each in test["alert_rule_test"] if each["exp_alerts"]]
    assert sorted(provoked) == sorted(rules)
    subprocess.run(["promtool", "check", "rules", str(ALERTS)], check=True)
    subprocess.run(["promtool", "test", "rules", str(PROVOKED)], check=True)


def test_rules_use_only_metrics_that_exist(settings: Settings) -> None:
    write_status(settings, {"feeds": "disk full"}, ingested="2026-03-20T12:00:00Z", published="2026-03-20T12:00:00Z")
    pipeline = Pipeline.open(settings)
    record_files(pipeline.store, [file_result(1)], utc_now())
    pipeline.close()
    known = set(re.findall(r"^(refeed_\w+)", metrics(settings), re.MULTILINE))
    used = set(re.findall(r"refeed_\w+", " ".join(re.findall(r"expr: (.+)", ALERTS.read_text()))))
    assert used - known == set()
