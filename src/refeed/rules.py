"""What an operator or a source file may say, as types: the words of `sources/*.yaml` and of `topics:` in config.yaml.

Read by `refeed.config`, handed to the stages as plain values.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRule:
    """What is special about one source. All that recurs in many sources is a step, not a rule."""

    id: str
    """An ASCII slug, for ever."""
    title: str
    hosts: tuple[str, ...]
    """Hosts of its links; `example.org` covers its subdomains."""
    link: str = ""
    language: str = ""
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRule:
    """One topic: what it is called and what puts an entry into it."""

    id: str
    title: dict[str, str] = field(default_factory=dict)
    """By language: {zh: 气候, en: Climate}."""
    description: str = ""
    words: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    weight: dict[str, float] = field(default_factory=dict)
    threshold: float = 3.0
    was: tuple[str, ...] = ()
    """Former ids, answered by 301."""


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
    """Elements within one another; a deeper body is published as plain text."""
    attributes: int = 128
    """On one element."""
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
            if getattr(self, name) <= 0:
                raise ValueError(f"{name}: {getattr(self, name)} is not above 0")
        if self.settle < timedelta(0):
            raise ValueError(f"settle: {self.settle} is below 0")
        if not self.suffixes:
            raise ValueError("suffixes: none given, so no file would be a dump")
        for suffix in self.suffixes:
            if not suffix.startswith(".") or "/" in suffix or len(suffix) < 2 or suffix != suffix.lower():
                raise ValueError(f"suffixes: {suffix!r} is no suffix; write it in lower case with its dot, such as .md")


DEFAULT = Limits()
