"""Pages for people: find a feed, look into it, subscribe; see an entry and how it came about; see how all is going."""

from __future__ import annotations

from flask import Blueprint, Flask

from ...config import Settings
from ...store import Store
from .assets import Assets
from .files import files
from .setting import Setting
from .views import Views


def pages(settings: Settings) -> Blueprint:
    """The routes `/`, `/all`, `/source/<slug>`, `/topic/<slug>`, `/entry/<uuid>`, `/status`, and what they need."""
    blueprint = Blueprint("pages", __name__)
    assets = Assets()
    setting = Setting(settings, assets)
    blueprint.record_once(lambda state: _prepare(state.app, setting))
    Views(settings, Store(settings.database_url, read_only=True), setting).add_to(blueprint)
    blueprint.register_blueprint(files(settings, assets))
    return blueprint


def _prepare(app: Flask, setting: Setting) -> None:
    setting.prepare(app)


__all__ = ["pages"]
