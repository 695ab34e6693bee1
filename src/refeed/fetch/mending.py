"""The text of an upstream's XML -> its tree, mended where that is safe. Pure; loads nothing and expands nothing.

lxml takes milliseconds for 200,000 nested tags, and tells what it had to mend.
"""

from __future__ import annotations

import re
from html.entities import html5

from lxml import etree

from ..characters import carried
from ..errors import FetchError

_BARE = re.compile(r"&(?!#[0-9]{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};)")
_NAMED = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z][A-Za-z0-9]{1,31};)")
_BAD_REFERENCE = re.compile(r"&#(?:0*(?:[0-8]|1[1245-9]|2[0-9]|3[01])|[xX]0*(?:[0-8bBcCeEfF]|1[0-9a-fA-F]));")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,400}\?>")
_ROOT = re.compile(r"<(?:[A-Za-z][\w.-]{0,40}:)?(?:rss|feed|RDF)\b")


def _refuse_entities(text: str) -> None:
    root = _ROOT.search(text)
    prolog = text[: root.start()] if root else text[:100_000]
    if "<!ENTITY" in prolog:
        raise FetchError("the feed declares XML entities, which no feed needs and bombs are made of")


def parse(text: str) -> tuple[etree._Element | None, list[str]]:
    """The root of an XML text, None when not even that can be read, and what was mended in plain words.

    Raises FetchError for what is built to explode.
    """
    text = _DECLARATION.sub("", text, count=1).lstrip("\ufeff \t\r\n\0")
    _refuse_entities(text)
    try:
        return _tree(text, recover=False), []
    except etree.XMLSyntaxError as error:
        doubt = f"broken XML ({error.msg})"[:300]
        code = getattr(error, "code", None)
        if code in (etree.ErrorTypes.ERR_RESOURCE_LIMIT, etree.ErrorTypes.ERR_ENTITY_LOOP) or "depth" in doubt:
            raise FetchError(f"the feed is nested too deep, or built to explode: {error.msg}") from error
    mended = _mend(text)
    try:
        return _tree(mended, recover=False), [f"{doubt}, mended"]
    except etree.XMLSyntaxError:
        pass
    try:
        root = _tree(mended, recover=True)
    except etree.XMLSyntaxError:
        root = None
    return root, [doubt if root is None else f"{doubt}, read as far as possible"]


def _tree(text: str, recover: bool) -> etree._Element | None:
    parser = etree.XMLParser(
        recover=recover,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        encoding="utf-8",
    )
    return etree.fromstring(text.encode("utf-8", "replace"), parser)


def _mend(text: str) -> str:
    """Replace what XML cannot carry and name in numbers what only HTML has a name for; leave CDATA as it is."""
    text = _BAD_REFERENCE.sub("&#xFFFD;", carried(text))
    mended: list[str] = []
    start = 0
    while start < len(text):
        opened = text.find("<![CDATA[", start)
        closed = text.find("]]>", opened) if opened >= 0 else -1
        if closed < 0:
            opened, closed = len(text), len(text)
        mended += _NAMED.sub(_reference, _BARE.sub("&amp;", text[start:opened])), text[opened : closed + 3]
        start = closed + 3
    return "".join(mended)


def _reference(match: re.Match[str]) -> str:
    known = html5.get(match[1])
    return "".join(f"&#{ord(c)};" for c in known) if known else f"&amp;{match[1]}"


def is_cut(text: str, count: int) -> bool:
    """Whether the text ends before the last of so many items does."""
    return len(re.findall(r"</(?:\w{1,40}:)?(?:item|entry)\s*>", text)) < count
