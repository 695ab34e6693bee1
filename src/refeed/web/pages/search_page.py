"""`/search?q=…` -> the entries that match, with what was found marked; and `/opensearch.xml` for browsers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec
from flask import Blueprint, Response, render_template, request
from werkzeug.exceptions import BadRequest

from ...clean.text import visible_text
from ...clock import format_rfc3339, utc_now
from ...config.search_query import MAX_LENGTH, QueryError, SearchQuery, parse_query
from ...search.query_matcher import QueryMatcher
from ...search.searcher import Order, SearchResult, search
from ...search.snippets import Piece, excerpt, mark_matches
from ...store.search_index import Position
from ...store.store import Store
from ..responses import data_response, page_response
from .feed_filter import find_unknown_ids
from .site_model import EntryListItem, SiteSnapshot, SiteSnapshots, make_list_item
from .template_context import TemplateContext

_RESULTS = 20
_EXCERPT = 160
_MAX_EXCERPTED = 20_000
"""Characters of a text that are searched for the excerpt."""
_PERIODS = (7, 30, 365)
"""Days that a link narrows a search to."""
_PLACE = re.compile(r"(-?\d{1,12})\.([0-9a-f-]{36})")


class FoundEntry(NamedTuple):
    """A result as the page shows it."""

    item: EntryListItem
    title: list[Piece]
    excerpt: list[Piece]


class SearchPage:
    """Answers searches from the index. Raises StoreError."""

    def __init__(self, store: Store, snapshots: SiteSnapshots, context: TemplateContext) -> None:
        self._store, self._snapshots, self._context = store, snapshots, context

    def register(self, blueprint: Blueprint) -> None:
        """Add the routes."""
        blueprint.add_url_rule("/search", view_func=self.results)
        blueprint.add_url_rule("/search.json", view_func=self.results_json)
        blueprint.add_url_rule("/opensearch.xml", view_func=self.description)

    def results(self) -> Response:
        """The results of a search; the form alone without one. A mistake in the query is shown with status 400."""
        snapshot = self._snapshots.current()
        language = self._context.language()
        text = request.args.get("q", "").strip()
        query, problem, found, result = None, "", [], None
        if text:
            try:
                query = parse_query(text)
            except QueryError as error:
                problem = str(error)
            else:
                problem = "; ".join(find_unknown_ids(query, snapshot))
                result = self._search(query, snapshot)
                found = self._describe(query, result, snapshot)
        html = render_template(
            "search.html",
            site_snapshot=snapshot,
            text=text[:MAX_LENGTH],
            problem=problem,
            found=found,
            result=result,
            next_place=f"{int(result.next.published.timestamp())}.{result.next.id}" if result and result.next else "",
            order=_order(),
            feed_query=urlencode({"q": query.text}) if query else "",
            sources=[(path.slug, snapshot.feed_name(path, language)) for path in snapshot.paths("source")],
            periods=[(days, (utc_now() - timedelta(days=days)).date()) for days in _PERIODS],
            topics=[(path.slug, snapshot.feed_name(path, language)) for path in snapshot.paths("topic")],
        )
        return page_response(html, 200 if query or not text else 400)

    def results_json(self) -> Response:
        """The first results for programs, and for the page while somebody types; 400 with `error` for a mistake."""
        snapshot = self._snapshots.current()
        try:
            query = parse_query(request.args.get("q", ""))
        except QueryError as error:
            response = data_response(msgspec.json.encode({"error": str(error)}), "application/json")
            response.status_code, response.headers["Cache-Control"] = 400, "no-store"
            return response
        result = self._search(query, snapshot)
        entries = [
            {
                "id": f"urn:uuid:{found.item.id}",
                "title": found.title,
                "excerpt": found.excerpt,
                "source": {"id": found.item.source, "title": found.item.source_name.text},
                "published": format_rfc3339(found.item.published),
                "language": found.item.language,
                "page": self._context.path_to(f"/entry/{found.item.id}"),
            }
            for found in self._describe(query, result, snapshot)
        ]
        body = msgspec.json.encode({"complete": result.complete, "entries": entries})
        return data_response(body, "application/json")

    def _search(self, query: SearchQuery, snapshot: SiteSnapshot) -> SearchResult:
        place = None
        if text := request.args.get("before", ""):
            match = _PLACE.fullmatch(text)
            if match is None:
                raise BadRequest("before: must be a place from the link to older results.")
            place = Position(datetime.fromtimestamp(int(match[1]), UTC), match[2])
        query = query.limited_to(snapshot.registry.topics)
        return search(self._store, query, limit=_RESULTS, older_than=place, order=_order())

    def _describe(self, query: SearchQuery, result: SearchResult, snapshot: SiteSnapshot) -> list[FoundEntry]:
        matcher = QueryMatcher(query)
        stored = self._store.get_entries([member.id for member in result.members])
        return [
            FoundEntry(
                item=make_list_item(item.entry, snapshot),
                title=mark_matches(item.entry.title, matcher),
                excerpt=excerpt(visible_text(item.entry.html)[:_MAX_EXCERPTED], matcher, _EXCERPT),
            )
            for item in stored
            if snapshot.is_public(item.entry.source)
        ]

    def description(self) -> Response:
        """The OpenSearch description, by which a browser adds the site to its search engines."""
        html = render_template("opensearch.xml")
        return data_response(html.encode(), "application/opensearchdescription+xml; charset=utf-8")


def _order() -> Order:
    return "relevance" if request.args.get("order") == "relevance" else "date"
