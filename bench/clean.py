"""The time of cleaning: parse, clean and sanitize a dump, against parsing its body with Beautiful Soup in the same run.

    python bench/clean.py [FOLDER…]

Fails when the ratio is over `LIMIT`. The folder defaults to the cases of the tests.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from bs4 import BeautifulSoup

from refeed.clean.cleaner import clean_entry
from refeed.clean.rule_lookup import RuleLookup
from refeed.config.packs import load_builtin_sources
from refeed.model import Dump, RawEntry
from refeed.parse.parser import parse_dump

ROOT = Path(__file__).parents[1]
CASES = ROOT / "tests" / "cases"
LIMIT = 2.5
ROUNDS = 7


def main(folders: list[Path]) -> int:
    """Print milliseconds a dump and their ratio. Returns 1 when the ratio is over the limit."""
    case_folders = folders or [CASES]
    dumps = [
        _dump(path) for folder in case_folders for path in sorted(folder.rglob("*.md")) if path.name != "README.md"
    ]
    rules = RuleLookup(load_builtin_sources())
    soup_time = clean_time = 0.0
    for dump in dumps:
        raw = parse_dump(dump)
        # The fastest of some rounds, dump by dump, so that other load on the machine affects both alike.
        parsing, cleaning = _fastest(lambda raw=raw: _soup(raw), lambda dump=dump: _clean(dump, rules))
        soup_time, clean_time = soup_time + parsing, clean_time + cleaning
    ratio = clean_time / soup_time
    size = sum(len(dump.data) for dump in dumps) / len(dumps)
    print(f"{len(dumps)} dumps of {size / 1000:.1f} kB from {', '.join(map(str, case_folders))}")
    print(f"Beautiful Soup alone    {soup_time / len(dumps) * 1000:6.2f} ms a dump")
    print(f"parse, clean, sanitize  {clean_time / len(dumps) * 1000:6.2f} ms a dump")
    print(f"ratio                   {ratio:6.2f} (limit {LIMIT})")
    return int(ratio > LIMIT)


def _dump(path: Path) -> Dump:
    return Dump(
        path=path.name, folder=path.parent.name, data=path.read_bytes(), first_seen=datetime(2026, 1, 1, tzinfo=UTC)
    )


def _soup(raw: RawEntry) -> BeautifulSoup:
    return BeautifulSoup(raw.html, "lxml")


def _clean(dump: Dump, rules: RuleLookup) -> None:
    raw = parse_dump(dump)
    clean_entry(raw, rules.match(raw))


def _fastest(*functions: Callable[[], object]) -> list[float]:
    times: list[list[float]] = [[] for _ in functions]
    for _ in range(ROUNDS):
        for function, measured in zip(functions, times, strict=True):
            started = process_time()
            function()
            measured.append(process_time() - started)
    return [min(measured) for measured in times]


if __name__ == "__main__":
    sys.exit(main([Path(argument) for argument in sys.argv[1:]]))
