"""Documents and pages over HTTP (Flask). Serving a document touches no database."""

from .app import create_app

__all__ = ["create_app"]
