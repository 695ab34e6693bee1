"""YAML text -> a frozen dataclass, or every mistake in it with file, line and key. Reads no file, no environment.

The dataclass is the schema: field names are the keys, defaults make a key optional, `Annotated[..., msgspec.Meta]`
bounds a value, a nested dataclass (alone, in a tuple, or as values of a dict) is a nested mapping.
"""

from __future__ import annotations

import difflib
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from datetime import timedelta
from functools import cache, partial
from typing import Any, TypeVar

import msgspec
import yaml

from ..errors import ConfigError

T = TypeVar("T")

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-((?:[^{}])*))?\}")
_NUMBER = re.compile(r"number (\d+)\b")
_DURATION = re.compile(r"^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)$")
_TEXT = "tag:yaml.org,2002:str"
_LONGEST = 100 * 365.25 * 86400
"""What is reckoned back from now has to be a date."""
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclass(slots=True)
class _Reader:
    file: str
    environ: Mapping[str, str]
    mistakes: list[tuple[int, str]] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    tags: yaml.SafeLoader = field(default_factory=partial(yaml.SafeLoader, ""))
    """What a value's tag means."""

    def mistake(self, node: yaml.Node, key: str, what: str) -> None:
        line = node.start_mark.line + 1
        self.mistakes.append((line, f"{self.file}:{line}: {key + ': ' if key else ''}{what}"))


def read(
    cls: type[T],
    text: str,
    file: str,
    environ: Mapping[str, str] | None = None,
    places: dict[tuple[str | int, ...], int] | None = None,
) -> T:
    """Make a `cls` from YAML, with `${NAME:-default}` taken from `environ`.

    Raises ConfigError with one line for every mistake: `file:line: key: what is wrong`.
    `places`, when given, is filled with the line of every key's path, for checks that come later.
    """
    reader = _Reader(file, environ or {})
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ConfigError(f"{file}:{line}: not YAML: {error.problem or error.context}{_braces(text, line)}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{file}:1: not YAML: {error}") from error
    empty = yaml.MappingNode("tag:yaml.org,2002:map", [], yaml.Mark(file, 0, 0, 0, "", 0))
    value = _mapping(reader, cls, node or empty, (), places)
    if reader.mistakes:
        raise ConfigError(*(line for _, line in sorted(reader.mistakes)))
    return typing.cast(T, value)


def duration(text: str) -> timedelta:
    """`30s`, `15m`, `12h`, `7d`, `2w` as a time span. Raises ValueError."""
    match = _DURATION.match(text.strip())
    if not match:
        raise ValueError(f"{text!r} is no time span; write a number and one of ms s m h d w, such as 15m")
    seconds = float(match[1]) * _SECONDS[match[2]]
    if seconds > _LONGEST:
        raise ValueError(f"{text!r} is longer than a hundred years")
    return timedelta(seconds=seconds)


def nearest(word: str, known: typing.Iterable[str]) -> str:
    """`; did you mean 'x'?` for the nearest known word, or what is known."""
    known = sorted(known)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; known here: {', '.join(known)}"


def _mapping(reader: _Reader, cls: type, node: yaml.Node, path: tuple[str | int, ...], places: Any) -> Any:
    if not isinstance(node, yaml.MappingNode):
        reader.mistake(node, spell(path), f"a mapping is wanted here, not {_kind(node)}")
        return None
    known: dict[str, Field[Any]] = {f.name: f for f in fields(cls) if f.metadata.get("yaml", True)}
    hints = _hints(cls)
    values: dict[str, Any] = {}
    before = len(reader.mistakes)
    for key_node, value_node in node.value:
        key = str(key_node.value)
        name = key.replace("-", "_") if key not in known else key
        place = (*path, key)
        if places is not None:
            places[place] = key_node.start_mark.line + 1
        if name not in known:
            reader.mistake(key_node, spell(place), f"unknown key{nearest(key, known)}")
        elif name in values:
            reader.mistake(key_node, spell(place), "given twice")
        else:
            values[name] = _value(reader, hints[name], value_node, place, places)
    for name, wanted in known.items():
        if name not in values and wanted.default is MISSING and wanted.default_factory is MISSING:
            reader.mistake(node, spell((*path, name)), "is missing and has no default")
    if len(reader.mistakes) > before:
        return None
    try:
        return cls(**values)
    except ValueError as error:  # raised by a __post_init__, whose text names the field
        where, place, text = _blamed(node, path, str(error))
        reader.mistake(where, spell(place), text)
        return None


@cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls, include_extras=True)


def _blamed(
    node: yaml.MappingNode, path: tuple[str | int, ...], message: str
) -> tuple[yaml.Node, tuple[str | int, ...], str]:
    """The key that a message begins with, and the item if it goes on so (`words: number 2 is …`), or the mapping."""
    name, colon, text = message.partition(": ")
    head, *rest = name.split(".")
    for key_node, value_node in node.value:
        if colon and str(key_node.value).replace("-", "_") == head:
            number = _NUMBER.match(text)
            items = value_node.value if number and isinstance(value_node, yaml.SequenceNode) else []
            where = items[int(number[1]) - 1] if number and len(items) >= int(number[1]) else key_node
            return where, (*path, str(key_node.value), *rest), text
    return node, path, message


def _value(reader: _Reader, hint: Any, node: yaml.Node, path: tuple[str | int, ...], places: Any) -> Any:
    # An alias is the same node twice. Nothing in a configuration needs one, and nested they explode.
    if id(node) in reader.seen:
        reader.mistake(node, spell(path), "anchors and aliases are not taken; write the value out")
        return None
    reader.seen.add(id(node))
    bare = typing.get_args(hint)[0] if typing.get_origin(hint) is typing.Annotated else hint
    origin = typing.get_origin(bare)
    if origin in (types.UnionType, typing.Union):
        options = [o for o in typing.get_args(bare) if o is not type(None)]
        if (
            isinstance(node, yaml.ScalarNode)
            and node.tag == "tag:yaml.org,2002:null"
            and len(options) < len(typing.get_args(bare))
        ):
            return None
        nested = [o for o in options if _is_nested(o) == (not isinstance(node, yaml.ScalarNode))]
        if len(options) == 1 or len(nested) == 1:
            reader.seen.discard(id(node))
            return _value(reader, (nested or options)[0], node, path, places)
    if is_dataclass(bare) and isinstance(bare, type):
        return _mapping(reader, bare, node, path, places)
    if origin is tuple and isinstance(node, yaml.SequenceNode):
        item = typing.get_args(bare)[0]
        items = []
        for index, child in enumerate(node.value):
            if places is not None:
                places[(*path, index)] = child.start_mark.line + 1
            items.append(_value(reader, item, child, (*path, index), places))
        return tuple(items)
    if origin is dict and isinstance(node, yaml.MappingNode):
        item = typing.get_args(bare)[1]
        found: dict[str, Any] = {}
        for key_node, child in node.value:
            key = str(key_node.value)
            if places is not None:
                places[(*path, key)] = key_node.start_mark.line + 1
            if key in found:
                reader.mistake(key_node, spell((*path, key)), "given twice")
            found[key] = _value(reader, item, child, (*path, key), places)
        return found
    return _leaf(reader, hint, bare, node, path)


def _leaf(reader: _Reader, hint: Any, bare: Any, node: yaml.Node, path: tuple[str | int, ...]) -> Any:
    before = len(reader.mistakes)
    value = _plain(reader, node, path)
    if len(reader.mistakes) > before:
        return None
    try:
        if bare is timedelta:
            return duration(value if isinstance(value, str) else str(value))
        return msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        reader.mistake(node, spell(path), _wanted(hint, bare, node, value) or str(error).split(" - at `$")[0])
    except ValueError as error:
        reader.mistake(node, spell(path), str(error))
    return None


def _wanted(hint: Any, bare: Any, node: yaml.Node, value: Any) -> str:
    """What would do in the place of a value that will not, in words; nothing where there are none for it."""
    choices = [choice for option in (bare, *typing.get_args(bare)) for choice in _choices(option)]
    if choices and isinstance(node, yaml.ScalarNode):
        return f"{value!r} is not known here{nearest(str(value), choices)}"
    if typing.get_origin(bare) is tuple:
        example = f"; write [{node.value}]" if isinstance(node, yaml.ScalarNode) else ""
        return f"a list is wanted here, not {_kind(node)}{example}"
    if not isinstance(node, yaml.ScalarNode) or bare not in _WORDS:
        return ""
    if bare is int and type(value) is int:
        return _bounds(hint, value)
    quoted = f'; write "{node.value}"' if bare is str else ""
    return f"{_WORDS[bare]} is wanted here, not {node.value if bare is str else repr(value)}{quoted}"


_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def _choices(hint: Any) -> tuple[str, ...]:
    return typing.get_args(hint) if typing.get_origin(hint) is typing.Literal else ()


def _bounds(hint: Any, value: int) -> str:
    for meta in typing.get_args(hint)[1:]:
        if meta.ge is not None and value < meta.ge:
            return f"{value} is too small; write {meta.ge} or more"
        if meta.le is not None and value > meta.le:
            return f"{value} is too large; write {meta.le} or less"
    return ""


def _braces(text: str, line: int) -> str:
    """What most often is wrong with a line: the braces of a variable within those of YAML."""
    lines = text.splitlines()
    there = lines[line - 1] if 0 < line <= len(lines) else ""
    return "; within {…} and […] write '${NAME}', in quotes" if "${" in there else ""


def _plain(reader: _Reader, node: yaml.Node, path: tuple[str | int, ...]) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [_plain(reader, child, (*path, i)) for i, child in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return {str(k.value): _plain(reader, v, (*path, str(k.value))) for k, v in node.value}
    text, tag = node.value, node.tag
    if "${" in text:
        text = _VARIABLE.sub(lambda m: _variable(reader, m, node, path), text)
        if isinstance(node, yaml.ScalarNode) and not node.style:  # plain: 8000 is a number, "8000" is not
            tag = reader.tags.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    if tag == _TEXT:
        return text
    try:
        return reader.tags.construct_object(yaml.ScalarNode(tag, text, node.start_mark, node.end_mark))
    except (yaml.YAMLError, ValueError) as error:
        reader.mistake(node, spell(path), f"cannot be read: {error}")
        return None


def _variable(reader: _Reader, match: re.Match[str], node: yaml.Node, path: tuple[str | int, ...]) -> str:
    value = reader.environ.get(match[1]) or match[2]
    if value is None:
        reader.mistake(
            node,
            spell(path),
            f"the environment has no {match[1]}, and no default stands here (${{{match[1]}:-default}})",
        )
        return ""
    return value


def _is_nested(hint: Any) -> bool:
    return is_dataclass(hint) or typing.get_origin(hint) in (tuple, dict)


def _kind(node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        return "a single value" if node.value else "nothing"
    return "a list" if isinstance(node, yaml.SequenceNode) else "a mapping"


def spell(path: tuple[str | int, ...]) -> str:
    """A key's path as people write it: `topics[0].words[3]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
