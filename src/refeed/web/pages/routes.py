"""Routes of the pages themselves: what each asks of the store, and which template shows it."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Container
from dataclasses import replace
from functools import cached_property

import msgspec
from flask import Blueprint, Response, abort, render_template, request
from flask_babel import gettext
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as Answer

from ...clean import sanitize
from ...config.settings import Settings
from ...errors import StoreError
from ...feeds.access_tokens import private_sources
from ...feeds.feed_builder import FeedBuilder
from ...feeds.pagination import DocumentBudget
from ...model import Entry, FeedKind, FeedPath, Outcome
from ...store.feed_summaries import get_copies
from ...store.rows import MonthState, StoredEntry
from ...store.serialization import Provenance
from ...store.store import Store
from ...topics.matcher import TopicMatcher, TopicScore
from .. import browser_negotiation, entry_json, service_status
from ..error_responses import WITHDRAWN_MESSAGE, http_error_response
from ..operations import StatusCache
from . import headers
from .assets import Assets, assets_blueprint
from .site_model import (
    MAX_DETAILED_FEEDS,
    EntryListItem,
    SiteSnapshot,
    SiteSnapshots,
    entry_list_items,
    filtered_entry_rows,
    shorten,
)
from .subscribe_links import reader_links
from .template_context import TemplateContext

_LISTED = 30
"""Entries on a feed's page, and on each page of a month."""
_HOME_KINDS: tuple[FeedKind, ...] = ("view", "topic", "source")
"""Kinds of feeds on the home page, in its order."""
_DOUBTS = 200
_KEPT = 12
_REFUSALS = (400, 403, 404, 405, 410, 429, 500, 503)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])")


class PageRoutes:
    """Answers with pages. Reads the store, and says in plain words when it is away."""

    def __init__(self, settings: Settings, store: Store, setting: TemplateContext, health: StatusCache) -> None:
        self._settings = settings
        self._store = store
        self._setting = setting
        self._health = health
        self._snapshots = SiteSnapshots(settings, store)
        self._homes: OrderedDict[tuple[str, str, str], str] = OrderedDict()
        self._lock = threading.Lock()

    def register(self, blueprint: Blueprint) -> None:
        """Every page's route."""
        kinds = "<any(source,topic,view):kind>/<slug>"
        blueprint.add_url_rule("/", "home", self.home)
        blueprint.add_url_rule("/all", "all", self.feed)
        blueprint.add_url_rule("/all/<month>", "all_month", self.month)
        blueprint.add_url_rule(f"/{kinds}", "feed", self.feed)
        blueprint.add_url_rule(f"/{kinds}/<month>", "month", self.month)
        blueprint.add_url_rule("/entry/<id>", "entry", self.entry)
        blueprint.add_url_rule("/entry/<id>.json", "entry_json", self.entry_json)
        blueprint.add_url_rule("/status", "status", self.status)
        blueprint.register_error_handler(StoreError, self.away)
        for code in _REFUSALS:
            blueprint.app_errorhandler(code)(self.refused)

    def home(self) -> Response:
        """All feeds, with what is new in each; `?q=` those whose names hold it."""
        snapshot = self._snapshots.current()
        asked = request.args.get("q", "").strip()[:100]
        if asked:
            return headers.page_response(self._home(snapshot, asked))
        key = (snapshot.revision, self._setting.language(), request.args.get("lang", ""))
        with self._lock:
            html = self._homes.get(key)
        if html is None:
            html = self._home(snapshot, "")
            with self._lock:
                self._homes[key] = html
                while len(self._homes) > _KEPT:
                    self._homes.popitem(last=False)
        return headers.page_response(html)

    def feed(self, kind: FeedKind = "all", slug: str = "") -> Answer:
        """One feed: what it is, how to subscribe, what is new in it, and its months."""
        snapshot = self._snapshots.current()
        path = FeedPath(kind, slug)
        if new := snapshot.renamed_to(path):
            return headers.moved_page_response(self._setting.path_to(f"/{new}"))
        if snapshot.feed(path) is None:
            abort(410 if path in snapshot.registry.retired else 404)
        return headers.page_response(
            self._list(snapshot, path, self._newest(snapshot, path), month=None, page=1, pages=1)
        )

    def month(self, month: str, kind: FeedKind = "all", slug: str = "") -> Answer:
        """One month of a feed, newest first, in pages."""
        snapshot = self._snapshots.current()
        path = FeedPath(kind, slug)
        if new := snapshot.renamed_to(path):
            return headers.moved_page_response(self._setting.path_to(f"/{new}/{month}"))
        if snapshot.feed(path) is None or path in snapshot.registry.filtered or not _MONTH.fullmatch(month):
            abort(404)
        members = self._store.get_month(path, month)[::-1]
        pages = -(-len(members) // _LISTED)
        asked = request.args.get("page", "1")
        page = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 7 else 0
        if not 1 <= page <= pages:
            abort(404)
        shown = members[(page - 1) * _LISTED : page * _LISTED]
        listed = entry_list_items(self._store, snapshot, shown, _topic(path))
        return headers.page_response(self._list(snapshot, path, listed, month=month, page=page, pages=pages))

    @cached_property
    def _matcher(self) -> TopicMatcher:
        """The topics, ready to say what an entry nearly is about. Built for the first who asks: most never do."""
        return TopicMatcher(self._settings.topics)

    def entry(self, id: str) -> Response:
        """One entry as a reader shows it, and how it came about."""
        snapshot = self._snapshots.current()
        stored, notes = self._entry(id, snapshot)
        entry = stored.entry
        html = render_template(
            "entry.html",
            site_snapshot=snapshot,
            entry=entry,
            id=id,
            body=sanitize.sanitize_for_page(entry.html),
            source=snapshot.source_name(entry.source),
            timezone=snapshot.timezone(entry.source),
            labels=stored.labels,
            near_misses=self._near(entry, snapshot, {label.topic for label in stored.labels}),
            copies=[copy for copy in get_copies(self._store, id) if snapshot.is_public(copy.source)],
            provenance=notes,
            description=shorten(entry.summary, 200),
        )
        return headers.page_response(html)

    def _near(self, entry: Entry, snapshot: SiteSnapshot, its: Container[str]) -> list[TopicScore]:
        """Topics with a page that an entry is nearly in."""
        found = self._matcher.near_misses(entry)
        return [one for one in found if one.topic not in its and snapshot.feed(FeedPath("topic", one.topic))]

    def entry_json(self, id: str) -> Response:
        """The same for machines, in the shape of `refeed explain --json`."""
        stored, notes = self._entry(id, self._snapshots.current())
        originals = self._store.get_dumps(id)
        account = entry_json.entry_to_dict(stored, notes, self._file(originals[-1].path) if originals else "")
        return headers.data_response(msgspec.json.encode(account), "application/json")

    def status(self) -> Response:
        """How all is going: what came in, how fresh each source is, what is in doubt and why."""
        snapshot = self._snapshots.current()
        outcomes = {outcome.value: count for outcome, count in self._store.count_outcomes().items()}
        hidden = private_sources(self._settings)
        issues = [
            (self._file(issue.path), issue) for issue in service_status.list_file_issues(self._store, hidden, _DOUBTS)
        ]
        feeds = self._store.get_feed_states()
        status = self._health.current()
        html = render_template(
            "status.html",
            site_snapshot=snapshot,
            outcomes=[(outcome, outcomes.get(outcome, 0)) for outcome in Outcome if outcome is not Outcome.IGNORED],
            issues=issues,
            changed=max((feed.changed for feed in feeds), default=None),
            worker=status.worker,
            stale_sources={source.source for source in status.sources if source.stale},
        )
        return headers.page_response(html)

    def away(self, error: StoreError) -> Response:  # noqa: ARG002
        """The store does not answer: say so, and where the documents are, which need no store."""
        response = headers.page_response(
            render_template("unavailable.html", feeds=self._snapshots.configured_feeds()), 503
        )
        response.headers["Retry-After"] = "30"
        return response

    def refused(self, error: HTTPException) -> Response:
        """What cannot be answered, in one plain sentence: a page for a browser, a line of text for a program."""
        response = http_error_response(error)
        if not browser_negotiation.prefers_html(request.headers.get("Accept", "")) or request.method not in (
            "GET",
            "HEAD",
        ):
            return response
        code = response.status_code
        heading, message = _error_texts(code, response)
        html = render_template("error.html", code=code, heading=heading, message=message)
        shown = headers.page_response(html, code)
        for name in ("Allow", "Retry-After", "WWW-Authenticate", "Cache-Control"):
            if name in response.headers:
                shown.headers[name] = response.headers[name]
        return shown

    def _home(self, snapshot: SiteSnapshot, asked: str) -> str:
        kinds = [(kind, snapshot.paths(kind)) for kind in _HOME_KINDS]
        if asked:
            kinds = [(kind, [path for path in paths if snapshot.matches(path, asked)]) for kind, paths in kinds]
        groups = [(kind, paths) for kind, paths in kinds if paths]
        few = len(snapshot.feeds) <= MAX_DETAILED_FEEDS
        return render_template("home.html", site_snapshot=snapshot, groups=groups, query=asked, detailed=few)

    def _newest(self, snapshot: SiteSnapshot, path: FeedPath) -> list[EntryListItem]:
        if path not in snapshot.registry.filtered:
            return entry_list_items(self._store, snapshot, self._store.get_newest(path, _LISTED), _topic(path))
        budget = DocumentBudget(_LISTED, self._settings.feeds.bytes)
        return filtered_entry_rows(
            FeedBuilder(self._store, snapshot.registry, budget).build_subscription(path).entries, snapshot
        )

    def _list(self, snapshot: SiteSnapshot, path: FeedPath, listed: list[EntryListItem], **more: object) -> str:
        months = self._store.get_months(path)
        return render_template(
            "feed.html",
            site_snapshot=snapshot,
            path=path,
            feed=snapshot.feed(path),
            entries=listed,
            years=_years(months),
            readers=reader_links(f"{self._settings.site.base_url}/feeds/{path}.atom"),
            **more,
        )

    def _entry(self, id: str, snapshot: SiteSnapshot) -> tuple[StoredEntry, Provenance]:
        found = self._store.get_entry(id) if _UUID.fullmatch(id) else None
        if found is None or not snapshot.is_public(found[0].entry.source):
            abort(404)
        stored, notes = found
        if stored.withdrawn is not None:
            abort(410, WITHDRAWN_MESSAGE)
        shown = tuple(label for label in stored.labels if snapshot.feed(FeedPath("topic", label.topic)))
        return replace(stored, labels=shown), notes

    def _file(self, path: str) -> str:
        """A dump's path as far as it concerns others: below its dump folder."""
        for folder in self._settings.dumps.folders:
            if path.startswith(f"{folder}/"):
                return path.removeprefix(f"{folder}/")
        return path.rpartition("/")[2] if path.startswith("/") else path


def _years(months: list[MonthState]) -> list[tuple[str, list[MonthState]]]:
    years: dict[str, list[MonthState]] = {}
    for month in months:
        years.setdefault(month.month[:4], []).append(month)
    return list(years.items())


def _topic(path: FeedPath) -> str:
    return path.slug if path.kind == "topic" else ""


def _error_texts(code: int, plain: Response) -> tuple[str, str]:
    """Heading and message of an error page; the plain response's own sentence where there is no other."""
    known = {
        404: (gettext("Page not found"), gettext("The address may be mistyped, or the page has moved.")),
        405: (gettext("Method not allowed"), gettext("This address does not accept this kind of request.")),
        410: (gettext("No longer available"), gettext("This page has been withdrawn.")),
        500: (gettext("Internal server error"), gettext("The error has been logged. Please try again later.")),
    }
    return known.get(code) or (gettext("Error"), plain.get_data(as_text=True).strip())


# Pages for people: find a feed, look into it, subscribe; see an entry and how it came about; see how all is going.


def pages_blueprint(settings: Settings, health: StatusCache) -> Blueprint:
    """The routes `/`, `/all`, `/source/<slug>`, `/topic/<slug>`, `/entry/<uuid>`, `/status`, and what they need."""
    blueprint = Blueprint("pages", __name__)
    assets = Assets()
    setting = TemplateContext(settings, assets)
    blueprint.record_once(lambda state: setting.install(state.app))
    PageRoutes(settings, Store(settings.database_url, read_only=True), setting, health).register(blueprint)
    blueprint.register_blueprint(assets_blueprint(settings, assets))
    return blueprint
