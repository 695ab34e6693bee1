"""An element and what was read before it -> whether it is text, a field, or to be dropped. Changes neither."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Literal, NamedTuple

from bs4.element import Tag

from ..config.source_rules import ElementRole, ExtractRule
from .compiled_rules import CompiledSelector
from .extractor_state import ExtractorState
from .html_elements import (
    DISPLAY_NONE,
    EMBED_ATTRIBUTES,
    ITEMPROP_FIELDS,
    SENTENCE,
    WATCHED_ATTRIBUTES,
    classify_class_names,
    element_text,
)

_SHORT = 120
"""Characters of a name or a date, with all that is said beside it."""


class Classification(NamedTuple):
    """What an element is, if it is no text."""

    kind: ElementRole | Literal["shell"]
    where: str
    """What says so: a step for what is dropped, an attribute's value for a shell, else a selector or class."""


class ElementClassifier:
    """Judges elements by a rule's selectors, by class names that recur everywhere, and by whether they are shown."""

    __slots__ = ("selectors", "watched_attributes")

    def __init__(self, takings: Mapping[str, Sequence[CompiledSelector]], asked: Set[str]) -> None:
        self.selectors, self.watched_attributes = takings, asked

    def classify(self, tag: Tag, reading: ExtractorState) -> Classification | None:
        """What an element is; None where it is text like any other."""
        if self.watched_attributes.isdisjoint(tag.attrs) and tag.name not in self.selectors:
            return None
        return self._by_rule(tag, reading) or _by_class(tag, reading) or _by_role(tag, reading) or _by_sight(tag)

    def _by_rule(self, tag: Tag, reading: ExtractorState) -> Classification | None:
        for key in _keys(tag) if self.selectors else ():
            for taking in self.selectors.get(key, ()):
                if _asks(taking.rule, reading) and taking.matches(tag):
                    to, select = taking.rule.to, taking.rule.select
                    return Classification(to, f"rule: {select}" if to == "drop" else select)
        return None


GENERIC_CLASSIFIER = ElementClassifier({}, WATCHED_ATTRIBUTES)
"""Knows no rule: for the inside of what a rule has taken already."""


def is_short_element(tag: Tag) -> bool:
    """True of what may be a name or a date."""
    return len(element_text(tag)) <= _SHORT and tag.find("img") is None


def is_small_caption(tag: Tag) -> bool:
    """`<div><small>…</small></div>` after a picture: how the full-text service writes captions."""
    children = [child for child in tag.contents if isinstance(child, Tag) or str(child).strip()]
    return len(children) == 1 and isinstance(children[0], Tag) and children[0].name == "small"


def _asks(take: ExtractRule, reading: ExtractorState) -> bool:
    """False when a rule's selector need not be tried, because it could mean nothing at this place."""
    if take.start and reading.text_has_started:
        return False
    return reading.open_figure is not None or take.to not in ("caption", "credit")


def _by_class(tag: Tag, reading: ExtractorState) -> Classification | None:
    classes = tag.attrs.get("class")
    meaning = classify_class_names(classes) if classes else ""
    if not meaning:
        return None
    if meaning == "caption" or meaning == "credit":
        of_picture = reading.open_figure is not None and tag.name not in ("img", "figure") and not tag.find("img")
        nested = meaning == "caption" and reading.in_caption
        return Classification(meaning, classes) if of_picture and not nested else None
    if meaning == "hidden":
        return Classification("drop", "hidden labels")
    if meaning == "clutter":
        return Classification("drop", "clutter") if _is_clutter(tag) else None
    if not reading.text_has_started and is_short_element(tag):
        return Classification("author" if meaning == "author" else "date", classes)
    return None


def _by_role(tag: Tag, reading: ExtractorState) -> Classification | None:
    role = ITEMPROP_FIELDS.get(str(tag.attrs.get("itemprop"))) if not reading.text_has_started else None
    return Classification(role, "itemprop") if role and is_short_element(tag) else None


def _by_sight(tag: Tag) -> Classification | None:
    """What a browser would not show, or would only show with a script."""
    attrs = tag.attrs
    if (
        "hidden" in attrs
        or (attrs.get("aria-hidden") == "true" and _is_clutter(tag))
        or DISPLAY_NONE.search(attrs.get("style", ""))
    ):
        return Classification("drop", "hidden labels")
    return next((Classification("shell", str(attrs[name])) for name in EMBED_ATTRIBUTES if name in attrs), None)


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
    text = "".join(element_text(tag).split())
    if not text:
        return tag.find(("img", "video", "audio", "iframe")) is None
    if len(text) > 400 or SENTENCE.search(text):
        return False
    linked = sum(len("".join(element_text(a).split())) for a in tag.find_all("a"))
    return len(text) - linked <= 24
