"""A title as a dump has it -> the title alone, and the column that the source named in it. Pure."""

from __future__ import annotations

from ..characters import carried
from .compiling import CompiledRule
from .text import one_line, squeezed

_MARKS = (" - ", " | ", " – ", " — ", "_", "｜")
"""What stands between a title and the name of the house behind it."""


def title_and_column(raw: str, ready: CompiledRule, source: str) -> tuple[str, str]:
    """The title on one line without what the source called `source` adds to it, and the column or ""."""
    title = squeezed(carried(raw))
    column = ""
    for pattern in ready.titles:
        match = pattern.search(title)
        if match and match.group(0) != title:
            column = match.groupdict().get("section") or column
            title = one_line(title[: match.start()] + title[match.end() :])
    for mark in _MARKS:
        head, _, tail = title.rpartition(mark)
        if head and tail.casefold() in _house_names(source, ready):
            title = head.strip()
    return title, column


def _house_names(source: str, ready: CompiledRule) -> set[str]:
    """How a source may call itself behind a title."""
    labels = {label for host in ready.hosts for label in (host, *host.split(".")[-2:-1])}
    return {source.casefold(), *labels}
