"""Polls, answered before Flask's routing: a document in memory, its conditions, its codings. All else is Flask's.

A poll that finds nothing new costs one look-up, one stat and no allocation to speak of; that is what ninety-nine of a
hundred requests are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from .negotiation import byte_range, coding
from .ready import Headers, Ready
from .shelf import Shelf

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Note = Callable[[str, int, str, int], None]
"""Told of every answer: feed, status, User-Agent, bytes that a 304 saved."""
Beforehand = Callable[["WSGIEnvironment", Ready], "WSGIApplication | None"]
"""What answers a request for a document in its stead, if anything: a view, a page for a browser, a refusal."""


class Front:
    """A WSGI application around another: answers GET and HEAD of documents, and hands over what is left."""

    beforehand: tuple[Beforehand, ...] = ()
    """Asked in this order before a document is answered with."""

    def __init__(self, app: WSGIApplication, shelf: Shelf, *, note: Note) -> None:
        self._app = app
        self._shelf = shelf
        self._note = note

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        if method == "GET" or method == "HEAD":
            address = environ["PATH_INFO"]
            ready = self._shelf.find(address) if address[:7] == "/feeds/" or address[:3] == "/k/" else None
            if ready is not None:
                for claims in self.beforehand:
                    other = claims(environ, ready)
                    if other is not None:
                        return self._instead(other, environ, start_response, ready)
                return self._answer(environ, start_response, address, ready, head=method == "HEAD")
        return self._app(environ, start_response)

    def _instead(
        self, other: WSGIApplication, environ: WSGIEnvironment, start_response: StartResponse, ready: Ready
    ) -> Iterable[bytes]:
        status = getattr(other, "status_code", None)  # a refusal; what is not a Response counts itself
        if status is not None:
            self._note(ready.feed, status, environ.get("HTTP_USER_AGENT", ""), 0)
        return other(environ, start_response)

    def deliver(self, address: str) -> WSGIApplication | None:
        """The document at an address as an application that answers with it, whatever the request's own path is."""
        ready = self._shelf.find(address)
        return None if ready is None else self.answering(address, ready)

    def answering(self, address: str, ready: Ready) -> WSGIApplication:
        """An application that answers with this document."""

        def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            head = environ["REQUEST_METHOD"] == "HEAD"
            return self._answer(environ, start_response, address, ready, head=head)

        return answer

    def _answer(
        self, environ: WSGIEnvironment, start_response: StartResponse, address: str, ready: Ready, *, head: bool
    ) -> Iterable[bytes]:
        agent = environ.get("HTTP_USER_AGENT", "")
        tags = environ.get("HTTP_IF_NONE_MATCH")
        unchanged = ready.unchanged.get(tags) if tags is not None else None
        if unchanged is None and (tags is not None or "HTTP_IF_MODIFIED_SINCE" in environ):
            unchanged = ready.not_modified(tags, environ.get("HTTP_IF_MODIFIED_SINCE"))
        wanted = coding(environ.get("HTTP_ACCEPT_ENCODING"))
        if unchanged is not None:
            body = ready.bodies.get(wanted)
            self._note(ready.feed, 304, agent, len(body.data if body else ready.data))
            start_response("304 Not Modified", unchanged[:])
            return [b""]
        body = self._shelf.body(address, ready, wanted)
        if "HTTP_RANGE" in environ and body.data is ready.data:
            part = _part(environ, ready)
            if part is not None:
                status, headers, data = part
                self._note(ready.feed, int(status[:3]), agent, 0)
                start_response(status, headers)
                return [b"" if head else data]
        self._note(ready.feed, 200, agent, 0)
        start_response("200 OK", body.headers[:])
        return [b"" if head else body.data]


def _part(environ: WSGIEnvironment, ready: Ready) -> tuple[str, Headers, bytes] | None:
    """The answer to a Range header: 206, 416, or None for the whole document (RFC 9110 14.2)."""
    condition = environ.get("HTTP_IF_RANGE", "").strip()
    if condition and condition not in (ready.tag("identity"), ready.last_modified):
        return None
    size = len(ready.data)
    found = byte_range(environ["HTTP_RANGE"], size)
    if found is None:
        return None
    headers = [header for header in ready.bodies["identity"].headers if header[0] != "Content-Length"]
    if found == "unsatisfiable":
        headers += [("Content-Length", "0"), ("Content-Range", f"bytes */{size}")]
        return "416 Range Not Satisfiable", headers, b""
    start, end = found
    headers += [("Content-Length", str(end - start)), ("Content-Range", f"bytes {start}-{end - 1}/{size}")]
    return "206 Partial Content", headers, ready.data[start:end]
