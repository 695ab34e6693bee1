"""Accept-Language and a page's address -> the language of the page, and its translations (the package's .po files)."""

from __future__ import annotations

from functools import cache
from importlib import resources
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask_babel import Domain, get_locale
from werkzeug.datastructures import LanguageAccept

LANGUAGES = {"zh-Hans": "简体中文", "zh-Hant": "繁體中文", "en": "English"}
"""The languages of the pages, each with its name in that language."""

_TRADITIONAL = ("zh-hant", "zh-tw", "zh-hk", "zh-mo")


def choose_language(accepted: LanguageAccept, chosen: str, default: str) -> str:
    """The language of a page: the one in its address, else the best of Accept-Language, else the site's."""
    if chosen in LANGUAGES:
        return chosen
    supported = (_supported_language(tag) for tag, weight in accepted if weight > 0)
    return next(filter(None, supported), "") or _supported_language(default) or "en"


def _supported_language(tag: str) -> str:
    """The supported language for a language tag, for example zh-TW; empty if there is none."""
    tag = tag.lower()
    if tag.startswith(_TRADITIONAL):
        return "zh-Hant"
    return {"zh": "zh-Hans", "en": "en"}.get(tag.partition("-")[0], "")


class TranslationDomain(Domain):  # type: ignore[misc]
    """Flask-Babel's translations, compiled at start from the .po files, so that no .mo file can be out of date."""

    def get_translations(self) -> NullTranslations:
        """The translations for the page's language."""
        return load_translations(str(get_locale()))


@cache
def load_translations(locale: str) -> NullTranslations:
    """The translations of a locale, for example zh_Hans, compiled once; empty for English."""
    file = resources.files("refeed.web") / "translations" / f"{locale}.po"
    if not file.is_file():
        return Translations()
    compiled = BytesIO()
    with file.open("rb") as source:
        write_mo(compiled, read_po(source, locale))
    compiled.seek(0)
    return Translations(compiled)
