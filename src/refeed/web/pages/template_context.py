"""Settings and the request -> the language, links, dates and numbers that every template uses.

Links are built from the configured base URL, never from the Host header.
"""

from __future__ import annotations

import logging
import re
import threading
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from hashlib import sha256
from importlib import resources
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time, format_timedelta
from babel.support import NullTranslations
from flask import g, request
from flask.sansio.app import App
from flask_babel import Babel, Domain, get_locale, get_translations, gettext
from jinja2 import Environment
from markupsafe import Markup, escape
from werkzeug.datastructures import LanguageAccept

from ...clock import format_rfc3339, utc_now
from ...config.settings import Settings
from ...ingest.status_file import ImportProgress, seconds_left
from ...model import DIGEST_PERIODS, FeedPath
from ...page_languages import LANGUAGES, language_names, load_translations, supported_language
from ..filtered_feeds import FILTER_PARAMS
from ..negotiation import is_beyond_reach
from ..responses import PAGE_POLICY
from ..service_status import read_import_progress

_MEDIA_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "ico": "image/vnd.microsoft.icon",
}
"""Media types of static files. Files with other suffixes are not public."""
_UTC = ZoneInfo("UTC")
_log = logging.getLogger("refeed.web")
_MAX_KEPT = 500
_KEPT_PARAMS = (*FILTER_PARAMS, "order", "page", "lang")
_REASON = re.compile(
    r"(?P<field>title|opening|tags|lead|body|section|alone): (?P<words>.+) \((?P<points>[+-][\d.e+-]+)\)", re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A static file."""

    hashed_name: str
    """The public name, for example `page.3f2a91c04b7d.css` for `page.css`."""
    data: bytes
    media_type: str


class Assets:
    """All static files of the package. Names contain a hash of the content, so browsers may cache them forever."""

    def __init__(self) -> None:
        self.by_file_name: dict[str, Asset] = {}
        self.by_hashed_name: dict[str, Asset] = {}
        for file in (resources.files("refeed.web") / "static").iterdir():
            stem, _, suffix = file.name.rpartition(".")
            if suffix in _MEDIA_TYPES:
                data = file.read_bytes()
                hashed_name = f"{stem}.{sha256(data).hexdigest()[:12]}.{suffix}"
                asset = Asset(hashed_name=hashed_name, data=data, media_type=_MEDIA_TYPES[suffix])
                self.by_file_name[file.name] = self.by_hashed_name[hashed_name] = asset


class TemplateContext:
    """Filters, globals and per-request values of the templates."""

    def __init__(self, settings: Settings, assets: Assets) -> None:
        self._settings = settings
        self._site = settings.site
        self._prefix = urlsplit(settings.site.base_url).path.rstrip("/")
        self._assets = assets
        self._warned = False

    def install(self, app: App) -> None:
        """Add translations, filters and globals to the application's templates."""
        babel = Babel(app, locale_selector=lambda: self.language().replace("-", "_"))
        babel.domain_instance = _TranslationDomain()
        app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
        app.jinja_env.globals.update(
            site=self._site,
            FeedPath=FeedPath,
            languages=language_names(),
            current_path=self.current_path,
            absolute_url=self.absolute_url,
            static_url=lambda file: _remember(f"{self._prefix}/static/{self._assets.by_file_name[file].hashed_name}"),
            format_month=format_month,
            page_policy=PAGE_POLICY,
            digest_parts=("stories", *DIGEST_PERIODS),
            has_catalogue=True,
        )
        app.jinja_env.filters.update(split_reason=split_reason, format_number=format_number)
        app.context_processor(self._request_values)
        threading.Thread(target=_preload, args=(app.jinja_env,), name="pages", daemon=True).start()

    def language(self) -> str:
        """The language of the current page, computed once per request."""
        if not hasattr(g, "language"):
            chosen = request.args.get("lang", "")
            g.language = choose_language(request.accept_languages, chosen, self._site.language)
        return str(g.language)

    def describe_import(self, locale: Locale) -> dict[str, str]:
        """How far the first import is, in a sentence for people, and what to expect; empty if none is running."""
        progress = read_import_progress(self._settings, utc_now())
        if progress is None:
            return {}
        g.changes_soon = True
        hints = [gettext("A feed reader gets a feed as soon as it is complete.")]
        if progress["done"]:
            hints.insert(0, gettext("You can read what is here already."))
        return {"importing": self._describe_progress(progress, locale), "import_hint": " ".join(hints)}

    def _describe_progress(self, progress: ImportProgress, locale: Locale) -> str:
        if not progress["total"]:
            return str(gettext("Starting: looking for articles to import."))
        done, total = format_number(progress["done"], locale), format_number(progress["total"], locale)
        parts = [gettext("Importing: %(done)s of %(total)s articles.", done=done, total=total)]
        left = seconds_left(progress)
        if left is not None:
            time = format_timedelta(timedelta(seconds=max(1, left)), locale=locale, threshold=1.2)
            rate = format_number(round(progress["rate"]), locale)
            parts.append(gettext("%(rate)s a second, %(time)s left.", rate=rate, time=time))
        return " ".join(parts)

    def _needs_base_url(self) -> bool:
        """Whether the addresses on the page are useless to the visitor. The log says so once."""
        if not is_beyond_reach(request.environ, self._site.base_url):
            return False
        if not self._warned:
            self._warned = True
            _log.warning(
                "a visitor came from another machine, but BASE_URL is %s, which opens only here: set it to the public "
                "address, and restart",
                self._site.base_url,
                extra={"url": self._site.base_url},
            )
        return True

    def absolute_url(self, path: str, query: str = "") -> str:
        """The public address of a path on this site. `query` is encoded."""
        return _remember(f"{self._site.base_url}{quote(path)}" + (f"?{query}" if query else ""))

    def path_to(self, path: str, **query: object) -> str:
        """A path on this site, with the language that was chosen in the current address."""
        return self._path_to(_chosen_language(), path, **query)

    def current_path(self, **query: object) -> str:
        """The path of the current page with the given query parameters changed."""
        kept = {name: request.args[name][:_MAX_KEPT] for name in _KEPT_PARAMS if name in request.args}
        return self.path_to(request.path, **kept | query)

    def _path_to(self, chosen: str, path: str, **query: object) -> str:
        parameters = {name: value for name, value in query.items() if value not in (None, "")}
        if chosen and "lang" not in parameters and not path.startswith(("/feeds/", "/static/", "/qr/")):
            parameters["lang"] = chosen
        return _remember(f"{self._prefix}{quote(path)}" + (f"?{urlencode(parameters)}" if parameters else ""))

    def _request_values(self) -> dict[str, Any]:
        """Template values that are computed once per page, because a page may have a thousand links and dates."""
        locale = get_locale()
        return {
            "language": self.language(),
            "is_right_to_left": locale.text_direction == "rtl",
            "path_to": partial(self._path_to, _chosen_language()),
            "time_element": lambda instant, zone=_UTC: time_element(instant, zone, locale),
            "day_element": lambda instant, zone=_UTC: day_element(instant, zone, locale),
            "describe_volume": partial(describe_volume, get_translations(), locale),
            "needs_base_url": self._needs_base_url(),
            **self.describe_import(locale),
        }


class _TranslationDomain(Domain):  # type: ignore[misc]
    """Flask-Babel's translations, compiled at start from the .po files, so that no .mo file can be out of date."""

    def get_translations(self) -> NullTranslations:
        return load_translations(str(get_locale()))


def choose_language(accepted: LanguageAccept, chosen: str, default: str) -> str:
    """The language of a page: the one in its address, else the best of Accept-Language, else the site's."""
    if chosen in LANGUAGES:
        return chosen
    supported = (supported_language(tag) for tag, weight in accepted if weight > 0)
    return next(filter(None, supported), "") or supported_language(default) or "en"


def generated_links() -> set[str]:
    """The links that this program has put into the current page, as opposed to those of the articles on it."""
    return g.setdefault("links", set())  # type: ignore[no-any-return]


def _remember(link: str) -> str:
    generated_links().add(link)
    return link


def _chosen_language() -> str:
    """The language in the page's address; empty if there is none or it is not supported."""
    chosen = request.args.get("lang", "")
    return chosen if chosen in LANGUAGES else ""


def _preload(templates: Environment) -> None:
    """Compile templates and load translations and date formats, which would delay the first page by 0.2 s.

    Runs in a thread, so that it does not delay the first documents, which do not need them.
    """
    for name in templates.list_templates(["html"]):
        templates.get_template(name)
    for tag in LANGUAGES:
        locale = Locale.parse(tag, sep="-")
        load_translations(str(locale))
        format_date(date(2020, 1, 1), "medium", locale=locale)


def time_element(instant: datetime, zone: ZoneInfo, locale: Locale) -> Markup:
    """Day and time in the source's time zone, as a `<time>` element. `page.js` adds the reader's local time."""
    local = instant.astimezone(zone)
    day, time = format_date(local, "medium", locale=locale), format_time(local, "HH:mm", locale=locale)
    text = f"{day} {time} {format_utc_offset(local)}"
    return Markup(f'<time datetime="{format_rfc3339(instant)}">{escape(text)}</time>')


def day_element(instant: datetime, zone: ZoneInfo, locale: Locale) -> Markup:
    """The day in the source's time zone, as a `<time>` element for lists."""
    text = _format_day(instant.astimezone(zone).date(), locale)
    return Markup(f'<time datetime="{format_rfc3339(instant)}" class="day">{escape(text)}</time>')


@lru_cache(maxsize=1000)
def _format_day(day: date, locale: Locale) -> str:
    return format_date(day, "medium", locale=locale)


def format_month(month: str, *, year: bool = False) -> str:
    """Format `2020-06` as June 2020 if `year`, otherwise as Jun."""
    locale = get_locale()
    first = date(int(month[:4]), int(month[5:7]), 1)
    return str(format_skeleton("yMMMM", first, locale=locale) if year else format_date(first, "LLL", locale=locale))


def format_utc_offset(local: datetime) -> str:
    """Format the offset as UTC+8, UTC+5:30 or UTC."""
    minutes = round((local.utcoffset() or timedelta()).total_seconds() / 60)
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '−'}{hours}" + (f":{rest:02d}" if rest else "")


def describe_volume(translations: NullTranslations, locale: Locale, entries: int, monthly: int) -> str:
    """Text about how many entries a feed has, and how many it publishes per month."""
    if not entries:
        return str(translations.gettext("no entries yet"))
    total = str(translations.ngettext("%(num)s entry", "%(num)s entries", entries))
    total %= {"num": format_number(entries, locale)}
    if not monthly:
        return total
    rate = str(translations.gettext("about %(count)s a month")) % {"count": format_number(monthly, locale)}
    return f"{total} · {rate}"


def format_number(number: int, locale: Locale | None = None) -> str:
    """Format as 12,345 or, in German, 12.345: in the given language, or that of the page."""
    symbols = (locale or get_locale()).number_symbols
    return f"{number:,}".replace(",", symbols["latn"]["group"])


def split_reason(reason: str) -> tuple[str, str, str]:
    """Split a reason of the topic matcher, `title: 气候 ×2 (+4)`, into translated field, words and points."""
    match = _REASON.fullmatch(reason)
    if match is None:
        return "", reason, ""
    fields = {
        "title": gettext("in the title:"),
        "tags": gettext("in the source’s tags:"),
        "lead": gettext("at the beginning:"),
        "body": gettext("in the text:"),
        "section": gettext("section:"),
        "opening": gettext("at the start of the title:"),
        "alone": gettext("nearest topic:"),
    }
    words = re.sub(r"\bnot (?=\S)", lambda _: gettext("against:") + " ", match["words"])
    return fields[match["field"]], words, match["points"]
