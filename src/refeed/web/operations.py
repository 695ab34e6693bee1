"""Routes for whoever keeps the service running: `/healthz`, `/readyz`, `/status.json`. None needs the store."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response

from ..catalogue import make_catalogue
from ..config import Settings
from ..model import FORMATS
from ..publish import Folder
from .health import Health


def operations(settings: Settings, health: Health) -> Blueprint:
    """The routes for operators."""
    blueprint = Blueprint("operations", __name__)
    folder = Folder(settings.feeds_folder)
    documents = [f"{path}.{format}" for path in make_catalogue(settings).feeds for format in FORMATS]

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
        return _answer(200, msgspec.json.encode(health.facts()) + b"\n", "application/json")

    return blueprint


def _answer(code: int, body: bytes, media: str = "text/plain; charset=utf-8") -> Response:
    response = Response(body, code, content_type=media)
    response.headers["Cache-Control"] = "no-store"
    if code == 503:
        response.headers["Retry-After"] = "5"
    return response
