"""An element and what was read before it -> whether it is text, a field, or to be dropped. Changes neither."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Literal, NamedTuple

from bs4.element import Tag

from ..rules import Element, Take
from .compiling import Taking
from .markup import ASKED, ROLES, SENTENCE, SHELLS, UNSEEN, meaning_of, text_of
from .reading import Reading

_SHORT = 120
"""Characters of a name or a date, with all that is said beside it."""


class Verdict(NamedTuple):
    """What an element is, if it is no text."""

    to: Element | Literal["shell"]
    where: str
    """What says so: a step for what is dropped, an attribute's value for a shell, else a selector or class."""


class Judge:
    """Judges elements by a rule's selectors, by class names that recur everywhere, and by whether they are shown."""

    __slots__ = ("asked", "takings")

    def __init__(self, takings: Mapping[str, Sequence[Taking]], asked: Set[str]) -> None:
        self.takings, self.asked = takings, asked

    def verdict(self, tag: Tag, reading: Reading) -> Verdict | None:
        """What an element is; None where it is text like any other."""
        if self.asked.isdisjoint(tag.attrs) and tag.name not in self.takings:
            return None
        return self._by_rule(tag, reading) or _by_class(tag, reading) or _by_role(tag, reading) or _by_sight(tag)

    def _by_rule(self, tag: Tag, reading: Reading) -> Verdict | None:
        for key in _keys(tag) if self.takings else ():
            for taking in self.takings.get(key, ()):
                if _asks(taking.take, reading) and taking.matches(tag):
                    to, select = taking.take.to, taking.take.select
                    return Verdict(to, f"rule: {select}" if to == "drop" else select)
        return None


PLAIN = Judge({}, ASKED)
"""Knows no rule: for the inside of what a rule has taken already."""


def is_short(tag: Tag) -> bool:
    """True of what may be a name or a date."""
    return len(text_of(tag)) <= _SHORT and tag.find("img") is None


def is_small_caption(tag: Tag) -> bool:
    """`<div><small>…</small></div>` after a picture: how the full-text service writes captions."""
    children = [child for child in tag.contents if isinstance(child, Tag) or str(child).strip()]
    return len(children) == 1 and isinstance(children[0], Tag) and children[0].name == "small"


def _asks(take: Take, reading: Reading) -> bool:
    """False when a rule's selector need not be tried, because it could mean nothing at this place."""
    if take.start and reading.started:
        return False
    return reading.figure is not None or take.to not in ("caption", "credit")


def _by_class(tag: Tag, reading: Reading) -> Verdict | None:
    classes = tag.attrs.get("class")
    meaning = meaning_of(classes) if classes else ""
    if not meaning:
        return None
    if meaning == "caption" or meaning == "credit":
        of_picture = reading.figure is not None and tag.name not in ("img", "figure") and not tag.find("img")
        nested = meaning == "caption" and reading.in_caption
        return Verdict(meaning, classes) if of_picture and not nested else None
    if meaning == "hidden":
        return Verdict("drop", "hidden labels")
    if meaning == "clutter":
        return Verdict("drop", "clutter") if _is_clutter(tag) else None
    if not reading.started and is_short(tag):
        return Verdict("author" if meaning == "author" else "date", classes)
    return None


def _by_role(tag: Tag, reading: Reading) -> Verdict | None:
    role = ROLES.get(str(tag.attrs.get("itemprop"))) if not reading.started else None
    return Verdict(role, "itemprop") if role and is_short(tag) else None


def _by_sight(tag: Tag) -> Verdict | None:
    """What a browser would not show, or would only show with a script."""
    attrs = tag.attrs
    if (
        "hidden" in attrs
        or (attrs.get("aria-hidden") == "true" and _is_clutter(tag))
        or UNSEEN.search(attrs.get("style", ""))
    ):
        return Verdict("drop", "hidden labels")
    return next((Verdict("shell", str(attrs[name])) for name in SHELLS if name in attrs), None)


def _keys(tag: Tag) -> list[str]:
    keys = [tag.name]
    for name, value in tag.attrs.items():
        keys.append("[" + name)
        if name == "class":
            keys.extend("." + word for word in value.split())
    keys.append("*")
    return keys


def _is_clutter(tag: Tag) -> bool:
    """True when a person would miss nothing: no picture, no sentence, hardly a word that is not a link."""
    text = "".join(text_of(tag).split())
    if not text:
        return tag.find(("img", "video", "audio", "iframe")) is None
    if len(text) > 400 or SENTENCE.search(text):
        return False
    linked = sum(len("".join(text_of(a).split())) for a in tag.find_all("a"))
    return len(text) - linked <= 24
