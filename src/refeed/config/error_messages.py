"""How people write what a configuration holds: the path of a key, a time span, a word nearly right. Pure."""

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

_DURATION = re.compile(r"^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)$")
_LONGEST = 100 * 365.25 * 86400
"""Seconds; what is reckoned back from now has to be a date."""
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


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
        raise ValueError(f"{text!r} is no time span; write a number and one of ms s m h d w, such as 15m")
    seconds = float(match[1]) * _SECONDS[match[2]]
    if seconds > _LONGEST:
        raise ValueError(f"{text!r} is longer than a hundred years")
    return timedelta(seconds=seconds)


def suggest(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the nearest known word, or what is known."""
    known = sorted(known)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; known here: {', '.join(known)}"


# What is wanted in the place of a value that will not do, in words. Pure.

_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def describe_expected(hint: Any, node: yaml.Node, value: Any) -> str:
    """What would do instead of this value of a node; nothing where there are no words for it."""
    cls = strip_annotation(hint)
    choices = [choice for option in (cls, *typing.get_args(cls)) for choice in _choices(option)]
    if choices and isinstance(node, yaml.ScalarNode):
        return f"{value!r} is not known here{suggest(str(value), choices)}"
    if typing.get_origin(cls) is tuple:
        example = f"; write [{node.value}]" if isinstance(node, yaml.ScalarNode) else ""
        return f"a list is wanted here, not {describe_node(node)}{example}"
    if not isinstance(node, yaml.ScalarNode) or cls not in _WORDS:
        return ""
    if cls is int and type(value) is int:
        return _out_of_bounds(hint, value)
    quoted = f'; write "{node.value}"' if cls is str else ""
    return f"{_WORDS[cls]} is wanted here, not {node.value if cls is str else repr(value)}{quoted}"


def strip_annotation(hint: Any) -> Any:
    """A type without the bounds that it is annotated with."""
    return typing.get_args(hint)[0] if typing.get_origin(hint) is typing.Annotated else hint


def describe_node(node: yaml.Node) -> str:
    """What people call what stands there."""
    if isinstance(node, yaml.ScalarNode):
        return "a single value" if node.value else "nothing"
    return "a list" if isinstance(node, yaml.SequenceNode) else "a mapping"


def explain_braces(text: str, line: int) -> str:
    """What most often is wrong with a line that is not YAML: the braces of a variable within those of YAML."""
    lines = text.splitlines()
    there = lines[line - 1] if 0 < line <= len(lines) else ""
    return "; within {…} and […] write '${NAME}', in quotes" if "${" in there else ""


def _choices(hint: Any) -> tuple[str, ...]:
    return typing.get_args(hint) if typing.get_origin(hint) is typing.Literal else ()


def _out_of_bounds(hint: Any, value: int) -> str:
    for meta in typing.get_args(hint)[1:]:
        if meta.ge is not None and value < meta.ge:
            return f"{value} is too small; write {meta.ge} or more"
        if meta.le is not None and value > meta.le:
            return f"{value} is too large; write {meta.le} or less"
    return ""
