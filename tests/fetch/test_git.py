"""Git upstreams, result by the real git program."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from datetime import timedelta
from pathlib import Path

import pytest

from helpers.upstream_server import NOON, Fetch
from refeed.config.settings import FetchSettings, UpstreamRule
from refeed.config.validation import DataError, validate
from refeed.errors import FetchError
from refeed.fetch.git import checkout_dir, pull_repository
from refeed.fetch.guard import AddressGuard
from refeed.fetch.upstreams import FetchDirs

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="needs the git program")
LIMITS = FetchSettings()
SUFFIXES = (".md", ".txt")


class Repository:
    """An upstream repository."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=sample", "-c", "user.email=sample@example.org", "-c", "protocol.file.allow=always"]
        command = ["git", *identity, *arguments]
        return subprocess.run(command, cwd=self.path, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, **files: str | None) -> str:
        for name, text in files.items():
            path = self.path / f"{name.replace('__', '/')}.md"
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
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def names(paths: tuple[Path, ...], tree: Path) -> list[str]:
    return sorted(str(path.relative_to(tree)).removesuffix(".md") for path in paths)


def pull(rule: UpstreamRule, tmp_path: Path, since: str = "") -> tuple[str, list[str]]:
    result = pull_repository(rule, tmp_path / "tree", tmp_path / "var", AddressGuard(), LIMITS, SUFFIXES, since)
    return result.commit, names(result.paths, tmp_path / "tree")


def test_first_pull_gives_all_files_and_the_next_one_only_what_changed(repository: Repository, tmp_path: Path) -> None:
    repository.commit(bbc__a="1", bbc__b="2", dw__c="3")
    first, files = pull(repository.rule, tmp_path)
    assert files == ["bbc/a", "bbc/b", "dw/c"]
    repository.commit(bbc__a="changed", bbc__b=None, dw__d="new")
    repository.commit(dw__e="newer")
    second, files = pull(repository.rule, tmp_path, first)
    assert files == ["bbc/a", "dw/d", "dw/e"] and second == repository.git("rev-parse", "HEAD")
    assert not (tmp_path / "tree" / "bbc" / "b.md").exists()
    assert pull(repository.rule, tmp_path, second) == (second, [])


def test_only_the_newest_commit_and_only_the_configured_folders_are_fetched(
    repository: Repository, tmp_path: Path
) -> None:
    for number in range(5):
        repository.commit(bbc__a=str(number), dw__b=str(number), 中国__c=str(number))
    repository.git("config", "uploadpack.allowFilter", "true")
    rule = UpstreamRule(git=repository.rule.git, paths=("bbc/", "中国"))
    _, files = pull(rule, tmp_path)
    assert files == ["bbc/a", "中国/c"] and sorted(path.name for path in (tmp_path / "tree").iterdir()) == [
        "bbc",
        "中国",
    ]
    local = ["git", f"--git-dir={tmp_path / 'var' / 'tree.git'}"]
    count = subprocess.run([*local, "rev-list", "--count", "HEAD"], capture_output=True, text=True, check=True)
    assert count.stdout.strip() == "1"
    objects = subprocess.run([*local, "count-objects", "-v"], capture_output=True, text=True, check=True).stdout
    stored = sum(int(line.split()[1]) for line in objects.splitlines() if line.startswith(("count:", "in-pack:")))
    assert stored == 1 + 4 + 1, "one commit, four trees, and the one text that the two files share"


def test_files_are_the_committed_bytes_in_spite_of_gitattributes(repository: Repository, tmp_path: Path) -> None:
    attributes = repository.path / ".gitattributes"
    repository.commit(a="x\r\n$Id$\n", b="y\n")
    attributes.write_text("[ab].md text eol=crlf ident filter=evil working-tree-encoding=UTF-16\n")
    repository.git("add", "--", ".gitattributes")
    repository.git("commit", "--quiet", "--message=sample")
    pull(repository.rule, tmp_path)
    assert (tmp_path / "tree" / "a.md").read_bytes() == b"x\r\n$Id$\n"
    assert (tmp_path / "tree" / "b.md").read_bytes() == b"y\n"


def test_hooks_links_and_submodules_are_not_taken_over(repository: Repository, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    inner = Repository(tmp_path / "inner")
    inner.commit(x="1")
    repository.commit(hooks__post_checkout=f"#!/bin/sh\ntouch {marker}\n", a="1")
    (repository.path / "passwd.md").symlink_to("/etc/passwd")
    (repository.path / "out").symlink_to("/tmp")
    repository.git("submodule", "--quiet", "add", f"file://{inner.path}", "module")
    repository.commit()
    template = tmp_path / "home" / "hooks"
    template.mkdir(parents=True)
    for name in ("post-checkout", "post-merge", "reference-transaction"):
        (template / name).write_text(f"#!/bin/sh\ntouch {marker}\n")
        (template / name).chmod(0o755)
    pull(repository.rule, tmp_path)
    (tmp_path / "var" / "tree.git" / "hooks").mkdir(exist_ok=True)
    for hook in template.iterdir():
        shutil.copy(hook, tmp_path / "var" / "tree.git" / "hooks" / hook.name)
    repository.commit(a="2")
    pull(repository.rule, tmp_path)
    tree = tmp_path / "tree"
    assert not marker.exists()
    assert (tree / "a.md").read_text() == "2"
    assert not any(path.is_symlink() for path in tree.rglob("*"))
    assert "root:" not in (tree / "passwd.md").read_text()
    assert not (tree / "module").exists()


def test_git_configuration_and_environment_of_this_machine_are_not_used(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(a="1")
    (tmp_path / "config").write_text(f'[url "file:///nowhere"]\n\tinsteadOf = file://{repository.path}\n')
    for name, value in {
        "GIT_CONFIG_GLOBAL": str(tmp_path / "config"),
        "GIT_DIR": "/nowhere",
        "GIT_SSH_COMMAND": "false",
        "https_proxy": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    assert pull(repository.rule, tmp_path)[1] == ["a"]


def test_killed_pull_is_completed_by_the_next_one(repository: Repository, tmp_path: Path) -> None:
    first = repository.commit(a="1", b="1")
    pull(repository.rule, tmp_path)
    repository.commit(a="2", b="2")
    (tmp_path / "tree" / "a.md").write_text("half")
    for name in ("index.lock", "shallow.lock", "HEAD.lock"):
        (tmp_path / "var" / "tree.git" / name).touch()
    assert pull(repository.rule, tmp_path, first)[1] == ["a", "b"]
    assert (tmp_path / "tree" / "a.md").read_text() == "2"
    (tmp_path / "var" / "tree.git" / "HEAD").unlink()
    assert pull(repository.rule, tmp_path, first)[1] == ["a", "b"]


def test_rewritten_history_is_followed(repository: Repository, tmp_path: Path) -> None:
    first = repository.commit(a="1", b="1")
    pull(repository.rule, tmp_path)
    repository.git("checkout", "--quiet", "--orphan", "other")
    repository.git("branch", "--quiet", "--delete", "--force", "main")
    repository.commit(a="2", b="1")
    repository.git("branch", "--quiet", "--move", "main")
    assert pull(repository.rule, tmp_path, first)[1] == ["a"]


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
def test_only_https_and_file_urls_are_accepted(git: str) -> None:
    with pytest.raises(DataError, match=r"^git: "):
        validate(UpstreamRule, {"git": git})


@pytest.mark.parametrize("bad", [{"branch": "--help"}, {"branch": "a..b"}, {"paths": ["../x"]}, {"paths": ["-x"]}])
def test_names_that_git_could_take_for_options_are_rejected(bad: dict[str, object]) -> None:
    with pytest.raises(DataError, match=r"branch|paths"):
        validate(UpstreamRule, {"git": "https://example.org/x.git"} | bad)


def test_private_address_is_rejected_before_git_runs(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="not a public address"):
        pull(UpstreamRule(git="https://localhost/x.git"), tmp_path)


def resolve_to_loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.77"]


def test_git_connects_to_the_address_that_was_checked(tmp_path: Path) -> None:
    guard = AddressGuard(["dumps.example.org:1"], resolve=resolve_to_loopback)
    rule = UpstreamRule(git="https://dumps.example.org:1/x.git")
    with pytest.raises(FetchError, match=r"Failed to connect to dumps\.example\.org port 1|127\.0\.0\.77"):
        pull_repository(rule, tmp_path / "tree", tmp_path / "var", guard, LIMITS, SUFFIXES)


def test_failure_is_one_line_and_affects_no_other_upstream(
    repository: Repository, dirs: FetchDirs, tmp_path: Path, fetch: Fetch
) -> None:
    missing = UpstreamRule(git=f"file://{tmp_path / 'missing'}")
    repository.commit(bbc__a="1")
    bad = fetch(missing, NOON)
    good = fetch(repository.rule, NOON)
    again = fetch(repository.rule, NOON + timedelta(hours=1))
    assert bad.state.failures == 1 and "does not appear to be a git repository" in bad.state.error
    assert "\n" not in bad.state.error
    tree = checkout_dir(repository.rule, dirs.checkouts)
    assert names(good.paths, tree) == ["bbc/a"] and good.state.success == NOON and again.paths == ()


def test_time_and_size_are_limited(repository: Repository, tmp_path: Path) -> None:
    repository.commit(a=os.urandom(3_000_000).hex())
    small = FetchSettings(git_bytes=1_000_000)
    with pytest.raises(FetchError, match="git failed for"):
        pull_repository(repository.rule, tmp_path / "tree", tmp_path / "var", AddressGuard(), small, SUFFIXES)
    short = FetchSettings(git_time=timedelta(milliseconds=1))
    started = time.monotonic()
    with pytest.raises(FetchError, match="too long"):
        pull_repository(repository.rule, tmp_path / "tree2", tmp_path / "var", AddressGuard(), short, SUFFIXES)
    assert time.monotonic() - started < 10


@pytest.mark.slow
def test_many_pulls_leave_few_pack_files(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("refeed.fetch.git._MAX_PACKS", 3)
    since = ""
    for number in range(7):
        repository.commit(a=str(number), b=str(number))
        since, files = pull(repository.rule, tmp_path, since)
        assert files == ["a", "b"]
    assert len(list((tmp_path / "var" / "tree.git" / "objects" / "pack").glob("*.pack"))) <= 4


@pytest.mark.parametrize("paths", [(), ("bbc",)])
def test_repository_that_grows_when_it_is_checked_out_is_refused_before_that(
    paths: tuple[str, ...], repository: Repository, tmp_path: Path
) -> None:
    """Seen: 288 kB that check out as 600 MB."""
    repository.git("config", "uploadpack.allowFilter", "true")
    repository.commit(**{f"bbc__{number}": "0" * 10_000 for number in range(200)})
    small = FetchSettings(git_bytes=1_000_000)
    rule = UpstreamRule(git=repository.rule.git, paths=paths)
    with pytest.raises(FetchError, match=r"have 2,000,000 bytes together; fetch\.git_bytes allows 1,000,000"):
        pull_repository(rule, tmp_path / "tree", tmp_path / "var", AddressGuard(), small, SUFFIXES)
    assert not list((tmp_path / "tree").rglob("*.md"))


def test_only_files_with_the_suffix_of_a_dump_are_checked_out(repository: Repository, tmp_path: Path) -> None:
    for name in ("video.mp4", "README", "bbc/a.MD"):
        (repository.path / name).parent.mkdir(exist_ok=True)
        (repository.path / name).write_text("x" * 2_000_000 if name == "video.mp4" else "x")
    repository.commit(bbc__b="1")
    small = FetchSettings(git_bytes=1_500_000)
    result = pull_repository(repository.rule, tmp_path / "tree", tmp_path / "var", AddressGuard(), small, SUFFIXES)
    assert names(result.paths, tmp_path / "tree") == ["bbc/a.MD", "bbc/b"]
    assert [path.name for path in (tmp_path / "tree").iterdir()] == ["bbc"]


def test_tree_that_lists_endless_files_is_refused(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("refeed.fetch.git._MAX_LIST", 10_000)
    repository.commit(**{f"bbc__{number}": "0" for number in range(300)})
    with pytest.raises(FetchError, match="too many files"):
        pull(repository.rule, tmp_path)
