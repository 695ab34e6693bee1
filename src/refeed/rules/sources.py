"""`sources/*.yaml`, and `sources:` in config.yaml: what is special about one source."""

from __future__ import annotations

from dataclasses import dataclass


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
