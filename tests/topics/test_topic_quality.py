"""The shipped topics on real dumps (where they are available), against the labels of three people who read them."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from refeed.config.topic_rules import TopicRule
from refeed.ingest.entry_builder import EntryBuilder
from refeed.model import Dump

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT.parent / "shared" / "samples"

Score = tuple[Counter[str], Counter[str], Counter[str]]


def topics_of(builder: EntryBuilder, path: Path) -> set[str]:
    """The topics that a dump gets."""
    first_seen = datetime(2026, 1, 1, tzinfo=UTC)
    result = builder.build(Dump(path=path.name, folder=path.parent.name, data=path.read_bytes(), first_seen=first_seen))
    return {label.topic for label in result.labels}


@pytest.fixture(scope="module")
def score(builder: EntryBuilder) -> Score:
    """How often each topic was found rightly, found wrongly, and missed."""
    if not SAMPLES.is_dir():
        pytest.skip(f"no sample dumps at {SAMPLES}")
    sheet = yaml.safe_load((Path(__file__).parent / "sample_labels.yaml").read_text("utf-8"))
    right, wrong, missed = Counter[str](), Counter[str](), Counter[str]()
    keys: set[str] = set()
    archives = sorted({key.split("/")[0] for key in sheet["labels"]})
    for path in sorted(path for name in archives for path in (SAMPLES / name).rglob("[0-9]*.md")):
        number = re.match(r"\d+", path.name)
        assert number
        key = f"{path.relative_to(SAMPLES).parent.as_posix()}/{number[0]}"
        keys.add(key)
        labelled, expected = topics_of(builder, path), set(sheet["labels"][key])
        right.update(labelled & expected)
        wrong.update(labelled - expected - set(sheet["either"].get(key, ())))
        missed.update(expected - labelled)
    assert keys == set(sheet["labels"])
    return right, wrong, missed


def test_precision_is_at_least_97_percent(score: Score) -> None:
    right, wrong, _ = score
    assert right.total() / (right + wrong).total() >= 0.97


def test_recall_is_at_least_93_percent(score: Score) -> None:
    right, _, missed = score
    assert right.total() / (right + missed).total() >= 0.93


def test_every_topic_with_five_entries_has_high_precision_and_recall(
    score: Score, rules: tuple[TopicRule, ...]
) -> None:
    right, wrong, missed = score
    for topic in (rule.id for rule in rules if right[rule.id] + missed[rule.id] >= 5):
        assert right[topic] / (right[topic] + wrong[topic]) >= 0.85, topic
        assert right[topic] / (right[topic] + missed[topic]) >= 0.75, topic


@pytest.mark.parametrize("seed", sorted(path.name for path in (ROOT / "seeds").glob("*.txt")))
def test_seed_is_about_climate_and_us_china(builder: EntryBuilder, seed: str) -> None:
    labelled = topics_of(builder, ROOT / "seeds" / seed)
    assert {"climate", "us-china"} <= labelled
    assert not labelled & {"taiwan", "middle-east"}
