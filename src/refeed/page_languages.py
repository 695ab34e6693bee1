"""A language tag -> the language in which our own texts are shown, and these texts: one .po file for each language."""

from __future__ import annotations

from functools import cache
from importlib import resources
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel.support import NullTranslations

_FOLDER = resources.files("refeed") / "translations"
_TRADITIONAL = ("zh-hant", "zh-tw", "zh-hk", "zh-mo")
_CHINESE = {"zh-Hans": "简体中文", "zh-Hant": "繁體中文"}
"""CLDR's names, 中文 (简体), are longer than any other in the list of languages."""


LANGUAGES = (
    "en",
    *sorted(file.name.removesuffix(".po").replace("_", "-") for file in _FOLDER.iterdir() if file.name.endswith(".po")),
)
"""The languages of our texts: English, and one for each .po file."""


def language_names() -> dict[str, str]:
    """Each language's name in that language. It loads the names of all; only pages need them."""
    from babel import Locale

    return {tag: _CHINESE.get(tag) or str(Locale.parse(tag, sep="-").display_name) for tag in LANGUAGES}


def supported_language(tag: str) -> str:
    """The language of our texts for a language tag, for example zh-Hant for zh-TW; empty if there is none."""
    tag = tag.lower()
    primary = tag.partition("-")[0]
    if primary == "zh":
        return "zh-Hant" if tag.startswith(_TRADITIONAL) else "zh-Hans"
    candidates = [known for known in LANGUAGES if known.lower() == tag]
    candidates += [known for known in LANGUAGES if known.lower().partition("-")[0] == primary]
    return candidates[0] if candidates else ""


def translate(text: str, language: str) -> str:
    """A text of ours in a language (BCP 47); in English if there is no translation."""
    return str(load_translations(supported_language(language).replace("-", "_")).gettext(text))


@cache
def load_translations(locale: str) -> NullTranslations:
    """The translations of a locale, for example zh_Hans, compiled once; empty for English."""
    from babel.messages.mofile import write_mo  # most processes translate nothing, and all this takes 50 ms
    from babel.messages.pofile import read_po
    from babel.support import Translations

    file = _FOLDER / f"{locale}.po"
    if not file.is_file():
        return Translations()
    compiled = BytesIO()
    with file.open("rb") as source:
        write_mo(compiled, read_po(source, locale))
    compiled.seek(0)
    return Translations(compiled)
