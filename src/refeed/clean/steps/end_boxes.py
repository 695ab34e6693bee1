"""Steps that drop boxes which sites set around a text, by where their links lead and by what a form must say.

They are portraits of authors, requests for donations, forms of newsletters, and what is said twice of an author.
"""

from __future__ import annotations

import re

from ..blocks import HEADING_KINDS, Block, extract_links, walk_blocks
from ..draft import Draft
from ..url_cleaner import is_author_link, is_donation_link

_LONGEST_CONSENT = 500
_LONGEST_FORM = 600
_MOST_FORM_BLOCKS = 5
_TAIL = 10
_SHORTEST_REPEATED = 60
_AVATAR = re.compile(
    r"gravatar\.com/avatar|avatars\d?\.githubusercontent|[/_-](?:author|profile)[-_]?(?:photo|image|pic|avatar)s?[/_.-]",
    re.IGNORECASE,
)
_AVATAR_FOLDER = re.compile(r"[/_]avatars?/", re.IGNORECASE)
"""It may hold a large picture too."""
_AGREE = re.compile(
    r"\b(?:by (?:signing up|subscribing|clicking|submitting|providing|entering|registering)|"
    r"mit (?:der|ihrer|deiner) (?:anmeldung|registrierung)|"
    r"en (?:vous (?:inscrivant|abonnant)|cliquant)|al (?:suscribirte|suscribirse|registrarte|inscribirte)|iscrivendoti|"
    r"ao (?:se inscrever|assinar)|подписываясь|you can unsubscribe|sie können sich jederzeit abmelden)\b",
    re.IGNORECASE,
)
_PRIVACY = re.compile(
    r"privacy|terms of|datenschutz|confidentialité|données personnelles|privacidad|privacidade|конфиденциальност|"
    r"unsubscribe|abmelden",
    re.IGNORECASE,
)


def drop_signup_form(draft: Draft) -> bool:
    """Drop the last paragraph when it says what one agrees to by signing up, with the short section that it ends."""
    last = draft.blocks[-1]
    if not last.is_text or len(last.text) > _LONGEST_CONSENT or len(draft.blocks) < 2:
        return False
    if not (_AGREE.search(last.text) and _PRIVACY.search(last.text)):
        return False
    tail = draft.blocks[-_MOST_FORM_BLOCKS:]
    start = next((at for at, block in enumerate(reversed(tail), start=1) if block.kind in HEADING_KINDS), 1)
    form = draft.blocks[-start:]
    if start == len(draft.blocks) or sum(len(block.text) for block in form) > _LONGEST_FORM:
        form = [last]
    for block in walk_blocks(form):
        if not block.children:
            draft.log_removed("promotions", f"{block.text} {block.url}")
    draft.remove_blocks(form)
    return True


def drop_donation_button(draft: Draft) -> bool:
    """Drop a picture at the end that leads to a payment service."""
    last = draft.blocks[-1]
    if last.kind != "figure" or not is_donation_link(last.href) or len(draft.blocks) < 2:
        return False
    draft.log_removed("promotions", f"{last.alt} {last.url} {last.text}")
    draft.blocks.pop()
    return True


def drop_author_portraits(draft: Draft) -> None:
    """Drop pictures of services for avatars, and those that link to the page of an author. Keep names in captions."""
    for block in draft.blocks:
        if (
            block.kind == "figure"
            and block.runs
            and block.is_decoration
            and (_AVATAR.search(block.url) or _AVATAR_FOLDER.search(block.url))
        ):
            draft.log_removed("author portraits", f"{block.alt} {block.url} {block.href}")
            block.kind = "p"  # a name beside the portrait, for example above a quotation
    portraits = [block for block in draft.blocks if block.kind == "figure" and _is_portrait(draft, block)]
    if len(portraits) == len(draft.blocks):
        return
    for figure in portraits:
        for _, name in extract_links(figure.runs):
            draft.add_byline(name, "caption of a portrait")
        draft.log_removed("author portraits", f"{figure.alt} {figure.url} {figure.text} {figure.credit}")
    draft.remove_blocks(portraits)


def _is_portrait(draft: Draft, figure: Block) -> bool:
    links = [url for url, _ in extract_links(figure.runs)]
    if links and all(map(is_author_link, links)) and len(figure.text) <= _SHORTEST_REPEATED:
        return True
    if figure.runs:
        return False
    is_linked = bool(figure.href) and is_author_link(figure.href) and draft.rule.is_own_link(figure.href)
    return (
        is_linked
        or _AVATAR.search(figure.url) is not None
        or bool(figure.is_decoration and _AVATAR_FOLDER.search(figure.url))
    )


def drop_repeated_box(draft: Draft) -> None:
    """Drop a paragraph about an author near the end that stands there twice."""
    names = [words[-1] for author in draft.authors if (words := author.split())]
    seen: set[str] = set()
    repeated: list[Block] = []
    for block in draft.blocks[-_TAIL:]:
        if block.kind != "p" or not any(name in block.text for name in names):
            continue
        if block.text in seen and len(block.text) >= _SHORTEST_REPEATED:
            draft.log_removed("repeated", block.text)
            repeated.append(block)
        seen.add(block.text)
    draft.remove_blocks(repeated)
