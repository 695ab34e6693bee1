"""`dumps.limits` in config.yaml: what a dump may be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

DEEPEST = 256
"""The cleaner walks no deeper, whatever is allowed: parsers move what lies below, and Python's stack ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a dump may be at most, how it is named, how long it has to rest. Raises ValueError naming the field."""

    bytes: int = 5_000_000
    """A larger file is refused by its size, unread."""
    title: int = 1000
    """Characters; a longer title is cut."""
    link: int = 2000
    """Characters as the dump has them; a longer link is refused."""
    depth: int = 256
    """Elements within one another, 256 at most; a deeper body is published as plain text."""
    attributes: int = 128
    """On one element; a body that has more somewhere is published as plain text."""
    seconds: float = 2.0
    """For cleaning one body."""
    memory: int = 512_000_000
    """Bytes, for the process that cleans."""
    suffixes: tuple[str, ...] = (".md", ".txt", ".html")
    """In any case; other files are not dumps."""
    settle: timedelta = timedelta(seconds=2)
    """How long size and time of a file must stand still before it is read, where no event said that it is complete."""

    def __post_init__(self) -> None:
        for name in ("bytes", "title", "link", "depth", "attributes", "seconds", "memory"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name}: {value} is no number above 0")
        if self.depth > DEEPEST:
            raise ValueError(f"depth: {self.depth} is above {DEEPEST}, and nothing deeper is ever taken apart")
        if self.settle < timedelta(0):
            raise ValueError(f"settle: {self.settle} is below 0")
        if not self.suffixes:
            raise ValueError("suffixes: none given, so no file would be a dump")
        for suffix in self.suffixes:
            if not suffix.startswith(".") or "/" in suffix or len(suffix) < 2 or suffix != suffix.lower():
                raise ValueError(f"suffixes: {suffix!r} is no suffix; write it in lower case with its dot, such as .md")


DEFAULT = Limits()
