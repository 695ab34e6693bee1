"""Pages for people: find a feed, look into it, subscribe."""

from __future__ import annotations

from flask import Blueprint, render_template

from ..catalogue import make_catalogue
from ..config import Settings


def pages(settings: Settings) -> Blueprint:
    """The routes `/`, `/source/<slug>`, `/topic/<slug>`, `/entry/<uuid>`."""
    blueprint = Blueprint("pages", __name__)
    catalogue = make_catalogue(settings)

    @blueprint.get("/")
    def home() -> str:
        return render_template("home.html", site=catalogue.site, feeds=list(catalogue.feeds.values()))

    return blueprint
