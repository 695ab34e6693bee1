"""Steps that drop boxes which sites set around a text, by where their links lead and by what a form must say.

They are portraits of authors, requests for donations, forms of newsletters, and what is said twice of an author.
"""

from __future__ import annotations

import re

from ..blocks import HEADING_KINDS, Block, extract_links, walk_blocks
from ..bylines import MENTIONS_JOB
from ..draft import Draft
from ..text import collapse_whitespace, only_letters
from ..url_cleaner import is_author_link, is_donation_link
from .line_patterns import match_leftover

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
    r"\b(?:by (?:signing up|subscribing|clicking|submitting|providing|entering|registering|giving us)|"
    r"mit (?:der|ihrer|deiner) (?:anmeldung|registrierung)|"
    r"en (?:vous (?:inscrivant|abonnant)|cliquant)|al (?:suscribirte|suscribirse|registrarte|inscribirte)|iscrivendoti|"
    r"ao (?:se inscrever|assinar)|подписываясь|you can unsubscribe|sie können sich jederzeit abmelden)\b",
    re.IGNORECASE,
)
_PRIVACY = (
    "privacy", "terms of", "datenschutz", "confidentialité", "données personnelles", "privacidad", "privacidade",
    "конфиденциальност", "unsubscribe", "abmelden",
)  # fmt: skip
"""In lower case."""


_YOU = re.compile(
    r"\b(?:you|your|Sie|Ihren?|Ihrer|du|deiner?|vous|votre|vos|tus?|su|usted|te|ti|tuo|você|seu|вы|ваш\w*|je|uw)\b",
    re.IGNORECASE,
)
_INBOX = re.compile(
    r"\b(?:newsletters?|inbox|e-?mails?|boletín|boîte mail|rassegna|nyhetsbrev|Posteingang|рассылк\w+)\b|"
    r"邮箱|郵箱|電子報|メール",
    re.IGNORECASE,
)


def drop_signup_forms(draft: Draft) -> None:
    """Drop a paragraph that says what one agrees to by signing up, with the invitations and the heading above it.

    Below the text, the short section that it ends goes with it.
    """
    if not _mentions_privacy("\n".join([block.text for block in draft.text_blocks()])):
        return  # nearly all texts
    at = 0
    while at < len(draft.blocks):
        block = draft.blocks[at]
        is_consent = (
            block.is_text
            and len(block.text) <= _LONGEST_CONSENT
            and _mentions_privacy(block.text)
            and _AGREE.search(block.text) is not None
            and _YOU.search(block.text) is not None
        )
        if not is_consent or len(draft.blocks) < 2:
            at += 1
            continue
        start = _start_of_form(draft, at)
        form = draft.blocks[start : at + 1]
        for part in walk_blocks(form):
            if not part.children:
                draft.log_removed("promotions", f"{part.text} {part.url}")
        draft.remove_blocks(form)
        at = start


def _mentions_privacy(text: str) -> bool:
    lower = text.lower()
    return any(word in lower for word in _PRIVACY)


def _start_of_form(draft: Draft, end: int) -> int:
    """Return where the form begins that ends with a consent: at its heading, or at the first invitation above."""
    start = end
    while start > 1 and _is_invitation(draft, draft.blocks[start - 1]):
        start -= 1
    if draft.blocks[start - 1].kind in HEADING_KINDS and start > 1 and (start < end or end == len(draft.blocks) - 1):
        return start - 1
    if end == len(draft.blocks) - 1:  # no text follows: the heading's whole section is the form
        first = max(1, end + 1 - _MOST_FORM_BLOCKS)
        heading = next((at for at in range(end, first - 1, -1) if draft.blocks[at].kind in HEADING_KINDS), start)
        if sum(len(block.text) for block in draft.blocks[heading : end + 1]) <= _LONGEST_FORM:
            return heading
    return start


def _is_invitation(draft: Draft, block: Block) -> bool:
    is_short = block.kind == "p" and len(block.text) <= _LONGEST_FORM // 3
    return is_short and (
        match_leftover("promotions", block.text, draft.language) is not None or _INBOX.search(block.text) is not None
    )


_SOCIAL = re.compile(
    r"https?://(?:[\w-]{1,20}\.){0,2}(?:facebook|twitter|x|instagram|youtube|linkedin|pinterest|telegram|t|vk|weibo|flipboard|bsky|threads|tiktok)"
    r"\.(?:com|me|org|app|net)/",
    re.IGNORECASE,
)
_ICON_NAME = re.compile(
    r"(?:^|[/_.-])(?:icons?|social|buttons?|badges?|logos?|follow|share|twitter|facebook|rss|feed)[/_.-]", re.IGNORECASE
)


_APP_STORE = re.compile(
    r"https?://(?:play\.google\.com/store|(?:apps|itunes|app)\.apple\.com/|appgallery\.huawei\.com/|news\.google\.com/|"
    r"(?:www\.)?google\.com/preferences|apple\.news/|whatsapp\.com/channel/)",
    re.IGNORECASE,
)
_BADGE_NAME = re.compile(
    r"badge|play-?store|app-?store|google-?play|google-?news|apple-?news|whatsapp|download", re.IGNORECASE
)


def is_network_icon(figure: Block) -> bool:
    """True for an icon that leads to a network, and for the badge of a shop for apps or of a reader for news."""
    if figure.runs:
        return False
    if _SOCIAL.match(figure.href):
        return _ICON_NAME.search(figure.url) is not None
    return _APP_STORE.match(figure.href) is not None and _BADGE_NAME.search(figure.url) is not None


def drop_linked_button(draft: Draft) -> bool:
    """Drop a picture at the end that leads to a payment service, or an icon that leads to a social network."""
    last = draft.blocks[-1]
    if last.kind != "figure" or len(draft.blocks) < 2:
        return False
    if not is_network_icon(last) and not is_donation_link(last.href):
        return False
    draft.log_removed("promotions", f"{last.alt} {last.url} {last.href} {last.text}")
    draft.blocks.pop()
    return True


def drop_author_portraits(draft: Draft) -> None:
    """Drop pictures of services for avatars, and those that link to the page of an author. Keep names in captions."""
    for block in draft.blocks:
        if block.kind == "figure" and block.runs and block.is_decoration and _shows_avatar(block):
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
    return is_linked or _shows_avatar(figure)


def _shows_avatar(figure: Block) -> bool:
    url = figure.url
    return _AVATAR.search(url) is not None or (figure.is_decoration and _AVATAR_FOLDER.search(url) is not None)


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


_LONGEST_NOTE = 700
_NOTES = 3
_SHORTEST_NAME = 4
_CONTACT = re.compile(r"@\w{3}|mailto:|//(?:www\.)?(?:twitter|x|mastodon|bsky|linkedin|instagram)\.\w", re.IGNORECASE)


def drop_author_notes(draft: Draft) -> None:
    """Drop what the last paragraphs say about an author: they begin with the name and tell the job or an address, or
    are only the name.

    A paragraph that ends with a link to the source's page of an author is one too (`More of his articles are here`).
    """
    for block in reversed(draft.blocks[-_NOTES:]):
        is_note = block.kind == "p" and not draft.rule.is_configured and _is_author_note(draft, block)
        if not is_note or len(draft.text_blocks()) <= _NOTES:
            return
        draft.log_removed("author notes", block.text)
        draft.remove_blocks([block])


def _is_author_note(draft: Draft, block: Block) -> bool:
    text = collapse_whitespace(block.text)
    if len(text) > _LONGEST_NOTE:
        return False
    links = extract_links(block.runs)
    if links and is_author_link(links[-1][0]) and draft.rule.is_own_link(links[-1][0]):
        return text.rstrip(" .。→»>").endswith(links[-1][1].strip(" .。→»>")) or text.startswith(links[-1][1])
    bare = text.lstrip("*•·–—-／/▪■ ")
    if only_letters(bare) in map(only_letters, draft.authors):
        return bool(bare)
    name = next((name for name in draft.authors if len(name) >= _SHORTEST_NAME and bare.startswith(name)), "")
    if not name or bare[len(name) : len(name) + 2].lstrip()[:1] in (":", "："):
        return False
    tells_job = MENTIONS_JOB.search(bare, len(name)) is not None
    return tells_job or any(_CONTACT.search(url) for url, _ in links) or _CONTACT.search(bare) is not None
