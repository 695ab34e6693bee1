"""YAML text -> plain data and the line of every key -> a dataclass, or all errors with file, line and key."""

from __future__ import annotations

import re
import typing
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

import yaml

from ..errors import ConfigError
from .validation import DataError, KeyPath, format_key_path, most_specific, suggest, validate

T = TypeVar("T")

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

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-((?:[^{}])*))?\}")
_TEXT_TAG = "tag:yaml.org,2002:str"


class YamlDocument(Generic[T]):
    """A YAML text as plain data. Keys that the schema, a dataclass, does not have are errors, which `load` raises."""

    def __init__(self, text: str, file: str, schema: type[T], environ: Mapping[str, str] | None = None) -> None:
        """`environ` fills in `${NAME:-default}`. Raises ConfigError for invalid YAML."""
        self.file = file
        self._schema = schema
        self.lines: dict[KeyPath, int] = {}
        """The line of every key and item, by its path."""
        self._environ = environ or {}
        self._errors: list[tuple[KeyPath, str]] = []
        self._seen: set[int] = set()
        self._constructor = yaml.SafeLoader("")  # for single values
        root = _compose(text, file)
        self.data: Any = {} if root is None else self._construct(root, (), schema)

    def load(self) -> T:
        """Make the dataclass from `data`. Raises ConfigError with a line for each error: `file:line: key: …`."""
        errors = self._errors
        try:
            value = validate(self._schema, self.data)
        except DataError as error:
            errors = most_specific([*errors, *error.errors])
        if errors:
            raise ConfigError(*(self.format_error(*error) for error in sorted(errors, key=lambda e: self._line(e[0]))))
        return value

    def load_valid_keys(self) -> T | None:
        """Make the dataclass without the keys that have errors, to look for further errors.

        None if that leaves too little: what lacks an id, or all its topics, would have errors of its own.
        """
        data = deepcopy(self.data)
        try:
            return validate(self._schema, data)  # unknown keys are not in `data`
        except DataError as error:
            for path, _ in most_specific(error.errors):
                keys = [index for index, part in enumerate(path) if isinstance(part, str)]
                if len(keys) < 2 or path[keys[-1]] == "id":
                    return None
                parent = data
                for part in path[: keys[-1]]:
                    parent = parent[part]
                parent.pop(path[keys[-1]], None)
        try:
            return validate(self._schema, data)
        except DataError:
            return None

    def format_error(self, path: KeyPath, what: str) -> str:
        """Return `file:line: key: what`."""
        return f"{self.file}:{self._line(path)}: {format_key_path(path)}{': ' if path else ''}{what}"

    def _line(self, path: KeyPath) -> int:
        return next((self.lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in self.lines), 1)

    def _construct(self, node: yaml.Node, path: KeyPath, schema: Any) -> Any:
        """Return a node's value. `schema` is a type hint; what is in none of its dataclasses may have any keys."""
        # An alias is a node that occurs twice. No configuration needs it, and nested aliases grow exponentially.
        if id(node) in self._seen:
            self._errors.append((path, "anchors and aliases are not supported; write the value out"))
            return None
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._construct_mapping(node, path, _find_dataclass(schema))
        if isinstance(node, yaml.SequenceNode):
            for index, child in enumerate(node.value):
                self.lines[*path, index] = child.start_mark.line + 1
            return [self._construct(child, (*path, index), schema) for index, child in enumerate(node.value)]
        return self._construct_scalar(node, path)

    def _construct_mapping(self, node: yaml.MappingNode, path: KeyPath, cls: type | None) -> dict[str, Any]:
        hints = {} if cls is None else _get_hints(cls)
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            name = key if cls is None or key in hints else key.replace("-", "_")
            if cls is not None and name not in hints:
                renamed = _RENAMED_KEYS.get(key)
                what = f"renamed; write {renamed} instead" if renamed in hints else f"unknown key{suggest(key, hints)}"
                self._errors.append(((*path, key), what))
                name = key
            elif name in values:
                self._errors.append(((*path, name), "given twice"))
            else:
                values[name] = None
            self.lines[*path, name] = key_node.start_mark.line + 1
            if name in values:
                values[name] = self._construct(value_node, (*path, name), hints.get(name))
        return values

    def _construct_scalar(self, node: yaml.Node, path: KeyPath) -> Any:
        text, tag = node.value, node.tag
        if "${" in text:
            text = _VARIABLE.sub(lambda match: self._expand_variable(match, path), text)
            if isinstance(node, yaml.ScalarNode) and not node.style:  # plain: 8000 is a number, "8000" is not
                tag = self._constructor.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
        if tag == _TEXT_TAG:
            return text
        try:
            return self._constructor.construct_object(yaml.ScalarNode(tag, text, node.start_mark, node.end_mark))
        except (yaml.YAMLError, ValueError) as error:
            self._errors.append((path, f"cannot be read: {error}"))
            return None

    def _expand_variable(self, match: re.Match[str], path: KeyPath) -> str:
        name, default = match.groups()
        value = self._environ.get(name) or default
        if value is None:
            what = f"{name} is not set in the environment, and has no default (${{{name}:-default}})"
            self._errors.append((path, what))
            return ""
        return str(value)


def read_document(
    file: Path, schema: type[T], environ: Mapping[str, str] | None = None, *, hint: str = ""
) -> YamlDocument[T]:
    """Read a YAML file. Raises ConfigError."""
    try:
        return YamlDocument(file.read_text("utf-8"), str(file), schema, environ)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read ({error}){hint}") from error


def _compose(text: str, file: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=yaml.CSafeLoader)
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


@cache
def _get_hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls, include_extras=True)


def _find_dataclass(hint: Any) -> type | None:
    """Return the first dataclass in a type hint such as `tuple[SourceRule, ...]`."""
    if isinstance(hint, type) and is_dataclass(hint):
        return hint
    return next(filter(None, map(_find_dataclass, typing.get_args(hint))), None)
