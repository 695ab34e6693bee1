"""How well the article of a saved page is found: refeed, trafilatura and readability-lxml on the same pages, in one run.

    python bench/saved_pages.py FOLDER [--half look|measure]

FOLDER holds a folder for each page, with `source.html` and `expected.html`: test/test-pages of mozilla/readability, for
example, whose pages `saved_pages.txt` lists. Precision and recall compare bags of words (characters, for Chinese and
Japanese), and are averaged over pages. The first half of the pages, by a hash of the name, may be looked at to improve the
finder; the second half is only measured. The two libraries are left out when they are not installed.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from time import process_time

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from lxml import html as lxml_html

from refeed.clean.cleaner import clean_entry
from refeed.clean.rule_lookup import RuleLookup
from refeed.config.packs import load_builtin_sources
from refeed.model import Dump
from refeed.parse.parser import parse_dump

PAGES = Path(__file__).with_suffix(".txt")
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+")
_SILENT = ("script", "style", "noscript", "template")
_Extractor = Callable[[str], str]


def main(folder: Path, half: str, show: bool) -> int:
    """Print a table, by half and in all. Returns 1 when refeed misses recall .98 or precision .93."""
    names = [name for name in PAGES.read_text().split() if (folder / name / "source.html").exists()]
    if missing := len(PAGES.read_text().split()) - len(names):
        print(f"{missing} pages are missing")
    results: dict[str, dict[str, tuple[float, float]]] = {}
    for label, extract in _extractors().items():
        started = process_time()
        results[label] = {}
        for name in names:
            if half in ("", half_of(name)):
                source = (folder / name / "source.html").read_text("utf-8", "replace")
                expected = (folder / name / "expected.html").read_text("utf-8", "replace")
                results[label][name] = compare(extract(source), expected)
        print(f"{label:18} {process_time() - started:6.1f} s of processor time")
    passed = False
    for part in ("look", "measure", ""):
        for label, scores in results.items():
            chosen = [score for name, score in scores.items() if part in ("", half_of(name))]
            if chosen:
                precision, recall = (sum(column) / len(chosen) for column in zip(*chosen, strict=True))
                print(
                    f"{part or 'all':8} {len(chosen):4} pages  {label:18} precision {precision:.3f}  recall {recall:.3f}"
                )
                if label == "refeed":
                    passed = recall >= 0.98 and precision >= 0.93
    if show:
        for name, (precision, recall) in sorted(results["refeed"].items(), key=lambda item: min(item[1])):
            if half_of(name) == "look":
                print(f"{precision:.3f} {recall:.3f} {name}")
    return int(not passed)


def half_of(name: str) -> str:
    """Return the half that a page belongs to: `look` or `measure`."""
    return "measure" if hashlib.sha256(name.encode()).digest()[0] % 2 else "look"


def compare(extracted: str, expected: str) -> tuple[float, float]:
    """Return (precision, recall) of the words in one HTML against those in another."""
    found, wanted = words_in(extracted), words_in(expected)
    common = (found & wanted).total()
    return common / max(found.total(), 1), common / max(wanted.total(), 1)


def words_in(html: str) -> Counter[str]:
    """Return the words of HTML, with the number of times each stands there."""
    if not html.strip():
        return Counter()
    tree = lxml_html.fromstring(f"<div>{html}</div>")
    for element in [*tree.iter(*_SILENT)]:
        element.drop_tree()
    return Counter(word.lower() for word in _WORD.findall(" ".join(tree.itertext())))


def _extractors() -> dict[str, _Extractor]:
    extractors: dict[str, _Extractor] = {"refeed": _refeed()}
    for label, make in (("trafilatura", _trafilatura), ("readability-lxml", _readability)):
        try:
            extractors[label] = make()
        except ImportError:
            print(f"{label} is not installed")
    return extractors


def _refeed() -> _Extractor:
    rules = RuleLookup(load_builtin_sources())

    def extract(source: str) -> str:
        data = f"---\nurl: http://pages.example/page.html\n---\n{source}"
        dump = Dump(path="page.html", folder="pages", data=data.encode(), first_seen=datetime(2026, 1, 1, tzinfo=UTC))
        raw = parse_dump(dump)
        return clean_entry(raw, rules.match(raw)).entry.html

    return extract


def _trafilatura() -> _Extractor:
    extract = import_module("trafilatura").extract
    return lambda source: extract(source, output_format="html") or ""


def _readability() -> _Extractor:
    document = import_module("readability").Document
    return lambda source: document(source).summary()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--half", choices=("look", "measure"), default="")
    parser.add_argument("--show", action="store_true", help="list the pages of the first half, the worst first")
    arguments = parser.parse_args()
    sys.exit(main(arguments.folder, arguments.half, arguments.show))
