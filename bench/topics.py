"""The cost of labelling: 17 topics and 1,000, and patterns made to explode. Compare ratios of one run.

python bench/topics.py
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from refeed.config.load import load_settings
from refeed.config.topic_rules import TopicRule
from refeed.model import Entry, SafeHtml
from refeed.topics.fields import extract_body_text
from refeed.topics.matcher import TopicMatcher
from refeed.topics.reposts import TextCopy, compute_minhash, find_original

ROOT = Path(__file__).parents[1]
CHARACTERS = [chr(0x4E00 + number) for number in range(2500)]
DAY = datetime(2020, 7, 1, tzinfo=UTC)


def main() -> None:
    """Print the costs."""
    shipped = load_settings({}, ROOT / "config.yaml").topics
    chance = random.Random(1)
    words = [word for rule in shipped for word in rule.words if not word.startswith("re:")]
    entries = [sample(chance, words) for _ in range(200)]
    small, large = TopicMatcher(shipped), TopicMatcher([*shipped, *synthetic(chance, 1000 - len(shipped))])
    few, many = (min(times) for times in zip(*(  # alternating: a busy machine slows both
        (best(small.label, entries, 1), best(large.label, entries, 1)) for _ in range(7)
    ), strict=True))  # fmt: skip
    print(f"labelling an entry: {len(small.rules)} topics {few:.2f} ms, {len(large.rules)} topics {many:.2f} ms")
    print(f"ratio {many / few:.2f}")
    exploding = TopicMatcher(
        [TopicRule(id="t", words=("re:[ab]*a[ab]{90}z", "re:(?:a?){90}a{90}", "re:.{0,30}b.{0,30}c"))]
    )
    hostile = [sample(chance, ["ab"], text="ab" * 6000)]
    print(f"three patterns made to explode, 12,000 characters: {best(exploding.label, hostile):.1f} ms")
    print(f"a MinHash signature: {best(lambda entry: compute_minhash(extract_body_text(entry.html)), entries):.2f} ms")
    time_repost_judgement(entries)


def sample(chance: random.Random, words: list[str], text: str = "") -> Entry:
    """An entry of random characters, with a word of a topic about every hundred."""
    text = text or "".join("".join(chance.choices(CHARACTERS, k=90)) + chance.choice(words) + "。" for _ in range(15))
    return Entry(
        id=str(chance.random()), source="sample", link="https://example.org/a", title=chance.choice(words) + "样例",
        published=DAY, updated=DAY, language="zh", html=SafeHtml(f"<p>{text}</p>"),
    )  # fmt: skip


def synthetic(chance: random.Random, count: int) -> list[TopicRule]:
    """Topics of thirty made-up words and a pattern each."""
    return [
        TopicRule(
            id=f"made-up-{number}",
            words=(*("".join(chance.choices(CHARACTERS, k=chance.randint(2, 4))) for _ in range(30)),
                   f"re:{''.join(chance.choices(CHARACTERS, k=2))}.{{0,12}}{''.join(chance.choices(CHARACTERS, k=2))}"),
        )
        for number in range(count)
    ]  # fmt: skip


def time_repost_judgement(entries: list[Entry]) -> None:
    """Print how long it takes to find the original among ten candidates."""
    signatures = [made for entry in entries if (made := compute_minhash(extract_body_text(entry.html)))]
    copies = [TextCopy(id=str(at), source=str(at), published=DAY, minhash=made) for at, made in enumerate(signatures)]
    print(f"finding an original among ten: {best(lambda copy: find_original(copy, copies[:10]), copies):.2f} ms")


def best(work: Callable[[Any], object], items: list[Any], rounds: int = 5) -> float:
    """Milliseconds for each item, in the fastest of some rounds."""
    times = []
    for _ in range(rounds):
        started = perf_counter()
        for item in items:
            work(item)
        times.append((perf_counter() - started) / len(items) * 1000)
    return min(times)


if __name__ == "__main__":
    main()
