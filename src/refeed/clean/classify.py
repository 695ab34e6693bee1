"""An element and the extractor's state -> whether the element is text, a field, or dropped. Changes neither.

The tables list what tags, attributes and class names mean in every source.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Literal, NamedTuple

from bs4.element import NavigableString, Tag

from ..config.source_rules import ElementRole, ExtractRule
from .extractor_state import WIDEST_CAPTION, ExtractorState
from .formulas import FORMULA_CLASS
from .html_parser import element_text, find_element, find_elements
from .image_urls import BACKGROUND_ATTRIBUTES, background_image, is_lazy_image
from .rule_lookup import CompiledRule
from .text import display_width

MARK_TAGS = {
    "b": "strong", "strong": "strong", "i": "em", "em": "em", "dfn": "em", "var": "em", "cite": "cite", "u": "u",
    "q": "q", "s": "s", "strike": "s", "del": "s", "sub": "sub", "sup": "sup", "mark": "mark",
    "code": "code", "kbd": "code", "samp": "code", "tt": "code",
}  # fmt: skip
"""Tags that become a mark on a run -> the tag that the mark is written as."""

TEXTLESS_TAGS = frozenset((
    "script", "style", "link", "meta", "title", "base", "template", "button", "input", "select", "option", "datalist",
    "canvas", "map", "area", "svg", "object", "embed", "applet", "param", "source", "track", "frame", "frameset",
    "noframes", "dialog", "share-button", "share-modal",
))  # fmt: skip
"""Tags that hold no text of an article."""

BLOCK_TAGS = frozenset((
    "p", "div", "section", "article", "main", "header", "footer", "aside", "nav", "center", "address", "fieldset",
    "form", "details", "summary", "hgroup", "figure",
))  # fmt: skip
"""Tags that start and end a paragraph."""

BOX_TAGS = {
    "ul": "ul", "ol": "ol", "menu": "ul", "li": "li", "blockquote": "blockquote", "dl": "dl", "dt": "dt", "dd": "dd",
    "table": "table", "tr": "tr", "td": "td", "th": "th",
}  # fmt: skip
"""Tags that contain blocks -> the kind of block that they become."""

HEADING_TAGS = {"h1": "h2", "h2": "h2", "h3": "h3", "h4": "h4", "h5": "h5", "h6": "h6"}

_LINE_END_TAGS = (
    BLOCK_TAGS | BOX_TAGS.keys() | HEADING_TAGS.keys() | {"br", "hr", "pre", "figcaption", "body", "[document]"}
)
BACK_LINK = re.compile(r"[\[(]?\s?(?:[↩↵⏎⤴⮌↖]\ufe0e?\ufe0f?)+\s?[\])]?")
"""The text of a link from a note back to where it belongs. The anchor is gone, as all ids are."""

_EMBED_ATTRIBUTES = (
    "data-e2e", "data-iframe", "data-oembed-url", "data-video-url", "data-instgrm-permalink", "data-href", "cite",
    "data-video-id", "data-video_id", "data-videoid", "data-youtube-id", "data-ytid",
)  # fmt: skip
"""Attributes that may hold the only URL, or the id, of an embed."""

_RELEVANT_ATTRIBUTES = frozenset(
    ("class", "itemprop", "hidden", "aria-hidden", "style", *_EMBED_ATTRIBUTES, *BACKGROUND_ATTRIBUTES)
)
"""Attributes that may show what an element is. An element without any of them is plain text."""

_ITEMPROP_FIELDS: dict[str, ElementRole] = {
    "author": "author", "datePublished": "date", "articleSection": "tag", "section": "tag", "keywords": "tag",
}  # fmt: skip
"""schema.org properties -> the fields that they become."""

_PREFORMATTED_STYLE = re.compile(r"white-space\s*:\s*(?:pre|break-spaces)", re.IGNORECASE)
_DISPLAY_NONE = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_SENTENCE = re.compile(r"[。！？；]|[.!?]\s+\S|，.*，")

_CLASS_PREFIX = r"(?:(?:article|story|post|entry|news|content|meta)[-_]{1,2})"
_ClassMeaning = Literal["formula", "code", "caption", "credit", "hidden", "box", "clutter", "author", "date"]
_CLASS_PATTERNS: dict[_ClassMeaning, re.Pattern[str]] = {
    "formula": FORMULA_CLASS,
    "code": re.compile(r"(?:^|\s)(?:dp-[a-z]{1,12}|linenums|syntaxhighlighter)(?:$|\s)"),
    "caption": re.compile(
        r"(?:^|\s)(?:tr-caption|wp-caption-text|image-caption|media-caption__text|media-caption|caption|photo-caption|img-caption|figure-caption)(?:$|\s)"
    ),
    "credit": re.compile(r"(?:^|\s)(?:story-image-copyright|copyright|(?:[a-z-]{1,30}(?:__|-))?credits?)(?:$|\s)"),
    "hidden": re.compile(
        r"(?:^|[\s_-])(?:off-screen|sr-only|visually-?hidden\w*|screen-reader-text|screenreader\w*|a11y-(?:hidden|only)|assistive-text|"
        r"accessib(?:le|ility)-(?:text|hide|hidden)|element-invisible|ui-helper-hidden-accessible|[hH]ide-?(?:[cC]ompletely|[vV]isually))(?:$|\s)|VisuallyHiddenText"
    ),
    "box": re.compile(
        r"(?:^|\s)(?:subscription-widget\S*|subscribe-widget|kg-signup-card|kg-bookmark-icon|jetpack_subscription_widget|"
        r"wp-block-jetpack-subscriptions\S*|mc4wp-form|comment-respond|commentlist|comment-list|comments-area)(?:$|\s)"
    ),
    "clutter": re.compile(
        r"(?i:(?:^|[\s_-])(?:share|sharing|shares|sharedaddy|addtoany\w*|social|related|recommend(?:ed|ations?)?|jp-relatedposts|newsletter|"
        r"subscribe|promo|advert(?:isement)?s?|ads?|adsbygoogle|sponsor(?:ed)?|outbrain|taboola|trc_related_container|comments?|breadcrumbs?|"
        r"toolbar|navigation|pagination|wp_rp_wrap|yarpp\w*|feedflare|mc4wp\w*)(?:$|[\s_-]))"
    ),
    "author": re.compile(
        rf"(?:^|\s)(?:{_CLASS_PREFIX}?(?:byline|by-line|authors?)(?:[-_]{{1,2}}names?)?|p-author|vcard)(?:$|\s)"
    ),
    "date": re.compile(
        rf"(?:^|\s)(?:{_CLASS_PREFIX}?(?:pubdate|publish-date|published|dateline|timestamp)|{_CLASS_PREFIX}(?:date|time)|dt-published)(?:$|\s)"
    ),
}
_FIGURE_CONTENT = (
    "img", "picture", "amp-img", "image", "video", "audio", "iframe", "embed", "object", "table", "pre", "code",
    "blockquote", "ul", "ol", "dl", "math", "input",
)  # fmt: skip
"""What a caption may belong to. A drawing (`svg`, `canvas`) is lost in an entry, as a missing picture is."""
_CAPTION_WORD = re.compile(r"caption|credit", re.IGNORECASE)
_LONGEST_CAPTION = 600
_FEWEST_LINKS = 3
_FEW = 12
_SHORT = 120
"""The longest element that may be a name or a date, in characters of its whole text."""


class Classification(NamedTuple):
    """The result for an element that is not plain text."""

    kind: ElementRole | Literal["shell", "formula", "code", "background"]
    """A role of a source rule, `shell`: an embed without content, `formula`: all forms of one formula, or `code`."""
    reason: str
    """For `drop`, the name of the step; for `shell`, the attribute's value; else the selector or class that matched."""


def select_elements(tree: Tag, rule: CompiledRule) -> dict[int, list[ExtractRule]]:
    """Return `id(element)` -> the rules that select it, in their order. The tree must not change afterwards."""
    selected: dict[int, list[ExtractRule]] = {}
    named = _index_names(tree) if rule.selectors else {}
    for extract, selector, alternatives in rule.selectors:
        candidates: dict[int, Tag] = {}
        for required in alternatives:
            if required.of_document <= named.keys():
                candidates.update((id(tag), tag) for tag in named[required.of_element])
        for number, tag in candidates.items():
            if selector.match(tag):
                selected.setdefault(number, []).append(extract)
    return selected


def _index_names(tree: Tag) -> Mapping[str, Sequence[Tag]]:
    """Return the names by which selectors choose (tags, attributes, `.classes` and `#ids`), each with its elements; ""
    stands for all elements."""
    named: defaultdict[str, list[Tag]] = defaultdict(list)
    named[""] = everything = [tag for tag in tree.descendants if isinstance(tag, Tag)]
    for tag in everything:
        named[tag.name].append(tag)
        for name, value in tag.attrs.items():
            named[name].append(tag)
            if name == "class":
                for part in str(value).split():
                    named[f".{part}"].append(tag)
            elif name == "id":
                named[f"#{value}"].append(tag)
    return named


class ElementClassifier:
    """Classifies elements by a rule's selectors, by common class names and properties, and by what browsers hide."""

    __slots__ = ("_rules",)

    def __init__(self, rules: Mapping[int, Sequence[ExtractRule]]) -> None:
        """`rules` is the result of `select_elements` for the tree to classify."""
        self._rules = rules

    def classify(self, tag: Tag, state: ExtractorState) -> Classification | None:
        """Return what an element is; None when it is plain text."""
        rules = self._rules.get(id(tag))
        if rules and (found := self._by_rules(rules, state)):
            return found
        if not tag.attrs or _RELEVANT_ATTRIBUTES.isdisjoint(tag.attrs):
            return None  # most elements
        return _by_class(tag, state) or _by_attributes(tag, state)

    @staticmethod
    def _by_rules(rules: Iterable[ExtractRule], state: ExtractorState) -> Classification | None:
        for rule in rules:
            is_late = rule.start and state.text_has_started
            has_no_figure = rule.to in ("caption", "credit") and state.open_figure is None
            if not is_late and not has_no_figure:
                return Classification(rule.to, f"rule: {rule.select}" if rule.to == "drop" else rule.select)
        return None


GENERIC_CLASSIFIER = ElementClassifier({})
"""A classifier without a rule, for the content of an element that a rule has already extracted."""


def _by_class(tag: Tag, state: ExtractorState) -> Classification | None:
    classes = str(tag.attrs.get("class", ""))
    meaning = _class_meaning(classes) if classes else ""
    if not meaning:
        return None
    if meaning == "formula":
        return Classification(meaning, classes)
    if meaning == "code":  # of highlighters that write a list of lines
        is_list = (
            tag.name in ("ol", "ul", "div") and find_element(tag, "li") and not find_element(tag, "pre", "table", "p")
        )
        return Classification(meaning, classes) if is_list else None
    if meaning == "caption" or meaning == "credit":
        is_below_figure = state.open_figure is not None and tag.name not in ("img", "figure")
        is_below_figure = is_below_figure and find_element(tag, "img") is None
        is_nested = meaning == "caption" and state.in_caption
        return Classification(meaning, classes) if is_below_figure and not is_nested else None
    if meaning == "hidden":
        return Classification("drop", "hidden labels")
    if meaning == "box":
        return Classification("drop", "subscribe and comment boxes")
    if meaning == "clutter":
        return Classification("drop", "clutter") if is_clutter(tag) or _is_link_box(tag) else None
    if not state.text_has_started and is_short_element(tag):
        return Classification(meaning, classes)
    return None


@lru_cache(maxsize=4096)
def _class_meaning(classes: str) -> _ClassMeaning | Literal[""]:
    """Return the meaning of an element's class names, or ""."""
    return next((meaning for meaning, pattern in _CLASS_PATTERNS.items() if pattern.search(classes)), "")


def _by_attributes(tag: Tag, state: ExtractorState) -> Classification | None:
    """Find a field by `itemprop`, an element that browsers hide, or an embed that only a script would show."""
    attrs = tag.attrs
    if not state.text_has_started:
        role = _ITEMPROP_FIELDS.get(str(attrs.get("itemprop")))
        if role and is_short_element(tag):
            return Classification(role, "itemprop")
    if (
        "hidden" in attrs
        or (attrs.get("aria-hidden") == "true" and not _is_in_caption(tag, state) and is_clutter(tag))
        or (_DISPLAY_NONE.search(str(attrs.get("style", ""))) and not is_lazy_image(tag))
    ):
        return Classification("drop", "hidden labels")
    if (
        tag.name == "code"
        and _PREFORMATTED_STYLE.search(str(attrs.get("style", "")))
        and "\n" in element_text(tag).strip()
    ):
        return Classification("code", "white-space")
    if ("style" in attrs or not attrs.keys().isdisjoint(BACKGROUND_ATTRIBUTES)) and (image := background_image(tag)):
        return Classification("background", image)
    if attrs.keys().isdisjoint(_EMBED_ATTRIBUTES):
        return None
    return next((Classification("shell", str(attrs[name])) for name in _EMBED_ATTRIBUTES if name in attrs), None)


def _is_in_caption(tag: Tag, state: ExtractorState) -> bool:
    """True in a caption, which some sites hide from screen readers, because it repeats the picture's alt."""
    return state.in_caption or tag.name == "figcaption"


def is_clutter(tag: Tag) -> bool:
    """True when an element has no picture, no sentence, and hardly a word outside of links."""
    text = "".join(element_text(tag).split())
    if not text:
        return find_element(tag, "img", "video", "audio", "iframe") is None
    if len(text) > 400 or _SENTENCE.search(text):
        return False
    linked = sum(len("".join(element_text(a).split())) for a in tag.find_all("a"))
    return len(text) - linked <= 24


def _is_link_box(tag: Tag) -> bool:
    """True when an element is three or more links and hardly a word or a picture beside them."""
    links = tag.find_all("a", href=True)
    if len(links) < _FEWEST_LINKS or any(image.find_parent("a") is None for image in tag.find_all("img")):
        return False
    text, linked = (sum(len("".join(element_text(part).split())) for part in parts) for parts in ((tag,), links))
    return linked >= 0.7 * text and tag.find(("pre", "table", "video", "audio", "iframe", "blockquote")) is None


def is_short_element(tag: Tag) -> bool:
    """True when an element is short enough to be a name or a date, and has no picture."""
    return len(element_text(tag)) <= _SHORT and find_element(tag, "img") is None


def short_text(tag: Tag) -> str:
    """Return the text of an element that holds nothing but a few characters; empty for any other."""
    only = tag.contents[0] if len(tag.contents) == 1 else None
    return str(only).strip() if type(only) is NavigableString and len(only) < _FEW else ""


def is_small_caption(tag: Tag) -> bool:
    """True for `<div><small>…</small></div>` and `<p role="text">`, which is how some sites write captions."""
    if tag.name == "p" and tag.get("role") == "text":
        return True
    if not [child for child in tag.contents if isinstance(child, Tag) and child.name == "small"]:
        return False
    children = [child for child in tag.contents if isinstance(child, Tag) or str(child).strip()]
    return len(children) == 1 and (tag.name == "div" or is_caption_line(tag))


def is_caption_alone(figure: Tag) -> bool:
    """True for a `figure` that holds a caption and nothing to which it could belong: its picture was lost."""
    text = element_text(figure)
    if not text.strip() or len(text) > _LONGEST_CAPTION or find_element(figure, *_FIGURE_CONTENT):
        return False
    captions = [
        part for part in figure.find_all(True) if part.name == "figcaption" or _CAPTION_WORD.search(_classes_of(part))
    ]
    outer = [part for part in captions if not any(other in captions for other in part.parents)]
    return sum(len("".join(element_text(part).split())) for part in outer) == len("".join(text.split()))


def _classes_of(tag: Tag) -> str:
    return str(tag.attrs.get("class", ""))


def is_credit_footer(tag: Tag) -> bool:
    """True for a short `footer` in a `figure`: who made the picture."""
    return tag.name == "footer" and is_short_element(tag) and tag.find_parent(("figure", "blockquote")) is not None


def is_caption_line(tag: Tag) -> bool:
    """True when an element is short, on one line, and has at most one link, as captions do and footers do not."""
    is_short = display_width(element_text(tag)) <= WIDEST_CAPTION
    return is_short and find_element(tag, "br") is None and len([*islice(find_elements(tag, "a"), 2)]) < 2


def is_in_sentence(tag: Tag) -> bool:
    """True for an inline element that a sentence in the same paragraph follows."""
    text = "".join(_inline_text_after(tag)).strip()
    return len(text) > _SHORT or text.endswith((".", "!", "?", "。", "！", "？"))


def is_followed_by_text(tag: Tag) -> bool:
    """True when text follows an inline element on the same line."""
    return any(text.strip() for text in _inline_text_after(tag))


def _inline_text_after(tag: Tag) -> Iterator[str]:
    """Yield the text after an inline element up to the end of its line."""
    element: Tag | None = tag
    while element is not None and element.name not in _LINE_END_TAGS:
        for sibling in element.next_siblings:
            if isinstance(sibling, Tag):
                if sibling.name in _LINE_END_TAGS:
                    return
                yield element_text(sibling)
            elif type(sibling) is NavigableString:
                yield str(sibling)
        element = element.parent


def format_kept_attributes(tag: Tag) -> str:
    """Return the attributes that a list, an item or a cell keeps, as HTML: `start`, `colspan`, `rowspan`."""
    if tag.name == "ol":
        start = str(tag.get("start") or "")
        return f'start="{start}"' if start.isdigit() and start != "1" and len(start) < 7 else ""
    if tag.name == "li":
        value = str(tag.get("value") or "")
        return f'start="{value}"' if value.isdigit() and len(value) < 7 else ""
    if tag.name in ("td", "th"):
        spans = [(name, str(tag.get(name) or "")) for name in ("colspan", "rowspan")]
        return " ".join(f'{name}="{value}"' for name, value in spans if value.isdigit() and 1 < int(value[:4]) < 1000)
    return ""
