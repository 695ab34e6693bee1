"""Plain data -> frozen dataclasses, or all errors in it, each with the path of its key and a text for people. Pure.

The dataclass is the schema: a default makes a key optional, and `Annotated` limits a value.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")

KeyPath = tuple[str | int, ...]
"""The path of a key from the top of the data: ("topics", 0, "words", 3)."""

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "dataclass_type": "a mapping",
    "greater_than_equal": "{ge:g} or more",
    "greater_than": "above {gt:g}",
    "less_than_equal": "{le:g} or less",
}
"""Kinds of pydantic's errors -> what a value must be."""


class DataError(ValueError):
    """One or more errors in data. `errors` has the path and the text of each."""

    def __init__(self, errors: Iterable[tuple[KeyPath, str]]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(f"{format_key_path(path)}: {what}" if path else what for path, what in self.errors))


def validate(cls: type[T], data: object, *, from_text: bool = False) -> T:
    """Make a dataclass from data. `from_text` accepts a number as text. Raises DataError with all errors."""
    adapter: TypeAdapter[T] = _make_adapter(cls)
    try:
        if from_text:
            return adapter.validate_python(data)
        # In strict mode only JSON's objects become dataclasses. YAML's dates have no form in JSON: they are text.
        return adapter.validate_json(json.dumps(data, default=str), strict=True)
    except ValidationError as error:
        found = [_describe(each, data) for each in error.errors(include_url=False)]
        raise DataError(most_specific(found)) from error


_make_adapter: Callable[[type], Any] = cache(TypeAdapter)


def most_specific(errors: Iterable[tuple[KeyPath, str]]) -> list[tuple[KeyPath, str]]:
    """Keep the first error of each key, and leave out errors of mappings and lists that have an error inside."""
    kept: list[tuple[KeyPath, str]] = []
    for path, what in sorted(errors, key=lambda error: -len(error[0])):
        if all(path != other[: len(path)] for other, _ in kept):
            kept.append((path, what))
    return kept


def format_key_path(path: KeyPath) -> str:
    """Format a key's path for messages: `topics[0].words[3]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def suggest(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the nearest known word, else a list of the known words, if there are any."""
    known = sorted(known)
    if not known:
        return ""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(known)}"


def _describe(error: Any, data: Any) -> tuple[KeyPath, str]:
    """Return the path of pydantic's error, without the names of a union's options, and its text."""
    path: KeyPath = ()
    for part in error["loc"]:
        try:
            data = data[part]
        except (LookupError, TypeError):
            continue
        path = (*path, part)
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "missing":
        return (*path, error["loc"][-1]), "missing, and has no default"
    if kind == "value_error":
        return path, str(context["error"])
    if kind == "literal_error":
        known = filter(None, re.findall(r"'([^']*)'", context["expected"]))  # '' is no value to write
        return path, f"unknown value {value!r}{suggest(str(value), known)}"
    if kind == "too_short":
        return path, "must not be empty"
    if kind not in _EXPECTED:
        return path, error["msg"]
    kinds: dict[type, str] = {list: "a list", dict: "a mapping", type(None): "nothing"}
    got = kinds.get(type(value), repr(value))
    hint = ""
    if kind == "string_type" and not isinstance(value, list | dict | None):
        hint = "; write it in quotes"
    elif kind == "tuple_type" and isinstance(value, str):
        hint = f"; write [{value}]"
    return path, f"must be {_EXPECTED[kind].format(**context)}, got {got}{hint}"
