"""The same text from another source is a repost of the original; the same story in other words is not."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from refeed.model import Entry, SafeHtml
from refeed.topics.fields import extract_body_text
from refeed.topics.reposts import MinHash, TextCopy, compute_minhash, estimate_containment, find_original

MakeEntry = Callable[..., Entry]
Write = Callable[..., TextCopy]

CHARS = [chr(0x4E00 + number) for number in range(3000)]


def prose(seed: int, characters: int = 900) -> str:
    """A text of random characters in sentences, different for every seed."""
    rng = random.Random(seed)
    return "".join("。" if at % 17 == 16 else rng.choice(CHARS) for at in range(characters))


@pytest.fixture
def write(entry: MakeEntry) -> Write:
    """Makes a copy of a text in a source."""

    def make(text: str, source: str = "one", hours: int = 0, **more: object) -> TextCopy:
        article = entry("样例", text)
        minhash = compute_minhash(extract_body_text(article.html))
        assert minhash
        return TextCopy(
            id=f"{source}/{hours}",
            source=source,
            published=article.published + timedelta(hours=hours),
            minhash=minhash,
            **more,
        )  # type: ignore[arg-type]

    return make


def share_a_band(a: TextCopy, b: TextCopy) -> bool:
    return bool(set(a.minhash.bands()) & set(b.minhash.bands()))


def test_same_text_is_a_repost_of_the_first_one(write: Write) -> None:
    first, second = write(prose(1)), write("转载样例：" + prose(1), "two", 2)
    assert share_a_band(first, second)
    assert find_original(second, [first]) is first
    assert find_original(first, [second]) is None


def test_archive_is_never_the_original_even_when_it_is_first(write: Write) -> None:
    archive, report = write(prose(2), "archive", 0, archive=True), write(prose(2), "two", 5)
    assert find_original(report, [archive]) is None
    assert find_original(archive, [report])


def test_same_story_in_other_words_is_not_a_repost(write: Write) -> None:
    quote = prose(3, 150)
    first, second = write(prose(4) + quote), write(prose(5) + quote, "two", 1)
    assert find_original(second, [first]) is None


def test_text_that_quotes_whole_reports_is_not_a_repost(write: Write) -> None:
    first, collection = write(prose(6)), write(prose(6) + prose(7) + prose(8), "two", 1)
    assert find_original(collection, [first]) is None
    assert estimate_containment(first.minhash, collection.minhash) > 0.85


def test_excerpt_is_a_repost(write: Write) -> None:
    whole, excerpt = write(prose(9, 1200)), write(prose(9, 1200)[:600], "two", 1)
    assert find_original(excerpt, [whole])


def test_source_has_no_reposts_of_its_own_entries(write: Write) -> None:
    assert find_original(write(prose(10), "one", 1), [write(prose(10), "one", 0)]) is None


def test_script_and_punctuation_make_no_difference(write: Write) -> None:
    first, second = write("台湾与华为的软件，" * 40 + prose(11)), write("臺灣與華為的软件" * 40 + prose(11), "two", 1)
    assert estimate_containment(second.minhash, first.minhash) > 0.9


def test_short_text_is_not_compared() -> None:
    assert compute_minhash("图片说明。" * 10) is None


def test_minhash_is_read_back_as_it_was_written(write: Write) -> None:
    minhash = write(prose(12)).minhash
    assert MinHash.from_bytes(minhash.to_bytes()) == minhash
    assert all(-(2**63) <= key < 2**63 for key in minhash.bands())
    with pytest.raises(ValueError, match="516 bytes"):
        MinHash.from_bytes(b"short")


def test_edited_copies_share_a_band_and_unrelated_texts_do_not(write: Write) -> None:
    edited_hits = unrelated_hits = reposts = 0
    for seed in range(60):
        text = prose(100 + seed)
        rng = random.Random(seed)
        edited = "".join(rng.choice(CHARS) if rng.random() < 0.02 else char for char in text)
        first, second, other = write(text), write(edited, "two", 1), write(prose(1000 + seed), "three", 2)
        edited_hits += share_a_band(first, second)
        unrelated_hits += share_a_band(first, other)
        reposts += find_original(second, [first]) is not None
    assert edited_hits == 60
    assert unrelated_hits == 0
    assert reposts == 60


@pytest.mark.parametrize("kept", [0.2, 0.4, 0.8, 1.0])
def test_containment_is_estimated_within_12_percent(kept: float, write: Write) -> None:
    whole, own = prose(20, 1500), prose(21, 1500)
    part = whole[: int(1500 * kept)] + own[int(1500 * kept) :]
    assert abs(estimate_containment(write(part, "two").minhash, write(whole).minhash) - kept) < 0.12


def test_only_the_body_is_compared(entry: MakeEntry) -> None:
    article = entry("甲", prose(30))
    changed = replace(
        article, title="乙", html=SafeHtml(f"<figure><figcaption>{prose(31)}</figcaption></figure>{article.html}")
    )
    assert extract_body_text(article.html) == extract_body_text(changed.html)
