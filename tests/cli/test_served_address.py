"""Commands in a shell without the service's environment do not change what is served."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.processes import wait_until
from helpers.service_fixture import LocalService, sample_dump

SERVED, WRONG = (
    "https://feeds.example.org",
    {"BASE_URL": "https://wrong.example.net", "PORT": "9", "SITE_TITLE": "wrong"},
)
LINK = "https://sample.example.org/2"
CONFIG = """
site: {id: "tag:example.org,2026", title: "${SITE_TITLE:-sample}", author: "${SITE_TITLE:-sample}"}
dumps: {folders: [dumps], limits: {settle: 0s}}
"""


@pytest.fixture
def service(tmp_path: Path) -> LocalService:
    service = LocalService(tmp_path, CONFIG)
    for number in range(3):
        service.add_dump(f"{number}.md", sample_dump(number))
    return service


@pytest.fixture
def leader(service: LocalService) -> Iterator[LocalService]:
    process = service.start("worker", BASE_URL=SERVED)
    try:
        wait_until(lambda: len(service.ids()) == 3)
        yield service
    finally:
        process.terminate()
        process.wait()


def run(service: LocalService, *command: str, **more: str) -> str:
    """Run a command in this process; returns what it prints."""
    ran = service.run(*command, **more)
    assert ran.exit_code == 0, (command, ran.output)
    return ran.output


@pytest.mark.slow
def test_a_running_worker_publishes_what_commands_change_with_its_own_environment(leader: LocalService) -> None:
    before = leader.documents()
    commands = [
        ("publish", "--all"),
        ("publish", "--static", str(leader.home / "site")),
        ("recover", "--accept"),
        ("check", "--accept"),
        ("status",),
        ("explain", LINK),
        ("search", "样本"),
        ("ingest", "--retry"),
    ]
    for command in commands:
        run(leader, *command, **WRONG)
    assert "is the leader; it publishes changes within seconds" in run(leader, "publish", **WRONG)
    time.sleep(1)
    assert leader.documents() == before
    exported = (leader.home / "site" / "feeds" / "all.atom").read_text()
    assert WRONG["BASE_URL"] in exported
    assert SERVED not in exported

    run(leader, "withdraw", LINK, **WRONG)
    wait_until(lambda: len(leader.ids()) == 2)
    assert WRONG["BASE_URL"].encode() not in b"".join(leader.documents().values())
    assert b"wrong" not in b"".join(leader.documents().values())


def test_a_command_publishes_with_the_address_of_the_service_and_says_that_it_ignores_another(
    service: LocalService,
) -> None:
    run(service, "ingest", BASE_URL=SERVED)
    before = service.documents()
    ran = service.run("publish", "--all", BASE_URL=WRONG["BASE_URL"])
    assert "BASE_URL https://wrong.example.net is not used: the service publishes as " + SERVED in ran.stderr
    run(service, "publish", "--all")
    assert service.documents() == before
    run(service, "withdraw", LINK)
    run(service, "restore", LINK)
    documents = service.documents()
    assert b"127.0.0.1" not in b"".join(documents.values())


@pytest.mark.slow
def test_a_worker_with_another_address_publishes_with_it(service: LocalService) -> None:
    run(service, "ingest", BASE_URL="https://old.example.org")
    process = service.start("worker", BASE_URL=SERVED)
    try:
        wait_until(lambda: SERVED.encode() in service.documents()["all.atom"])
    finally:
        process.terminate()
        process.wait()
    run(service, "publish", "--all", BASE_URL="https://old.example.org")
    assert SERVED.encode() in service.documents()["all.atom"]
