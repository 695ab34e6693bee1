"""Folders of dumps, and labels of whole days -> the weights of stories; or how well the shipped weights join each day.

    python -m bench.train_stories frequencies FOLDER...      term_frequencies, from many reports of many years
    python -m bench.train_stories weights DAY:FOLDER...      story_weights, from labelled days
    python -m bench.train_stories measure DAY:FOLDER...      precision and recall of pairs, and B-cubed

DAY is a file of `bench/story_labels` without the judge (`2020-07-22`), FOLDER has the dumps of that day alone. A label
is a link; an empty line ends a story, and a report that is not listed is alone. The shipped weights are from the 22nd
and 24th of July 2020; the other days were not looked at before the weights were final. `weights` needs scikit-learn.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from math import log2
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

import msgspec

from refeed.config.load import load_settings
from refeed.ingest.entry_builder import EntryBuilder
from refeed.model import Dump, Entry
from refeed.store.rows import StoryRow
from refeed.store.store import Store
from refeed.store.story_index import NEIGHBOURS, StoryIndex
from refeed.store.story_members import get_story_ids
from refeed.stories.signatures import Signature, make_signature
from refeed.stories.similarity import FEATURES, Model, load_model, measure
from refeed.stories.story_updater import StoryBuilder
from refeed.stories.terms import is_pair, split_terms
from refeed.topics.fields import extract_body_text

LABELS = Path(__file__).with_name("story_labels")
_MIN_REPORTS = 5
"""Reports that contain a term of the table."""
Report = tuple[str, Signature]
"""A report's link and signature."""


def read_entries(folders: Iterable[str]) -> Iterator[Entry]:
    """The entries of all dumps in folders; of the same entry, the last one."""
    builder = EntryBuilder.from_settings(load_settings({}))
    found = {}
    for folder in folders:
        for path in sorted(Path(folder).rglob("*.md")):
            seen = datetime(2026, 1, 1, tzinfo=UTC)
            dump = Dump(path=path.name, folder=path.parent.name, data=path.read_bytes(), first_seen=seen)
            if cleaned := builder.build(dump).cleaned:
                found[cleaned.entry.id] = cleaned.entry
    yield from sorted(found.values(), key=lambda entry: (entry.published, entry.id))


def count_terms(folders: Sequence[str]) -> str:
    """The table of frequencies: lines of a level, the pairs without blanks between them, and the words."""
    counts: Counter[str] = Counter()
    total = 0
    for entry in read_entries(folders):
        counts.update(set(split_terms(f"{entry.title}\n{extract_body_text(entry.html)[:1500]}")))
        total += 1
    levels = defaultdict(list)
    for term, count in sorted(counts.items()):
        if count >= _MIN_REPORTS:
            levels[max(0, round(log2(total / count)))].append(term)
    lines = []
    for level, terms in sorted(levels.items()):
        pairs = "".join(filter(is_pair, terms))
        lines.append(f"{level} {pairs} {' '.join(term for term in terms if not is_pair(term))}".rstrip())
    return "\n".join(lines) + "\n"


def read_labels(day: str) -> list[dict[str, str]]:
    """Each judge's story of each link."""
    judges = []
    for path in sorted(LABELS.glob(f"{day}.*.txt")):
        stories = [block.split() for block in path.read_text("utf-8").split("\n\n")]
        judges.append({link: links[0] for links in stories if links for link in links})
    return judges


def find_candidates(reports: Sequence[Report]) -> Iterator[tuple[int, list[int]]]:
    """What each report is compared with, as `StoryIndex` finds it."""
    index: dict[int, list[int]] = defaultdict(list)
    for number, (_, signature) in enumerate(reports):
        yield number, sorted({other for term in signature.terms for other in index[term][-NEIGHBOURS:]})
        for term in signature.terms:
            index[term].append(number)


def fit(days: Sequence[tuple[str, list[Report]]]) -> Model:
    """The weights that tell the labelled pairs of candidates best from the others."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    values, same = [], []
    for day, reports in days:
        for number, others in find_candidates(reports):
            for other in others:
                (link, later), (other_link, earlier) = reports[number], reports[other]
                for judge in read_labels(day):
                    values.append(measure(later, earlier))
                    same.append(judge.get(link, link) == judge.get(other_link, other_link))
    scaler = StandardScaler().fit(values)
    regression = LogisticRegression(C=0.2).fit(scaler.transform(values), same)
    weights = regression.coef_[0] / scaler.scale_
    bias = regression.intercept_[0] - float((weights * scaler.mean_).sum())
    return Model(
        bias=round(bias, 3),
        features={name: round(float(weight), 3) for name, weight in zip(FEATURES, weights, strict=True)},
        min_score=load_model().min_score,
        link_score=load_model().link_score,
    )


def join(reports: Sequence[Report]) -> list[str]:
    """The story of each report, as the leader makes them."""
    with TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/store.db")
        store.migrate()
        ids = [f"{number:09}" for number in range(len(reports))]  # in the order of the reports
        rows = {
            id: StoryRow(id, id, id, None, 0, signature.published, signature.to_bytes())
            for id, (_, signature) in zip(ids, reports, strict=True)
        }
        with store.write_transaction() as connection:
            StoryBuilder(StoryIndex(connection)).replace(rows)
        stories = get_story_ids(store, rows)
        store.close()
    return [stories[id] for id in ids]


def rate(found: Sequence[object], truth: Sequence[object]) -> str:
    """Precision and recall of pairs, and B-cubed."""
    groups: list[dict[object, set[int]]] = []
    for names in (found, truth):
        group: dict[object, set[int]] = defaultdict(set)
        for number, name in enumerate(names):
            group[name].add(number)
        groups.append(group)
    pairs = [{(a, b) for each in group.values() for a in each for b in each if a < b} for group in groups]
    common = len(pairs[0] & pairs[1])
    shares = [
        (len(one & other) / len(one), len(one & other) / len(other))
        for one, other in ((groups[0][found[n]], groups[1][truth[n]]) for n in range(len(found)))
    ]
    return (
        f"pairs: precision {common / max(1, len(pairs[0])):.3f}, recall {common / max(1, len(pairs[1])):.3f}; "
        f"B-cubed: {fmean(share[0] for share in shares):.3f}, {fmean(share[1] for share in shares):.3f}"
    )


def main() -> None:
    """Run the command."""
    command, *arguments = sys.argv[1:]
    if command == "frequencies":
        sys.stdout.write(count_terms(arguments))
        return
    named = [argument.partition(":") for argument in arguments]
    days = [
        (day, [(entry.link, make_signature(entry)) for entry in read_entries([folder])]) for day, _, folder in named
    ]
    if command == "weights":
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(fit(days))).decode() + "\n")
        return
    for day, reports in days:
        for number, judge in enumerate(read_labels(day)):
            truth = [judge.get(link, link) for link, _ in reports]
            sys.stdout.write(f"{day} judge {'ab'[number]}: {rate(join(reports), truth)}\n")


if __name__ == "__main__":
    main()
