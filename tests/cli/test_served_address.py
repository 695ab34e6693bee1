"""Commands in a shell without the service's environment do not change what is served."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
import pytest

from helpers.processes import wait_until
from helpers.service_fixture import LocalService, sample_dump
from refeed.cli.main import main
from refeed.config.load import load_settings
from refeed.ingest.pipeline import Pipeline

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


def list_commands(group: click.Group, name: str = "") -> Iterator[str]:
    context = click.Context(group)
    for part in group.list_commands(context):
        command = group.get_command(context, part)
        if isinstance(command, click.Group):
            yield from list_commands(command, f"{name}{part} ")
        else:
            yield f"{name}{part}"


@pytest.mark.slow
def test_no_command_beside_a_live_worker_changes_what_is_served(leader: LocalService) -> None:
    before = leader.documents()
    site, opml = leader.home / "site", leader.home / "feeds.opml"
    opml.write_text('<opml><body><outline title="A sample" xmlUrl="https://sample.example.org/feed"/></body></opml>')
    entry, other = leader.ids()[:2]
    commands = {
        "backup": [[str(leader.home / "copy.db")]],
        "check": [[], ["--accept"]],
        "copy-store": [[f"sqlite:///{leader.store}", f"sqlite:///{leader.home / 'other.db'}"]],
        "explain": [[LINK], ["--diff", LINK], [str(leader.dumps / "1.md")]],
        "fetch": [[], ["--now"]],
        "ingest": [[], ["--retry"], [str(leader.dumps)]],
        "migrate": [[]],
        "publish": [[], ["--all"], ["--check"], ["--static", str(site)]],
        "recover": [[], ["--accept"]],
        "search": [["样本"], ["--rebuild"]],
        "status": [[], ["--json"], ["--check"]],
        "stories show": [[entry]],
        "stories join": [[entry, other]],
        "stories split": [[entry]],
        "stories reset": [[entry]],
        "tokens": [[]],
        "topics try": [["--words", "样本"]],
        "upstreams import": [[str(opml)]],
        "withdraw": [[LINK]],
        "restore": [[LINK]],
        "worker": [],
        "serve": [],
    }
    assert sorted(commands) == sorted(list_commands(main))
    for name, calls in commands.items():
        for arguments in calls:
            ran = leader.run(*name.split(), *arguments, **WRONG)
            # 1: copy-store and ingest say that the service is running, tokens that no feed is private.
            assert ran.exit_code in (0, 1), (name, arguments, ran.output)
            assert isinstance(ran.exception, SystemExit | None), (name, arguments, ran.exception)
            assert b"wrong" not in b"".join(leader.documents().values()), (name, arguments)
    for name in ("worker", "serve"):  # a second one waits, or serves documents as they are
        log = leader.home / f"{name}.log"
        process = leader.start(name, log=log, **WRONG)
        try:
            wait_until(lambda log=log: "standby" in log.read_text() or "waiting" in log.read_text())  # type: ignore[misc]
        finally:
            process.terminate()
            process.wait()
    wait_until(
        lambda: leader.documents() == before,
        why=lambda: str([name for name, data in leader.documents().items() if data != before.get(name)]),
    )
    exported = (site / "feeds" / "all.atom").read_text()
    assert WRONG["BASE_URL"] in exported
    assert SERVED not in exported


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


def test_a_standby_publishes_with_the_names_of_the_leader_and_follows_them(service: LocalService) -> None:
    environments = {name: service.environment(BASE_URL=SERVED, SITE_TITLE=name) for name in ("right", "wrong", "new")}
    names = {name: load_settings(environment) for name, environment in environments.items()}
    with closing(Pipeline.open(names["right"], serves=True)):
        pass
    with closing(Pipeline.open(names["wrong"])) as standby:
        site = standby.settings.site
        assert (site.title, site.author, site.base_url) == ("right", "right", SERVED)
        assert not standby.is_outdated()
        with closing(Pipeline.open(names["new"], serves=True)):
            assert standby.is_outdated()
    with closing(Pipeline.open(names["wrong"], exports=True)) as export:
        assert export.settings.site.title == "wrong"


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


@pytest.mark.slow
def test_a_standby_elsewhere_follows_a_new_title(leader: LocalService) -> None:
    other = leader.home / "other"
    paths = {
        "REFEED_FEEDS": str(other),
        "REFEED_VAR": str(leader.home / "var2"),
        "DATABASE_URL": f"sqlite:///{leader.store}",
    }
    standby = leader.start("worker", **WRONG, **paths)
    try:
        wait_until((other / "all.atom").exists)
        config = leader.home / "config.yaml"
        config.write_text(config.read_text().replace("{SITE_TITLE:-sample}", "{SITE_TITLE:-renamed}"))
        wait_until(lambda: b"<title>renamed</title>" in (other / "all.atom").read_bytes())
        wait_until(lambda: (other / "all.atom").read_bytes() == leader.documents()["all.atom"])
        assert b"wrong" not in b"".join(path.read_bytes() for path in other.rglob("*.atom"))
    finally:
        standby.terminate()
        standby.wait()
