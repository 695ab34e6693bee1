"""Routes for whoever keeps the service running: `/healthz`, `/readyz`, `/status.json`. None needs the store."""

from __future__ import annotations

import threading
import time

import msgspec
from flask import Blueprint, Response

from ..catalogue import make_catalogue
from ..config import Settings
from ..model import FORMATS
from ..pipeline import now
from ..publish import Folder
from ..status import status

_KEPT = 5.0
"""Seconds that a status is given out again: it costs some queries, and anybody may ask for it."""


def operations(settings: Settings) -> Blueprint:
    """The routes for operators."""
    blueprint = Blueprint("operations", __name__)
    folder = Folder(settings.feeds_folder)
    documents = [f"{path}.{format}" for path in make_catalogue(settings).feeds for format in FORMATS]
    kept = _Kept(settings)

    @blueprint.get("/healthz")
    def healthz() -> Response:
        return _answer(200, b"alive\n")

    @blueprint.get("/readyz")
    def readyz() -> Response:
        missing = sum(1 for name in documents if folder.digest(name) is None)
        if missing:
            return _answer(503, f"{missing} of {len(documents)} documents are being made.\n".encode())
        return _answer(200, b"ready\n")

    @blueprint.get("/status.json")
    def status_json() -> Response:
        return _answer(200, kept.facts(), "application/json")

    return blueprint


class _Kept:
    """The status, made at most every few seconds."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._made = float("-inf")
        self._facts = b""

    def facts(self) -> bytes:
        """The status as JSON."""
        with self._lock:
            if time.monotonic() - self._made > _KEPT:
                self._facts = msgspec.json.encode(status(self._settings, now(), public=True)) + b"\n"
                self._made = time.monotonic()
            return self._facts


def _answer(code: int, body: bytes, media: str = "text/plain; charset=utf-8") -> Response:
    response = Response(body, code, content_type=media)
    response.headers["Cache-Control"] = "no-store"
    if code == 503:
        response.headers["Retry-After"] = "5"
    return response
