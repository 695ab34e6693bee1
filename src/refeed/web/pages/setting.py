"""What every template sees: the site, the page's language, addresses and dates as they are written in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from zoneinfo import ZoneInfo

from flask import g, request
from flask.sansio.app import App
from flask_babel import Babel, get_locale, gettext
from markupsafe import Markup

from ...config import Settings
from . import times
from .assets import Assets
from .languages import LANGUAGES, Words, negotiate


class Setting:
    """Prepares an application's templates. Addresses come from the configured outward address, never from a request."""

    def __init__(self, settings: Settings, assets: Assets) -> None:
        self._site = settings.site
        self._prefix = urlsplit(settings.site.base_url).path.rstrip("/")
        self._assets = assets

    def prepare(self, app: App) -> None:
        """Give the application our translations, filters and globals."""
        babel = Babel(app, locale_selector=lambda: self.language().replace("-", "_"))
        babel.domain_instance = Words()
        app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
        app.jinja_env.globals.update(
            site=self._site,
            languages=LANGUAGES,
            to=self.to,
            here=self.here,
            absolute=self.absolute,
            static=lambda file: f"{self._prefix}/static/{self._assets.name(file)}",
            moment=self._moment,
            day=self._day,
            month_name=lambda month, year=False: times.month_name(month, get_locale(), year=year),
        )
        app.jinja_env.filters["told"] = told
        for name in app.jinja_env.list_templates(["html"]):  # now rather than in somebody's first request
            app.jinja_env.get_template(name)
        app.context_processor(lambda: {"language": self.language()})

    def language(self) -> str:
        """The page's: as chosen in its address, else as the browser would have it."""
        if not hasattr(g, "language"):
            accepted = request.headers.get("Accept-Language", "")
            g.language = negotiate(accepted, request.args.get("lang", ""), self._site.language)
        return str(g.language)

    def to(self, path: str, **query: object) -> str:
        """A place on our own site; a language that was chosen stays chosen."""
        chosen = request.args.get("lang", "")
        asked = {name: value for name, value in query.items() if value not in (None, "")}
        if chosen in LANGUAGES and "lang" not in asked and not path.startswith(("/feeds/", "/static/", "/qr/")):
            asked["lang"] = chosen
        return f"{self._prefix}{quote(path)}" + (f"?{urlencode(asked)}" if asked else "")

    def here(self, **query: object) -> str:
        """The same page, with something in its address changed."""
        return self.to(request.path, **_known(request.args) | query)

    def absolute(self, path: str) -> str:
        """A place on our own site, for others."""
        return f"{self._site.base_url}{quote(path)}"

    def _moment(self, instant: datetime, zone: ZoneInfo = times.UTC) -> Markup:
        return times.moment(instant, zone, get_locale())

    def _day(self, instant: datetime, zone: ZoneInfo = times.UTC) -> Markup:
        return times.day(instant, zone, get_locale())


def told(reason: str) -> tuple[str, str, str]:
    """A reason of the matcher's, `title: 气候 ×2 (+4)`: its place in the page's language, the words, the points."""
    match = _REASON.fullmatch(reason)
    if match is None:
        return "", reason, ""
    places = {
        "title": gettext("in the title:"),
        "tags": gettext("in the source’s tags:"),
        "lead": gettext("at the beginning:"),
        "body": gettext("in the text:"),
        "section": gettext("section:"),
    }
    words = re.sub(r"\bnot (?=\S)", lambda _: gettext("against:") + " ", match["words"])
    return places[match["place"]], words, match["points"]


_REASON = re.compile(r"(?P<place>title|tags|lead|body|section): (?P<words>.+) \((?P<points>[+-][\d.e+-]+)\)", re.DOTALL)


def _known(asked: Mapping[str, str]) -> dict[str, Any]:
    return {name: asked[name][:200] for name in ("q", "page", "lang") if name in asked}
