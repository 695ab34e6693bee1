"""YAML text -> frozen dataclasses, or all errors in it with file, line and key. Reads no files and no environment.

The dataclass is the schema: field names are the keys, a default makes a key optional, `Annotated[..., msgspec.Meta]`
limits a value, and a nested dataclass (as a field, in a tuple, or as the values of a dict) is a nested mapping.
"""

from __future__ import annotations

import difflib
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from datetime import timedelta
from functools import cache, partial
from typing import Any, TypeVar

import msgspec
import yaml

from ..errors import ConfigError
from ..model import FeedPath

T = TypeVar("T")

KeyPath = tuple[str | int, ...]
"""The path of a key from the top of the file: ("topics", 0, "words", 3)."""

KeyLines = dict[KeyPath, int]
"""The line of every key and item, by its path."""

Bases = Mapping[type, Mapping[str, Any]]
"""Dataclass -> id -> an instance. A mapping with that `id` only has to contain the keys that differ from it."""

_RENAMED_KEYS = {
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
"""Keys of earlier versions -> their present names. A former key is an error that names the present key."""

_DURATION = re.compile(r"^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)$")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_MAX_SECONDS = 100 * 365.25 * 86400
"""The longest time span. A span is subtracted from the current time, and the result must be a valid date."""

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-((?:[^{}])*))?\}")
_KEY_PATH = re.compile(r"[a-z_]+(?:\[\d+\]|\.\w+)*")
_TEXT_TAG = "tag:yaml.org,2002:str"
_NULL_TAG = "tag:yaml.org,2002:null"
_MAP_TAG = "tag:yaml.org,2002:map"
_TYPE_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def format_key_path(path: KeyPath) -> str:
    """Format a key's path for messages: `topics[0].words[3]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _parse_duration(text: str) -> timedelta:
    """Parse a time span: `30s`, `15m`, `12h`, `7d`, `2w`. Raises ValueError."""
    match = _DURATION.match(text.strip())
    if not match:
        raise ValueError(f"invalid time span {text!r}: write a number and one of ms s m h d w, such as 15m")
    seconds = float(match[1]) * _SECONDS[match[2]]
    if seconds > _MAX_SECONDS:
        raise ValueError(f"must be at most a hundred years, got {text!r}")
    return timedelta(seconds=seconds)


def suggest(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the nearest known word, else a list of the known words, if there are any."""
    known = sorted(known)
    if not known:
        return ""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(known)}"


_TEXT_PARSERS: dict[Any, Callable[[str], Any]] = {timedelta: _parse_duration, FeedPath: FeedPath.parse}
"""Types with a special text form -> the function that parses it. The functions raise ValueError."""


class YamlDocument:
    """One YAML text and the line of every key in it. Raises ConfigError for invalid YAML."""

    def __init__(self, text: str, file: str, environ: Mapping[str, str] | None = None) -> None:
        """`environ` fills in `${NAME:-default}`."""
        self.file = file
        self.lines: KeyLines = {}
        """Filled by `load` and `peek`."""
        self._environ = environ or {}
        try:
            node = yaml.compose(text, Loader=yaml.CSafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            number = mark.line if mark else 0
            what = f"{file}:{number + 1}: not YAML: {error.problem or error.context}"
            # The usual cause is a variable, whose braces are part of YAML's syntax inside {…} and […].
            if "${" in "".join(text.splitlines()[number : number + 1]):
                what += "; within {…} and […] write '${NAME}', in quotes"
            raise ConfigError(what) from error
        except yaml.YAMLError as error:
            raise ConfigError(f"{file}:1: not YAML: {error}") from error
        # An empty text is an empty mapping.
        self._root = node or yaml.MappingNode(_MAP_TAG, [], yaml.Mark(file, 0, 0, 0, "", 0))

    def load(self, cls: type[T], bases: Bases | None = None) -> T:
        """Decode the text as `cls`. Raises ConfigError with a line for each error: `file:line: key: what to write`."""
        decoder = _Decoder(self.file, self._environ, self.lines, bases or {})
        value = decoder.decode_mapping(cls, self._root, ())
        if decoder.errors:
            raise ConfigError(*(message for _, message in sorted(decoder.errors)))
        return typing.cast(T, value)

    def peek(self, key: str, hint: Any, default: Any) -> Any:
        """Decode one top-level key before the others. Returns the default when the key is missing or invalid."""
        for key_node, value_node in self._root.value if isinstance(self._root, yaml.MappingNode) else ():
            if key_node.value == key:
                decoder = _Decoder(self.file, self._environ, self.lines, {})
                value = decoder.decode(hint, value_node, (key,))
                return default if decoder.errors else value
        return default


@dataclass(slots=True)
class _Decoder:
    """Decodes a YAML tree by type hints. A wrong value is recorded as an error and decoded as None."""

    file: str
    environ: Mapping[str, str]
    lines: KeyLines
    bases: Bases
    errors: list[tuple[int, str]] = field(default_factory=list)
    """(line, message)."""
    seen: set[int] = field(default_factory=set)
    """The Python `id` of every decoded node."""
    tags: yaml.SafeLoader = field(default_factory=partial(yaml.SafeLoader, ""))
    """Resolves the YAML tags of scalars and constructs their values."""

    def add_error(self, node: yaml.Node, path: KeyPath, what: str) -> None:
        line, key = node.start_mark.line + 1, format_key_path(path)
        self.errors.append((line, f"{self.file}:{line}: {key + ': ' if key else ''}{what}"))

    def decode_mapping(self, cls: type, node: yaml.Node, path: KeyPath) -> Any:
        """Make a dataclass from a mapping. All values must be valid, because `__post_init__` may check several."""
        if not isinstance(node, yaml.MappingNode):
            self.add_error(node, path, f"must be a mapping, got {_describe_node(node)}")
            return None
        before = len(self.errors)
        values = self._decode_fields(cls, node, path)
        if len(self.errors) > before:
            return None
        base = self.bases.get(cls, {}).get(values.get("id", ""))
        try:
            return cls(**values) if base is None else replace(base, **values)
        except ValueError as error:  # raised by a __post_init__, whose text begins with the field's name
            self.add_error(*_locate_error(node, path, str(error)))
            return None

    def _decode_fields(self, cls: type, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        known, hints = {field.name: field for field in fields(cls)}, _get_hints(cls)
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            name = key.replace("-", "_") if key not in known else key
            key_path = self._record_line(key_node, (*path, name if name in known else key))
            if name in values:
                self.add_error(key_node, key_path, "given twice")
            elif name in known:
                values[name] = self.decode(hints[name], value_node, key_path)
            elif _RENAMED_KEYS.get(key) in known:
                self.add_error(key_node, key_path, f"renamed; write {_RENAMED_KEYS[key]} instead")
            else:
                self.add_error(key_node, key_path, f"unknown key{suggest(key, known)}")
        for name, schema in known.items():
            if name not in values and schema.default is MISSING and schema.default_factory is MISSING:
                self.add_error(node, (*path, name), "missing, and has no default")
        return values

    def decode(self, hint: Any, node: yaml.Node, path: KeyPath) -> Any:
        """Decode any value by its type hint."""
        # An alias is a node that occurs twice. No configuration needs it, and nested aliases grow exponentially.
        if id(node) in self.seen:
            self.add_error(node, path, "anchors and aliases are not supported; write the value out")
            return None
        self.seen.add(id(node))
        hint = _choose_option(hint, node)
        cls = _strip_annotation(hint)
        if isinstance(cls, type) and is_dataclass(cls) and cls not in _TEXT_PARSERS:
            return self.decode_mapping(cls, node, path)
        if typing.get_origin(cls) is tuple and isinstance(node, yaml.SequenceNode):
            item = typing.get_args(cls)[0]
            return tuple(
                self.decode(item, child, self._record_line(child, (*path, index)))
                for index, child in enumerate(node.value)
            )
        if typing.get_origin(cls) is dict and isinstance(node, yaml.MappingNode):
            return self._decode_dict(typing.get_args(cls)[1], node, path)
        return self._decode_scalar(hint, node, path)

    def _decode_dict(self, hint: Any, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, child in node.value:
            key = str(key_node.value)
            key_path = self._record_line(key_node, (*path, key))
            if key in values:
                self.add_error(key_node, key_path, "given twice")
            values[key] = self.decode(hint, child, key_path)
        return values

    def _decode_scalar(self, hint: Any, node: yaml.Node, path: KeyPath) -> Any:
        before = len(self.errors)
        value = self._construct(node, path)
        if len(self.errors) > before:
            return None
        parse = _TEXT_PARSERS.get(_strip_annotation(hint))
        try:
            return parse(str(value)) if parse else msgspec.convert(value, hint)
        except msgspec.ValidationError as error:
            self.add_error(node, path, _describe_expected(hint, node, value) or str(error).split(" - at `$")[0])
        except ValueError as error:
            self.add_error(node, path, str(error))
        return None

    def _construct(self, node: yaml.Node, path: KeyPath) -> Any:
        """Return the value of a node in YAML, independent of its type in the schema."""
        if isinstance(node, yaml.SequenceNode):
            return [self._construct(child, (*path, index)) for index, child in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return {str(key.value): self._construct(child, (*path, str(key.value))) for key, child in node.value}
        text, tag = node.value, node.tag
        if "${" in text:
            text = _VARIABLE.sub(lambda match: self._expand_variable(match, node, path), text)
            if isinstance(node, yaml.ScalarNode) and not node.style:  # plain: 8000 is a number, "8000" is not
                tag = self.tags.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
        if tag == _TEXT_TAG:
            return text
        try:
            return self.tags.construct_object(yaml.ScalarNode(tag, text, node.start_mark, node.end_mark))
        except (yaml.YAMLError, ValueError) as error:
            self.add_error(node, path, f"cannot be read: {error}")
            return None

    def _expand_variable(self, match: re.Match[str], node: yaml.Node, path: KeyPath) -> str:
        name, default = match.groups()
        value = self.environ.get(name) or default
        if value is None:
            what = f"{name} is not set in the environment, and has no default (${{{name}:-default}})"
            self.add_error(node, path, what)
            return ""
        return str(value)

    def _record_line(self, node: yaml.Node, path: KeyPath) -> KeyPath:
        self.lines[path] = node.start_mark.line + 1
        return path


@cache
def _get_hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls, include_extras=True)


def _choose_option(hint: Any, node: yaml.Node) -> Any:
    """Choose the type of a union for a node: None for null, a nested type for a mapping or list, else a scalar type."""
    union, is_scalar = _strip_annotation(hint), isinstance(node, yaml.ScalarNode)
    if typing.get_origin(union) not in (types.UnionType, typing.Union):
        return hint
    options = typing.get_args(union)
    if is_scalar and node.tag == _NULL_TAG and types.NoneType in options:
        return types.NoneType
    options = tuple(option for option in options if option is not types.NoneType)
    fitting = [
        option
        for option in options
        if (is_dataclass(option) or typing.get_origin(option) in (tuple, dict)) != is_scalar
    ]
    if len(options) == 1 or len(fitting) == 1:
        return _choose_option((fitting or options)[0], node)
    return hint


def _describe_expected(hint: Any, node: yaml.Node, value: Any) -> str:
    """Describe what the schema expects instead of a node's value; empty when msgspec's own message is best."""
    cls = _strip_annotation(hint)
    choices: list[str] = []
    for option in (cls, *typing.get_args(cls)):
        choices += typing.get_args(option) if typing.get_origin(option) is typing.Literal else ()
    if choices and isinstance(node, yaml.ScalarNode):
        return f"unknown value {value!r}{suggest(str(value), choices)}"
    if typing.get_origin(cls) is tuple:
        example = f"; write [{node.value}]" if isinstance(node, yaml.ScalarNode) else ""
        return f"must be a list, got {_describe_node(node)}{example}"
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


def _strip_annotation(hint: Any) -> Any:
    """Return a type without its annotations."""
    return typing.get_args(hint)[0] if typing.get_origin(hint) is typing.Annotated else hint


def _describe_node(node: yaml.Node) -> str:
    """Return the kind of a YAML node in plain words."""
    if isinstance(node, yaml.ScalarNode):
        return "a single value" if node.value else "nothing"
    return "a list" if isinstance(node, yaml.SequenceNode) else "a mapping"


def _locate_error(node: yaml.MappingNode, path: KeyPath, message: str) -> tuple[yaml.Node, KeyPath, str]:
    """Find the node of the key that a message begins with (`words[1]: …`, `weight.body: …`).

    Returns the node, the key's path and the message without the key. When the YAML has only a part of the path, the
    node is the last one found.
    """
    prefix, _, text = message.partition(": ")
    keys = [int(key) if key.isdecimal() else key for key in re.findall(r"\w+", prefix)]
    if not _KEY_PATH.fullmatch(prefix) or not any(_get_name(key_node) == keys[0] for key_node, _ in node.value):
        return node, path, message
    located: yaml.Node = node
    value: yaml.Node = node
    for key in keys:
        if isinstance(value, yaml.SequenceNode) and isinstance(key, int) and key < len(value.value):
            located = value = value.value[key]
        elif isinstance(value, yaml.MappingNode):
            pairs = enumerate(value.value)
            pair = next((pair for index, pair in pairs if key in (index, _get_name(pair[0]))), None)
            if pair is None:
                break
            located, value = pair
    return located, (*path, *keys), text


def _get_name(key_node: yaml.Node) -> str:
    return str(key_node.value).replace("-", "_")
