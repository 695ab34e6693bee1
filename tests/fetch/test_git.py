"""Repositories of dumps, pulled by the real git program."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from datetime import timedelta
from pathlib import Path

import pytest

from helpers.upstream_server import NOON
from refeed.config.upstream_rules import FetchSettings, UpstreamRule
from refeed.errors import FetchError
from refeed.fetch.git import checkout_dir, pull_repository
from refeed.fetch.guard import AddressGuard
from refeed.fetch.poller import FetchDirs, fetch_upstream, upstream_dump_dirs
from refeed.fetch.session import HttpSession

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="needs the git program")
RULE = FetchSettings()


class Repository:
    """Somebody else's repository."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        who = ["-c", "user.name=sample", "-c", "user.email=sample@example.org", "-c", "protocol.file.allow=always"]
        command = ["git", *who, *arguments]
        return subprocess.run(command, cwd=self.path, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, **files: str | None) -> str:
        for name, text in files.items():
            path = self.path / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.unlink()
            else:
                path.write_bytes(text.encode())
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=sample")
        return self.git("rev-parse", "HEAD")

    @property
    def rule(self) -> UpstreamRule:
        return UpstreamRule(git=f"file://{self.path}")


@pytest.fixture
def theirs(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "theirs")


def names(paths: tuple[Path, ...], tree: Path) -> list[str]:
    return sorted(str(path.relative_to(tree)) for path in paths)


def bring(rule: UpstreamRule, tmp_path: Path, since: str = "") -> tuple[str, list[str]]:
    pulled = pull_repository(rule, tmp_path / "tree", tmp_path / "var", AddressGuard(), RULE, since)
    return pulled.commit, names(pulled.paths, tmp_path / "tree")


def test_a_first_pull_brings_all_and_a_second_one_only_what_changed(theirs: Repository, tmp_path: Path) -> None:
    theirs.commit(bbc__a="1", bbc__b="2", dw__c="3")
    first, files = bring(theirs.rule, tmp_path)
    assert files == ["bbc/a", "bbc/b", "dw/c"]
    theirs.commit(bbc__a="changed", bbc__b=None, dw__d="new")
    theirs.commit(dw__e="newer")
    second, files = bring(theirs.rule, tmp_path, first)
    assert files == ["bbc/a", "dw/d", "dw/e"] and second == theirs.git("rev-parse", "HEAD")
    assert not (tmp_path / "tree" / "bbc" / "b").exists()
    assert bring(theirs.rule, tmp_path, second) == (second, [])


def test_only_the_newest_state_is_taken_and_only_the_wanted_folders(theirs: Repository, tmp_path: Path) -> None:
    for number in range(5):
        theirs.commit(bbc__a=str(number), dw__b=str(number), 中国__c=str(number))
    theirs.git("config", "uploadpack.allowFilter", "true")
    rule = UpstreamRule(git=theirs.rule.git, paths=("bbc/", "中国"))
    _, files = bring(rule, tmp_path)
    assert files == ["bbc/a", "中国/c"] and sorted(path.name for path in (tmp_path / "tree").iterdir()) == [
        "bbc",
        "中国",
    ]
    repository = ["git", f"--git-dir={tmp_path / 'var' / 'tree.git'}"]
    count = subprocess.run([*repository, "rev-list", "--count", "HEAD"], capture_output=True, text=True, check=True)
    assert count.stdout.strip() == "1"
    objects = subprocess.run([*repository, "count-objects", "-v"], capture_output=True, text=True, check=True).stdout
    held = sum(int(line.split()[1]) for line in objects.splitlines() if line.startswith(("count:", "in-pack:")))
    assert held == 1 + 4 + 1, "a commit, four trees, and the one text that the two wanted files share"


def test_files_are_the_bytes_that_were_committed_whatever_the_repository_wants(
    theirs: Repository, tmp_path: Path
) -> None:
    attributes = theirs.path / ".gitattributes"
    theirs.commit(a="x\r\n$Id$\n", b="y\n")
    attributes.write_text("[ab] text eol=crlf ident filter=evil working-tree-encoding=UTF-16\n")
    theirs.git("add", "--", ".gitattributes")
    theirs.git("commit", "--quiet", "--message=sample")
    bring(theirs.rule, tmp_path)
    assert (tmp_path / "tree" / "a").read_bytes() == b"x\r\n$Id$\n"
    assert (tmp_path / "tree" / "b").read_bytes() == b"y\n"


def test_no_hook_no_link_and_no_submodule_comes_along(theirs: Repository, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    inner = Repository(tmp_path / "inner")
    inner.commit(x="1")
    theirs.commit(hooks__post_checkout=f"#!/bin/sh\ntouch {marker}\n", a="1")
    (theirs.path / "passwd.md").symlink_to("/etc/passwd")
    (theirs.path / "out").symlink_to("/tmp")
    theirs.git("submodule", "--quiet", "add", f"file://{inner.path}", "module")
    theirs.commit()
    template = tmp_path / "home" / "hooks"
    template.mkdir(parents=True)
    for name in ("post-checkout", "post-merge", "reference-transaction"):
        (template / name).write_text(f"#!/bin/sh\ntouch {marker}\n")
        (template / name).chmod(0o755)
    bring(theirs.rule, tmp_path)
    (tmp_path / "var" / "tree.git" / "hooks").mkdir(exist_ok=True)
    for hook in template.iterdir():
        shutil.copy(hook, tmp_path / "var" / "tree.git" / "hooks" / hook.name)
    theirs.commit(a="2")
    bring(theirs.rule, tmp_path)
    tree = tmp_path / "tree"
    assert not marker.exists()
    assert (tree / "a").read_text() == "2"
    assert not any(path.is_symlink() for path in tree.rglob("*"))
    assert "root:" not in (tree / "passwd.md").read_text()
    assert list((tree / "module").iterdir()) == []


def test_our_own_configuration_and_environment_do_not_matter(
    theirs: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs.commit(a="1")
    (tmp_path / "config").write_text(f'[url "file:///nowhere"]\n\tinsteadOf = file://{theirs.path}\n')
    for name, value in {
        "GIT_CONFIG_GLOBAL": str(tmp_path / "config"),
        "GIT_DIR": "/nowhere",
        "GIT_SSH_COMMAND": "false",
        "https_proxy": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    assert bring(theirs.rule, tmp_path)[1] == ["a"]


def test_a_pull_that_was_killed_is_completed_by_the_next(theirs: Repository, tmp_path: Path) -> None:
    first = theirs.commit(a="1", b="1")
    bring(theirs.rule, tmp_path)
    theirs.commit(a="2", b="2")
    (tmp_path / "tree" / "a").write_text("half")
    for name in ("index.lock", "shallow.lock", "HEAD.lock"):
        (tmp_path / "var" / "tree.git" / name).touch()
    assert bring(theirs.rule, tmp_path, first)[1] == ["a", "b"]
    assert (tmp_path / "tree" / "a").read_text() == "2"
    (tmp_path / "var" / "tree.git" / "HEAD").unlink()
    assert bring(theirs.rule, tmp_path, first)[1] == ["a", "b"]


def test_history_that_was_rewritten_is_followed(theirs: Repository, tmp_path: Path) -> None:
    first = theirs.commit(a="1", b="1")
    bring(theirs.rule, tmp_path)
    theirs.git("checkout", "--quiet", "--orphan", "other")
    theirs.git("branch", "--quiet", "--delete", "--force", "main")
    theirs.commit(a="2", b="1")
    theirs.git("branch", "--quiet", "--move", "main")
    assert bring(theirs.rule, tmp_path, first)[1] == ["a"]


@pytest.mark.parametrize(
    "git",
    [
        "ssh://git@example.org/x.git",
        "git://example.org/x.git",
        "http://example.org/x.git",
        "ext::sh -c touch% /tmp/x",
        "--upload-pack=touch /tmp/x",
        "/srv/dumps",
        "https://user:word@example.org/x.git",
    ],
)
def test_only_https_and_file_are_taken(git: str) -> None:
    with pytest.raises(ValueError, match=r"^git: "):
        UpstreamRule(git=git)


@pytest.mark.parametrize("bad", [{"branch": "--help"}, {"branch": "a..b"}, {"paths": ("../x",)}, {"paths": ("-x",)}])
def test_names_that_git_could_take_for_options_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"branch|paths"):
        UpstreamRule(git="https://example.org/x.git", **bad)  # type: ignore[arg-type]


def test_a_private_address_is_refused_before_git_runs(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="not a public address"):
        bring(UpstreamRule(git="https://localhost/x.git"), tmp_path)


def elsewhere(host: str, port: int) -> list[str]:
    return ["127.0.0.77"]


def test_git_connects_to_the_address_that_was_checked(tmp_path: Path) -> None:
    guard = AddressGuard(["dumps.example.org:1"], resolve=elsewhere)
    rule = UpstreamRule(git="https://dumps.example.org:1/x.git")
    with pytest.raises(FetchError, match=r"Failed to connect to dumps\.example\.org port 1|127\.0\.0\.77"):
        pull_repository(rule, tmp_path / "tree", tmp_path / "var", guard, RULE)


def test_trouble_is_said_in_a_line_and_stays_with_its_upstream(theirs: Repository, tmp_path: Path) -> None:
    places = FetchDirs(dumps=tmp_path / "dumps", checkouts=tmp_path / "checkouts", var=tmp_path / "var")
    missing = UpstreamRule(git=f"file://{tmp_path / 'missing'}")
    theirs.commit(bbc__a="1")
    with HttpSession(tmp_path / "var") as session:
        bad = fetch_upstream(missing, session, places, NOON)
        good = fetch_upstream(theirs.rule, session, places, NOON)
        again = fetch_upstream(theirs.rule, session, places, NOON + timedelta(hours=1))
    assert bad.state.failures == 1 and "does not appear to be a git repository" in bad.state.error
    assert "\n" not in bad.state.error
    tree = checkout_dir(theirs.rule, places.checkouts)
    assert names(good.paths, tree) == ["bbc/a"] and good.state.success == NOON and again.paths == ()
    assert upstream_dump_dirs([missing, theirs.rule], places) == [checkout_dir(missing, places.checkouts), tree]


def test_time_and_size_are_bounded(theirs: Repository, tmp_path: Path) -> None:
    theirs.commit(a=os.urandom(3_000_000).hex())
    small = FetchSettings(git_bytes=1_000_000)
    with pytest.raises(FetchError, match="git could not bring"):
        pull_repository(theirs.rule, tmp_path / "tree", tmp_path / "var", AddressGuard(), small)
    hurried = FetchSettings(git_time=timedelta(milliseconds=1))
    started = time.monotonic()
    with pytest.raises(FetchError, match="too long"):
        pull_repository(theirs.rule, tmp_path / "tree2", tmp_path / "var", AddressGuard(), hurried)
    assert time.monotonic() - started < 10


def test_many_pulls_leave_few_packs(theirs: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("refeed.fetch.git._PACKS", 3)
    since = ""
    for number in range(7):
        theirs.commit(a=str(number), b=str(number))
        since, files = bring(theirs.rule, tmp_path, since)
        assert files == ["a", "b"]
    assert len(list((tmp_path / "var" / "tree.git" / "objects" / "pack").glob("*.pack"))) <= 4
