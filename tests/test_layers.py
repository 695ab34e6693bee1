"""Imports point one way, and every module has a name of its own."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "src" / "refeed"

# A package imports from the rows above its own; within a row, only as BESIDE says.
ROWS = [
    "clock errors logs metrics model parent_watchdog process_pool xml_chars",
    "config",
    "dumps",
    "parse clean topics render fetch",
    "store",
    "stories search feeds",
    "publish ingest",
    "worker web",
    "cli",
    "__main__",
]
ROW = {name: row for row, names in enumerate(ROWS) for name in names.split()}
BESIDE = {("ingest", "publish")}
"""`ingest.pipeline` puts the two steps together."""


def modules() -> list[Path]:
    return [path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"]


def part(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(path: Path) -> set[str]:
    """Names directly under `refeed` that a file imports, wherever in it."""
    depth = len(path.relative_to(PACKAGE).parts)
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            found |= {node.module.partition(".")[0]} if node.module else {alias.name for alias in node.names}
    return found & ROW.keys()


def is_allowed(importer: str, other: str) -> bool:
    return ROW[other] < ROW[importer] or ROW[other] == ROW[importer] == 0 or (importer, other) in BESIDE


def test_every_module_has_its_row() -> None:
    assert {part(path) for path in modules()} - ROW.keys() == set()


def test_a_module_imports_from_the_rows_before_its_own() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {other}"
        for path in modules()
        for other in imported(path) - {part(path)}
        if not is_allowed(part(path), other)
    ]
    assert wrong == []


def test_no_two_modules_share_a_name() -> None:
    names = Counter(path.stem for path in modules() if path.stem != "__init__")
    assert [name for name, count in names.items() if count > 1] == []
