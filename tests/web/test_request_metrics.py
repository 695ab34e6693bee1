"""Prometheus metrics, and the limit on unconditional polls."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from helpers.server_fixture import CONFIG, ROOT, RunningSite, prepare_site, run_site
from refeed.web.request_metrics import UserAgent, parse_user_agent

PATH = {"PYTHONPATH": str(ROOT / "src")}


@pytest.mark.parametrize(
    ("agent", "known"),
    [
        (
            "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 1234 subscribers; like FeedFetcher-Google)",
            UserAgent("feedly", 1234),
        ),
        ("NewsBlur Feed Fetcher - 16 subscribers - http://www.newsblur.com/site/1", UserAgent("newsblur", 16)),
        ("Mozilla/5.0 (compatible; Miniflux/2.1; +https://miniflux.app)", UserAgent("miniflux")),
        ("newsboat/2.21.0 (Linux x86_64)", UserAgent("newsboat")),
        ("Tiny Tiny RSS/22.11 (https://tt-rss.org/)", UserAgent("tt-rss")),
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36",
            UserAgent("browser"),
        ),
        ("Something Nobody Knows 2.0", UserAgent("other")),
        ("", UserAgent("none")),
        ("x" * 100_000, UserAgent("other")),
    ],
)
def test_user_agents_are_reduced_to_known_names(agent: str, known: UserAgent) -> None:
    assert parse_user_agent(agent) == known


def read_metric(metrics: str, name: str, **labels: str) -> float:
    pattern = "".join(f'(?=[^}}]*{key}="{re.escape(value)}")' for key, value in labels.items())
    return sum(float(value) for value in re.findall(rf"^{name}\{{{pattern}[^}}]*\}} (\S+)$", metrics, re.MULTILINE))


def wait_for_metric(site: RunningSite, name: str, at_least: float, **labels: str) -> float:
    """A metric, as soon as all web processes together have reached `at_least`."""
    end = time.monotonic() + 20
    while (
        value := read_metric(site.get("/metrics").body.decode(), name, **labels)
    ) < at_least and time.monotonic() < end:
        time.sleep(0.2)
    return value


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> object:
    """A site with two web processes, and a limit of ten polls an hour behind one proxy."""
    home = tmp_path_factory.mktemp("limited")
    config = CONFIG + "http: {polls: 10, per: 1h, proxies: 1, robots: noindex}\n"
    settings, environ = prepare_site(home, config, dumps=6, WEB_CONCURRENCY="2")
    with run_site(settings, environ, home) as site:
        yield site


@pytest.mark.slow
def test_every_response_is_counted_once_over_all_web_processes(limited: RunningSite) -> None:
    agent = {"User_Agent": "Feedly/1.0 (+http://x; 77 subscribers)", "X_Forwarded_For": "192.0.2.77"}
    etag = limited.get("/feeds/all.atom", **agent)["etag"]
    for _ in range(20):
        assert limited.get("/feeds/all.atom", If_None_Match=etag, **agent).status == 304
        assert limited.get("/feeds/nothing.atom", **agent).status == 404
    labels = {"feed": "all", "client": "feedly"}
    assert wait_for_metric(limited, "refeed_requests_total", 20, status="304", **labels) == 20
    assert wait_for_metric(limited, "refeed_requests_total", 1, status="200", **labels) == 1
    assert wait_for_metric(limited, "refeed_requests_total", 20, status="404", client="feedly", feed="") == 20
    size = len(limited.get("/feeds/all.atom", **agent).body)
    assert wait_for_metric(limited, "refeed_saved_bytes_total", 20 * size, feed="all") == 20 * size
    assert wait_for_metric(limited, "refeed_subscribers", 77, **labels) == 77
    metrics = limited.get("/metrics").body.decode()
    assert read_metric(metrics, "refeed_source_entries", source="bbc") == 3
    assert read_metric(metrics, "refeed_source_newest_timestamp_seconds", source="bbc") > 1e9


@pytest.mark.slow
def test_unconditional_polls_are_limited_and_conditional_ones_are_not(limited: RunningSite) -> None:
    def poll(client: str, **headers: str) -> int:
        return limited.get("/feeds/topic/climate.rss", X_Forwarded_For=f"203.0.113.9, {client}", **headers).status

    answers = [poll("192.0.2.1") for _ in range(40)]
    assert answers[:10] == [200] * 10
    assert set(answers) == {200, 429}
    assert answers.count(200) <= 20  # each of two web processes counts for itself
    for _ in range(100):
        refused = limited.get("/feeds/topic/climate.rss", X_Forwarded_For="192.0.2.1")
        if refused.status == 429:
            break
    assert 0 < int(refused["retry-after"]) <= 3601
    assert refused["cache-control"] == "no-store"
    assert {poll("192.0.2.1", If_None_Match="*") for _ in range(40)} == {304}
    assert poll("192.0.2.2") == 200
    assert limited.get("/feeds/topic/climate.atom", X_Forwarded_For="192.0.2.1").status == 200


@pytest.mark.slow
def test_a_made_up_etag_or_date_is_no_way_around_the_limit(limited: RunningSite) -> None:
    forwarded = {"X_Forwarded_For": "192.0.2.40"}
    for headers in ({"If_None_Match": '"made-up"'}, {"If_Modified_Since": "Thu, 01 Jan 1970 00:00:00 GMT"}):
        for path in ("/feeds/topic/climate.rss", "/feeds/all.atom?limit=1"):
            statuses = [limited.get(path, **headers, **forwarded).status for _ in range(40)]
            assert statuses.count(200) <= 20
            assert set(statuses) == {200, 429} or headers.get("If_Modified_Since")
            etag = limited.get(path, X_Forwarded_For="192.0.2.41")["etag"]
            assert limited.get(path, If_None_Match=etag, **forwarded).status == 304


@pytest.mark.slow
def test_documents_have_the_configured_robots_header(limited: RunningSite) -> None:
    assert limited.get("/feeds/all.json", If_None_Match='"old"')["x-robots-tag"] == "noindex"


def test_counts_of_ended_processes_stay_and_damaged_files_are_ignored(tmp_path: Path) -> None:
    script = (
        "import sys; from refeed.metrics import *; share_metrics(sys.argv[1]);"
        "get_metrics().requests.labels('200', 'topic/ended', 'curl').inc(); save_metrics();"
        "print(count_feed_reads()['topic/ended'])"
    )
    folder = tmp_path / "metrics"
    folder.mkdir()
    (folder / "1.json").write_bytes(b"not ours")
    run = partial(subprocess.run, [sys.executable, "-c", script, str(tmp_path)], env=os.environ | PATH, check=True)
    assert [int(run(capture_output=True).stdout) for _ in range(3)] == [1, 2, 3]
    assert len(list(folder.iterdir())) == 2


def test_metrics_that_cannot_be_saved_are_counted(tmp_path: Path) -> None:
    (tmp_path / "metrics").write_bytes(b"a file in place of the folder")
    script = (
        "import sys; from refeed.metrics import *; share_metrics(sys.argv[1]);"
        "get_metrics().requests.labels('200', 'all', 'curl').inc(); save_metrics(); print(count_feed_reads()['all'])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], env=os.environ | PATH, check=True, capture_output=True
    )
    assert int(ran.stdout) == 1
