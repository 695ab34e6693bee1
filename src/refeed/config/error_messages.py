"""What is wrong in a configuration -> the words for it: key paths, time spans, near misses, expected types. Pure."""

from __future__ import annotations

import difflib
import re
import typing
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import yaml

KeyPath = tuple[str | int, ...]
"""A key from the top of the file: ("topics", 0, "words", 3)."""

RENAMED_KEYS = {
    "cut": "trim_end",
    "digests": "digest_pages",
    "hints": "weak_words",
    "key": "id_pattern",
    "lines": "line_rules",
    "related": "drop_related",
    "reseed": "restore_from",
    "take": "extract",
    "titles": "strip_title",
    "views": "filtered_feeds",
    "was": "aliases",
    "without": "exclude",
}
"""Keys of earlier versions and their present names: an old file is refused with the word to write."""

_DURATION = re.compile(r"^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)$")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_MAX_SECONDS = 100 * 365.25 * 86400
"""A span is subtracted from the current time, and the result has to be a date."""

_TYPE_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def format_key_path(path: KeyPath) -> str:
    """A key's path as people write it: `topics[0].words[3]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def parse_duration(text: str) -> timedelta:
    """`30s`, `15m`, `12h`, `7d`, `2w` as a time span. Raises ValueError."""
    match = _DURATION.match(text.strip())
    if not match:
        raise ValueError(f"invalid time span {text!r}: write a number and one of ms s m h d w, such as 15m")
    seconds = float(match[1]) * _SECONDS[match[2]]
    if seconds > _MAX_SECONDS:
        raise ValueError(f"must be at most a hundred years, got {text!r}")
    return timedelta(seconds=seconds)


def suggest(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the nearest known word, else a list of the known ones, if there are any."""
    known = sorted(known)
    if not known:
        return ""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(known)}"


def describe_expected(hint: Any, node: yaml.Node, value: Any) -> str:
    """What the schema expects instead of a node's value; empty where msgspec's own message is the best."""
    cls = strip_annotation(hint)
    choices: list[str] = []
    for option in (cls, *typing.get_args(cls)):
        choices += typing.get_args(option) if typing.get_origin(option) is typing.Literal else ()
    if choices and isinstance(node, yaml.ScalarNode):
        return f"unknown value {value!r}{suggest(str(value), choices)}"
    if typing.get_origin(cls) is tuple:
        example = f"; write [{node.value}]" if isinstance(node, yaml.ScalarNode) else ""
        return f"must be a list, got {describe_node(node)}{example}"
    if not isinstance(node, yaml.ScalarNode) or cls not in _TYPE_NAMES:
        return ""
    if cls is int and type(value) is int:
        for meta in typing.get_args(hint)[1:]:
            if meta.ge is not None and value < meta.ge:
                return f"must be {meta.ge} or more, got {value}"
            if meta.le is not None and value > meta.le:
                return f"must be {meta.le} or less, got {value}"
        return ""
    quoted = f'; write "{node.value}"' if cls is str else ""
    return f"must be {_TYPE_NAMES[cls]}, got {node.value if cls is str else repr(value)}{quoted}"


def strip_annotation(hint: Any) -> Any:
    """A type without the bounds that it is annotated with."""
    return typing.get_args(hint)[0] if typing.get_origin(hint) is typing.Annotated else hint


def describe_node(node: yaml.Node) -> str:
    """The kind of a YAML node in plain words."""
    if isinstance(node, yaml.ScalarNode):
        return "a single value" if node.value else "nothing"
    return "a list" if isinstance(node, yaml.SequenceNode) else "a mapping"


def explain_braces(text: str, line: int) -> str:
    """The usual cause of a line that is not YAML: the braces of a variable inside those of YAML."""
    lines = text.splitlines()
    found = lines[line - 1] if 0 < line <= len(lines) else ""
    return "; within {…} and […] write '${NAME}', in quotes" if "${" in found else ""
