"""Accept-Language -> the language of a page, and its translations. Reads only the package's own .po files."""

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

from ..negotiation import parse_qvalues

LANGUAGES = {"zh-Hans": "简体中文", "zh-Hant": "繁體中文", "en": "English"}
"""The languages of the pages, each named in itself."""

_TRADITIONAL = ("zh-hant", "zh-tw", "zh-hk", "zh-mo")


def choose_language(accept_language: str, chosen: str, default: str) -> str:
    """The language of a page: the one chosen in its address, else the best of Accept-Language, else the site's."""
    if chosen in LANGUAGES:
        return chosen
    weights = parse_qvalues(accept_language)
    for tag in sorted(weights, key=lambda tag: -weights[tag]):
        language = supported_language(tag)
        if language and weights[tag] > 0:
            return language
    return supported_language(default) or "en"


def supported_language(tag: str) -> str:
    """Our language for a tag such as zh-TW; empty when there is none."""
    tag = tag.lower()
    if tag.startswith(_TRADITIONAL):
        return "zh-Hant"
    return {"zh": "zh-Hans", "en": "en"}.get(tag.partition("-")[0], "")


class TranslationDomain(Domain):  # type: ignore[misc]
    """Flask-Babel's translations, compiled at start from the .po files, so that no .mo file can be out of date."""

    def get_translations(self) -> NullTranslations:
        """Those of the page's language."""
        return _load_translations(str(get_locale()))


def preload_locale(locale: Locale) -> None:
    """Load what pages in a language need: 0.1 s for each language, once."""
    _load_translations(str(locale))
    format_date(date(2020, 1, 1), "medium", locale=locale)


@cache
def _load_translations(locale: str) -> NullTranslations:
    file = resources.files("refeed.web") / "translations" / f"{locale}.po"
    if not file.is_file():
        return Translations()
    compiled = BytesIO()
    with file.open("rb") as source:
        write_mo(compiled, read_po(source, locale))
    compiled.seek(0)
    return Translations(compiled)
