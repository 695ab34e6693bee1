"""YAML text -> a frozen dataclass, or every mistake in it with file, line and key. Reads no file, no environment.

The dataclass is the schema: field names are the keys, defaults make a key optional, `Annotated[..., msgspec.Meta]`
bounds a value, a nested dataclass (alone, in a tuple, or as values of a dict) is a nested mapping.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from datetime import timedelta
from functools import cache, partial
from typing import Any, TypeVar

import msgspec
import yaml

from ..errors import ConfigError
from .error_messages import (
    KeyPath,
    describe_expected,
    describe_node,
    explain_braces,
    format_key_path,
    parse_duration,
    strip_annotation,
    suggest,
)

T = TypeVar("T")

KeyLines = dict[KeyPath, int]
"""The line of every key and item, by its path."""

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-((?:[^{}])*))?\}")
_NUMBER = re.compile(r"number (\d+)\b")
_TEXT = "tag:yaml.org,2002:str"
_NULL = "tag:yaml.org,2002:null"
_MAP = "tag:yaml.org,2002:map"


def parse_yaml(
    cls: type[T], text: str, file: str, environ: Mapping[str, str] | None = None, places: KeyLines | None = None
) -> T:
    """Make a `cls` from YAML, with `${NAME:-default}` taken from `environ`.

    Raises ConfigError with one line for every mistake: `file:line: key: what is wrong`.
    `places`, when given, is filled with the line of every key's path, for checks that come later.
    """
    reader = _Reader(file, environ or {}, {} if places is None else places)
    value = reader.mapping(cls, _composed(text, file), ())
    if reader.mistakes:
        raise ConfigError(*(line for _, line in sorted(reader.mistakes)))
    return typing.cast(T, value)


def _composed(text: str, file: str) -> yaml.Node:
    """The tree of a YAML text; of an empty one, an empty mapping."""
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        what = f"{error.problem or error.context}{explain_braces(text, line)}"
        raise ConfigError(f"{file}:{line}: not YAML: {what}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{file}:1: not YAML: {error}") from error
    return node or yaml.MappingNode(_MAP, [], yaml.Mark(file, 0, 0, 0, "", 0))


@dataclass(slots=True)
class _Reader:
    """Goes down a tree of YAML and the types it has to become. What is wrong becomes a mistake, and None."""

    file: str
    environ: Mapping[str, str]
    places: KeyLines
    mistakes: list[tuple[int, str]] = field(default_factory=list)
    """(line, what is said of it)."""
    seen: set[int] = field(default_factory=set)
    """Nodes by their `id`."""
    tags: yaml.SafeLoader = field(default_factory=partial(yaml.SafeLoader, ""))
    """What a value's tag means."""

    def mistake(self, node: yaml.Node, path: KeyPath, what: str) -> None:
        line, key = node.start_mark.line + 1, format_key_path(path)
        self.mistakes.append((line, f"{self.file}:{line}: {key + ': ' if key else ''}{what}"))

    def mapping(self, cls: type, node: yaml.Node, path: KeyPath) -> Any:
        """A dataclass from a mapping, unless anything in it was wrong: what is half read cannot be checked."""
        if not isinstance(node, yaml.MappingNode):
            self.mistake(node, path, f"a mapping is wanted here, not {describe_node(node)}")
            return None
        before = len(self.mistakes)
        values = self._keys(cls, node, path)
        if len(self.mistakes) > before:
            return None
        try:
            return cls(**values)
        except ValueError as error:  # raised by a __post_init__, whose text names the field
            self.mistake(*_blamed(node, path, str(error)))
            return None

    def _keys(self, cls: type, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        known, hints = {field.name: field for field in fields(cls)}, _hints(cls)
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            name = key.replace("-", "_") if key not in known else key
            place = self._placed(key_node, (*path, key))
            if name not in known:
                self.mistake(key_node, place, f"unknown key{suggest(key, known)}")
            elif name in values:
                self.mistake(key_node, place, "given twice")
            else:
                values[name] = self._value(hints[name], value_node, place)
        for name, schema in known.items():
            if name not in values and schema.default is MISSING and schema.default_factory is MISSING:
                self.mistake(node, (*path, name), "is missing and has no default")
        return values

    def _value(self, hint: Any, node: yaml.Node, path: KeyPath) -> Any:
        # An alias is the same node twice. Nothing in a configuration needs one, and nested they explode.
        if id(node) in self.seen:
            self.mistake(node, path, "anchors and aliases are not taken; write the value out")
            return None
        self.seen.add(id(node))
        hint = _meant(hint, node)
        cls = strip_annotation(hint)
        if isinstance(cls, type) and is_dataclass(cls):
            return self.mapping(cls, node, path)
        if typing.get_origin(cls) is tuple and isinstance(node, yaml.SequenceNode):
            return self._items(typing.get_args(cls)[0], node, path)
        if typing.get_origin(cls) is dict and isinstance(node, yaml.MappingNode):
            return self._table(typing.get_args(cls)[1], node, path)
        return self._leaf(hint, node, path)

    def _items(self, hint: Any, node: yaml.SequenceNode, path: KeyPath) -> tuple[Any, ...]:
        return tuple(
            self._value(hint, child, self._placed(child, (*path, index))) for index, child in enumerate(node.value)
        )

    def _table(self, hint: Any, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, child in node.value:
            key = str(key_node.value)
            place = self._placed(key_node, (*path, key))
            if key in found:
                self.mistake(key_node, place, "given twice")
            found[key] = self._value(hint, child, place)
        return found

    def _leaf(self, hint: Any, node: yaml.Node, path: KeyPath) -> Any:
        before = len(self.mistakes)
        value = self._plain(node, path)
        if len(self.mistakes) > before:
            return None
        try:
            return parse_duration(str(value)) if strip_annotation(hint) is timedelta else msgspec.convert(value, hint)
        except msgspec.ValidationError as error:
            self.mistake(node, path, describe_expected(hint, node, value) or str(error).split(" - at `$")[0])
        except ValueError as error:
            self.mistake(node, path, str(error))
        return None

    def _plain(self, node: yaml.Node, path: KeyPath) -> Any:
        """What a node says by itself, whatever type is wanted."""
        if isinstance(node, yaml.SequenceNode):
            return [self._plain(child, (*path, index)) for index, child in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return {str(key.value): self._plain(child, (*path, str(key.value))) for key, child in node.value}
        text, tag = node.value, node.tag
        if "${" in text:
            text = _VARIABLE.sub(lambda match: self._variable(match, node, path), text)
            if isinstance(node, yaml.ScalarNode) and not node.style:  # plain: 8000 is a number, "8000" is not
                tag = self.tags.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
        if tag == _TEXT:
            return text
        try:
            return self.tags.construct_object(yaml.ScalarNode(tag, text, node.start_mark, node.end_mark))
        except (yaml.YAMLError, ValueError) as error:
            self.mistake(node, path, f"cannot be read: {error}")
            return None

    def _variable(self, match: re.Match[str], node: yaml.Node, path: KeyPath) -> str:
        name, default = match.groups()
        value = self.environ.get(name) or default
        if value is None:
            what = f"the environment has no {name}, and no default stands here (${{{name}:-default}})"
            self.mistake(node, path, what)
            return ""
        return str(value)

    def _placed(self, node: yaml.Node, path: KeyPath) -> KeyPath:
        self.places[path] = node.start_mark.line + 1
        return path


@cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls, include_extras=True)


def _meant(hint: Any, node: yaml.Node) -> Any:
    """Which type of a union a node is meant for: None for null, otherwise the one that is nested as the node is."""
    union, single = strip_annotation(hint), isinstance(node, yaml.ScalarNode)
    if typing.get_origin(union) not in (types.UnionType, typing.Union):
        return hint
    options = typing.get_args(union)
    if single and node.tag == _NULL and types.NoneType in options:
        return types.NoneType
    options = tuple(option for option in options if option is not types.NoneType)
    fitting = [option for option in options if _is_nested(option) != single]
    if len(options) == 1 or len(fitting) == 1:
        return _meant((fitting or options)[0], node)
    return hint


def _is_nested(hint: Any) -> bool:
    return is_dataclass(hint) or typing.get_origin(hint) in (tuple, dict)


def _blamed(node: yaml.MappingNode, path: KeyPath, message: str) -> tuple[yaml.Node, KeyPath, str]:
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
