"""The layout of the package: imports point one way, module names are unique, no module is a mere fragment."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "src" / "refeed"

# A package may import from the rows above its own; within a row only as BESIDE says.
ROWS = [
    "clock errors heartbeat init_process logs metrics model page_languages parent_watchdog process_pool terminal "
    "written_dates xml_chars",
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
BESIDE = {("ingest", "publish"), ("feeds", "search"), ("feeds", "stories")}
"""`ingest.pipeline` combines the two steps. A filter of a feed may be a search,
and a feed may be one of stories."""

FRAGMENT_LINES = 80
SMALL_ON_PURPOSE = {
    "render.formats": "the table of formats",
    "render.feeds_json": "a format",
    "feeds.named_searches": "what makes a search a feed, looked for by its name",
    "render.opml": "a format",
    "web.image_routes": "imported only if a setting is on, because it imports what sends requests",
    "web.catalogues": "the routes of a format",
    "stories.terms": "what a term is, for signatures and for the script that counts them",
}
"""Modules that have one importer and few lines for a reason. Commands (cli) are small by nature."""


def module_files() -> dict[str, Path]:
    """The file of every module, by its dotted name without `refeed.`; packages' `__init__` files are left out."""
    files = (path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")
    return {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in files}


@cache
def imported_names(path: Path) -> set[str]:
    """Dotted names below `refeed` that a file imports, at any place: of modules, packages and what is in them."""
    package = path.relative_to(PACKAGE).parts[:-1]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            parts = [*package[: len(package) - node.level + 1], *(node.module or "").split(".")]
            source = ".".join(filter(None, parts))
            found |= {source} | {f"{source}.{alias.name}".lstrip(".") for alias in node.names}
    return found


def top(name: str) -> str:
    return name.partition(".")[0]


def test_every_module_has_a_row() -> None:
    assert {top(name) for name in module_files()} - ROW.keys() == set()


def test_a_module_imports_from_the_rows_above_its_own() -> None:
    def is_allowed(importer: str, other: str) -> bool:
        return ROW[other] < ROW[importer] or ROW[other] == ROW[importer] == 0 or (importer, other) in BESIDE

    wrong = [
        f"{name} imports {other}"
        for name, path in module_files().items()
        for other in sorted({top(used) for used in imported_names(path)} & ROW.keys() - {top(name)})
        if not is_allowed(top(name), other)
    ]
    assert wrong == []


def test_code_in_strings_imports_modules_that_exist() -> None:
    """Tests run programs that they have as text, which no type checker reads."""
    known = {"refeed", *(f"refeed.{name}" for name in module_files())}
    imports = re.compile(r"^ *from (refeed[\w.]*) import", re.M)
    files = Path(__file__).parent.rglob("*.py")
    used = {(path.name, name) for path in files for name in imports.findall(path.read_text("utf-8"))}
    packages = {name.rpartition(".")[0] for name in known}
    assert [f"{file} imports {name}" for file, name in sorted(used) if name not in known | packages] == []


def test_no_two_modules_share_a_name() -> None:
    names = Counter(path.stem for path in module_files().values())
    assert [name for name, count in names.items() if count > 1] == []


def test_a_package_has_no_code_in_its_init() -> None:
    """What a package offers is imported from the module that defines it."""
    files = [path for path in PACKAGE.rglob("__init__.py") if path.parent != PACKAGE]
    wrong = [
        str(path.relative_to(PACKAGE))
        for path in files
        if [type(node) for node in ast.parse(path.read_text("utf-8")).body] != [ast.Expr]
    ]
    assert wrong == []


def test_a_small_module_with_one_importer_is_part_of_its_importer() -> None:
    files = module_files()
    importers = Counter(used for path in files.values() for used in imported_names(path) & files.keys())
    fragments = [
        f"{name}: {lines} lines"
        for name, path in files.items()
        if top(name) not in ("cli", "__main__") and importers[name] < 2
        if (lines := len(path.read_text("utf-8").splitlines())) < FRAGMENT_LINES
    ]
    assert [text for text in fragments if text.partition(":")[0] not in SMALL_ON_PURPOSE] == []
