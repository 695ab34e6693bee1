"""What is wanted in the place of a value that will not do, in words. Pure."""

from __future__ import annotations

import typing
from typing import Any

import yaml

from .spelling import nearest

_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def wanted(hint: Any, node: yaml.Node, value: Any) -> str:
    """What would do instead of this value of a node; nothing where there are no words for it."""
    cls = bare(hint)
    choices = [choice for option in (cls, *typing.get_args(cls)) for choice in _choices(option)]
    if choices and isinstance(node, yaml.ScalarNode):
        return f"{value!r} is not known here{nearest(str(value), choices)}"
    if typing.get_origin(cls) is tuple:
        example = f"; write [{node.value}]" if isinstance(node, yaml.ScalarNode) else ""
        return f"a list is wanted here, not {kind(node)}{example}"
    if not isinstance(node, yaml.ScalarNode) or cls not in _WORDS:
        return ""
    if cls is int and type(value) is int:
        return _out_of_bounds(hint, value)
    quoted = f'; write "{node.value}"' if cls is str else ""
    return f"{_WORDS[cls]} is wanted here, not {node.value if cls is str else repr(value)}{quoted}"


def bare(hint: Any) -> Any:
    """A type without the bounds that it is annotated with."""
    return typing.get_args(hint)[0] if typing.get_origin(hint) is typing.Annotated else hint


def kind(node: yaml.Node) -> str:
    """What people call what stands there."""
    if isinstance(node, yaml.ScalarNode):
        return "a single value" if node.value else "nothing"
    return "a list" if isinstance(node, yaml.SequenceNode) else "a mapping"


def in_braces(text: str, line: int) -> str:
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
