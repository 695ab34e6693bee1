"""A git repository of dumps -> a shallow, sparse work tree, made by the git program. Only this module runs git."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from urllib.parse import urlsplit

from ..config.settings import FetchSettings, UpstreamRule
from ..dumps.writer import content_number
from ..errors import FetchError
from .guard import AddressGuard

_OLDEST_GIT = (2, 37)
"""The first version with http.curloptResolve, which sets the address that git connects to."""

_MAX_PACKS = 50
"""The number of pack files that a repository may have before they are merged."""

_MAX_LIST = 100_000_000
"""The size in bytes of a list of files: a million names."""

# Passed to every call, so that neither a repository nor configuration on this machine makes git do more than we ask.
_SAFE_CONFIG = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.symlinks": "false",
    "core.attributesFile": os.devnull,
    "core.autocrlf": "false",
    "core.quotePath": "false",
    "credential.helper": "",
    "protocol.allow": "never",
    "protocol.https.allow": "always",
    "protocol.file.allow": "always",
    "submodule.recurse": "false",
    "fetch.recurseSubmodules": "false",
    "fetch.fsckObjects": "true",
    "http.followRedirects": "false",
    "http.proxy": "",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "60",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "advice.detachedHead": "false",
}
# Files are checked out as committed: the repository's .gitattributes cannot change line ends, filters or encodings.
_ATTRIBUTES = "* -text -eol -ident -filter -working-tree-encoding\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class PullResult:
    """The outcome of a pull."""

    commit: str
    """The commit in the work tree."""
    paths: tuple[Path, ...] = ()
    """Files added or changed since the commit that the caller gave."""


def checkout_dir(upstream: UpstreamRule, checkouts: Path) -> Path:
    """The work tree of a git upstream: a dump folder, named after the repository."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", urlsplit(upstream.git).path.removesuffix(".git")).strip("-")[-40:]
    return checkouts / f"{name or 'git'}-{content_number(upstream.git, upstream.branch)[:8]}"


def pull_repository(
    upstream: UpstreamRule,
    tree: Path,
    repositories: Path,
    guard: AddressGuard,
    settings: FetchSettings,
    suffixes: Sequence[str],
    since: str = "",
) -> PullResult:
    """Update `tree` to the files of the newest commit that have one of the suffixes.

    The result lists the files changed since the commit `since`, or all files if that commit is unknown. Git's own data
    is in `repositories`, outside the tree. The next pull completes one that was killed. Raises FetchError.
    """
    git = _Git(upstream, tree, repositories / f"{tree.name}.git", guard, settings, suffixes)
    git.prepare()
    git.fetch()
    git.check_size()
    result = git.check_out(since)
    git.merge_packs()
    return result


class _Git:
    """Runs the git program on one local repository and its work tree. Methods raise FetchError."""

    def __init__(
        self,
        upstream: UpstreamRule,
        tree: Path,
        repository: Path,
        guard: AddressGuard,
        settings: FetchSettings,
        suffixes: Sequence[str],
    ) -> None:
        self._upstream = upstream
        self._tree = tree
        self._repository = repository
        self._settings = settings
        self._suffixes = tuple(suffix.lower() for suffix in suffixes)
        self._deadline = time.monotonic() + settings.git_time.total_seconds()
        self._program = _find_program()
        self._git_config = {**_SAFE_CONFIG, **_pin_addresses(upstream.git, guard)}

    def prepare(self) -> None:
        """Create the repository if needed. It is not cloned, so that it has no template, hook or remote branch."""
        self._tree.mkdir(parents=True, exist_ok=True)
        self._repository.parent.mkdir(parents=True, exist_ok=True)
        if not (self._repository / "HEAD").is_file():
            shutil.rmtree(self._repository, ignore_errors=True)
            self._run("init", "--quiet", "--template=", "--bare", "--", str(self._repository), bare=True)
        for lock in self._repository.glob("*.lock"):
            lock.unlink(missing_ok=True)  # left by a pull that was killed; only one process pulls
        (self._repository / "info").mkdir(exist_ok=True)
        (self._repository / "info" / "attributes").write_text(_ATTRIBUTES)
        self._run("config", "remote.origin.url", self._upstream.git)
        self._run("config", "core.bare", "false")
        self._select_files()

    def fetch(self) -> None:
        """Fetch the newest commit without its history; with configured paths, without the files outside them."""
        partial = ["--filter=blob:none"] if self._upstream.paths else []
        flags = ["--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", *partial]
        self._run("fetch", *flags, "--", "origin", f"+{self._upstream.branch or 'HEAD'}:refs/refeed/theirs")

    def check_size(self) -> None:
        """Raise FetchError if the selected files together exceed the limit: a small pack may hold gigabytes."""
        if self._upstream.paths:
            # Missing files are fetched together; git would fetch each one alone to tell its size.
            flags = ["--objects", "--missing=print", "refs/refeed/theirs", "--", *self._upstream.paths]
            listed = self._run("rev-list", *flags, max_bytes=_MAX_LIST).split()
            if missing := [name[1:] for name in listed if name.startswith("?")]:
                flags = ["--quiet", "--filter=blob:none", "--no-tags", "--no-write-fetch-head", "--stdin"]
                names = "\n".join(missing)
                self._run("-c", "fetch.negotiationAlgorithm=noop", "fetch", *flags, "--", "origin", stdin=names)
        flags = ["-r", "-l", "-z", "--full-tree", "refs/refeed/theirs", "--", *self._upstream.paths]
        files = (line.partition("\t") for line in self._list("ls-tree", *flags))
        size = sum(int(facts.split()[3]) for facts, _, name in files if self._is_selected(facts, name))
        if size > self._settings.git_bytes:
            limit = f"fetch.git_bytes allows {self._settings.git_bytes:,}"
            raise FetchError(f"the files of {self._upstream.git} have {size:,} bytes together; {limit}")

    def check_out(self, since: str) -> PullResult:
        """Update the work tree to the fetched commit. The result lists files changed since `since`, or else all."""
        commit = self._run("rev-parse", "--verify", "refs/refeed/theirs^{commit}").strip()
        known = since if re.fullmatch(r"[0-9a-f]{40,64}", since) and self._has(since) else ""
        self._run("update-ref", "--no-deref", "HEAD", "refs/refeed/theirs")
        self._run("reset", "--quiet", "--hard")
        if known:
            flags = ["--name-only", "-z", "--no-renames", "--diff-filter=d", known, "refs/refeed/theirs"]
            names = self._list("diff-tree", "-r", *flags)
        else:
            names = self._list("ls-tree", "-r", "-z", "--name-only", "--full-tree", "refs/refeed/theirs")
        paths = (self._tree / name for name in names if name)
        changed = tuple(path for path in paths if path.is_file() and not path.is_symlink())
        return PullResult(commit=commit, paths=changed)

    def merge_packs(self) -> None:
        """Merge the pack files when there are many, because every pull leaves one, and drop unreachable objects."""
        if len(list(self._repository.glob("objects/pack/*.pack"))) > _MAX_PACKS:
            self._run("gc", "--quiet", "--prune=now")

    def _has(self, commit: str) -> bool:
        try:
            self._run("cat-file", "-e", f"{commit}^{{tree}}")
        except FetchError:
            return False
        return True

    def _select_files(self) -> None:
        folders = [f"/{path.strip('/')}/**/" for path in self._upstream.paths] or [""]
        endings = [
            "".join(f"[{char.lower()}{char.upper()}]" if char.isalpha() else char for char in suffix)
            for suffix in self._suffixes
        ]
        patterns = "".join(f"{folder}*{ending}\n" for folder in folders for ending in endings)
        self._run("sparse-checkout", "set", "--no-cone", "--stdin", stdin=patterns)

    def _list(self, *arguments: str) -> list[str]:
        return self._run(*arguments, max_bytes=_MAX_LIST).split("\0")

    def _is_selected(self, facts: str, name: str) -> bool:
        return " blob " in facts and name.lower().endswith(self._suffixes)

    def _run(self, *arguments: str, stdin: str = "", bare: bool = False, max_bytes: int = 0) -> str:
        config = [part for key, value in self._git_config.items() for part in ("-c", f"{key}={value}")]
        locations = [] if bare else [f"--git-dir={self._repository}", f"--work-tree={self._tree}"]
        # ulimit counts 512-byte blocks. It is the only POSIX way to limit the size of the files that git writes.
        limit = ["/bin/sh", "-c", f'ulimit -f {(max_bytes or self._settings.git_bytes) // 512} && exec "$0" "$@"']
        command = [*limit, self._program, *config, *locations, *arguments]
        return _run_command(command, stdin, self._tree, self._deadline, self._upstream.git)


def _run_command(command: Sequence[str], stdin: str, folder: Path, deadline: float, address: str) -> str:
    # Output goes to a file, whose size is limited: a tree of few bytes may hold itself many times, and list gigabytes.
    with TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=_environment(),
            start_new_session=True,
        )
        try:
            _, err = process.communicate(stdin.encode(), timeout=max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired as error:
            raise FetchError(f"git took too long for {address} and was stopped") from error
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)  # kills git and the helpers that it started
                process.communicate()
        if process.returncode:
            reason = "it has too many files" if process.returncode == -signal.SIGXFSZ else _last_line(err)
            raise FetchError(f"git failed for {address}: {reason}")
        output.seek(0)
        return output.read().decode("utf-8", "surrogateescape")


def _environment() -> dict[str, str]:
    """An environment without the proxy, credentials and git configuration of the user who runs refeed."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "GIT_ALLOW_PROTOCOL": "https:file",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_ATTR_NOSYSTEM": "1",
    }


def _pin_addresses(url: str, guard: AddressGuard) -> dict[str, str]:
    """The git configuration that limits connections to addresses that the guard has checked."""
    if not url.startswith("https:"):
        return {}
    host, port, addresses = guard.resolve(url)
    pinned = ",".join(f"[{address}]" if ":" in address else address for address in addresses)
    return {"http.curloptResolve": f"{host}:{port}:{pinned}"}


def _find_program() -> str:
    program = shutil.which("git")
    if not program:
        raise FetchError("git upstreams need the git program, which is not installed")
    output = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    number = re.search(r"(\d{1,4})\.(\d{1,4})", output)
    if not number or (int(number[1]), int(number[2])) < _OLDEST_GIT:
        raise FetchError(f"git {_OLDEST_GIT[0]}.{_OLDEST_GIT[1]} or newer is needed")
    return program


def _last_line(err: bytes) -> str:
    lines = [
        line for line in err.decode("utf-8", "replace").splitlines() if line.strip() and not line.startswith("hint:")
    ]
    return next((line for line in lines if line.startswith("fatal:")), lines[-1] if lines else "no reason given")[:300]
