"""`POST /dumps` with a token -> dumps on disk, written before the response. The worker ingests them from there."""

from __future__ import annotations

from pathlib import Path

import msgspec
from flask import Blueprint, Response, request

from ..clock import utc_now
from ..config.settings import Settings
from ..dumps.push_payload import parse_push_payload
from ..dumps.writer import write_dumps
from ..errors import PushError, QuarantineError
from ..fetch.upstreams import fetch_dirs
from ..ingest.entry_builder import EntryBuilder
from ..ingest.entry_pool import EntryPool
from ..model import Dump
from .authorization import TokenCheck
from .rate_limit import MAX_PUSHES, ConcurrencyLimit, RateLimiter

MAX_REQUEST_BYTES = 5_000_000
_MAX_REQUESTS_A_MINUTE = 60


def push_blueprint(settings: Settings) -> Blueprint:
    """Create the route. Used only if the settings have a push token."""
    blueprint = Blueprint("push", __name__)
    token_check = TokenCheck(settings.push_token, settings.http.proxies, scheme="Bearer")
    dump_dir = fetch_dirs(settings).dumps
    rate_limiter = RateLimiter(_MAX_REQUESTS_A_MINUTE, 60, max_keys=1)
    limit = ConcurrencyLimit(running=MAX_PUSHES, waiting=0)
    entry_pool = EntryPool(EntryBuilder.from_settings(settings))

    @blueprint.post("/dumps")
    def dumps() -> Response:
        refusal = token_check.refuse()
        if refusal is not None:
            return refusal
        wait = rate_limiter.acquire()
        if wait:
            return _text(429, f"at most {_MAX_REQUESTS_A_MINUTE} requests a minute", {"Retry-After": str(wait)})
        with limit.slot():
            body = _read_body()
            return body if isinstance(body, Response) else _write_body(body, dump_dir, entry_pool)

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


def _write_body(body: bytes, dump_dir: Path, entry_pool: EntryPool) -> Response:
    """Write the dumps of a body, all or none. The response has the ids of their entries."""
    try:
        now = utc_now()
        new_dumps = parse_push_payload(body, request.content_type or "", now)
        ids = entry_pool.identify(
            [Dump(path=new.name, folder=new.folder, data=new.data, first_seen=now) for new in new_dumps]
        )
    except (PushError, QuarantineError) as error:
        return _text(400, str(error))
    try:
        written = write_dumps(dump_dir, new_dumps)
    except OSError as error:
        return _text(503, f"the dumps could not be written ({error.strerror})", {"Retry-After": "30"})
    answer = msgspec.json.encode({"entries": ids, "new": len(written)})
    return Response(answer + b"\n", 201 if written else 200, content_type="application/json")


def _text(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    return Response(text + "\n", status, headers, content_type="text/plain; charset=utf-8")
