"""No pattern of the program takes more than linear time for any text, or its texts are bounded."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import signal
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import refeed
from helpers.property_testing import HealthCheck, given, settings, st

SOURCE = Path(refeed.__file__).parent
ANCHORED = {"match", "fullmatch"}
CALLS = {*ANCHORED, "search", "split", "sub", "subn", "findall", "finditer"}
PUMPS = (" ", "\n", "a", "0", "<", '"', "-", "中")
LENGTH = 1000

BOUNDED = {
    "clean.captions._IN_BRACKETS": "the last characters of a caption",
    "dumps.title_markup._INLINE": "titles up to _LONG_TITLE",
    "parse.front_matter._LIST": "the beginning of a dump, and 4,000 characters at a time",
}
"""Pattern -> what bounds the texts that it sees."""


def module_patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Every pattern of the standard library's engine in a global of a module. Those of RE2 are linear by design."""

    def walk(name: str, value: object) -> Iterator[tuple[str, re.Pattern[str]]]:
        if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
            yield name, value
        elif isinstance(value, dict):
            for key, item in value.items():
                yield from walk(f"{name}[{key!r}]", item)
        elif isinstance(value, tuple | list | set | frozenset) and not hasattr(value, "_fields"):
            for item in value:
                yield from walk(f"{name}[…]", item)

    for info in pkgutil.walk_packages(refeed.__path__, "refeed."):
        if not info.name.endswith("__main__"):
            for name, value in vars(importlib.import_module(info.name)).items():
                yield from walk(f"{info.name.removeprefix('refeed.')}.{name}", value)


def inline_patterns() -> Iterator[tuple[str, str, re.Pattern[str]]]:
    """Every call like `re.sub("…", …)`: its place, method and pattern."""
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=method), args=[pattern, *texts]) if (
                    method in CALLS and (method == "sub" or not isinstance(texts[0], ast.Constant))
                ):
                    if isinstance(pattern, ast.Constant):
                        yield f"{file.stem}:{node.lineno}", method, re.compile(pattern.value)


def methods_by_name() -> dict[str, set[str]]:
    """Name of a global -> the methods that are called on it."""
    methods = defaultdict(set)
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in CALLS and isinstance(node.value, ast.Name):
                methods[node.value.id].add(node.attr)
    return methods


@cache
def all_uses() -> dict[tuple[str, int, bool], tuple[str, Callable[[str], Any]]]:
    """(pattern, flags, anchored) -> its name, and a call that makes it search a whole text."""
    methods = methods_by_name()
    uses = {}
    for name, pattern in module_patterns():
        called = methods[name.rpartition(".")[2]]
        is_anchored = bool(called) and called <= ANCHORED
        uses[pattern.pattern, pattern.flags, is_anchored] = name, pattern.match if is_anchored else pattern.finditer
    for name, method, pattern in inline_patterns():
        is_anchored = method in ANCHORED
        uses[pattern.pattern, pattern.flags, is_anchored] = name, pattern.match if is_anchored else pattern.finditer
    return uses


def generate_matches(pattern: re.Pattern[str]) -> list[str]:
    """Two texts that the pattern matches. It takes Hypothesis up to a second to prepare a pattern."""
    examples: list[str] = []

    # Hypothesis makes a whole example of a long repetition; a short one begins in the same way.
    shorter = re.sub(r"\{\d{3,}", "{20", re.sub(r"\{(\d{1,2}),\d{3,}\}", r"{\1,}", pattern.pattern))

    @settings(max_examples=2, suppress_health_check=list(HealthCheck))
    @given(st.from_regex(re.compile(shorter, pattern.flags)))
    def collect(example: str) -> None:
        examples.append(example)

    collect()
    return examples


def read_literals(pattern: re.Pattern[str]) -> list[str]:
    """How the first alternative of a pattern begins, without what is special in it: often like a match."""
    plain = re.sub(r"\(\?(?::|[=!]|<[=!]|P?<\w+>)|\\[a-zA-Z]|\{[\d,]*\}|[\\\[\](){}?*+^$.]", "", pattern.pattern)
    return [plain.partition("|")[0][:4]]


def hostile_texts(examples: list[str]) -> Iterator[Callable[[int], str]]:
    """Functions from a length to a text: the beginning of an example, then one character or the beginning repeated."""
    seen = set()
    for example in ["", *examples]:
        for end in range(min(len(example), 12) + 1):
            start = example[:end]
            if start in seen:
                continue
            seen.add(start)
            for pump in dict.fromkeys([*PUMPS, *example[max(0, end - 1) : end + 1], *([start] if start else [])]):
                yield lambda size, start=start, pump=pump: start + pump * (size // len(pump))


@contextmanager
def alarm(seconds: float) -> Iterator[None]:
    """Raises TimeoutError in a search that takes longer than this."""

    def ring(*_: object) -> None:
        raise TimeoutError

    previous = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def measure(search: Callable[[str], Any], text: str) -> float:
    started = time.process_time()
    found = search(text)
    if found is not None and not isinstance(found, re.Match):
        deque(found, maxlen=0)
    return time.process_time() - started


def is_linear(search: Callable[[str], Any], make_text: Callable[[int], str]) -> bool:
    if measure(search, make_text(LENGTH)) < 0.0004:
        return True
    for _ in range(3):  # a busy machine measures too much, never too little
        once, thrice_doubled = (
            min(measure(search, make_text(size)) for _ in range(3)) for size in (LENGTH, 8 * LENGTH)
        )
        if thrice_doubled <= 2.5**3 * once:
            return True
    return False


@pytest.mark.slow
@pytest.mark.parametrize("find_examples", [read_literals, pytest.param(generate_matches, marks=pytest.mark.torture)])
def test_every_pattern_takes_linear_time(find_examples: Callable[[re.Pattern[str]], list[str]]) -> None:
    """Every day with the characters of the pattern itself; the long run generates matches of it."""
    slow = []
    for (source, flags, _), (name, search) in all_uses().items():
        if name in BOUNDED:
            continue
        for make_text in hostile_texts(find_examples(re.compile(source, flags))):
            try:
                with alarm(5):
                    linear = is_linear(search, make_text)
            except TimeoutError:
                linear = False
            if not linear:
                slow.append(f"{name}: {make_text(60)!r}")
                break
    assert slow == []


@pytest.mark.slow
def test_every_exception_is_a_pattern() -> None:
    assert BOUNDED.keys() <= {name for name, _ in all_uses().values()}
