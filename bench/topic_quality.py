"""Labels in bench/topic_labels + folders with the dumps that they name -> precision and recall of the shipped topics.

python bench/topic_quality.py FOLDER…            the table for each file of labels
python bench/topic_quality.py --wrong FOLDER…    also each wrong and each missing label, with the reason

A line of labels is a link, a tab and topics; `?` before a topic means that a reader could want it or not, so it counts
neither way. The labels were written blind, from titles, beginnings of texts and the topics' descriptions. The dumps are
not here: they are in public archives (bench/README.md).
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from refeed.config.load import load_settings
from refeed.ingest.entry_builder import EntryBuilder
from refeed.model import Dump, Entry

ROOT = Path(__file__).parents[1]
LABELS = ROOT / "bench" / "topic_labels"
_URL = re.compile(r"https?://[^\s\"'<>)\]]+")
_HEAD = 20_000
"""The number of bytes of a dump in which its link is looked for."""

Labels = dict[str, tuple[set[str], set[str]]]


def main() -> None:
    """Print the table for each file of labels."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--wrong", action="store_true")
    options = parser.parse_args()
    sheets = {file.stem: read_labels(file) for file in sorted(LABELS.glob("*.txt"))}
    builder = EntryBuilder.from_settings(load_settings({}, ROOT / "config.yaml"))
    entries = find_entries(builder, options.folders, {link for sheet in sheets.values() for link in sheet})
    for name, sheet in sheets.items():
        print_table(name, builder, {link: entries[link] for link in sheet if link in entries}, sheet, options.wrong)


def read_labels(file: Path) -> Labels:
    """Read the links of a file, without scheme, each with the topics that it has and those that it may have."""
    sheet: Labels = {}
    for line in file.read_text("utf-8").splitlines():
        link, _, topics = line.partition("\t")
        words = topics.split()
        either = {word[1:] for word in words if word.startswith("?")}
        sheet[_key(link)] = ({word for word in words if word[0] not in "?-"}, either)
    return sheet


def find_entries(builder: EntryBuilder, folders: Iterable[Path], links: set[str]) -> dict[str, Entry]:
    """Build the entries of the dumps that begin with one of the links."""
    entries: dict[str, Entry] = {}
    for path in _files(folders):
        with path.open("rb") as stream:
            head = stream.read(_HEAD).decode("utf-8", "replace")
        if not any(_key(url) in links for url in _URL.findall(head)):
            continue
        dump = Dump(
            path=path.name, folder="sample", data=path.read_bytes(), first_seen=datetime(2026, 1, 1, tzinfo=UTC)
        )
        cleaned = builder.build(dump).cleaned
        if cleaned is not None and _key(cleaned.entry.link) in links:
            entries.setdefault(_key(cleaned.entry.link), cleaned.entry)
    return entries


def print_table(name: str, builder: EntryBuilder, entries: dict[str, Entry], sheet: Labels, wrong: bool) -> None:
    """Print precision and recall of all labels, and for each topic how many are right, wrong and missing."""
    counts = {kind: Counter[str]() for kind in ("right", "wrong", "missing")}
    for link, entry in entries.items():
        expected, either = sheet[link]
        found = {label.topic: label.reasons for label in builder.matcher.label(entry)}
        counts["right"].update(found.keys() & expected)
        counts["wrong"].update(found.keys() - expected - either)
        counts["missing"].update(expected - found.keys())
        if wrong:
            for topic in sorted((found.keys() | expected) - (found.keys() & expected) - either):
                print(f"  {entry.title[:60]}: {topic} {found.get(topic, 'is missing')}")
    right, false, missing = (counts[kind].total() for kind in ("right", "wrong", "missing"))
    precision, recall = right / max(1, right + false), right / max(1, right + missing)
    print(f"{name}: {len(entries)} of {len(sheet)} entries, precision {precision:.3f}, recall {recall:.3f}")
    for rule in builder.topics:
        numbers = [counts[kind][rule.id] for kind in ("right", "wrong", "missing")]
        if any(numbers):
            print(f"  {rule.id:<24} right {numbers[0]:3}  wrong {numbers[1]:2}  missing {numbers[2]:2}")


def _files(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(path for path in folder.rglob("*") if path.suffix in (".md", ".html") and path.is_file())


def _key(link: str) -> str:
    """A link without what archives write in different ways."""
    return re.sub(r"^https?://(?:www\.)?|[/.,]$", "", link)


if __name__ == "__main__":
    main()
