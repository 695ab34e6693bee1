"""Plain text: invisible characters, white space, language, sentences. Pure."""

from __future__ import annotations

import re

from lxml import etree

from ..xml_chars import xml_safe

_INVISIBLE = re.compile(
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
_HAN = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_SCRIPTS = (
    ("ko", re.compile("[\uac00-\ud7af\u1100-\u11ff]")),
    ("ru", re.compile("[\u0400-\u052f]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("hi", re.compile("[\u0900-\u097f]")),
)
# The most common characters that differ between the two scripts, in the same order. One str.count for each is the
# fastest way to count them.
_SIMPLIFIED = "这国说们来为时会对个发经过还没后进问现间长当从体关开动实"
_TRADITIONAL = "這國說們來為時會對個發經過還沒後進問現間長當從體關開動實"
_COMMON_WORDS = (
    ("en", ("the", "and", "of", "to", "is", "in", "that", "for")),
    ("de", ("der", "die", "und", "das", "ist", "nicht", "von", "ein")),
    ("fr", ("le", "les", "des", "et", "est", "une", "dans", "que")),
    ("es", ("el", "los", "las", "una", "por", "con", "que", "del")),
    ("pt", ("os", "uma", "não", "para", "com", "que", "dos", "em")),
    ("it", ("il", "di", "che", "non", "una", "della", "per", "sono")),
    ("vi", ("và", "của", "là", "không", "được", "các", "một", "những")),
)
_WORD = re.compile(r"[^\W\d_]+")
_SENTENCE_END = re.compile(r"[。！？!?…](?:[”’」』）)\]\"']*)|(?<=[a-z0-9)”\"])\.(?=\s|$)[”\"']?")


def strip_invisible(text: str) -> str:
    """Remove invisible characters, and replace characters that XML cannot contain with U+FFFD."""
    if _SUSPECT.search(text) is None:
        return text
    return xml_safe(_INVISIBLE.sub("", text))


def collapse_whitespace(text: str) -> str:
    """Replace each run of white space with one space, and strip the ends."""
    return " ".join(text.split())


def normalize_line(text: str) -> str:
    """Return one line of plain text, with white space collapsed and without invisible characters."""
    return collapse_whitespace(strip_invisible(text))


def detect_language(text: str, default: str) -> str:
    """Return the language (BCP 47), judged by script, common words and Chinese character variants; else `default`."""
    sample = text[:800]
    simplified = sum(map(sample.count, _SIMPLIFIED))
    traditional = sum(map(sample.count, _TRADITIONAL))
    if simplified + traditional > len(sample) // 50 and not _KANA.search(sample):
        return _detect_chinese(simplified, traditional, default)
    letters = len(sample) - sample.count(" ")
    for language, pattern in _SCRIPTS:
        if len(pattern.findall(sample)) * 4 > letters:
            return default if default.startswith(language) else language
    if len(_HAN.findall(sample)) * 4 > letters:
        return "ja" if len(_KANA.findall(sample)) > 3 else _detect_chinese(simplified, traditional, default)
    return _detect_latin(sample, default)


def _detect_chinese(simplified: int, traditional: int, default: str) -> str:
    if simplified == traditional:
        return default if default.startswith("zh") else "zh-Hans"
    return "zh-Hant" if traditional > simplified else "zh-Hans"


def _detect_latin(sample: str, default: str) -> str:
    words = [word.lower() for word in _WORD.findall(sample)]
    if not words:
        return default or "und"
    votes = {language: sum(map(words.count, common)) for language, common in _COMMON_WORDS}
    best = max(votes, key=lambda language: votes[language])
    if votes[best] * 12 < len(words) or len(words) < 5:
        return default or "und"
    return default if default.startswith(best) else best


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
