"""Text -> its searchable form, and the tokens by which the index finds it. Pure.

The searchable form is one line: Simplified characters in lower case, as topics compare text, without punctuation. A
letter of a script that is written without spaces (Chinese, Japanese, Thai …) and of Korean is a unit of its own;
elsewhere a word is. One space separates two units, except two such letters that directly follow each other:

    5G手機，由TSMC製造 -> " 5g 手机 由 tsmc 制造 "
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from operator import itemgetter
from zlib import crc32

import re2

from ..topics.normalization import to_simplified

INDEX_VERSION = "3"
"""Changes when the index's documents or tokens are made differently. The whole index is then built again."""
MAX_TEXT = 100_000
"""Characters of a text that are searchable. The longest of 4,470 real articles has 18,000. PostgreSQL stores at most
1 MB of tokens for a row."""
_BETWEEN = "\ue007"
"""Joins a word and the letter beside it in one token. No text has it (private use)."""
_SEPARATED = "\ue008"
"""The first character of a token that stands for two letters with a space between them."""
_SEPARATED_KINDS = 1 << 13
"""Different tokens for two such letters. Few texts have two that share one, and the index stays small: a token of its
own for each would be as long as the list of texts that have it."""
_MAX_VARIED = 2
"""Spaces of a phrase of which the index knows whether a text has them."""
MAX_TOKEN = 64
"""Characters of a word that the index knows. Longer words are found by their beginning and then compared whole."""

LETTERS = (
    "\u1100-\u11ff\u3005-\u3007\u3041-\u309f\u30a1-\u30fa\u30fc-\u31ff\u3400-\u9fff\ua960-\ua97f\uac00-\ud7ff"
    "\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff"  # Chinese, Japanese, Korean
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1a20-\u1aaf"  # Thai, Lao, Burmese, Khmer, Tai Tham
)
"""The letters that are units of their own, for a character class of a pattern."""
_RUN = re.compile(r"[^\W_]+")
_MARK = re2.compile(r"\p{M}")
_RUN_WITH_MARKS = re2.compile(r"[\p{L}\p{M}\p{N}]+")
"""Combining marks, which `\\w` does not match. Few languages need them, and re2 is ten times as slow here."""
_BORDER = re.compile(f"(?<=[{LETTERS}])(?=[^{LETTERS} ])|(?<=[^{LETTERS} ])(?=[{LETTERS}])")
_LETTER = re.compile(f"[{LETTERS}]")
_CHUNK = re.compile(f"[{LETTERS}]+|[^ ]+")
_SEPARATED_LETTERS = re.compile(f"(?<=[{LETTERS}]) (?=[{LETTERS}])")


def to_searchable(text: str) -> str:
    """Return the searchable form of a text, with a space before and after; empty when it has no letter or digit."""
    folded = to_simplified(unicodedata.normalize("NFKC", text[:MAX_TEXT]))
    runs = (_RUN_WITH_MARKS if _MARK.search(folded) else _RUN).findall(folded)
    line = _BORDER.sub(" ", " ".join(runs))
    return f" {line} " if line else ""


def make_tokens(searchable: str, *, for_query: bool = False) -> frozenset[str]:
    """The tokens of a searchable text: each word, each letter of its own, and each pair of adjacent letters, or of a
    letter and the word beside it, as in 10年 and 5G手机; and one for the kind of two letters that a space separates.

    `for_query` leaves out the letters and words that a pair contains: a text with the pair has them too.
    """
    tokens: set[str] = set()
    chunks = _CHUNK.findall(searchable)
    kinds = list(map(is_word, map(itemgetter(0), chunks)))
    for index, chunk in enumerate(chunks):
        follows_pair = index > 0 and kinds[index - 1] != kinds[index]
        begins_pair = index + 1 < len(chunks) and kinds[index + 1] != kinds[index]
        is_paired = for_query and (follows_pair or begins_pair)
        if kinds[index]:
            if not is_paired:
                tokens.add(chunk[:MAX_TOKEN])
            if follows_pair:
                tokens.add(f"{chunks[index - 1][-1]}{_BETWEEN}{chunk[:MAX_TOKEN]}")
            if begins_pair:
                tokens.add(f"{chunk[:MAX_TOKEN]}{_BETWEEN}{chunks[index + 1][0]}")
            continue
        tokens.update(map("".join, pairwise(chunk)))
        if index > 0 and not kinds[index - 1]:
            number = crc32(f"{chunks[index - 1][-1]}{chunk[0]}".encode()) % _SEPARATED_KINDS
            tokens.add(f"{_SEPARATED}{chr(0x4E00 + number)}")
        if not for_query or (len(chunk) == 1 and not is_paired):
            tokens.update(chunk)
    return frozenset(tokens)


def make_phrase_tokens(searchable: str) -> list[frozenset[str]]:
    """For each way in which a text may have this phrase, the tokens that it then has: see `compile_phrase`."""
    parts = _SEPARATED_LETTERS.split(searchable.strip())
    others = (make_tokens(part, for_query=True) for part in parts[_MAX_VARIED + 1 :])
    common = frozenset[str]().union(*others)
    return [make_tokens(way, for_query=True) | common for way in _vary(parts[: _MAX_VARIED + 1])]


def _vary(parts: list[str]) -> list[str]:
    """The parts of a phrase, joined with and without a space, in all combinations."""
    ways = parts[:1]
    for part in parts[1:]:
        ways = [f"{way}{joint}{part}" for way in ways for joint in ("", " ")]
    return ways


def is_word(character: str) -> bool:
    """Whether a character of a searchable text belongs to a word. Otherwise it is a unit of its own."""
    return not _LETTER.match(character)


def to_needles(searchable: str) -> list[str]:
    """A text has one of these exactly when `compile_phrase` finds this phrase in it. Empty when they would be many."""
    phrase = searchable.strip()
    parts = _SEPARATED_LETTERS.split(phrase)
    return [_with_borders(phrase, way) for way in _vary(parts)] if len(parts) <= _MAX_VARIED + 1 else []


def compile_phrase(searchable: str) -> re.Pattern[str]:
    """A pattern that finds these units, one after the other, in a searchable text. Words are found as whole words.

    A space that the phrase has between two letters may be missing in the text: "香 港" finds 香港. The opposite does
    not hold, so that 香港 does not find 闻香。港口.
    """
    phrase = searchable.strip()
    pattern = _SEPARATED_LETTERS.sub(" ?", re.escape(phrase).replace(r"\ ", " "))
    return re.compile(_with_borders(phrase, pattern))


def _with_borders(phrase: str, pattern: str) -> str:
    """The pattern of a phrase with a space at each end that is a word."""
    return (" " if is_word(phrase[0]) else "") + pattern + (" " if is_word(phrase[-1]) else "")
