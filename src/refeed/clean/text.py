"""Plain text: invisible characters, white space, names, sentences. Pure."""

from __future__ import annotations

import re

from lxml import etree

from ..xml_chars import xml_safe

_INVISIBLE = re.compile(
    "(\U0001f3f4[\U000e0020-\U000e007e]{1,12}\U000e007f)|"  # a flag, of which the tags are a part
    "[\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
    # Joiners have a meaning between Arabic or Indic letters and in emoji only.
    "|(?<![\u0600-\u0dff\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])[\u200c\u200d]"
)
"""Characters without a meaning in a sentence: controls, zero-width characters, bidi overrides."""

# _INVISIBLE and ILLEGAL_XML_CHARS in one character class. The search is eight times as fast, and rarely matches.
_SUSPECT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)

_INLINE = frozenset({"a", "b", "strong", "i", "em", "u", "s", "sub", "sup", "mark", "code", "q", "cite"})
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]")
_LETTERS = re.compile(r"[^\W_]+")
"""The characters for which `str.isalnum` is true."""
_SENTENCE_END = re.compile(r"[。！？!?…](?:[”’」』）)\]\"']*)|(?<=[a-z0-9)”\"])\.(?=\s|$)[”\"']?")


def strip_invisible(text: str) -> str:
    """Remove invisible characters, and replace characters that XML cannot contain with U+FFFD."""
    if _SUSPECT.search(text) is None:
        return text
    return xml_safe(_INVISIBLE.sub(r"\1", text))


def collapse_whitespace(text: str) -> str:
    """Replace each run of white space with one space, and strip the ends."""
    return " ".join(text.split())


def normalize_line(text: str) -> str:
    """Return one line of plain text, with white space collapsed and without invisible characters."""
    return collapse_whitespace(strip_invisible(text))


def display_width(text: str) -> int:
    """Return the width of a text in columns: a Chinese or Japanese character takes two."""
    return len(text) + len(_WIDE.findall(text))


def only_letters(text: str) -> str:
    """Return the letters and digits of a text in lower case: two names are equal when these are."""
    return "".join(_LETTERS.findall(text)).casefold()


def cut_at_sentence(text: str, limit: int) -> str:
    """Return the first sentences, up to `limit` characters. A longer first one is cut at a comma, with an ellipsis."""
    if len(text) <= limit:
        return text
    ends = [match.end() for match in _SENTENCE_END.finditer(text, 0, limit + 1) if match.end() <= limit]
    if ends and ends[-1] >= limit // 4:
        return text[: ends[-1]].strip()
    cut = max(text.rfind(mark, limit // 2, limit) for mark in "，,；;、 ")
    return text[: cut if cut > 0 else limit - 1].rstrip("，,；;、： ") + "…"


def visible_text(html: str) -> str:
    """The visible text of an entry's HTML, captions included, with one line for each block."""
    root = etree.HTML(html) if html.strip() else None
    if root is None:
        return ""
    pieces: list[str] = []
    for event, node in etree.iterwalk(root, events=("start", "end")):
        if event == "start":
            pieces.append(node.text or "")
        else:
            pieces.append(("" if node.tag in _INLINE else "\n") + (node.tail or ""))
    return "\n".join(stripped for line in "".join(pieces).split("\n") if (stripped := line.strip()))
