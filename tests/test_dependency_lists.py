"""uv.lock and the requirements files are what `./run lock` makes from pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCKED: list[dict[str, Any]] = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["package"]


def normalize(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(requirements: list[str]) -> set[tuple[str, frozenset[str]]]:
    """Names and version bounds of requirements such as `urllib3>=2.6.3`."""
    found = set()
    for requirement in requirements:
        match = re.fullmatch(r"([\w.-]+)(?:\[[\w,]+\])?(.*)", requirement)
        assert match, requirement
        found.add((normalize(match[1]), frozenset(filter(None, match[2].split(",")))))
    return found


def recorded(requirements: list[dict[str, Any]]) -> set[tuple[str, frozenset[str]]]:
    """The same, as uv.lock has them."""
    return {(one["name"], frozenset(filter(None, one.get("specifier", "").split(",")))) for one in requirements}


def needed(roots: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Name and version of every locked package that `roots` depend on."""
    found: set[tuple[str, str]] = set()
    waiting = list(roots)
    while waiting:
        one = waiting.pop()
        for package in LOCKED:
            same = package["name"] == one["name"] and package["version"] == one.get("version", package["version"])
            if same and (package["name"], package["version"]) not in found:
                found.add((package["name"], package["version"]))
                waiting += package.get("dependencies", [])
                for extra in one.get("extra", []):
                    waiting += package["optional-dependencies"][extra]
    return found


def pinned(file: str) -> set[tuple[str, str]]:
    lines = (ROOT / file).read_text("utf-8").splitlines()
    pins = [line.partition(";")[0].strip().partition("==") for line in lines if "==" in line and line[0] != "#"]
    return {(normalize(name), version) for name, _, version in pins}


(REFEED,) = (package for package in LOCKED if package["name"] == "refeed")


def test_the_lock_is_made_from_pyproject() -> None:
    assert recorded(REFEED["metadata"]["requires-dist"]) == declared(PROJECT["project"]["dependencies"]), "./run lock"
    dev = REFEED["metadata"]["requires-dev"]["dev"]
    assert recorded(dev) == declared(PROJECT["dependency-groups"]["dev"]), "./run lock"


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_are_the_locked_versions(file: str) -> None:
    roots = REFEED["dependencies"] if file == "requirements.txt" else REFEED["dev-dependencies"]["dev"]
    assert pinned(file) == needed(roots), "./run lock"
