"""What is known of the service's health, for `refeed status` and `/status.json`. Works without the store."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from ..clock import format_rfc3339
from ..config.settings import Settings
from ..config.upstream_rules import UpstreamRule
from ..errors import StoreError
from ..feeds.access_tokens import private_sources
from ..fetch import factory
from ..fetch.poller import load_states
from ..ingest.status_file import STATE_STOPPED, STATUS_FILE_NAME, read_status_file
from ..model import Source
from ..render import checksum
from ..store.engine import parse_database_url
from ..store.rows import FileIssue
from ..store.store import Store

_HISTORY = 500
"""Newest entries that a source's rhythm is learnt from: weeks for the busiest, years for others."""
_ENOUGH = 10
"""Fewer gaps than these say nothing of a rhythm."""
_LEAST = timedelta(hours=1)
_SILENT = timedelta(seconds=60)
"""The movers say something every five seconds."""
_UNSAID = "see the log, or refeed status"
"""What the public is told of a trouble."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFreshness:
    """How a source is doing, judged by what its subscribers have."""

    delivered: datetime | None
    """When the newest entry in its published feed was published."""
    expected: timedelta | None
    """By then, after an entry, the next one has nearly always come; None when there were too few to say."""
    stale: bool | None
    """Whether it is more than twice as long ago."""


def assess_freshness(delivered: datetime | None, history: Sequence[datetime], now: datetime) -> SourceFreshness:
    """Judge a source by the newest entry that was delivered and the instants of its newest entries."""
    gaps = [newer - older for older, newer in pairwise(sorted(set(history)))]
    if len(gaps) < _ENOUGH:
        return SourceFreshness(delivered=delivered, expected=None, stale=None)
    seconds = statistics.quantiles([gap.total_seconds() for gap in gaps], n=20)[-1]
    expected = max(_LEAST, timedelta(seconds=round(seconds)))
    return SourceFreshness(
        delivered=delivered, expected=expected, stale=delivered is None or now - delivered > 2 * expected
    )


def collect_status(settings: Settings, now: datetime, *, public: bool = False) -> dict[str, Any]:
    """Who is at work and what troubles it; sources and how fresh they are; files by outcome; what is in doubt and why.

    `public` leaves out what is nobody's business outside: paths, processes, machines, and all that is of private
    sources.
    """
    hidden = private_sources(settings) if public else frozenset()
    facts: dict[str, Any] = {
        "at": format_rfc3339(now),
        "store": settings.database_url.partition(":")[0],
        "away": None,
        "movers": _movers(settings, now, public=public),
        "upstreams": _upstreams(settings, hidden, public=public),
    }
    store = Store(settings.database_url, read_only=True)
    try:
        with store.snapshot():
            facts |= _stored(store, settings, now, hidden)
    except StoreError as error:
        facts["away"] = _why(settings, error, public=public)
        facts |= {"outcomes": {}, "sources": _delivered_only(settings, hidden), "doubts": []}
    finally:
        store.close()
    return facts


def _why(settings: Settings, error: StoreError, *, public: bool) -> str:
    url = parse_database_url(settings.database_url)
    if url.drivername == "sqlite" and url.database and not Path(url.database).exists():
        return "nothing was ingested yet"
    return "the store does not answer" if public else str(error)


def format_status(facts: Mapping[str, Any]) -> Iterator[str]:
    """The status for people, line by line."""
    movers = facts["movers"]
    yield f"store     {facts['store']}" + (f": {facts['away']}" if facts["away"] else "")
    yield f"movers    {movers['state']}" + (f", last heard of {movers['at']}" if movers["at"] else "")
    for what, text in movers["troubles"].items():
        yield f"trouble   {what}: {text}"
    if enrichment := movers.get("enrichment"):
        yield _told_of_enrichment(enrichment)
    yield "files     " + (", ".join(f"{count} {name}" for name, count in facts["outcomes"].items()) or "none yet")
    for source in facts["sources"]:
        yield _told_of(source)
    for upstream in facts["upstreams"]:
        yield from _told_of_upstream(upstream)
    for doubt in facts["doubts"]:
        yield f"{doubt['outcome']:<11} {doubt['file']}: {doubt['reason']}"


def _told_of_upstream(facts: Mapping[str, Any]) -> Iterator[str]:
    error = f": {facts['error']}" if facts["error"] else ""
    later = f"; asked again after {facts['next']}" if error and facts["next"] else ""
    yield f"upstream  {facts['address']}, last answer {facts['success'] or 'never'}{error}{later}"
    for note in facts["notes"]:
        yield f"          {note}"


def _told_of_enrichment(facts: Mapping[str, Any]) -> str:
    counts = f"{facts['known']} known, {facts['waiting']} to be asked after, {facts['given_up']} given up"
    return f"media     {counts}" + (f" ({facts['error']})" if facts["error"] else "")


def _told_of(source: Mapping[str, Any]) -> str:
    line = f"source    {source['source']:<20} {source['entries']:>7} entries, newest {source['newest'] or 'none'}"
    if source["expected"] is not None:
        line += f", the next within {_span(timedelta(seconds=source['expected']))}"
    if source["stale"]:
        line += "  STALE"
    if source["newest"] != source["delivered"]:
        line += f"  (delivered: {source['delivered'] or 'nothing yet'})"
    return line + ("" if source["configured"] else "  (not configured)")


def _span(time: timedelta) -> str:
    hours = round(time / timedelta(hours=1))
    return f"{hours} h" if hours < 72 else f"{round(hours / 24)} days"


def list_file_issues(store: Store, hidden: frozenset[str], limit: int = 1000) -> list[FileIssue]:
    """What is in doubt, without the dumps of sources that are hidden.

    Whose dump it was that nothing could be made of, nobody knows: those are left out as soon as one source is hidden.
    """
    found = store.get_file_issues(limit)
    return [doubt for doubt in found if doubt.source not in {*hidden, None}] if hidden else found


def _stored(store: Store, settings: Settings, now: datetime, hidden: frozenset[str]) -> dict[str, Any]:
    counts = {source: found for source, found in store.get_freshness().items() if source not in hidden}
    dumps: Mapping[str, tuple[dict[str, int], datetime | None]] = {**store.count_dumps_by_source()}
    sources = []
    for source in store.get_sources():
        if source.id in counts:
            history = store.get_publish_times(f"source/{source.id}", _HISTORY)
            fresh = assess_freshness(_delivered(settings, source.id), history, now)
            outcomes, last = dumps.get(source.id, ({}, None))
            facts = {
                "entries": counts[source.id][0],
                "newest": _instant(counts[source.id][1]),
                "outcomes": outcomes,
                "last_dump": _instant(last),
            }
            sources.append(_source(source, fresh) | facts)
    return {
        "outcomes": {outcome.value: count for outcome, count in sorted(store.count_outcomes().items())},
        "sources": sources,
        "doubts": [
            {"file": _below(doubt.path, settings), "outcome": doubt.outcome.value, "reason": doubt.reason}
            for doubt in list_file_issues(store, hidden)
        ],
    }


def _source(source: Source, fresh: SourceFreshness) -> dict[str, Any]:
    return {
        "source": source.id,
        "title": source.title,
        "configured": source.configured,
        "delivered": _instant(fresh.delivered),
        "expected": int(fresh.expected.total_seconds()) if fresh.expected else None,
        "stale": fresh.stale,
    }


def _delivered_only(settings: Settings, hidden: frozenset[str]) -> list[dict[str, Any]]:
    """What can be said of sources while the store is away: what stands in their documents."""
    sources = []
    for path in sorted(Path(settings.feeds_dir, "source").glob("*.json")):
        delivered = _delivered(settings, path.stem)
        fresh = SourceFreshness(delivered=delivered, expected=None, stale=None)
        facts = _source(Source(id=path.stem, title=path.stem), fresh)
        if delivered and path.stem not in hidden:
            sources.append(facts | {"entries": 0, "newest": _instant(delivered), "outcomes": {}, "last_dump": None})
    return sources


class _Item(msgspec.Struct):
    date_published: datetime


class _Document(msgspec.Struct):
    items: list[_Item] = []


def _delivered(settings: Settings, source: str) -> datetime | None:
    """When the newest entry in a source's published document was published."""
    try:
        data = Path(settings.feeds_dir, "source", f"{source}.json").read_bytes()
        items = msgspec.json.decode(data, type=_Document).items if checksum.verify_checksum(data) else []
    except (OSError, msgspec.DecodeError):
        return None
    return max((item.date_published for item in items), default=None)


def _movers(settings: Settings, now: datetime, *, public: bool) -> dict[str, Any]:
    """Who ingests on this machine; elsewhere it may be another one's business."""
    facts = read_status_file(Path(settings.var_dir) / STATUS_FILE_NAME)
    if facts is None:
        return {"state": "none on this machine", "at": None, "troubles": {}}
    if facts["state"] != STATE_STOPPED and now - datetime.fromisoformat(facts["at"]) > _SILENT:
        facts["state"] = f"silent (was {facts['state']})"
    if public:
        known = {f"upstream {upstream.address}" for upstream in settings.upstreams}
        troubles = {what: _UNSAID for what in facts["troubles"] if what not in known}
        return {"state": facts["state"], "at": facts["at"], "waiting": facts.get("waiting", 0), "troubles": troubles}
    return facts


def _upstreams(settings: Settings, hidden: frozenset[str], *, public: bool) -> list[dict[str, Any]]:
    shown = [upstream for upstream in settings.upstreams if _is_open(upstream, hidden)]
    return [
        {
            "address": _named(upstream) if public else upstream.address,
            "success": _instant(state.success),
            "changed": _instant(state.changed),
            "next": _instant(state.next),
            "failures": state.failures,
            # It may name folders, and machines behind the wall.
            "error": _UNSAID if public and state.error else state.error or None,
            "notes": [] if public else list(state.notes),
        }
        for upstream, state in load_states(shown, factory.fetch_dirs(settings))
    ]


def _named(upstream: UpstreamRule) -> str:
    """An upstream for the public: in the path and the query of an address are keys, and in a file's our folders."""
    return f"{upstream.source or 'git'}: {urlsplit(upstream.address).hostname or 'this machine'}"


def _is_open(upstream: UpstreamRule, hidden: frozenset[str]) -> bool:
    """Whether an upstream may be named. Whose dumps are in a repository, nobody knows."""
    return not hidden or bool(upstream.url and upstream.source not in hidden)


def _below(path: str, settings: Settings) -> str:
    """A dump's path below its dump folder."""
    for folder in factory.dump_dirs(settings):
        if path.startswith(folder.rstrip("/") + "/"):
            return path[len(folder.rstrip("/")) + 1 :]
    return path


def _instant(instant: datetime | None) -> str | None:
    return format_rfc3339(instant) if instant else None
