"""URL -> response, after redirects. Every outgoing request goes through here: guarded, limited and, if possible,
conditional."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import quote, urldefrag, urljoin

import requests
from cattrs import BaseValidationError
from requests.structures import CaseInsensitiveDict
from requests_cache import CachedSession
from requests_cache.backends.sqlite import SQLiteCache

from ..config.settings import FetchSettings
from ..errors import FetchError
from .guard import AddressGuard, Resolver, split_host_port, system_resolve
from .transport import GuardedAdapter, TransportLimits

_ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
_HEAD_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity"}
"""Compression is turned off, because Content-Length would be the compressed size."""
_REDIRECTS = (301, 302, 303, 307, 308)
_PERMANENT = (301, 308)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_CACHE_LIFETIME = timedelta(days=60)
_LONGEST_WAIT = timedelta(days=7)
"""The longest Retry-After that is respected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """The last response to a request, after redirects."""

    status: int
    url: str
    """The URL that answered, after redirects."""
    headers: Mapping[str, str]
    """Names are case-insensitive."""
    body: bytes = field(repr=False)
    """The decoded body. If `not_modified`, it is the body of the last 200 response."""
    not_modified: bool = False
    moved_to: str = ""
    """The URL that answered, if it differs and every redirect to it was permanent."""

    def retry_after(self, now: datetime) -> timedelta | None:
        """The wait that Retry-After asks for, limited to seven days; None without a valid header."""
        text = self.headers.get("Retry-After", "")
        try:
            wait = timedelta(seconds=int(text)) if text.strip().isdecimal() else parsedate_to_datetime(text) - now
        except (ValueError, TypeError, OverflowError):
            return None
        return min(max(wait, timedelta(0)), _LONGEST_WAIT)


class HttpSession:
    """A requests-cache session around one guarded transport. Safe to use from several threads.

    Validators (ETag, Last-Modified) and their bodies are kept in `folder` between runs. They are JSON and not pickle,
    so that a program that can write there cannot run code here. If the file is damaged, every URL costs one full
    request.
    """

    def __init__(
        self,
        folder: Path | None,
        settings: FetchSettings | None = None,
        *,
        user_agent: str = "refeed",
        resolve: Resolver = system_resolve,
        ca_file: str | None = None,
        credentials: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:
        """Without a `folder`, nothing is kept. `credentials` are headers by URL or by origin, such as `https://feeds.example.org`.

        `resolve` and `ca_file` replace the system's resolver and certificate authorities.
        """
        self.settings = settings or FetchSettings()
        self.guard = AddressGuard(self.settings.allow, resolve)
        limits = TransportLimits(connect=self.settings.connect.total_seconds(), bytes=self.settings.bytes)
        adapter = GuardedAdapter(self.guard, limits, ca_file, credentials)
        self._session: Any = _open_cache(folder / "requests.sqlite") if folder else requests.Session()
        self._session.trust_env = False
        if not folder:
            self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # an origin recognizes nobody
        self._session.headers = CaseInsensitiveDict(
            {"User-Agent": user_agent, "Accept": _ACCEPT, "Accept-Encoding": "gzip"}
        )
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def get(self, url: str, *, accept: str = _ACCEPT) -> HttpResponse:
        """Request `url`, conditionally if the cache has it. The response may have any status. Raises FetchError."""
        return self._follow("GET", url, headers={"Accept": accept})

    def head(self, url: str) -> HttpResponse:
        """Request only status and headers. Raises FetchError."""
        return self._follow("HEAD", url, headers=_HEAD_HEADERS)

    def post(self, url: str, data: Mapping[str, str]) -> HttpResponse:
        """Send a form. A redirect is returned and not followed. Raises FetchError."""
        deadline = time.monotonic() + self.settings.time.total_seconds()
        return _to_response(self._request("POST", url, deadline, data=dict(data)))

    def prune(self) -> None:
        """Remove responses first received over sixty days ago, so that addresses no longer used are dropped.

        Raises FetchError.
        """
        try:
            self._session.cache.delete(older_than=_CACHE_LIFETIME)
        except (BaseValidationError, ValueError):
            self._session.cache.clear()  # a row that is not a response: see `_request`
        except sqlite3.Error as error:
            raise FetchError(f"the HTTP cache cannot be used: {error}") from error

    def close(self) -> None:
        """Close the cache file."""
        self._session.close()

    def __enter__(self) -> HttpSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _follow(self, method: str, url: str, **options: Any) -> HttpResponse:
        deadline = time.monotonic() + self.settings.time.total_seconds()
        permanent = True
        start = url = urldefrag(url).url
        for _ in range(self.settings.redirects + 1):
            response = self._request(method, url, deadline, **options)
            location = response.headers.get("Location", "")
            if response.status_code not in _REDIRECTS or not location:
                return _to_response(response, moved_to=url if permanent and url != start else "")
            permanent = permanent and response.status_code in _PERMANENT
            url = _redirect_target(url, location)
        raise FetchError(f"{start} redirects more than {self.settings.redirects} times, last to {url[:200]}")

    def _request(self, method: str, url: str, deadline: float, **options: Any) -> requests.Response:
        split_host_port(url)
        options = {**options, "timeout": deadline, "allow_redirects": False}
        try:
            try:
                response: requests.Response = self._session.request(method, url, **options)
            except BaseValidationError:
                # A row is JSON but not a response. requests-cache 1.3.3 would raise at every request for its URL.
                self._session.cache.clear()
                response = self._session.request(method, url, **options)
        except (requests.RequestException, ValueError) as error:
            raise FetchError(f"cannot request {url[:200]!r}: {error}"[:500]) from error
        except sqlite3.Error as error:
            raise FetchError(f"the HTTP cache cannot be used: {error}") from error
        return response


def _open_cache(path: Path) -> CachedSession:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _cached_session(path)
    except sqlite3.DatabaseError:
        # The file is damaged. Everything in it can be requested again.
        path.replace(path.with_suffix(".damaged"))
        return _cached_session(path)


def _cached_session(path: Path) -> CachedSession:
    return CachedSession(
        backend=SQLiteCache(path, serializer="json", ignored_parameters=(), busy_timeout=5000),
        # Responses are kept for their validators and never served as fresh: `poller` decides when to request again.
        expire_after=0,
        # By default `?api_key=` is left out of the key, and two upstreams would share a response.
        ignored_parameters=(),
        filter_fn=lambda response: "no-store" not in response.headers.get("Cache-Control", "").lower(),
    )


def _redirect_target(url: str, location: str) -> str:
    try:
        # Some servers write UTF-8 into this header, which is read as Latin-1.
        text = location.encode("latin-1", "ignore").decode("utf-8", "replace")
        return urldefrag(urljoin(url, _CONTROL.sub(lambda match: quote(match[0]), text))).url
    except ValueError as error:
        raise FetchError(f"{url} redirects to an invalid URL: {location[:200]!r}") from error


def _to_response(response: requests.Response, moved_to: str = "") -> HttpResponse:
    return HttpResponse(
        status=response.status_code,
        url=str(response.url),
        headers=response.headers,
        body=response.content,
        not_modified=bool(getattr(response, "revalidated", False)),
        moved_to=moved_to,
    )
