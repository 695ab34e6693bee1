"""How sources, topics and views are named: ids that never change, and titles in one or several languages."""

from __future__ import annotations

import re

from .values import check_languages

SLUG = re.compile(r"(?=.{1,60}$)[a-z0-9]+(?:-[a-z0-9]+)*")
"""What the id of a source, a topic or a view looks like."""

Title = dict[str, str] | str
"""By language, {zh: 气候, en: Climate}, or one for all."""


def check_slug(key: str, slug: str) -> None:
    """Raise ValueError, naming the key, unless the text can be an id."""
    if not SLUG.fullmatch(slug):
        raise ValueError(f"{key}: {slug!r} is no slug; use a to z, 0 to 9 and single hyphens, at most 60 characters")


def check_title(title: Title) -> None:
    """Raise ValueError unless the languages of a title are language tags."""
    check_languages("title", title if isinstance(title, dict) else ())


def title_in(title: Title, language: str, otherwise: str) -> str:
    """A title in this language (BCP 47), else in its primary language, else the first there is, else `otherwise`."""
    if isinstance(title, str):
        return title or otherwise
    primary = language.split("-")[0]
    return title.get(language) or title.get(primary) or next(iter(title.values()), "") or otherwise
