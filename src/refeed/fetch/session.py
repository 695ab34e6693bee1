"""The one way out: every request that refeed makes is made here, guarded, bounded and, where it may be, conditional."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urldefrag, urljoin

import requests
from cattrs import BaseValidationError
from requests.structures import CaseInsensitiveDict
from requests_cache import CachedSession
from requests_cache.backends.sqlite import SQLiteCache

from ..config.upstream_rules import FetchSettings
from ..errors import FetchError
from .guard import AddressGuard, Resolver, split_host_port, system_resolve
from .transport import GuardedAdapter, TransportLimits

_ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
_AS_IT_IS = {"Accept": "*/*", "Accept-Encoding": "identity"}
"""Of a file that is packed for the way, the length would be that of the packet."""
_REDIRECTS = (301, 302, 303, 307, 308)
_PERMANENT = (301, 308)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_KEEP_ANY = timedelta(days=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """What came back for a URL, in the end."""

    status: int
    url: str
    """Where it was found, after redirects."""
    headers: Mapping[str, str]
    """Whatever the spelling of a name, it is found."""
    body: bytes = field(repr=False)
    """Decoded; that of the last 200 when the upstream said that nothing has changed (then `same`)."""
    not_modified: bool = False
    moved_to: str = ""
    """Where it was found, when every redirect to there was a permanent one."""


class HttpSession:
    """One requests-cache session around one guarded transport. May be used by several threads at once.

    Validators (ETag, Last-Modified) and the bodies they stand for are kept in `folder`, over restarts; as JSON, never
    as pickle, so that whoever can write there cannot run code here. A damaged file costs one full request each.
    """

    def __init__(
        self,
        folder: Path,
        rule: FetchSettings | None = None,
        *,
        user_agent: str = "refeed",
        resolve: Resolver = system_resolve,
        ca_file: str | None = None,
    ) -> None:
        """`agent` is the whole User-Agent. `resolve` and `authorities` (a CA file) stand in for the system's."""
        self.rule = rule or FetchSettings()
        self.guard = AddressGuard(self.rule.allow, resolve)
        bounds = TransportLimits(connect=self.rule.connect.total_seconds(), bytes=self.rule.bytes)
        exchange = GuardedAdapter(self.guard, bounds, ca_file)
        self._session = _open(folder / "requests.sqlite")
        self._session.trust_env = False
        self._session.headers = CaseInsensitiveDict(
            {"User-Agent": user_agent, "Accept": _ACCEPT, "Accept-Encoding": "gzip"}
        )
        self._session.mount("http://", exchange)
        self._session.mount("https://", exchange)

    def get(self, url: str) -> HttpResponse:
        """The answer for `url`, whatever its status; conditionally where it was asked before. Raises FetchError."""
        return self._follow("GET", url)

    def head(self, url: str) -> HttpResponse:
        """Status and headers alone. Raises FetchError."""
        return self._follow("HEAD", url, headers=_AS_IT_IS)

    def post(self, url: str, data: Mapping[str, str]) -> HttpResponse:
        """Send a form. A redirect is an answer here and not followed. Raises FetchError."""
        return _answer(self._ask("POST", url, self._deadline(), data=dict(data)), "")

    def prune(self) -> None:
        """Forget what was first answered sixty days ago: addresses that nobody asks for any more among it.

        Raises FetchError.
        """
        try:
            self._session.cache.delete(older_than=_KEEP_ANY)
        except (BaseValidationError, ValueError):
            self._session.cache.clear()  # type: ignore[no-untyped-call]  # a row that is no response: see `_ask`
        except sqlite3.Error as error:
            raise FetchError(f"the memory of earlier requests cannot be used: {error}") from error

    def close(self) -> None:
        """Close the file."""
        self._session.close()  # type: ignore[no-untyped-call]

    def __enter__(self) -> HttpSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _deadline(self) -> float:
        return time.monotonic() + self.rule.time.total_seconds()

    def _follow(self, method: str, url: str, **options: Any) -> HttpResponse:
        deadline = self._deadline()
        permanent = True
        start = url = urldefrag(url).url
        for _ in range(self.rule.redirects + 1):
            response = self._ask(method, url, deadline, **options)
            location = response.headers.get("Location", "")
            if response.status_code not in _REDIRECTS or not location:
                return _answer(response, url if permanent and url != start else "")
            permanent = permanent and response.status_code in _PERMANENT
            url = _target(url, location)
        raise FetchError(f"{start} redirects more than {self.rule.redirects} times, last to {url[:200]}")

    def _ask(self, method: str, url: str, deadline: float, **options: Any) -> requests.Response:
        split_host_port(url)
        options = {**options, "timeout": deadline, "allow_redirects": False}
        try:
            try:
                return self._session.request(method, url, **options)
            except BaseValidationError:
                # A row that is JSON but no response: requests-cache 1.3.3 lets that through, and would every time.
                self._session.cache.clear()  # type: ignore[no-untyped-call]
                return self._session.request(method, url, **options)
        except (requests.RequestException, ValueError) as error:
            raise FetchError(f"{url[:200]!r} cannot be asked for: {error}"[:500]) from error
        except sqlite3.Error as error:
            raise FetchError(f"the memory of earlier requests cannot be used: {error}") from error


def _open(path: Path) -> CachedSession:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _cached(path)
    except sqlite3.DatabaseError:
        # It holds nothing that cannot be asked for again.
        path.replace(path.with_suffix(".damaged"))
        return _cached(path)


def _cached(path: Path) -> CachedSession:
    return CachedSession(
        backend=SQLiteCache(path, serializer="json", ignored_parameters=(), busy_timeout=5000),
        # Kept for its validators and never taken for fresh: when to ask again is the poll's to say, from the headers.
        expire_after=0,
        ignored_parameters=(),  # by default `?api_key=` is not part of the key: two upstreams would be one
        filter_fn=_may_be_kept,
    )


def _may_be_kept(response: requests.Response) -> bool:
    return "no-store" not in response.headers.get("Cache-Control", "").lower()


def _target(url: str, location: str) -> str:
    try:
        # Servers write UTF-8 into a header that is read as Latin-1.
        text = location.encode("latin-1", "ignore").decode("utf-8", "replace")
        return urldefrag(urljoin(url, _CONTROL.sub(lambda found: quote(found[0]), text))).url
    except ValueError as error:
        raise FetchError(f"{url} redirects to {location[:200]!r}, which is no URL") from error


def _answer(response: requests.Response, moved: str) -> HttpResponse:
    return HttpResponse(
        status=response.status_code,
        url=str(response.url),
        headers=response.headers,
        body=response.content,
        not_modified=bool(getattr(response, "revalidated", False)),
        moved_to=moved,
    )
