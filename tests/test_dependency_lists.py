"""requirements.txt and the lock files pin what pyproject.toml declares and what this needs, and nothing else.

pyproject.toml names every file of the package that is no module.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
BUILD = [Requirement(text) for text in PROJECT["dependency-groups"]["build"]]
PROGRAM = [Requirement(text) for text in PROJECT["project"]["dependencies"]]
DEVELOPMENT = [Requirement(text) for text in PROJECT["dependency-groups"]["dev"]]


def pinned(*files: str) -> dict[str, str]:
    """Name and version of every package that the files pin for this platform."""
    lines = [line for file in files for line in (ROOT / file).read_text("utf-8").splitlines() if "==" in line]
    pins = [Requirement(line.rstrip(" \\")) for line in lines]
    return {
        canonicalize_name(pin.name): str(pin.specifier).removeprefix("==")
        for pin in pins
        if pin.marker is None or pin.marker.evaluate()
    }


def all_needed(requirements: Iterable[Requirement]) -> set[str]:
    """Names of what the requirements need, directly or not, as the installed packages say."""
    needed: set[str] = set()
    seen: set[tuple[str, str]] = set()
    waiting = [(requirement, "") for requirement in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        needed.add(name)
        for wanted_extra in ("", *requirement.extras):
            if (name, wanted_extra) not in seen:
                seen.add((name, wanted_extra))
                waiting += [(Requirement(text), wanted_extra) for text in metadata.requires(name) or ()]
    return needed


def test_each_pin_satisfies_what_pyproject_declares() -> None:
    pins = pinned("requirements.txt", "requirements-dev.lock")
    wrong = [str(one) for one in (*PROGRAM, *DEVELOPMENT) if pins[canonicalize_name(one.name)] not in one.specifier]
    assert wrong == [], "./run lock"


def test_the_program_s_pins_are_what_it_needs() -> None:
    assert pinned("requirements.txt").keys() == all_needed(PROGRAM), "./run lock"


def test_the_other_pins_are_what_development_needs_besides() -> None:
    assert pinned("requirements-dev.lock").keys() == all_needed(DEVELOPMENT) - all_needed(PROGRAM), "./run lock"


def test_the_lock_file_pins_the_same_and_what_builds_the_program() -> None:
    locked, pins = pinned("requirements.lock"), pinned("requirements.txt")
    build = {canonicalize_name(one.name) for one in BUILD}
    assert {name: version for name, version in locked.items() if name not in build} == pins, "./run lock"
    assert build <= locked.keys()


def test_every_locked_package_has_hashes() -> None:
    for file in ("requirements.lock", "requirements-dev.lock"):
        blocks = re.split(r"(?m)^(?=\S)", (ROOT / file).read_text("utf-8"))
        packages = [block for block in blocks if block and not block.startswith("#")]
        assert len(packages) > 20
        assert [
            block.splitlines()[0] for block in packages if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", block)
        ] == []


def test_the_container_and_run_install_by_hash() -> None:
    for file in ("run", "Dockerfile"):
        installs = re.findall(r"pip install (.*)", (ROOT / file).read_text("utf-8"))
        ours = [line for line in installs if "uv>=" not in line and "pip-audit" not in line]
        assert len(ours) == 2
        assert all("--require-hashes" in line or "--no-deps" in line for line in ours), file


def test_every_file_of_the_package_is_installed() -> None:
    """A container lacked the files that stories are weighed with: a checkout has every file, a built package these."""
    package = ROOT / "src" / "refeed"
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["refeed"]
    files = {file for file in package.rglob("*") if file.is_file() and "__pycache__" not in file.parts}
    named = {file for pattern in patterns for file in package.glob(pattern)}
    modules = {file for file in files if file.suffix == ".py" and (file.parent / "__init__.py").exists()}
    assert len(named) > 80
    assert sorted(str(file) for file in files - named - modules) == []


@pytest.mark.parametrize(
    ("says", "status", "told"),
    [
        ("No known vulnerabilities found", 0, ""),
        ("Found 1 known vulnerability in 1 package", 1, ""),
        ("ConnectionError: pypi.org", 1, "no database of known holes could be reached; nothing was checked"),
    ],
)
def test_audit_tells_holes_from_a_database_that_was_not_reached(
    tmp_path: Path, says: str, status: int, told: str
) -> None:
    shutil.copy(ROOT / "run", tmp_path)
    auditor = tmp_path / ".venv" / "audit" / "bin" / "pip-audit"
    auditor.parent.mkdir(parents=True)
    auditor.write_text(f"#!/bin/sh\necho '{says}' >&2\nexit {status}\n")
    auditor.chmod(0o755)
    ran = subprocess.run([tmp_path / "run", "audit"], capture_output=True, text=True)
    assert (ran.returncode, says in ran.stdout) == (3 if told else status, True)
    assert told in ran.stderr
