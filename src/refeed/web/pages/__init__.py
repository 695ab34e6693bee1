"""Pages for people: find a feed, look into it, subscribe; see an entry and how it came about; see how all is going."""

from __future__ import annotations

from flask import Blueprint

from ...config import Settings
from ...store import Store
from ..health import Health
from .assets import Assets
from .files import files
from .setting import Setting
from .views import Views


def pages(settings: Settings, health: Health) -> Blueprint:
    """The routes `/`, `/all`, `/source/<slug>`, `/topic/<slug>`, `/entry/<uuid>`, `/status`, and what they need."""
    blueprint = Blueprint("pages", __name__)
    assets = Assets()
    setting = Setting(settings, assets)
    blueprint.record_once(lambda state: setting.prepare(state.app))
    Views(settings, Store(settings.database_url, read_only=True), setting, health).add_to(blueprint)
    blueprint.register_blueprint(files(settings, assets))
    return blueprint


__all__ = ["pages"]
