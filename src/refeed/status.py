"""What the store knows of the service's health, in one shape for `refeed status`, `/status` and `/status.json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .explain import rfc3339
from .store import Store


def status(store: Store) -> dict[str, Any]:
    """Sources with counts and freshness, files by outcome, and what is in doubt with its reason."""
    fresh = store.freshness()
    return {
        "store": store.name,
        "outcomes": {outcome.value: count for outcome, count in sorted(store.outcomes().items())},
        "sources": [
            {
                "source": source.id,
                "title": source.title,
                "configured": source.configured,
                "entries": fresh[source.id][0],
                "newest": rfc3339(fresh[source.id][1]),
            }
            for source in store.sources()
            if source.id in fresh
        ],
        "doubts": [
            {"file": doubt.path, "outcome": doubt.outcome.value, "reason": doubt.reason} for doubt in store.doubts()
        ],
    }


def told(facts: Mapping[str, Any]) -> Iterator[str]:
    """The status for people, line by line."""
    yield f"store     {facts['store']}"
    yield "files     " + (", ".join(f"{count} {name}" for name, count in facts["outcomes"].items()) or "none yet")
    for source in facts["sources"]:
        doubt = "" if source["configured"] else "  (not configured)"
        yield f"source    {source['source']:<20} {source['entries']:>7} entries, newest {source['newest']}{doubt}"
    for doubt in facts["doubts"]:
        yield f"{doubt['outcome']:<11} {doubt['file']}: {doubt['reason']}"
