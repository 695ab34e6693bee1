"""`POST /dumps` with a token -> dumps in the store's inbox, written before the response. The leader ingests them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, suppress
from typing import Literal

import msgspec
from flask import Blueprint, Response, request

from ..clock import utc_now
from ..config.settings import Settings
from ..dumps.push_payload import parse_push_payload
from ..dumps.writer import NewDump
from ..errors import PushError, QuarantineError, StoreError
from ..ingest.entry_builder import EntryBuilder, hash_dump
from ..ingest.entry_pool import EntryPool
from ..model import Dump
from ..store.inbox import make_inbox
from ..store.store import Store
from .authorization import TokenCheck
from .rate_limit import MAX_PUSHES, ConcurrencyLimit, RateLimiter

MAX_REQUEST_BYTES = 5_000_000
_MAX_REQUESTS_A_MINUTE = 60


def push_blueprint(settings: Settings) -> Blueprint:
    """Create the route. Used only if the settings have a push token."""
    blueprint = Blueprint("push", __name__)
    tokens = settings.all_push_tokens
    token_check = TokenCheck([each.token for each in tokens], settings.http.proxies, scheme="Bearer")
    inbox = _PushInbox(settings, EntryPool(EntryBuilder.from_settings(settings)))
    rate_limiter = RateLimiter(_MAX_REQUESTS_A_MINUTE, 60, max_keys=1)
    limit = ConcurrencyLimit(running=MAX_PUSHES, waiting=0)

    @blueprint.post("/dumps")
    def dumps() -> Response:
        found = token_check.find_token()
        if isinstance(found, Response):
            return found
        wait = rate_limiter.acquire()
        if wait:
            return _text(429, f"at most {_MAX_REQUESTS_A_MINUTE} requests a minute", {"Retry-After": str(wait)})
        with limit.slot():
            body = _read_body()
            return body if isinstance(body, Response) else inbox.accept(body, tokens[found].sources)

    return blueprint


def _read_body() -> bytes | Response:
    """Read the whole body. Returns an error response if it is too large or incomplete."""
    length = request.content_length
    if length is None:  # granian reports the chunks of an interrupted request as a complete body
        return _text(411, "Content-Length is required")
    if length > MAX_REQUEST_BYTES:
        return _text(413, f"a request may have at most {MAX_REQUEST_BYTES} bytes; send the dumps in several requests")
    body = request.stream.read(length)
    if len(body) < length:
        return _text(400, f"the body ended after {len(body)} bytes; nothing was written")
    return body


class _PushInbox:
    """Puts what is pushed into the inbox of the store."""

    def __init__(self, settings: Settings, entry_pool: EntryPool) -> None:
        self._entry_pool = entry_pool
        self._database_url = settings.database_url

    def accept(self, body: bytes, sources: tuple[str, ...] | Literal["all"]) -> Response:
        """Accept the dumps of a body, all or none. The response has the ids of their entries.

        `sources` are those that the sender may write to.
        """
        now = utc_now()
        try:
            dumps = parse_push_payload(body, request.content_type or "", now, () if sources == "all" else sources)
            ids = self._entry_pool.identify(
                [Dump(path=new.name, folder=new.folder, data=new.data, first_seen=now) for new in dumps]
            )
        except (PushError, QuarantineError) as error:
            return _text(400, str(error))
        try:
            new = self._add(dumps)
        except OSError as error:
            return _text(503, f"the dumps could not be written ({error.strerror})", {"Retry-After": "30"})
        except StoreError:
            return _text(503, "the store does not accept dumps at the moment", {"Retry-After": "30"})
        answer = msgspec.json.encode({"entries": ids, "new": new})
        return Response(answer + b"\n", 201 if new else 200, content_type="application/json")

    def _add(self, dumps: Sequence[NewDump]) -> int:
        """Add the dumps that the store does not have yet; all of them while it cannot say. Returns how many are new."""
        new = {hash_dump(dump.data): dump for dump in dumps}
        with suppress(StoreError), closing(Store(self._database_url, read_only=True)) as store:
            for known in store.get_known_digests(new):
                del new[known]
        with closing(Store(self._database_url)) as store:
            return make_inbox(store).add(list(new.values())) if new else 0


def _text(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    return Response(text + "\n", status, headers, content_type="text/plain; charset=utf-8")
