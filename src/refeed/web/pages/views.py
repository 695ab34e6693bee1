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

from ... import accounts, sanitize, status
from ...access import private_sources
from ...archives import Budget
from ...config import Settings
from ...documents import Documents
from ...errors import StoreError
from ...model import Entry, Outcome
from ...packing import Notes
from ...store import MonthState, Store, Stored
from ...store.glances import reports
from ...topics import Matcher, Verdict
from .. import navigation
from ..answers import WITHDRAWN, refused
from ..health import Health
from . import answers
from .outlook import FEW, Outlook, Outlooks
from .readers import reader_links
from .rows import Row, rows, rows_of_view, shortened
from .setting import Setting

_LISTED = 30
"""Entries on a feed's page, and on each page of a month."""
_DOUBTS = 200
_KEPT = 12
_REFUSALS = (400, 403, 404, 405, 410, 429, 500, 503)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])")


class Views:
    """Answers with pages. Reads the store, and says in plain words when it is away."""

    def __init__(self, settings: Settings, store: Store, setting: Setting, health: Health) -> None:
        self._settings = settings
        self._store = store
        self._setting = setting
        self._health = health
        self._outlooks = Outlooks(settings, store)
        self._homes: OrderedDict[tuple[str, str, str], str] = OrderedDict()
        self._lock = threading.Lock()

    def add_to(self, blueprint: Blueprint) -> None:
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
        outlook = self._outlooks.current()
        asked = request.args.get("q", "").strip()[:100]
        if asked:
            return answers.page(self._home(outlook, asked))
        key = (outlook.revision, self._setting.language(), request.args.get("lang", ""))
        with self._lock:
            html = self._homes.get(key)
        if html is None:
            html = self._home(outlook, "")
            with self._lock:
                self._homes[key] = html
                while len(self._homes) > _KEPT:
                    self._homes.popitem(last=False)
        return answers.page(html)

    def feed(self, kind: str = "", slug: str = "") -> Answer:
        """One feed: what it is, how to subscribe, what is new in it, and its months."""
        outlook = self._outlooks.current()
        path = f"{kind}/{slug}" if kind else "all"
        if new := outlook.moved(path):
            return answers.moved(self._setting.to(f"/{new}"))
        if outlook.info(path) is None:
            abort(410 if path in outlook.catalogue.retired else 404)
        return answers.page(self._list(outlook, path, self._newest(outlook, path), month=None, page=1, pages=1))

    def month(self, month: str, kind: str = "", slug: str = "") -> Answer:
        """One month of a feed, newest first, in pages."""
        outlook = self._outlooks.current()
        path = f"{kind}/{slug}" if kind else "all"
        if new := outlook.moved(path):
            return answers.moved(self._setting.to(f"/{new}/{month}"))
        if outlook.info(path) is None or path in outlook.catalogue.views or not _MONTH.fullmatch(month):
            abort(404)
        members = self._store.month(path, month)[::-1]
        pages = -(-len(members) // _LISTED)
        asked = request.args.get("page", "1")
        page = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 7 else 0
        if not 1 <= page <= pages:
            abort(404)
        shown = members[(page - 1) * _LISTED : page * _LISTED]
        listed = rows(self._store, outlook, shown, _topic(path))
        return answers.page(self._list(outlook, path, listed, month=month, page=page, pages=pages))

    @cached_property
    def _matcher(self) -> Matcher:
        """The topics, ready to say what an entry nearly is about. Built for the first who asks: most never do."""
        return Matcher(self._settings.topics)

    def entry(self, id: str) -> Response:
        """One entry as a reader shows it, and how it came about."""
        outlook = self._outlooks.current()
        stored, notes = self._entry(id, outlook)
        entry = stored.entry
        html = render_template(
            "entry.html",
            outlook=outlook,
            entry=entry,
            id=id,
            body=sanitize.for_page(entry.html),
            source=outlook.source(entry.source),
            zone=outlook.zone(entry.source),
            labels=stored.labels,
            near=self._near(entry, outlook, {label.topic for label in stored.labels}),
            reports=[report for report in reports(self._store, id) if outlook.is_open(report.source)],
            notes=notes,
            description=shortened(entry.summary, 200),
        )
        return answers.page(html)

    def _near(self, entry: Entry, outlook: Outlook, its: Container[str]) -> list[Verdict]:
        """Topics with a page that an entry is nearly in."""
        found = self._matcher.near_misses(entry)
        return [one for one in found if one.topic not in its and outlook.info(f"topic/{one.topic}")]

    def entry_json(self, id: str) -> Response:
        """The same for machines, in the shape of `refeed explain --json`."""
        stored, notes = self._entry(id, self._outlooks.current())
        originals = self._store.originals(id)
        account = accounts.of_entry(stored, notes, self._file(originals[-1].path) if originals else "")
        return answers.data(msgspec.json.encode(account), "application/json")

    def status(self) -> Response:
        """How all is going: what came in, how fresh each source is, what is in doubt and why."""
        outlook = self._outlooks.current()
        outcomes = {outcome.value: count for outcome, count in self._store.outcomes().items()}
        hidden = private_sources(self._settings)
        doubts = [(self._file(doubt.path), doubt) for doubt in status.doubts(self._store, hidden, _DOUBTS)]
        feeds = self._store.feeds()
        facts = self._health.facts()
        html = render_template(
            "status.html",
            outlook=outlook,
            outcomes=[(outcome, outcomes.get(outcome, 0)) for outcome in Outcome if outcome is not Outcome.IGNORED],
            doubts=doubts,
            changed=max((feed.changed for feed in feeds), default=None),
            movers=facts["movers"],
            quiet={source["source"] for source in facts["sources"] if source["stale"]},
        )
        return answers.page(html)

    def away(self, error: StoreError) -> Response:  # noqa: ARG002
        """The store does not answer: say so, and where the documents are, which need no store."""
        response = answers.page(render_template("away.html", feeds=self._outlooks.without_store()), 503)
        response.headers["Retry-After"] = "30"
        return response

    def refused(self, error: HTTPException) -> Response:
        """What cannot be answered, in one plain sentence: a page for a browser, a line of text for a program."""
        response = refused(error)
        if not navigation.prefers_html(request.headers.get("Accept", "")) or request.method not in ("GET", "HEAD"):
            return response
        code = response.status_code
        shown = answers.page(render_template("refused.html", code=code, reason=_reason(code, response)), code)
        for name in ("Allow", "Retry-After", "WWW-Authenticate", "Cache-Control"):
            if name in response.headers:
                shown.headers[name] = response.headers[name]
        return shown

    def _home(self, outlook: Outlook, asked: str) -> str:
        kinds = [(kind, outlook.paths(kind)) for kind in ("view", "topic", "source")]
        if asked:
            kinds = [(kind, [path for path in paths if outlook.matches(path, asked)]) for kind, paths in kinds]
        groups = [(kind, paths) for kind, paths in kinds if paths]
        few = len(outlook.feeds) <= FEW
        return render_template("home.html", outlook=outlook, groups=groups, asked=asked, few=few)

    def _newest(self, outlook: Outlook, path: str) -> list[Row]:
        if path not in outlook.catalogue.views:
            return rows(self._store, outlook, self._store.newest(path, _LISTED), _topic(path))
        budget = Budget(_LISTED, self._settings.feeds.bytes)
        return rows_of_view(Documents(self._store, outlook.catalogue, budget).subscription(path).entries, outlook)

    def _list(self, outlook: Outlook, path: str, listed: list[Row], **more: object) -> str:
        months = self._store.months(path)
        return render_template(
            "feed.html",
            outlook=outlook,
            path=path,
            info=outlook.info(path),
            rows=listed,
            years=_years(months),
            readers=reader_links(f"{self._settings.site.base_url}/feeds/{path}.atom"),
            **more,
        )

    def _entry(self, id: str, outlook: Outlook) -> tuple[Stored, Notes]:
        found = self._store.entry(id) if _UUID.fullmatch(id) else None
        if found is None or not outlook.is_open(found[0].entry.source):
            abort(404)
        stored, notes = found
        if stored.withdrawn is not None:
            abort(410, WITHDRAWN)
        shown = tuple(label for label in stored.labels if outlook.info(f"topic/{label.topic}"))
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


def _topic(path: str) -> str:
    kind, _, slug = path.partition("/")
    return slug if kind == "topic" else ""


def _reason(code: int, plain: Response) -> str:
    known = {
        404: gettext("There is nothing under this address. It may have been mistyped, or what was here has moved."),
        410: gettext("This was here once, and has been withdrawn."),
        405: gettext("This address does not take such a request."),
        500: gettext("Something went wrong on our side. It has been noted; please try again later."),
    }
    return known.get(code) or plain.get_data(as_text=True).strip()
