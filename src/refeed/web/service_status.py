"""Settings, store, status files -> the status, for `refeed status`, `/status.json` and `/status`.

Without the store, the status has what the files say.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from ..clock import format_rfc3339
from ..config.settings import Settings, UpstreamRule
from ..dumps.scanner import display_path
from ..errors import StoreError
from ..feeds.access_tokens import private_sources
from ..feeds.registry import build_registry
from ..fetch.upstreams import UpstreamState, dump_dirs
from ..ingest.status_file import (
    LEADER_KEY,
    STATE_STARTING,
    STATE_STOPPED,
    STATUS_FILE_NAME,
    ImportProgress,
    WorkerStatus,
    format_progress,
    read_status_file,
)
from ..model import FeedPath, Outcome, Source
from ..publish.output_dir import OutputDir
from ..publish.publisher import COMPLETE_KEY
from ..render.checksum import verify_checksum
from ..store.engine import parse_database_url
from ..store.store import Store
from ..store.upstream_states import load_upstream_states

_HISTORY = 500
"""The number of newest entries that give a source's usual interval: weeks of the busiest source, years of others."""
_MIN_INTERVALS = 10
"""With fewer intervals than this, the usual interval is unknown."""
_MAX_ISSUES = 1000
_NAMED = 3
"""Of the files with the same issue, this many are named in the status for people."""
_SHORTEST_INTERVAL = timedelta(hours=1)
WORKER_TIMEOUT = timedelta(seconds=60)
"""A worker counts as silent after this time. It writes its status file every five seconds."""
_HIDDEN_TEXT = "see the log, or refeed status"
"""Replaces the text of a problem in the public status."""


class SourceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One source: what it has published, and whether it is late."""

    source: str
    title: str
    configured: bool
    delivered: str | None
    expected: int | None
    """Seconds within which the next entry is expected."""
    stale: bool | None
    entries: int
    newest: str | None
    outcomes: dict[str, int]
    last_dump: str | None


class UpstreamStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One upstream: its last success and last error."""

    address: str
    success: str | None
    changed: str | None
    next: str | None
    failures: int
    error: str | None
    notes: list[str]


class IssueStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One file that was flagged or quarantined."""

    file: str
    outcome: str
    reason: str | None


class ServiceStatus(msgspec.Struct, kw_only=True):
    """The whole status. Its fields are the keys of `status --json`."""

    at: str
    store: str
    """The kind of database."""
    store_problem: str | None = None
    worker: WorkerStatus
    """The last status written by the worker on this machine."""
    leader: WorkerStatus | None = None
    """The last status that the leader wrote into a store that several machines share."""
    upstreams: list[UpstreamStatus]
    outcomes: dict[str, int]
    """The number of files by outcome."""
    sources: list[SourceStatus]
    issues: list[IssueStatus]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFreshness:
    """How recent a source is, judged by its published feed."""

    delivered: datetime | None
    """Publication time of the newest entry in the published feed."""
    expected: timedelta | None
    """The time within which the next entry nearly always follows; None when there are too few entries."""
    stale: bool | None
    """Whether more than twice the expected time has passed; None when that is unknown, or for an archive."""


def assess_freshness(
    delivered: datetime | None, history: Sequence[datetime], now: datetime, last_dump: datetime | None = None
) -> SourceFreshness:
    """Judge a source by its newest delivered entry, the publication times of its newest entries, and when its last dump
    was seen. An archive, whose newest entry was already old by then, is not late."""
    intervals = [newer - older for older, newer in pairwise(sorted(set(history)))]
    if len(intervals) < _MIN_INTERVALS:
        return SourceFreshness(delivered=delivered, expected=None, stale=None)
    seconds = statistics.quantiles([interval.total_seconds() for interval in intervals], n=20)[-1]
    expected = max(_SHORTEST_INTERVAL, timedelta(seconds=round(seconds)))
    if delivered and last_dump and last_dump - delivered > 2 * expected:
        return SourceFreshness(delivered=delivered, expected=expected, stale=None)
    stale = delivered is None or now - delivered > 2 * expected
    return SourceFreshness(delivered=delivered, expected=expected, stale=stale)


def collect_status(settings: Settings, now: datetime, *, public: bool = False, brief: bool = False) -> ServiceStatus:
    """Collect the current status.

    If `public`, it has no files, processes or machine names, and nothing about private sources. If `brief`, it has
    neither sources nor issues, and costs the same for any number of them.
    """
    hidden = private_sources(settings) if public else frozenset()
    status = ServiceStatus(
        at=format_rfc3339(now),
        store=settings.database_url.partition(":")[0],
        worker=_worker_status(settings, now, public=public),
        upstreams=_upstream_statuses(settings, {}, hidden, public=public),
        outcomes={},
        sources=[],
        issues=[],
    )
    store = Store(settings.database_url, read_only=True)
    try:
        with store.snapshot():
            status.outcomes = {outcome.value: count for outcome, count in sorted(store.count_outcomes().items())}
            status.sources = [] if brief else _source_statuses(store, settings, now, hidden)
            status.issues = [
                IssueStatus(
                    file=path_in_dumps(issue.path, settings, public=False),
                    outcome=issue.outcome.value,
                    reason=issue.reason,
                )
                for issue in ([] if public or brief else store.get_file_issues(_MAX_ISSUES))
            ]
            if settings.upstreams:
                states = load_upstream_states(store, settings.upstreams, settings.var_dir)
                status.upstreams = _upstream_statuses(settings, states, hidden, public=public)
            if leader := store.get_meta(LEADER_KEY):
                written = msgspec.json.decode(leader, type=WorkerStatus)
                status.leader = _visible_status(written, settings, now, public=public)
    except StoreError as error:
        url = parse_database_url(settings.database_url)
        if url.drivername == "sqlite" and url.database and not Path(url.database).exists():
            status.store_problem = "nothing ingested yet"
        else:
            status.store_problem = "the store does not respond" if public else str(error)
        known = [] if brief else _sources_without_store(settings, hidden)
        status.outcomes, status.sources, status.issues = {}, known, []
    finally:
        store.close()
    return status


def format_status(status: ServiceStatus) -> Iterator[str]:
    """Format the status for people, line by line."""
    worker = status.worker
    yield f"store     {status.store}" + (f": {status.store_problem}" if status.store_problem else "")
    yield f"worker    {worker['state']}" + (f", last update {worker['at']}" if worker["at"] else "")
    if progress := worker.get("importing"):
        yield f"import    {format_progress(progress)}"
    if leader := status.leader:
        yield f"leader    {leader['state']}, process {leader.get('process', '?')} on {leader.get('machine', '?')}"
    if unindexed := worker.get("unindexed"):
        yield f"search    {unindexed} entries are not in the index yet"
    if unjoined := worker.get("unjoined"):
        yield f"stories   {unjoined} entries are not joined to their stories yet"
    for subject, text in worker["problems"].items():
        yield f"problem   {subject}: {text}"
    if probe := worker.get("enrichment"):
        error = f" ({probe['error']})" if probe["error"] else ""
        yield f"media     {probe['known']} known, {probe['waiting']} pending, {probe['given_up']} given up{error}"
    yield "dumps     " + (", ".join(f"{count:,} {name}" for name, count in status.outcomes.items()) or "none yet")
    entries, published = sum(source.entries for source in status.sources), _count_published(status)
    if status.sources:
        yield f"entries   {entries:,}" + _explain_difference(published - entries)
    for source in status.sources:
        yield _format_source(source)
    for upstream in status.upstreams:
        error = f": {upstream.error}" if upstream.error else ""
        retry = f"; next attempt after {upstream.next}" if error and upstream.next else ""
        yield f"upstream  {upstream.address}, last success {upstream.success or 'never'}{error}{retry}"
        yield from (f"          {note}" for note in upstream.notes)
    files: dict[tuple[str, str | None], list[str]] = {}
    for issue in status.issues:
        files.setdefault((issue.outcome, issue.reason), []).append(display_path(issue.file))
    for (outcome, reason), names in files.items():
        more = f" and {len(names) - _NAMED:,} more (refeed status --json names all)" if len(names) > _NAMED else ""
        yield f"{outcome:<11} {', '.join(names[:_NAMED])}{more}: {reason}"


def _count_published(status: ServiceStatus) -> int:
    return sum(status.outcomes.get(outcome.value, 0) for outcome in (Outcome.ACCEPTED, Outcome.FLAGGED))


def _explain_difference(dumps: int) -> str:
    """Why there are fewer entries than dumps."""
    if dumps <= 0:
        return ""
    what = "1 more dump is another version" if dumps == 1 else f"{dumps:,} more dumps are other versions"
    return f" ({what} of the same articles, or belong to entries that were withdrawn or not kept)"


def _format_source(source: SourceStatus) -> str:
    line = f"source    {source.source:<20} {source.entries:>7} entries, newest {source.newest or 'none'}"
    if source.expected is not None:
        hours = round(source.expected / 3600)
        line += f", next expected within {f'{hours} h' if hours < 72 else f'{round(hours / 24)} days'}"
    if source.stale:
        line += (
            f"  quiet since {source.delivered}, longer than usual" if source.delivered else "  nothing published yet"
        )
    if source.newest != source.delivered and not source.stale:
        line += f"  (delivered: {source.delivered or 'nothing yet'})"
    return line + ("" if source.configured else "  (not configured)")


def _source_statuses(store: Store, settings: Settings, now: datetime, hidden: frozenset[str]) -> list[SourceStatus]:
    freshness, dumps = store.get_freshness(), store.count_dumps_by_source()
    is_complete = store.get_meta(COMPLETE_KEY) is not None
    statuses = []
    # The store has a source as it was at its last dump; its rule may be newer.
    for source in build_registry(settings, store.get_sources()).sources.values():
        if source.id in freshness and source.id not in hidden:
            entries, newest = freshness[source.id]
            history = store.get_publish_times(FeedPath("source", source.id), _HISTORY)
            outcomes, last_dump = dumps.get(source.id, ({}, None))
            assessed = assess_freshness(_newest_delivered(settings, source.id), history, now, last_dump)
            if not is_complete:  # the first import has not written every document
                assessed = replace(assessed, stale=None)
            statuses.append(_source_status(source, assessed, entries, newest, dict(outcomes), last_dump))
    return statuses


def _sources_without_store(settings: Settings, hidden: frozenset[str]) -> list[SourceStatus]:
    """The sources' statuses, from the published documents only."""
    statuses = []
    folders = (Path(folder, "source") for folder in (settings.feeds_dir, settings.private_dir))
    for path in sorted((path for folder in folders for path in folder.glob("*.json")), key=lambda path: path.stem):
        delivered = _newest_delivered(settings, path.stem)
        if delivered and path.stem not in hidden:
            assessed = SourceFreshness(delivered=delivered, expected=None, stale=None)
            statuses.append(_source_status(Source(id=path.stem, title=path.stem), assessed, 0, delivered, {}, None))
    return statuses


def _source_status(
    source: Source,
    assessed: SourceFreshness,
    entries: int,
    newest: datetime | None,
    outcomes: dict[str, int],
    last_dump: datetime | None,
) -> SourceStatus:
    return SourceStatus(
        source=source.id,
        title=source.title,
        configured=source.configured,
        delivered=_format_time(assessed.delivered),
        expected=int(assessed.expected.total_seconds()) if assessed.expected else None,
        stale=assessed.stale,
        entries=entries,
        newest=_format_time(newest),
        outcomes=outcomes,
        last_dump=_format_time(last_dump),
    )


class _Item(msgspec.Struct):
    date_published: datetime


class _Document(msgspec.Struct):
    items: list[_Item] = []


def _newest_delivered(settings: Settings, source: str) -> datetime | None:
    """Publication time of the newest entry in the source's published document."""
    try:
        data = OutputDir.from_settings(settings).path_of(f"source/{source}.json").read_bytes()
        items = msgspec.json.decode(data, type=_Document).items if verify_checksum(data) else []
    except (OSError, msgspec.DecodeError):
        return None
    return max((item.date_published for item in items), default=None)


def _worker_status(settings: Settings, now: datetime, *, public: bool) -> WorkerStatus:
    """The last status of the worker on this machine. Other machines may have workers too."""
    written = read_status_file(Path(settings.var_dir) / STATUS_FILE_NAME)
    if written is None:
        return {"state": "none on this machine", "at": None, "problems": {}}
    return _visible_status(written, settings, now, public=public)


def read_import_progress(settings: Settings, now: datetime) -> ImportProgress | None:
    """How far the first import is, as the worker of this machine says; None if none is running."""
    worker = _worker_status(settings, now, public=False)
    if worker["state"] == STATE_STARTING:
        # The catalogue of feeds is written at the end of the first import.
        is_new = not OutputDir.from_settings(settings).path_of("feeds.json").exists()
        return {"done": 0, "total": 0, "rate": 0.0} if is_new else None
    progress = worker.get("importing")
    if progress and worker["state"].startswith("silent"):
        progress["rate"] = 0.0  # how long it takes is unknown
    return progress


def _visible_status(written: WorkerStatus, settings: Settings, now: datetime, *, public: bool) -> WorkerStatus:
    at = datetime.fromisoformat(written["at"] or "1970-01-01T00:00:00Z")
    if written["state"] != STATE_STOPPED and now - at > WORKER_TIMEOUT:
        written["state"] = f"silent (was {written['state']})"
    if not public:
        return written
    listed = {f"upstream {upstream.address}" for upstream in settings.upstreams}
    problems = {subject: _HIDDEN_TEXT for subject in written["problems"] if subject not in listed}
    visible: WorkerStatus = {"state": written["state"], "at": written["at"], "problems": problems}
    visible["waiting"] = written.get("waiting", 0)
    if "importing" in written:
        visible["importing"] = written["importing"]
    if "unindexed" in written:
        visible["unindexed"] = written["unindexed"]
    if "unjoined" in written:
        visible["unjoined"] = written["unjoined"]
    if "ingested" in written:
        visible["ingested"] = written["ingested"]
    if "published" in written:
        visible["published"] = written["published"]
    return visible


def _upstream_statuses(
    settings: Settings, states: Mapping[UpstreamRule, UpstreamState], hidden: frozenset[str], *, public: bool
) -> list[UpstreamStatus]:
    # If any source is hidden, git repositories are too, because they may hold dumps of any source.
    shown = [
        upstream for upstream in settings.upstreams if not hidden or (upstream.url and upstream.source not in hidden)
    ]
    statuses = []
    for upstream in shown:
        state = states.get(upstream) or UpstreamState()
        address, error, notes = upstream.address, state.error or None, list(state.notes)
        if public:
            # The path and query of an address may hold keys or local folders. An error may name folders, and machines
            # in a private network.
            address = f"{upstream.source or 'git'}: {urlsplit(upstream.address).hostname or 'this machine'}"
            error, notes = error and _HIDDEN_TEXT, []
        statuses.append(
            UpstreamStatus(
                address=address,
                success=_format_time(state.success),
                changed=_format_time(state.changed),
                next=_format_time(state.next),
                failures=state.failures,
                error=error,
                notes=notes,
            )
        )
    return statuses


def path_in_dumps(path: str, settings: Settings, *, public: bool) -> str:
    """A dump's path below its dump folder. For any other absolute path the public sees only the file name."""
    for folder in dump_dirs(settings):
        if path.startswith(folder.rstrip("/") + "/"):
            return path[len(folder.rstrip("/")) + 1 :]
    return path.rpartition("/")[2] if public and path.startswith("/") else path


def _format_time(instant: datetime | None) -> str | None:
    return format_rfc3339(instant) if instant else None
