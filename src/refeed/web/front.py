"""Polls, answered before Flask's routing: a document in memory, its conditions, its codings. All else is Flask's.

A poll that finds nothing new costs one look-up, one stat and no allocation to speak of; that is what ninety-nine of a
hundred requests are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple, Protocol

from .negotiation import Coding, byte_range, coding
from .ready import Body, Headers, Ready
from .shelf import Shelf

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Note = Callable[[str, int, str, int], None]
"""Told of every answer: feed, status, User-Agent, bytes that a 304 saved."""


class Hook(Protocol):
    """What may answer a request for a document in its stead: a view, a page for a browser, a refusal."""

    def concerns(self, environ: WSGIEnvironment) -> bool:
        """Whether it has to be asked at all; most requests concern nobody, and this takes no time."""

    def claims(self, environ: WSGIEnvironment, ready: Ready) -> WSGIApplication | None:
        """The answer, if it has one for this document."""


class Told(NamedTuple):
    """An answer, ready to be sent."""

    status: int
    headers: Headers
    """Not to be changed: they are the document's own."""
    data: bytes


class Front:
    """A WSGI application around another: answers GET and HEAD of documents, and hands over what is left."""

    hooks: tuple[Hook, ...] = ()
    """Asked in this order before a document is answered with."""

    def __init__(self, app: WSGIApplication, shelf: Shelf, *, note: Note) -> None:
        self._app = app
        self._shelf = shelf
        self._note = note

    def at_once(self, environ: WSGIEnvironment) -> Told | None:
        """The answer to a poll, where it takes no time: the document is in memory, in the coding that is asked for,
        and nothing else may be wanted. None for all others."""
        method, address = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if (method != "GET" and method != "HEAD") or (address[:7] != "/feeds/" and address[:3] != "/k/"):
            return None
        for hook in self.hooks:
            if hook.concerns(environ):
                return None
        ready = self._shelf.at_hand(address)
        return None if ready is None else self._tell(environ, ready, ready.bodies.get)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            address = environ["PATH_INFO"]
            ready = self._shelf.find(address) if address.startswith(("/feeds/", "/k/")) else None
            if ready is not None:
                for hook in self.hooks:
                    other = hook.claims(environ, ready) if hook.concerns(environ) else None
                    if other is not None:
                        return self._instead(other, environ, start_response, ready)
                return self.answering(address, ready)(environ, start_response)
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
            told = self._tell(environ, ready, lambda wanted: self._shelf.body(address, ready, wanted))
            assert told is not None  # the shelf has every coding
            start_response(f"{told.status} {HTTPStatus(told.status).phrase}", told.headers[:])
            return [told.data]

        return answer

    def _tell(self, environ: WSGIEnvironment, ready: Ready, body_in: Callable[[Coding], Body | None]) -> Told | None:
        """The answer to a request for a document; None where it is not to be had in the coding that is asked for."""
        tags = environ.get("HTTP_IF_NONE_MATCH")
        unchanged = ready.unchanged.get(tags) if tags is not None else None
        if unchanged is None and (tags is not None or "HTTP_IF_MODIFIED_SINCE" in environ):
            unchanged = ready.not_modified(tags, environ.get("HTTP_IF_MODIFIED_SINCE"))
        wanted = coding(environ.get("HTTP_ACCEPT_ENCODING"))
        if unchanged is not None:
            saved = ready.bodies.get(wanted)
            told, size = Told(304, unchanged, b""), len(saved.data if saved else ready.data)
        else:
            body = body_in(wanted)
            if body is None:
                return None
            part = _part(environ, ready) if "HTTP_RANGE" in environ and body.data is ready.data else None
            told, size = part or Told(200, body.headers, body.data), 0
            if environ["REQUEST_METHOD"] == "HEAD":
                told = told._replace(data=b"")
        self._note(ready.feed, told.status, environ.get("HTTP_USER_AGENT", ""), size)
        return told


def _part(environ: WSGIEnvironment, ready: Ready) -> Told | None:
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
        return Told(416, headers, b"")
    start, end = found
    headers += [("Content-Length", str(end - start)), ("Content-Range", f"bytes {start}-{end - 1}/{size}")]
    return Told(206, headers, ready.data[start:end])
