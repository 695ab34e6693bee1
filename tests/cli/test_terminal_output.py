"""Nothing that a dump, a name or an argument says controls the terminal; `--json` has the true values."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from helpers.service_fixture import CONFIG, LocalService
from refeed.cli.main import main
from refeed.dumps.scanner import display_path, original_path

HOSTILE = "a\x1b[31mb\x07c\x9b31md\u202ee\u2066f\x08g"
"""ESC, BEL, C1 (a CSI of one character), bidi controls, backspace."""
NAMES = [HOSTILE.encode(), b"line\nbreak", b"not utf8 \xff\xfe", b"back\\slash"]
FIELD = HOSTILE.replace("\x08", "")


def controls(text: str) -> set[str]:
    return {c for c in text if not c.isprintable() and c not in "\n\t\u3000\u200d\xa0"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> LocalService:
    service = LocalService(tmp_path_factory.mktemp("terminal"))
    head = f'---\ntitle: "{FIELD}"\nauthor: {FIELD}\ntags: [{FIELD}]\nurl: https://sample.example.org/1\n---\n'
    body = f"<p>样本 {FIELD} 的正文。</p><p>关注我们的微信公众号 {FIELD}</p><script>{FIELD}</script>"
    for number, name in enumerate(NAMES):
        service.add_dump(f"{os.fsdecode(name)}/good.md", head.replace("/1", f"/{number}").encode() + body.encode())
        service.add_dump(f"{os.fsdecode(name)}/bad.md", b"[t](javascript:" + name + b")\n------\nx")
    outline = "".join(f'<outline title="{FIELD}" xmlUrl="https://{host}/a{FIELD}"/>' for host in ("a.example", FIELD))
    opml = f"<opml>{outline}</opml>".replace("\x1b", "").replace("\x07", "")  # XML cannot carry them
    (service.dumps / HOSTILE / "subscriptions.opml").write_text(opml, "utf-8")
    return service


def run(service: LocalService, *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env=service.environment())


def files(service: LocalService) -> list[str]:
    return [f"{service.dumps}/{os.fsdecode(name)}" for name in NAMES]


@pytest.mark.slow
def test_no_command_sends_controls_to_a_terminal(service: LocalService) -> None:
    paths = [f"{folder}/{name}.md" for folder in files(service) for name in ("good", "bad")]
    commands = [
        ("ingest",),
        ("status",),
        ("status", "--json"),
        ("explain", *paths),
        ("explain", "--diff", *paths),
        ("explain", "--json", *paths),
        ("explain", f"no file {HOSTILE}"),
        ("ingest", str(service.dumps / HOSTILE / "nothing.md")),
        ("search", "样本"),
        ("search", f"title:{HOSTILE}"),
        ("withdraw", HOSTILE),
        ("tokens", HOSTILE),
        (HOSTILE,),
        (f"--{HOSTILE}",),
        (f"--config={service.dumps / HOSTILE}", "status"),
        ("status", f"--{HOSTILE}"),
        ("explain", "https://sample.example.org/0"),
        ("explain", "--json", "https://sample.example.org/0"),
        ("stories", "show", "https://sample.example.org/0"),
        ("stories", "split", "https://sample.example.org/0"),
        ("stories", "join", "https://sample.example.org/0", HOSTILE),
        ("stories", "reset", HOSTILE),
        ("stories", HOSTILE),
        ("topics", "try", "--words", "样本"),
        ("topics", "try", "--words", HOSTILE, "--topic", HOSTILE),
        ("topics", "try", f"{service.dumps}/{HOSTILE}/bad.md"),
        ("upstreams", "import", str(service.dumps / HOSTILE / "subscriptions.opml")),
        ("upstreams", "import", str(service.dumps / HOSTILE / "good.md")),
        ("upstreams", "import", HOSTILE),
        ("backup", str(service.dumps / HOSTILE / "none" / "store.db")),
        ("backup", str(service.dumps / HOSTILE)),
        ("copy-store", str(service.home / HOSTILE), str(service.home / f"{HOSTILE}2")),
        ("restore", HOSTILE),
        ("withdraw", "https://sample.example.org/0"),
        ("restore", "https://sample.example.org/0"),
        ("publish", "--static", str(service.dumps / HOSTILE)),
        ("publish", "--check"),
        ("check",),
        ("recover",),
        ("fetch",),
    ]
    for command in commands:
        result = run(service, *command)
        assert controls(result.output.replace("\x1b[1m", "").replace("\x1b[0m", "")) == set(), command
        assert result.exception is None or isinstance(result.exception, SystemExit), command


def test_json_has_the_true_name_of_a_file_by_its_own_escapes_alone(service: LocalService) -> None:
    run(service, "ingest")
    status = json.loads(run(service, "status", "--json").stdout)
    bad = {issue["file"] for issue in status["issues"] if issue["outcome"] == "quarantined"}
    assert bad == {f"{os.fsdecode(name)}/bad.md" for name in NAMES}
    paths = [f"{folder}/good.md" for folder in files(service)]
    explained = [json.loads(line) for line in run(service, "explain", "--json", *paths).stdout.splitlines()]
    assert [each["file"] for each in explained] == paths
    stored = run(service, "explain", "--json", explained[1]["id"])
    assert json.loads(stored.stdout)["file"] in paths


def test_names_as_status_shows_them_are_found(service: LocalService) -> None:
    for name in NAMES:
        shown = f"{display_path(os.fsdecode(name))}/bad.md"
        assert original_path(shown) == f"{os.fsdecode(name)}/bad.md"
        assert "no file" not in run(service, "explain", shown).output


def test_a_hostile_configuration_reports_its_errors_without_controls(tmp_path: Path) -> None:
    for text in (f'"{HOSTILE}": 1', f'site: {{title: "{HOSTILE}", "{HOSTILE}": 1}}', f'packs: ["{HOSTILE}"]'):
        (tmp_path / "x").mkdir(exist_ok=True)
        (tmp_path / "x" / "config.yaml").write_text(text.encode("unicode_escape").decode())
        result = run(LocalService(tmp_path / "x", CONFIG), "check")
        assert result.exit_code == 2
        assert controls(result.output) == set()
