"""What the public sees of the status and the metrics, and what the operator's token opens."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from helpers.server_fixture import CONFIG, RunningSite, prepare_site, run_site
from refeed.ingest.pipeline import Pipeline

TOKEN = "operator-token-of-the-tests"
PATHS = ("/status", "/status.json", "/metrics")


@contextmanager
def run_with_broken_dump(home: Path, **environ: str) -> Iterator[RunningSite]:
    """Run a site behind a proxy, with a dump that cannot be read."""
    settings, site_environ = prepare_site(home, CONFIG + "http: {proxies: 1}\n", dumps=3, **environ)
    (home / "dumps" / "broken.md").write_bytes(b"\xff\xfe\x00 not a dump")
    pipeline = Pipeline.open(settings)
    pipeline.ingest()
    pipeline.close()
    with run_site(settings, site_environ, home) as site:
        yield site


@pytest.fixture(scope="module")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """A site with an operator's token."""
    with run_with_broken_dump(tmp_path_factory.mktemp("operated"), REFEED_OPERATOR_TOKEN=TOKEN) as site:
        yield site


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"operator:{password}".encode()).decode()


@pytest.mark.slow
@pytest.mark.parametrize("path", PATHS)
def test_the_operators_pages_need_the_token(operated: RunningSite, path: str) -> None:
    refused = operated.get(path)
    assert refused.status == 401
    assert refused["www-authenticate"] == 'Basic realm="refeed"'
    assert refused["cache-control"] == "no-store"
    for wrong in (basic("wrong"), "Bearer wrong", basic(""), "Bearer", "Basic !!", "Digest x=y", "Bearer \xff"):
        assert operated.get(path, Authorization=wrong, X_Forwarded_For="192.0.2.1").status in (401, 429)
    for right in (basic(TOKEN), f"Bearer {TOKEN}"):
        assert operated.get(path, Authorization=right).status == 200


@pytest.mark.slow
def test_the_token_shows_files_and_reasons(operated: RunningSite) -> None:
    status = json.loads(operated.get("/status.json", Authorization=f"Bearer {TOKEN}").body)
    assert [issue["file"] for issue in status["issues"]] == ["broken.md"]
    assert b"broken.md" in operated.get("/status", Authorization=basic(TOKEN)).body
    assert operated.get("/readyz").status == operated.get("/healthz").status == 200


@pytest.mark.slow
def test_without_a_token_the_public_sees_counts_only(tmp_path: Path) -> None:
    with run_with_broken_dump(tmp_path) as site:
        status = json.loads(site.get("/status.json").body)
        assert status["outcomes"]["quarantined"] == 1
        assert status["issues"] == []
        for path in PATHS:
            answer = site.get(path)
            assert answer.status == 200
            assert b"broken" not in answer.body


@pytest.mark.slow
def test_security_txt_names_the_contact_of_the_site(tmp_path: Path, site: RunningSite) -> None:
    assert site.get("/.well-known/security.txt").status == 404
    config = CONFIG.replace("author: 样本站}", "author: 样本站, contact: 'mailto:admin@example.org'}")
    settings, environ = prepare_site(tmp_path, config, dumps=1)
    with run_site(settings, environ, tmp_path) as other:
        lines = other.get("/.well-known/security.txt").body.decode().splitlines()
    assert lines[0] == "Contact: mailto:admin@example.org"
    assert re.fullmatch(r"Expires: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", lines[1])


@pytest.mark.slow
def test_wrong_tokens_are_slowed_down_by_address(operated: RunningSite) -> None:
    def ask(address: str, token: str) -> int:
        return operated.get("/status.json", Authorization=f"Bearer {token}", X_Forwarded_For=address).status

    statuses = [ask("192.0.2.9", f"guess-{number}") for number in range(15)]
    assert statuses == [401] * 10 + [429] * 5
    assert ask("192.0.2.9", TOKEN) == 200
    assert ask("192.0.2.10", "guess") == 401
