"""What every template sees: the site, the page's language, addresses and dates as they are written in it."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from babel.support import NullTranslations
from flask import g, request
from flask.sansio.app import App
from flask_babel import Babel, get_locale, get_translations, gettext
from jinja2 import Environment
from markupsafe import Markup, escape

from ...clock import format_rfc3339
from ...config.settings import Settings
from .assets import Assets
from .languages import LANGUAGES, TranslationDomain, choose_language, preload_locale

# Instants -> `<time>` elements: as the source's own clock says, for `page.js` to add the reader's. Pure.


def time_element(instant: datetime, zone: ZoneInfo, locale: Locale) -> Markup:
    """Day and time in the source's zone, which is named by its distance from UTC."""
    there = instant.astimezone(zone)
    day, time = format_date(there, "medium", locale=locale), format_time(there, "HH:mm", locale=locale)
    text = f"{day} {time} {format_utc_offset(there)}"
    return Markup(f'<time datetime="{format_rfc3339(instant)}">{escape(text)}</time>')


def day_element(instant: datetime, zone: ZoneInfo, locale: Locale) -> Markup:
    """The day alone, for lists."""
    text = _day(instant.astimezone(zone).date(), locale)
    return Markup(f'<time datetime="{format_rfc3339(instant)}" class="day">{escape(text)}</time>')


def format_month(month: str, locale: Locale, *, year: bool) -> str:
    """`2020-06` in words: June 2020, or Jun alone where its year is named already."""
    first = date(int(month[:4]), int(month[5:7]), 1)
    return str(format_skeleton("yMMMM", first, locale=locale) if year else format_date(first, "LLL", locale=locale))


def format_utc_offset(there: datetime) -> str:
    """UTC+8, UTC+5:30, UTC."""
    minutes = round((there.utcoffset() or timedelta()).total_seconds() / 60)
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '−'}{hours}" + (f":{rest:02d}" if rest else "")


@lru_cache(maxsize=1000)
def _day(there: date, locale: Locale) -> str:
    return format_date(there, "medium", locale=locale)


UTC = ZoneInfo("UTC")


class TemplateContext:
    """Prepares an application's templates. Addresses come from the configured outward address, never from a request."""

    def __init__(self, settings: Settings, assets: Assets) -> None:
        self._site = settings.site
        self._prefix = urlsplit(settings.site.base_url).path.rstrip("/")
        self._assets = assets

    def install(self, app: App) -> None:
        """Give the application our translations, filters and globals."""
        babel = Babel(app, locale_selector=lambda: self.language().replace("-", "_"))
        babel.domain_instance = TranslationDomain()
        app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
        app.jinja_env.globals.update(
            site=self._site,
            languages=LANGUAGES,
            here=self.current_path,
            absolute=self.absolute_url,
            static=lambda file: f"{self._prefix}/static/{self._assets.hashed_name(file)}",
            month_name=lambda month, year=False: format_month(month, get_locale(), year=year),
        )
        app.jinja_env.filters.update(told=split_reason, counted=format_number)
        app.context_processor(self._of_this_request)
        threading.Thread(target=_warm_up, args=(app.jinja_env,), name="pages", daemon=True).start()

    def language(self) -> str:
        """The page's: as chosen in its address, else as the browser would have it."""
        if not hasattr(g, "language"):
            accepted = request.headers.get("Accept-Language", "")
            g.language = choose_language(accepted, request.args.get("lang", ""), self._site.language)
        return str(g.language)

    def path_to(self, path: str, **query: object) -> str:
        """A place on our own site; a language that was chosen stays chosen."""
        return self._to(_chosen(), path, **query)

    def current_path(self, **query: object) -> str:
        """The same page, with something in its address changed."""
        return self.path_to(request.path, **_known(request.args) | query)

    def absolute_url(self, path: str) -> str:
        """A place on our own site, for others."""
        return f"{self._site.base_url}{quote(path)}"

    def _to(self, chosen: str, path: str, **query: object) -> str:
        asked = {name: value for name, value in query.items() if value not in (None, "")}
        if chosen and "lang" not in asked and not path.startswith(("/feeds/", "/static/", "/qr/")):
            asked["lang"] = chosen
        return f"{self._prefix}{quote(path)}" + (f"?{urlencode(asked)}" if asked else "")

    def _of_this_request(self) -> dict[str, Any]:
        """Looked up once for a page, which may have a thousand links and dates."""
        locale = get_locale()
        return {
            "language": self.language(),
            "to": partial(self._to, _chosen()),
            "moment": lambda instant, zone=UTC: time_element(instant, zone, locale),
            "day": lambda instant, zone=UTC: day_element(instant, zone, locale),
            "much": partial(describe_volume, get_translations()),
        }


def describe_volume(words: NullTranslations, entries: int, monthly: int) -> str:
    """How much there is of a feed, and how much it publishes."""
    if not entries:
        return str(words.gettext("no entries yet"))
    whole = str(words.ngettext("%(num)s entry", "%(num)s entries", entries)) % {"num": format_number(entries)}
    if not monthly:
        return whole
    rate = str(words.gettext("about %(count)s a month")) % {"count": format_number(monthly)}
    return f"{whole} · {rate}"


def format_number(number: int) -> str:
    """A number as all our languages write it: 12,345."""
    return f"{number:,}"


def split_reason(reason: str) -> tuple[str, str, str]:
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


def _warm_up(templates: Environment) -> None:
    """Have at hand what the first page would wait 0.2 s for: compiled templates, words, and how dates are written.

    Beside the first answers and not before them: documents need none of it.
    """
    for name in templates.list_templates(["html"]):
        templates.get_template(name)
    for tag in LANGUAGES:
        preload_locale(Locale.parse(tag, sep="-"))


def _chosen() -> str:
    """The language that the page's address asks for, if it is one of ours."""
    asked = request.args.get("lang", "")
    return asked if asked in LANGUAGES else ""


def _known(asked: Mapping[str, str]) -> dict[str, Any]:
    return {name: asked[name][:200] for name in ("q", "page", "lang") if name in asked}
