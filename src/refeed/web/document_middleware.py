"""Polls, answered before Flask's routing: a document in memory, its conditions, its codings. All else is Flask's.

A poll that finds nothing new costs one look-up, one stat and no allocation to speak of; that is what ninety-nine of a
hundred requests are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple, Protocol

from .document_cache import DocumentCache
from .document_response import CachedDocument, EncodedBody, Headers
from .negotiation import Coding, choose_coding, parse_byte_range

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..config.settings import Settings
from ..feeds.access_tokens import AccessTokens
from .browser_negotiation import BROWSER_VARY, BrowserNegotiation
from .document_response import HeaderPolicies
from .rate_limit import PollLimit
from .request_metrics import RequestMetrics
from .url_map import UrlMap

if TYPE_CHECKING:
    from flask import Flask

    from .filtered_feeds import FilteredFeeds


from threading import Lock
from typing import TYPE_CHECKING

from .filter_params import has_filter_params

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Flask

    from .filtered_feeds import FilteredFeeds


RequestRecorder = Callable[[str, int, str, int], None]
"""Told of every answer: feed, status, User-Agent, bytes that a 304 saved."""


class Hook(Protocol):
    """What may answer a request for a document in its stead: a view, a page for a browser, a refusal."""

    def applies(self, environ: WSGIEnvironment) -> bool:
        """Whether it has to be asked at all; most requests concern nobody, and this takes no time."""

    def handle(self, environ: WSGIEnvironment, ready: CachedDocument) -> WSGIApplication | None:
        """The answer, if it has one for this document."""


class RawResponse(NamedTuple):
    """An answer, ready to be sent."""

    status: int
    headers: Headers
    """Not to be changed: they are the document's own."""
    data: bytes


class DocumentMiddleware:
    """A WSGI application around another: answers GET and HEAD of documents, and hands over what is left."""

    hooks: tuple[Hook, ...] = ()
    """Asked in this order before a document is answered with."""

    def __init__(self, app: WSGIApplication, shelf: DocumentCache, *, record: RequestRecorder) -> None:
        self._app = app
        self._shelf = shelf
        self._note = record

    def respond_from_memory(self, environ: WSGIEnvironment) -> RawResponse | None:
        """The answer to a poll, where it takes no time: the document is in memory, in the coding that is asked for,
        and nothing else may be wanted. None for all others."""
        method, address = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if (method != "GET" and method != "HEAD") or (address[:7] != "/feeds/" and address[:3] != "/k/"):
            return None
        for hook in self.hooks:
            if hook.applies(environ):
                return None
        ready = self._shelf.get_from_memory(address)
        return None if ready is None else self._tell(environ, ready, ready.bodies.get)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            address = environ["PATH_INFO"]
            ready = self._shelf.get(address) if address.startswith(("/feeds/", "/k/")) else None
            if ready is not None:
                for hook in self.hooks:
                    other = hook.handle(environ, ready) if hook.applies(environ) else None
                    if other is not None:
                        return self._instead(other, environ, start_response, ready)
                return self.response_app(address, ready)(environ, start_response)
        return self._app(environ, start_response)

    def _instead(
        self, other: WSGIApplication, environ: WSGIEnvironment, start_response: StartResponse, ready: CachedDocument
    ) -> Iterable[bytes]:
        status = getattr(other, "status_code", None)  # a refusal; what is not a Response counts itself
        if status is not None:
            self._note(ready.feed, status, environ.get("HTTP_USER_AGENT", ""), 0)
        return other(environ, start_response)

    def find_response_app(self, address: str) -> WSGIApplication | None:
        """The document at an address as an application that answers with it, whatever the request's own path is."""
        ready = self._shelf.get(address)
        return None if ready is None else self.response_app(address, ready)

    def response_app(self, address: str, ready: CachedDocument) -> WSGIApplication:
        """An application that answers with this document."""

        def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            told = self._tell(environ, ready, lambda wanted: self._shelf.encoded_body(address, ready, wanted))
            assert told is not None  # the shelf has every coding
            start_response(f"{told.status} {HTTPStatus(told.status).phrase}", told.headers[:])
            return [told.data]

        return answer

    def _tell(
        self, environ: WSGIEnvironment, ready: CachedDocument, body_in: Callable[[Coding], EncodedBody | None]
    ) -> RawResponse | None:
        """The answer to a request for a document; None where it is not to be had in the coding that is asked for."""
        tags = environ.get("HTTP_IF_NONE_MATCH")
        unchanged = ready.not_modified_headers.get(tags) if tags is not None else None
        if unchanged is None and (tags is not None or "HTTP_IF_MODIFIED_SINCE" in environ):
            unchanged = ready.check_conditions(tags, environ.get("HTTP_IF_MODIFIED_SINCE"))
        wanted = choose_coding(environ.get("HTTP_ACCEPT_ENCODING"))
        if unchanged is not None:
            saved = ready.bodies.get(wanted)
            told, size = RawResponse(304, unchanged, b""), len(saved.data if saved else ready.data)
        else:
            body = body_in(wanted)
            if body is None:
                return None
            part = _part(environ, ready) if "HTTP_RANGE" in environ and body.data is ready.data else None
            told, size = part or RawResponse(200, body.headers, body.data), 0
            if environ["REQUEST_METHOD"] == "HEAD":
                told = told._replace(data=b"")
        self._note(ready.feed, told.status, environ.get("HTTP_USER_AGENT", ""), size)
        return told


def _part(environ: WSGIEnvironment, ready: CachedDocument) -> RawResponse | None:
    """The answer to a Range header: 206, 416, or None for the whole document (RFC 9110 14.2)."""
    condition = environ.get("HTTP_IF_RANGE", "").strip()
    if condition and condition not in (ready.etag("identity"), ready.last_modified):
        return None
    size = len(ready.data)
    found = parse_byte_range(environ["HTTP_RANGE"], size)
    if found is None:
        return None
    headers = [header for header in ready.bodies["identity"].headers if header[0] != "Content-Length"]
    if found == "unsatisfiable":
        headers += [("Content-Length", "0"), ("Content-Range", f"bytes */{size}")]
        return RawResponse(416, headers, b"")
    start, end = found
    headers += [("Content-Length", str(end - start)), ("Content-Range", f"bytes {start}-{end - 1}/{size}")]
    return RawResponse(206, headers, ready.data[start:end])


# Settings -> the front, which answers for documents. The one place that puts together what a poll needs. request ->
# Front: documents in memory -> answer | nothing in memory, or a hook claims it v Rest, Flask: feeds, pages,
# operations -> answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """The front, and what it shares with what is behind it."""

    settings: Settings
    access: AccessTokens
    url_map: UrlMap
    request_metrics: RequestMetrics
    middleware: DocumentMiddleware
    flask_app: LazyFlaskApp


def wire_middleware(settings: Settings, assemble: Callable[[Wiring], tuple[Flask, FilteredFeeds]]) -> Wiring:
    """Everything that documents are answered with. `assemble` puts the rest together, once it is asked for."""
    access, counting = AccessTokens(settings), RequestMetrics()
    places = UrlMap(HeaderPolicies(settings, BROWSER_VARY), access, settings.site.base_url)

    rest = LazyFlaskApp(lambda: assemble(opened))
    front = DocumentMiddleware(
        rest, DocumentCache(settings.feeds_dir, places, settings.http.memory), record=counting.record
    )
    polling = [PollLimit(settings.http)] if settings.http.polls else []
    front.hooks = (BrowserNegotiation(rest, front), *polling, rest)
    opened = Wiring(
        settings=settings, access=access, url_map=places, request_metrics=counting, middleware=front, flask_app=rest
    )
    return opened


# All that is no poll: Flask with its pages, the views, the store behind them; put together when first asked for. A
# web process that is only polled does without: it answers 0.6 s sooner after its start, and takes 30 MB less.


class LazyFlaskApp:
    """A WSGI application, and the front's hook for views. Safe to use from several threads: one makes, others wait."""

    def __init__(self, make: Callable[[], tuple[Flask, FilteredFeeds]]) -> None:
        self._make = make
        self._lock = Lock()
        self._made: tuple[Flask, WSGIApplication, FilteredFeeds] | None = None

    @property
    def app(self) -> Flask:
        """Flask itself."""
        return self._parts()[0]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._parts()[1](environ, start_response)

    def applies(self, environ: WSGIEnvironment) -> bool:
        """Queries that ask for a view; cache busters and such do not."""
        query = environ.get("QUERY_STRING", "")
        return bool(query) and has_filter_params(query)

    def handle(self, environ: WSGIEnvironment, ready: CachedDocument) -> WSGIApplication | None:
        """The view."""
        return self._parts()[2].handle(environ, ready)

    def _parts(self) -> tuple[Flask, WSGIApplication, FilteredFeeds]:
        with self._lock:
            if self._made is None:
                app, views = self._make()
                self._made = app, app.wsgi_app, views
            return self._made
