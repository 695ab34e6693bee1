"""The same text from another source is a repost of the original; a story in other words is not."""

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

SIGNS = [chr(0x4E00 + number) for number in range(3000)]


def prose(seed: int, characters: int = 900) -> str:
    """A sample text that no other seed gives: characters at random, in sentences."""
    chance = random.Random(seed)
    return "".join("。" if at % 17 == 16 else chance.choice(SIGNS) for at in range(characters))


@pytest.fixture
def write(entry: MakeEntry) -> Write:
    """Makes a copy of a text as a source has it."""

    def make(text: str, source: str = "one", hours: int = 0, **more: object) -> TextCopy:
        made = entry("样例", text)
        drawn = compute_minhash(extract_body_text(made.html))
        assert drawn
        return TextCopy(
            id=f"{source}/{hours}",
            source=source,
            published=made.published + timedelta(hours=hours),
            minhash=drawn,
            **more,
        )  # type: ignore[arg-type]

    return make


def meet(a: TextCopy, b: TextCopy) -> bool:
    return bool(set(a.minhash.bands()) & set(b.minhash.bands()))


def test_the_same_text_is_a_repost_of_the_one_that_came_first(write: Write) -> None:
    first, second = write(prose(1)), write("转载样例：" + prose(1), "two", 2)
    assert meet(first, second)
    found = find_original(second, [first])
    assert found
    assert (found.original_id, find_original(first, [second])) == (first.id, None)
    assert str(found) == f"{found.containment:.0%} of the text is in one/0"


def test_an_archive_is_never_the_original_however_early(write: Write) -> None:
    archive, report = write(prose(2), "archive", 0, archive=True), write(prose(2), "two", 5)
    assert find_original(report, [archive]) is None
    assert find_original(archive, [report])


def test_a_story_in_other_words_stays(write: Write) -> None:
    quote = prose(3, 150)
    first, second = write(prose(4) + quote), write(prose(5) + quote, "two", 1)
    assert find_original(second, [first]) is None


def test_a_text_that_quotes_whole_reports_stays(write: Write) -> None:
    first, collection = write(prose(6)), write(prose(6) + prose(7) + prose(8), "two", 1)
    assert find_original(collection, [first]) is None
    assert estimate_containment(first.minhash, collection.minhash) > 0.85


def test_an_excerpt_is_a_repost(write: Write) -> None:
    whole, excerpt = write(prose(9, 1200)), write(prose(9, 1200)[:600], "two", 1)
    assert find_original(excerpt, [whole])


def test_one_source_has_no_reposts_of_itself(write: Write) -> None:
    assert find_original(write(prose(10), "one", 1), [write(prose(10), "one", 0)]) is None


def test_script_and_punctuation_make_no_difference(write: Write) -> None:
    first, second = write("台湾与华为的软件，" * 40 + prose(11)), write("臺灣與華為的软件" * 40 + prose(11), "two", 1)
    assert estimate_containment(second.minhash, first.minhash) > 0.9


def test_a_short_text_is_no_evidence() -> None:
    assert compute_minhash("图片说明。" * 10) is None


def test_a_sketch_survives_the_store(write: Write) -> None:
    drawn = write(prose(12)).minhash
    assert MinHash.from_bytes(drawn.to_bytes()) == drawn
    assert all(-(2**63) <= key < 2**63 for key in drawn.bands())
    with pytest.raises(ValueError, match="516 bytes"):
        MinHash.from_bytes(b"short")


def test_edited_copies_meet_in_a_band_and_strangers_do_not(write: Write) -> None:
    met = strangers = right = 0
    for seed in range(60):
        text = prose(100 + seed)
        chance = random.Random(seed)
        edited = "".join(chance.choice(SIGNS) if chance.random() < 0.02 else sign for sign in text)
        first, second, other = write(text), write(edited, "two", 1), write(prose(1000 + seed), "three", 2)
        met += meet(first, second)
        strangers += meet(first, other)
        right += find_original(second, [first]) is not None
    assert met == 60
    assert strangers == 0
    assert right == 60


@pytest.mark.parametrize("kept", [0.2, 0.4, 0.8, 1.0])
def test_the_share_is_estimated_within_a_tenth(kept: float, write: Write) -> None:
    whole, own = prose(20, 1500), prose(21, 1500)
    part = whole[: int(1500 * kept)] + own[int(1500 * kept) :]
    assert abs(estimate_containment(write(part, "two").minhash, write(whole).minhash) - kept) < 0.12


def test_the_body_alone_is_compared(entry: MakeEntry) -> None:
    one = entry("甲", prose(30))
    other = replace(one, title="乙", html=SafeHtml(f"<figure><figcaption>{prose(31)}</figcaption></figure>{one.html}"))
    assert extract_body_text(one.html) == extract_body_text(other.html)
