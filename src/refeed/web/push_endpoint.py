"""`POST /dumps`: dumps from programs that have a token. Durable before it answers; the movers take them from there."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import msgspec
from flask import Blueprint, Response, request

from ..clock import utc_now
from ..config.settings import Settings
from ..dumps.composer import NewDump
from ..dumps.push_payload import parse_push_payload
from ..dumps.writer import write_dumps
from ..errors import PushError, QuarantineError
from ..fetch.factory import fetch_dirs
from ..ingest.entry_builder import EntryBuilder
from ..model import Dump
from .rate_limit import TokenBucket
from .server import PUSH_PATH

MAX_REQUEST_BYTES = 5_000_000
"""Bytes of one request."""
_A_MINUTE = 60


def push_blueprint(settings: Settings) -> Blueprint:
    """The route, for settings that have a token; without one there is no such page."""
    blueprint = Blueprint("push", __name__)
    wanted = sha256(settings.push_token.encode()).digest()
    root = fetch_dirs(settings).dumps
    pace = TokenBucket(_A_MINUTE)
    maker = EntryBuilder.from_settings(settings)

    @blueprint.post(PUSH_PATH)
    def dumps() -> Response:
        if not hmac.compare_digest(_given_token(), wanted):
            return _says(401, "send the token: Authorization: Bearer TOKEN", {"WWW-Authenticate": "Bearer"})
        wait = pace.take()
        if wait:
            return _says(429, f"at most {_A_MINUTE} requests a minute", {"Retry-After": str(wait)})
        body = _body()
        return body if isinstance(body, Response) else _taken(body, root, maker)

    return blueprint


def _given_token() -> bytes:
    """The digest of the bearer token that the request has; of nothing when it has none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return sha256(token.strip().encode()).digest() if scheme.lower() == "bearer" else b""


def _body() -> bytes | Response:
    """The whole body of the request, or why it is not taken."""
    length = request.content_length
    if length is None:  # chunks: granian gives those of a connection that broke off as if they were all
        return _says(411, "say how long the body is: Content-Length")
    body = request.stream.read(MAX_REQUEST_BYTES + 1) if length <= MAX_REQUEST_BYTES else b""
    if max(length, len(body)) > MAX_REQUEST_BYTES:
        return _says(413, f"a request has at most {MAX_REQUEST_BYTES} bytes; send the dumps in several")
    if len(body) < length:
        return _says(400, f"the body ended early, after {len(body)} bytes; nothing was written")
    return body


def _taken(body: bytes, root: Path, maker: EntryBuilder) -> Response:
    """Write the dumps of a body, all or none, and say which entries they will be."""
    try:
        files = parse_push_payload(body, request.content_type or "", utc_now())
        ids = _ids(maker, files)
    except PushError as error:
        return _says(400, str(error))
    try:
        new = write_dumps(root, files)
    except OSError as error:
        return _says(503, f"the dumps could not be written ({error.strerror})", {"Retry-After": "30"})
    answer = msgspec.json.encode({"entries": ids, "new": len(new)})
    return Response(answer + b"\n", 201 if new else 200, content_type="application/json")


def _ids(maker: EntryBuilder, files: Sequence[NewDump]) -> list[str]:
    """The id of the entry that each dump will be. Raises PushError naming every one that would be quarantined."""
    ids, mistakes = [], []
    for number, file in enumerate(files, 1):
        try:
            ids.append(
                maker.derive_entry_id(Dump(path=file.name, folder=file.folder, data=file.data, first_seen=utc_now()))
            )
        except QuarantineError as error:
            mistakes.append(f"dump {number}: {error}")
    if mistakes:
        raise PushError("\n".join(mistakes[:10]))
    return ids


def _says(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    return Response(text + "\n", status, headers, content_type="text/plain; charset=utf-8")
