"""What an operator or a source file may say, as types: the words of `sources/*.yaml` and of `topics:` in config.yaml.

Read by `refeed.config`, handed to the stages as plain values.
"""

from __future__ import annotations

from dataclasses import dataclass, field


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
