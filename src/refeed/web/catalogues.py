"""Requests below `/opds` -> OPDS catalogues of the digests, for programs that read books."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Blueprint, Response

from ..config.settings import Settings
from ..errors import StoreError
from ..feeds.registry import build_registry
from ..model import DIGEST_PERIODS, FeedKind, FeedPath
from ..page_languages import translate
from ..render.common import feed_title
from ..render.digest_html import period_title
from ..render.opds import ACQUISITION, NAVIGATION, Shelf, render_navigation
from ..store.store import Store
from .derived_documents import DerivedDocuments
from .document_cache import CachedDocument
from .document_middleware import DocumentSender
from .responses import data_response, error_response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_SECTIONS: dict[str, tuple[FeedKind, str]] = {"topics": ("topic", "Topics"), "sources": ("source", "Sources")}
"""Catalogues of a kind of feeds, with their titles."""


def catalogues_blueprint(
    settings: Settings, store: Callable[[], Store], derived_documents: DerivedDocuments, sender: DocumentSender
) -> Blueprint:
    """The routes."""
    blueprint = Blueprint("catalogues", __name__)
    language = settings.site.language

    def list_shelves(kind: FeedKind) -> list[Shelf]:
        feeds = build_registry(settings, store().get_sources()).public_feeds
        return [
            Shelf(f"{path}/{period}", f"{feed_title(info)} · {period_title(period, language)}", ACQUISITION)
            for path, info in feeds.items()
            if path.kind == kind
            for period in DIGEST_PERIODS
        ]

    @blueprint.get("/opds", defaults={"path": ""})
    @blueprint.get("/opds/<path:path>")
    def catalogue(path: str) -> Response | WSGIApplication:
        try:
            if path in ("", *_SECTIONS):
                kind, title = _SECTIONS.get(path, ("all", ""))
                shelves = list_shelves(kind)
                if not path:
                    shelves += [
                        Shelf(name, translate(name_title, language), NAVIGATION)
                        for name, (_, name_title) in _SECTIONS.items()
                    ]
                title = translate(title, language) if title else settings.site.title
                own = f"/{path}" if path else ""
                body = render_navigation(build_registry(settings).site, own, title, shelves, store().get_last_change())
                return data_response(body, NAVIGATION)
        except StoreError:
            return error_response(503, "Catalogues are unavailable. Retry in a minute.", retry_after=60)
        feed_path, _, name = path.rpartition("/")
        period = next((period for period in DIGEST_PERIODS if period == name), None)
        try:
            feed = FeedPath.parse(feed_path)
        except ValueError:
            period = None
        found = derived_documents.find_catalogue(feed, period) if period else None
        if isinstance(found, CachedDocument):
            return lambda environ, start_response: sender.send(environ, start_response, f"/opds/{path}", found)
        return found or error_response(404, "Catalogue not found.", cacheable=False)

    return blueprint
