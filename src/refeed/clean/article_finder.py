"""A whole saved page -> the page without what surrounds its article, and each part that went. Pure; takes linear time.

The article is the smallest element that holds nearly all sentences of the page, or the `<article>` around it. Around it
everything goes but the title's part; in it, only what its tag, its name or its links show to be no text. A page without
enough sentences in one place is kept whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import html as lxml_html
from lxml.etree import tostring
from lxml.html import HtmlElement, HTMLParser

from ..model import Removal
from .extractor_state import address_of, join_removed

STEP = "page"
"""The name of the step, for everything outside of the article."""

_SHARE = 0.85
"""The article holds at least this share of the sentences."""
_LEAST_TEXT = 400
"""An article has at least so much text in sentences; a page with less is kept whole. All sizes are in bytes of UTF-8
without white space, so that a Chinese character counts as three Latin ones."""
_LEAST_PARAGRAPH = 80
"""A paragraph with a mark of punctuation and so much text outside of links is a text in sentences."""
_MOST_HEADING_LINKS = 6

_UNSEEN = frozenset((
    "audio", "button", "canvas", "head", "iframe", "math", "noscript", "object", "option", "script", "select", "style",
    "svg", "template", "textarea", "title", "video",
))  # fmt: skip
"""Elements whose content does not count as text."""
_INLINE = frozenset((
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "br", "cite", "code", "data", "del", "dfn", "em", "font", "i",
    "img", "ins", "kbd", "label", "mark", "picture", "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strike",
    "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
))  # fmt: skip
_PARTS_OF_TEXT = _INLINE | {
    "blockquote", "center", "dd", "dl", "dt", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "li", "ol", "p", "pre",
    "table", "tbody", "tfoot", "thead", "tr", "ul",
}  # fmt: skip
"""None of these is an article; what holds it may be."""
_NO_ASIDES = frozenset(("article", "main", "p", "h1", "h2", "h3", "h4", "h5", "h6", "figure"))
"""Whatever their names are: a heading may be called a widget's."""
_LINK_BOXES = frozenset(("aside", "div", "footer", "form", "header", "section"))
_NAVIGATION = frozenset(("dialog", "menu", "nav"))
_NAVIGATION_ROLES = frozenset((
    "alertdialog", "banner", "complementary", "contentinfo", "dialog", "menu", "menubar", "navigation", "search",
    "toolbar",
))  # fmt: skip

# The names of classes and ids that sites give to what surrounds an article, in English as in all frameworks.
_COMMENTS = r"comments?(?:-?(?:area|form|list|section|thread|wrapper)s?)?|disqus\w*|livefyre|respond"
_COMMENTS_NAME = re.compile(rf"(?:^|[\s_-])(?:{_COMMENTS})(?:$|[\s_-])", re.IGNORECASE)
_ASIDE_NAME = re.compile(
    r"(?:^|[\s_-])(?:"
    r"foot(?:er)?|nav(?:bar|igation|igator)?|masthead|banner|side-?bars?\d?|menus?|breadcrumbs?|pagination|pager|toolbar|"
    r"skip-?links?|sitemap|replies|related\w*|recommend\w*|recirc\w*|trending|popular\w*|"
    r"most-?(?:popular|read|shared|viewed)|more-?(?:articles|from|news|on|stories)|read-?(?:also|more|next)|see-?also|"
    r"you-?may-?(?:also-?)?like|up-?next|next-?prev|prev-?next|shar(?:e|es|ing)\w*|social\w*|addthis\w*|follow-?us|"
    r"promos?\w*|newsletters?|subscri(?:be|ption)\w*|sign-?up|paywall|donat(?:e|ion)\w*|ads?|adverts?|advertis\w*|"
    r"adsense\w*|adsbygoogle|dfp|sponsor\w*|outbrain\w*|taboola\w*|widgets?|modals?|popup\w*|overlay|cookies?\w*|"
    r"consent|gdpr|log-?in|author-?(?:bio|box|info)|tags?-?(?:cloud|links|list)|print|search-?(?:box|form)?"
    r")(?:$|[\s_-])",
    re.IGNORECASE,
)
_CAMEL_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PUNCTUATION = re.compile(r"[.!?:…][\"'”’»)\]]?(?:\s|$)|[。！？；，、]|[،؟।]")


def remove_surroundings(html: str, base_url: str) -> tuple[str, list[Removal]]:
    """Remove what surrounds the article of a repaired page, and return each removed part with its words and addresses.

    A page without a certain article is returned unchanged.
    """
    parser = HTMLParser(encoding="utf-8", huge_tree=True)
    page = lxml_html.document_fromstring(html.encode(), parser=parser, ensure_head_body=True)
    outside = find_outside(page)
    if not outside:
        return html, []
    removed = [Removal(step=STEP, text=text) for element in outside if (text := _describe(element, base_url))]
    for element in outside:
        if not element.tail or element.tail.isspace():
            element.getparent().remove(element)
        else:  # lxml's drop_tree joins the texts around it, which takes quadratic time for many neighbours
            element.clear(keep_tail=True)
            element.tag = "span"
    return tostring(page, encoding="unicode", method="html", with_tail=False), removed


def find_outside(page: HtmlElement) -> list[HtmlElement]:
    """Return the outermost elements that do not belong to the article, in no order; none when nothing is certain."""
    body = page.find("body")
    if body is None:
        return []
    parts = _measure(body)
    whole = parts[body]
    asides = [element for element, part in parts.items() if element is not body and _is_aside(element, part, whole)]
    outermost = _ignore(asides, parts)
    if whole.sentences < _LEAST_TEXT:
        return []
    article = _find_article(body, parts)
    inner, outside = article, []
    while inner is not body:
        parent = inner.getparent()
        is_before = True
        for child in parent:
            part = parts.get(child)
            is_before = is_before and child is not inner
            if child is not inner and part and not (is_before and child not in outermost and _is_heading(child, part)):
                outside.append(child)
        inner = parent
    return [*outside, *_find_inside(article, parts, outermost)]


@dataclass(slots=True)
class _Part:
    """What stands in an element and in everything in it."""

    texts: list[tuple[str, bool]] = field(default_factory=list)
    """The texts that stand in the element itself or in its inline elements; True for those in links."""
    text: int = 0
    linked: int = 0
    """The text in links."""
    sentences: int = 0
    """The text in paragraphs that have sentences."""
    links: int = 0

    def add_own(self) -> None:
        """Count the element's own texts, once all are known."""
        own = sum(_size(text) for text, _ in self.texts)
        linked = sum(_size(text) for text, is_linked in self.texts if is_linked)
        free = own - linked
        is_long = free >= _LEAST_PARAGRAPH and free > linked
        if is_long and (free > 3 * _LEAST_PARAGRAPH or _PUNCTUATION.search("".join([text for text, _ in self.texts]))):
            self.sentences += free
        self.text += own
        self.linked += linked


def _size(text: str) -> int:
    return len("".join(text.split()).encode())


def _measure(body: HtmlElement) -> dict[HtmlElement, _Part]:
    """Measure every visible element, in the order of the page."""
    parts: dict[HtmlElement, _Part] = {}
    stack: list[tuple[HtmlElement, _Part, bool]] = [(body, _Part(), False)]
    while stack:
        element, block, in_link = stack.pop()
        if not isinstance(element.tag, str):
            continue
        part = parts[element] = _Part(links=element.tag == "a")
        if element.tag in _UNSEEN:
            continue
        if element.tag not in _INLINE:
            block = part
        in_link = in_link or element.tag == "a"
        if element.text and not element.text.isspace():
            block.texts.append((element.text, in_link))
        for child in element:
            if child.tail and not child.tail.isspace():
                block.texts.append((child.tail, in_link))
        stack += [(child, block, in_link) for child in reversed(element)]
    for element, part in reversed(parts.items()):
        part.add_own()
        outer = parts.get(element.getparent())
        if outer is not None:
            outer.text += part.text
            outer.linked += part.linked
            outer.sentences += part.sentences
            outer.links += part.links
    return parts


def _is_aside(element: HtmlElement, part: _Part, whole: _Part) -> bool:
    """True for an element whose tag, role or name says that it is no text, unless much of the text is in it."""
    tag = element.tag
    if tag in _INLINE or tag in _NO_ASIDES or (not part.text and not part.links and _has_picture(element)):
        return False
    name = f"{element.get('class') or ''} {element.get('id') or ''}"
    if _COMMENTS_NAME.search(name):
        return part.sentences < 0.9 * whole.sentences
    if tag in _NAVIGATION or element.get("role") in _NAVIGATION_ROLES:
        return part.sentences < 0.3 * whole.sentences
    if tag in ("footer", "aside", "form"):
        is_text = tag != "form" and part.text and part.linked <= 0.2 * part.text
        return not is_text and part.sentences < (0.5 if tag == "footer" else 0.1) * whole.sentences
    return part.sentences < 0.2 * whole.sentences and bool(_ASIDE_NAME.search(_CAMEL_HUMP.sub("-", name)))


def _has_picture(element: HtmlElement) -> bool:
    return next(element.iter("img", "picture"), None) is not None


def _ignore(asides: list[HtmlElement], parts: dict[HtmlElement, _Part]) -> dict[HtmlElement, None]:
    """Take the sentences of asides, given in the order of the page, off all elements. Return the outermost asides."""
    outermost: dict[HtmlElement, None] = {}
    inside: set[HtmlElement] = set()
    for aside in asides:
        if aside in inside:
            continue
        outermost[aside] = None
        lost = parts[aside].sentences
        for ancestor in aside.iterancestors() if lost else ():
            if ancestor in parts:
                parts[ancestor].sentences -= lost
        for element in aside.iter("*"):
            inside.add(element)
            if element in parts:
                parts[element].sentences = 0
    return outermost


def _find_article(body: HtmlElement, parts: dict[HtmlElement, _Part]) -> HtmlElement:
    """Return the smallest element that holds nearly all sentences, or the outermost `article` around it."""
    article = body
    while True:
        children = [child for child in article if child in parts]
        best = max(children, key=lambda child: parts[child].sentences, default=None)
        if best is None or parts[best].sentences < _SHARE * parts[body].sentences:
            break
        article = best
    while article.tag in _PARTS_OF_TEXT:
        article = article.getparent()
    return next(reversed([*article.iterancestors("article")]), article)


def _is_heading(element: HtmlElement, part: _Part) -> bool:
    """True for an element before the article with its title or its picture, and hardly a link."""
    is_title = element.tag in ("h1", "figure", "picture", "img") or element.find(".//h1") is not None
    return is_title and part.links <= _MOST_HEADING_LINKS


def _find_inside(
    article: HtmlElement, parts: dict[HtmlElement, _Part], outermost: dict[HtmlElement, None]
) -> Iterator[HtmlElement]:
    """Yield the asides in the article, and boxes of links before its first sentence and after its last one."""
    place = {element: at for at, element in enumerate(parts)}
    ends = [
        place[element]
        for element in article.iter("*")
        if element in parts
        and parts[element].sentences
        and not any(child in parts and parts[child].sentences for child in element)
    ]
    stack = [article]
    while stack:
        element = stack.pop()
        part = parts.get(element)
        if part is None:
            continue
        is_links = element.tag in _LINK_BOXES and part.links > 1 and part.linked > 0.6 * part.text
        if element in outermost or (is_links and not part.sentences and not ends[0] < place[element] < ends[-1]):
            yield element
        else:
            stack += reversed(element)


def _describe(element: HtmlElement, base_url: str) -> str:
    """Return the words and addresses in an element without scripts and styles."""
    words: list[str] = []
    addresses: list[str] = []
    stack: list[HtmlElement | str] = [element]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            words.append(node)
        elif isinstance(node.tag, str) and node.tag not in ("script", "style"):
            addresses.append(address_of(node.tag, node.attrib, base_url))
            words.append(node.text or "")
            for child in reversed(node):
                stack += (child.tail or "", child)
    return join_removed(words, addresses)
