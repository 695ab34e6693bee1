"""Imports point one way: the types, the stages, the flow, web and worker, the server of both, the commands."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "src" / "refeed"

ROWS = {
    0: "characters clock dumpfile dumpfolder errors history measures media model packing parent rules sanitize seal",
    1: "archives clean config dumps fetch locks logs parse publish push render report store topics views",
    2: "access accounts catalogue documents election reseed explain helping ingest listening makers making"
    " outward pipeline publication publisher readership refresh reloading status",
    3: "web worker",
    4: "serve",
    5: "cli",
    6: "__main__",
}
ROW = {name: row for row, names in ROWS.items() for name in names.split()}


def modules() -> list[tuple[str, Path]]:
    files = [path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"]
    return [(path.relative_to(PACKAGE).with_suffix("").parts[0], path) for path in files]


def imported(path: Path) -> set[str]:
    """Names directly under `refeed` that a file imports, wherever in it."""
    depth = len(path.relative_to(PACKAGE).parts)
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            found |= {node.module.partition(".")[0]} if node.module else {alias.name for alias in node.names}
    return found & ROW.keys()


def test_every_module_has_its_row() -> None:
    assert {name for name, _ in modules()} - ROW.keys() == set()


def test_a_module_imports_from_lower_rows_only() -> None:
    wrong = []
    for name, path in modules():
        same = ROW[name] not in (0, 2)  # the flow is built of its own parts; so are the types
        wrong += [
            f"{path.relative_to(PACKAGE)} imports {other}"
            for other in imported(path) - {name}
            if ROW[other] > ROW[name] or (ROW[other] == ROW[name] and same)
        ]
    assert wrong == []
