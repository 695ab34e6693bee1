"""Requests for pages -> pages, rendered from the store with templates; and the files that pages load."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from io import BytesIO
from itertools import groupby

import segno
from flask import Blueprint, Response, abort, render_template, request
from flask_babel import get_locale, gettext
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as WerkzeugResponse

from ...clean.sanitize import sanitize_for_page
from ...clock import format_rfc3339, utc_now
from ...config.settings import Settings
from ...dumps.scanner import display_path, original_path
from ...errors import StoreError
from ...feeds.access_tokens import private_sources
from ...feeds.cached_images import link_cached_images
from ...feeds.entry_filter import filtered_title
from ...feeds.feed_builder import FeedBuilder
from ...feeds.pagination import DocumentBudget
from ...feeds.registry import build_registry
from ...model import FeedEntry, FeedKind, FeedPath, Outcome
from ...store.rows import MonthState, StoredEntry
from ...store.serialization import Provenance
from ...store.store import Store
from ...store.story_members import get_story_ids
from ...terminal import encode_json
from ...topics.matcher import TopicMatcher
from ..entry_json import explain_stored
from ..filtered_feeds import FilterParamsError, parse_filter_params
from ..negotiation import prefers_html
from ..operations import StatusCache
from ..responses import WITHDRAWN_MESSAGE, data_response, http_error_response, moved_page_response, page_response
from ..service_status import path_in_dumps
from ..url_map import FEED_PATTERN
from .feed_filter import NO_FILTER, PageFilter, build_filtered_page, read_filter
from .search_page import SearchPage
from .site_model import (
    MAX_DETAILED_FEEDS,
    EntryListItem,
    SiteSnapshot,
    SiteSnapshots,
    list_members,
    make_list_item,
    reader_links,
    shorten,
)
from .story_page import StoryPage, find_largest, find_story
from .template_context import Assets, TemplateContext

_CARDS = 200
"""Feeds on a home page: about 100 kB."""
_ENTRIES = 30
"""The number of entries on a feed's page, and on each page of a month."""
_MAX_ISSUES = 200
_HOME_KINDS: tuple[FeedKind, ...] = ("filtered", "topic", "source")
"""The kinds of feeds on the home page, in the order of the page."""
_ERROR_PAGES = (400, 403, 404, 405, 410, 429, 500, 503)
_ICONS = {"favicon.ico": "favicon.ico", "apple-touch-icon.png": "touch.png", "icon.svg": "icon.svg"}
"""Paths that browsers and readers request by convention, and their files."""
_FEED = re.compile(FEED_PATTERN)
_MAX_QR_LENGTH = 2000
"""Characters of an address. A QR code of this error correction holds 2,331 bytes."""
_SECURITY_TXT_AGE = timedelta(days=90)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])")


def pages_blueprint(settings: Settings, status_cache: StatusCache) -> Blueprint:
    """Create the routes of all pages, and of the files that they load."""
    blueprint = Blueprint("pages", __name__)
    assets = Assets()
    context = TemplateContext(settings, assets)
    blueprint.record_once(lambda state: context.install(state.app))
    store = Store(settings.database_url, read_only=True)
    snapshots = SiteSnapshots(settings, store)
    PageRoutes(settings, store, snapshots, context, status_cache).register(blueprint)
    SearchPage(store, snapshots, context).register(blueprint)
    StoryPage(store, snapshots, context).register(blueprint)
    blueprint.register_blueprint(_files_blueprint(settings, assets))
    return blueprint


class PageRoutes:
    """Answers requests for pages from the store. While the store does not respond, a page says so."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        snapshots: SiteSnapshots,
        context: TemplateContext,
        status_cache: StatusCache,
    ) -> None:
        self._settings = settings
        self._private_sources = private_sources(settings)
        self._store = store
        self._snapshots = snapshots
        self._context = context
        self._status_cache = status_cache

    def register(self, blueprint: Blueprint) -> None:
        """Add the route of every page."""
        feed = "/<any(source,topic,filtered,view):kind>/<slug>"
        blueprint.add_url_rule("/", "home", self.home)
        blueprint.add_url_rule("/all", "all", self.feed)
        blueprint.add_url_rule("/all/<month>", "all_month", self.month)
        blueprint.add_url_rule(feed, "feed", self.feed)
        blueprint.add_url_rule(f"{feed}/<month>", "month", self.month)
        blueprint.add_url_rule("/entry/<id>", "entry", self.entry)
        blueprint.add_url_rule("/entry/<id>.json", "entry_json", self.entry_json)
        blueprint.add_url_rule("/status", "status", self.status)
        blueprint.register_error_handler(StoreError, self.unavailable)
        for code in _ERROR_PAGES:
            blueprint.app_errorhandler(code)(self.error)

    def home(self) -> Response:
        """The home page: all feeds with their newest entries; with `?q=`, the feeds whose names match."""
        snapshot = self._snapshots.current()
        query = request.args.get("q", "").strip()[:100]
        found = [
            path for kind in _HOME_KINDS for path in snapshot.paths(kind) if not query or snapshot.matches(path, query)
        ]
        page, pages = _read_page(max(1, -(-len(found) // _CARDS)))
        shown = found[(page - 1) * _CARDS : page * _CARDS]
        html = render_template(
            "home.html",
            site_snapshot=snapshot,
            stories=[] if query or page > 1 else find_largest(self._store, snapshot),
            groups=[(kind, list(paths)) for kind, paths in groupby(shown, lambda path: path.kind)],
            counts=Counter(path.kind for path in found),
            query=query,
            page=page,
            pages=pages,
            detailed=len(snapshot.feeds) <= MAX_DETAILED_FEEDS,
        )
        return page_response(html)

    def feed(self, kind: FeedKind = "all", slug: str = "") -> WerkzeugResponse:
        """The page of a feed: its description, how to subscribe, its newest entries, and its months."""
        snapshot, path = self._snapshots.current(), FeedPath(kind, slug)
        if new := snapshot.renamed_to(path):
            return moved_page_response(self._context.path_to(f"/{new}"))
        if path not in snapshot.feeds:
            abort(410 if path in snapshot.registry.retired else 404)
        budget = DocumentBudget(_ENTRIES, self._settings.feeds.bytes)
        page_filter = read_filter(request.environ.get("QUERY_STRING", ""), snapshot)
        title = ""
        if page_filter.rule:
            filtered = build_filtered_page(self._store, snapshot, path, page_filter, utc_now(), budget)
            entries, language = self._list_items(filtered.entries, snapshot), self._context.language()
            name = snapshot.feed_name(path, language).text
            title = filtered_title(name, language, page_filter.rule, snapshot.registry.public_feeds)
        elif page_filter.is_wrong:
            entries = []
        elif snapshot.registry.find_scan(path):
            filtered = FeedBuilder(self._store, snapshot.registry, budget).build_subscription(path)
            entries = self._list_items(filtered.entries, snapshot)
        else:
            entries = list_members(self._store, snapshot, path, self._store.get_newest(path, _ENTRIES))
        html = self._render_feed(
            snapshot, path, entries, month=None, page=1, pages=1, filter=page_filter, filtered_title=title
        )
        return page_response(html, 400 if page_filter.is_wrong else 200)

    def _list_items(self, shown: Iterable[FeedEntry], snapshot: SiteSnapshot) -> list[EntryListItem]:
        return [make_list_item(item.entry, snapshot) for item in shown if snapshot.is_public(item.entry.source)]

    def month(self, month: str, kind: FeedKind = "all", slug: str = "") -> WerkzeugResponse:
        """One page of a month of a feed, newest entry first."""
        snapshot, path = self._snapshots.current(), FeedPath(kind, slug)
        if new := snapshot.renamed_to(path):
            return moved_page_response(self._context.path_to(f"/{new}/{month}"))
        if path not in snapshot.feeds or snapshot.registry.find_scan(path) or not _MONTH.fullmatch(month):
            abort(404)
        members = self._store.get_month(path, month)[::-1]
        page, pages = _read_page(-(-len(members) // _ENTRIES))
        members = members[(page - 1) * _ENTRIES : page * _ENTRIES]
        entries = list_members(self._store, snapshot, path, members)
        return page_response(self._render_feed(snapshot, path, entries, month=month, page=page, pages=pages))

    def _render_feed(
        self,
        snapshot: SiteSnapshot,
        path: FeedPath,
        entries: list[EntryListItem],
        *,
        filter: PageFilter = NO_FILTER,
        **more: object,
    ) -> str:
        query = f"?{filter.query}" if filter.query else ""
        years: dict[str, list[MonthState]] = {}
        for month in self._store.get_months(path):
            years.setdefault(month.month[:4], []).append(month)
        return render_template(
            "feed.html",
            site_snapshot=snapshot,
            path=path,
            feed=snapshot.feeds[path],
            entries=entries,
            years=list(years.items()),
            readers=reader_links(f"{self._settings.site.base_url}/feeds/{path}.atom{query}"),
            filter=filter,
            **more,
        )

    def entry(self, id: str) -> Response:
        """The page of an entry: how feed readers show it, and how it was processed."""
        snapshot = self._snapshots.current()
        stored, provenance = self._get_entry(id, snapshot)
        entry = link_cached_images(stored.entry, snapshot.registry)
        topics = {label.topic for label in stored.labels}
        feed = FeedPath("source", entry.source)
        newer, older = (
            next(iter(list_members(self._store, snapshot, feed, members)), None)
            for members in self._store.get_neighbors(feed, entry.published, id)
        )
        story, story_reports = find_story(self._store, snapshot, id)
        html = render_template(
            "entry.html",
            site_snapshot=snapshot,
            story=story,
            story_reports=story_reports,
            entry=entry,
            id=id,
            newer=newer,
            older=older,
            body=sanitize_for_page(entry.html),
            source=snapshot.source_name(entry.source),
            timezone=snapshot.timezone(entry.source),
            labels=stored.labels,
            near_misses=[
                score
                for score in self._matcher.near_misses(entry)
                if score.topic not in topics and FeedPath("topic", score.topic) in snapshot.feeds
            ],
            copies=[copy for copy in self._store.get_copies(id) if snapshot.is_public(copy.source)],
            provenance=provenance,
            description=shorten(entry.summary, 200),
        )
        return page_response(html)

    @cached_property
    def _matcher(self) -> TopicMatcher:
        """The matcher that finds near misses. Built when first needed: most web processes never show an entry."""
        return TopicMatcher(self._settings.topics)

    def entry_json(self, id: str) -> Response:
        """The entry for programs, in the format of `refeed explain --json`."""
        stored, provenance = self._get_entry(id, self._snapshots.current())
        dumps = self._store.get_dumps(id)
        file = path_in_dumps(original_path(dumps[-1].path), self._settings, public=True) if dumps else ""
        story = get_story_ids(self._store, [id]).get(id)
        return data_response(encode_json(explain_stored(stored, provenance, file, story)), "application/json")

    def _get_entry(self, id: str, snapshot: SiteSnapshot) -> tuple[StoredEntry, Provenance]:
        """A public entry with its public labels. Aborts with 404, or with 410 if the entry was withdrawn."""
        known = self._store.get_entry(id, self._private_sources) if _UUID.fullmatch(id) else None
        if known is None:
            abort(404)
        stored, provenance = known
        if stored.withdrawn is not None:
            abort(410, WITHDRAWN_MESSAGE)
        labels = tuple(label for label in stored.labels if FeedPath("topic", label.topic) in snapshot.feeds)
        return replace(stored, labels=labels), provenance

    def status(self) -> Response:
        """The status page: files by outcome, how recent each source is; for the operator the files with issues."""
        snapshot, status = self._snapshots.current(), self._status_cache.current()
        counts = self._store.count_outcomes()
        is_operator = bool(self._settings.operator_token)  # without it, this page is not answered
        issues = self._store.get_file_issues(_MAX_ISSUES) if is_operator else []
        html = render_template(
            "status.html",
            site_snapshot=snapshot,
            outcomes=[(outcome.value, counts.get(outcome, 0)) for outcome in Outcome if outcome is not Outcome.IGNORED],
            is_operator=is_operator,
            issues=[(display_path(path_in_dumps(issue.path, self._settings, public=False)), issue) for issue in issues],
            changed=max((feed.changed for feed in self._store.get_feed_states()), default=None),
            worker=status.worker,
            stale_sources={source.source for source in status.sources if source.stale},
        )
        return page_response(html)

    def unavailable(self, error: StoreError) -> Response:  # noqa: ARG002
        """503 when the store does not respond. The page links to the documents, which do not need the store."""
        if self._context.describe_import(get_locale()):  # the worker has not created the store yet
            return page_response(render_template("starting.html"))
        feeds = build_registry(self._settings).public_feeds.values()
        response = page_response(render_template("unavailable.html", feeds=list(feeds)), 503)
        response.headers["Retry-After"] = "30"
        return response

    def error(self, error: HTTPException) -> Response:
        """The response to an error: a page for browsers, a line of text for programs."""
        plain = http_error_response(error)
        if not prefers_html(request.headers.get("Accept", "")) or request.method not in ("GET", "HEAD"):
            return plain
        code = plain.status_code
        texts = {
            404: (gettext("Page not found"), gettext("The address may be mistyped, or the page has moved.")),
            405: (gettext("Method not allowed"), gettext("This address does not accept this kind of request.")),
            410: (gettext("No longer available"), gettext("This page has been withdrawn.")),
            500: (gettext("Internal server error"), gettext("The error has been logged. Please try again later.")),
        }
        heading, message = texts.get(code) or (gettext("Error"), plain.get_data(as_text=True).strip())
        page = page_response(render_template("error.html", code=code, heading=heading, message=message), code)
        for name in ("Allow", "Retry-After", "WWW-Authenticate", "Cache-Control"):
            if name in plain.headers:
                page.headers[name] = plain.headers[name]
        return page


def _files_blueprint(settings: Settings, assets: Assets) -> Blueprint:
    """Create the routes `/static/…`, `/qr/…`, of the icons, and `/robots.txt`."""
    blueprint = Blueprint("assets", __name__)

    @blueprint.get("/static/<name>")
    def static(name: str) -> Response:
        asset = assets.by_hashed_name.get(name)
        if asset is None:
            abort(404)
        return data_response(asset.data, asset.media_type, immutable=True)

    @blueprint.get("/<any('favicon.ico','apple-touch-icon.png','icon.svg'):name>")
    def icon(name: str) -> Response:
        asset = assets.by_file_name[_ICONS[name]]
        return data_response(asset.data, asset.media_type)

    @blueprint.get("/qr/<path:feed>.svg")
    def qr(feed: str) -> Response:
        if not _FEED.fullmatch(feed):
            abort(404)
        try:
            query = parse_filter_params(request.environ.get("QUERY_STRING", ""))[1]
        except FilterParamsError:
            abort(404)
        url = f"{settings.site.base_url}/feeds/{feed}.atom" + (f"?{query}" if query else "")
        if len(url) > _MAX_QR_LENGTH:
            abort(404)
        code = segno.make(url, error="m", micro=False)
        image = BytesIO()
        # Always black on white, with the quiet zone that cameras need.
        code.save(image, "svg", border=4, dark="#000", light="#fff", omitsize=True, svgclass=None, lineclass=None)
        return data_response(image.getvalue(), "image/svg+xml")

    @blueprint.get("/.well-known/security.txt")
    def security() -> Response:
        if not settings.site.contact:
            abort(404)
        expires = format_rfc3339(utc_now() + _SECURITY_TXT_AGE)  # RFC 9116 2.5.5
        return data_response(f"Contact: {settings.site.contact}\nExpires: {expires}\n", "text/plain; charset=utf-8")

    @blueprint.get("/robots.txt")
    def robots() -> Response:
        # Pages with noindex must not be disallowed, or crawlers would never read the noindex.
        rules = "Disallow: /qr/\nDisallow: /*?q=\nAllow: /"
        if settings.site.indexed == "nothing":
            rules = "Allow: /feeds/\nDisallow: /"
        return data_response(f"User-agent: *\n{rules}\n", "text/plain; charset=utf-8")

    return blueprint


def _read_page(pages: int) -> tuple[int, int]:
    """The page that is asked for, of so many. Answers 404 if there is none."""
    number = request.args.get("page", "1")
    page = int(number) if number.isascii() and number.isdigit() and len(number) < 7 else 0
    if not 1 <= page <= pages:
        abort(404)
    return page, pages
