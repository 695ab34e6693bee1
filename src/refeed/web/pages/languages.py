"""Which language a page is in, and its words. Pure but for the translations, which come with the package."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib import resources
from io import BytesIO

from babel import Locale
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask_babel import Domain, get_locale

LANGUAGES = {"zh-Hans": "简体中文", "zh-Hant": "繁體中文", "en": "English"}
"""What the switch offers, each in its own words."""

_TRADITIONAL = ("zh-hant", "zh-tw", "zh-hk", "zh-mo")


def choose_language(accepted: str, chosen: str, default: str) -> str:
    """The language of a page: the one chosen on the page, else the best of Accept-Language, else the site's."""
    if chosen in LANGUAGES:
        return chosen
    for tag in _by_weight(accepted):
        found = supported_language(tag)
        if found:
            return found
    return supported_language(default) or "en"


def supported_language(tag: str) -> str:
    """Ours among the languages that a tag such as zh-TW may be answered with; empty when there is none."""
    tag = tag.strip().lower()
    if tag.startswith(_TRADITIONAL):
        return "zh-Hant"
    return {"zh": "zh-Hans", "en": "en"}.get(tag.partition("-")[0], "")


def _by_weight(accepted: str) -> list[str]:
    weighed: list[tuple[float, str]] = []
    for part in accepted.split(",")[:20]:
        tag, _, weight = part.partition(";q=")
        try:
            weighed.append((float(weight or 1), tag))
        except ValueError:
            continue
    return [tag for weight, tag in sorted(weighed, key=lambda pair: -pair[0]) if weight > 0]


class TranslationDomain(Domain):  # type: ignore[misc]
    """Flask-Babel's translations, compiled as the program starts: a .mo beside its .po would be one truth too many."""

    def get_translations(self) -> NullTranslations:
        """Those of the page's language."""
        return _translations(str(get_locale()))


def preload_locale(locale: Locale) -> None:
    """Load what pages in a language need: 0.1 s for each, once."""
    _translations(str(locale))
    format_date(date(2020, 1, 1), "medium", locale=locale)


@cache
def _translations(locale: str) -> NullTranslations:
    file = resources.files("refeed.web") / "translations" / f"{locale}.po"
    if not file.is_file():
        return Translations()
    compiled = BytesIO()
    with file.open("rb") as source:
        write_mo(compiled, read_po(source, locale))
    compiled.seek(0)
    return Translations(compiled)
