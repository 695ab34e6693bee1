"""RawEntry and the sources' rules -> an entry, with the account of what was removed and where each field came from."""

from __future__ import annotations

import hashlib
import re
import uuid
from datetime import UTC

from ..model import Cleaned, Entry, Image, RawEntry
from ..rules import DEFAULT, Limits
from ..sanitize import sanitize
from . import blocks as b
from . import dates, people
from .compiling import CompiledRule
from .draft import Draft, lift
from .plain import plain_blocks
from .reading import Account
from .repair import repair
from .sources import Sources, canonical
from .steps import STEPS
from .summary import summary
from .text import one_line, script
from .titles import title_and_column
from .tree import TooDeepError, read
from .weight import Weight, weigh
from .writing import html_of

__all__ = ["Sources", "Weight", "canonical", "clean", "plain", "weigh"]

# What full-text services and their victims answer instead of an article.
_FAILED = re.compile(
    r"(?:获取|抓取|提取)(?:全文|正文)?失败|无法(?:获取|抓取|加载)(?:全文|正文)|"
    r"unable to retrieve full-text content|full[- ]text (?:could not be|extraction failed)|"
    r"^(?:403 Forbidden|404 Not Found|50[0-4] .*Error|Access Denied|Just a moment|Attention Required)|"
    r"Checking your browser|Enable JavaScript|Are you a robot|"
    r"请(?:开启|启用|打开) ?JavaScript|(?:该|此)内容(?:已被|已经)(?:发布者)?(?:删除|屏蔽)|"
    r"环境异常.{0,10}完成验证|请输入验证码",
    re.IGNORECASE,
)


def clean(raw: RawEntry, sources: Sources, limits: Limits = DEFAULT) -> Cleaned:
    """Make an entry of a raw one: its text, pictures and links as small HTML, the rest in fields or in the account.

    A body over a limit is handed to `plain`. `weigh` tells beforehand which belong in a process that can be ended.
    """
    ready = sources.ready(raw)
    if over := weigh(raw.html, limits).over:
        return plain(raw, sources, over)
    try:
        blocks, account = read(repair(raw.html), raw.link, ready, ready.rule.language or "zh-Hans")
    except (TooDeepError, RecursionError):
        return plain(raw, sources, "elements are nested deeper than any reader shows")
    return _finish(raw, sources, ready, blocks, account, ())


def plain(raw: RawEntry, sources: Sources, reason: str) -> Cleaned:
    """An entry of the body's text alone, in paragraphs, flagged with the reason; nothing of the text is left out."""
    ready = sources.ready(raw)
    return _finish(raw, sources, ready, plain_blocks(raw.html), Account(), (f"published as plain text: {reason}",))


def _finish(
    raw: RawEntry,
    sources: Sources,
    ready: CompiledRule,
    blocks: list[b.Block],
    account: Account,
    flags: tuple[str, ...],
) -> Cleaned:
    source = sources.source(raw)
    link, section = canonical(raw.link, ready)
    title, column = title_and_column(raw.title, ready, source.title)
    draft = Draft(
        raw=raw,
        ready=ready,
        title=title,
        blocks=blocks,
        removed=account.removed,
        enclosures=account.enclosures,
        section=column or section,
        age=account.age,
        above_picture=account.above_picture,
        authors=list(people.distinct(name for author in raw.authors for name in people.names(author, ready.is_agency))),
        tags=[one_line(tag) for tag in raw.tags if one_line(tag)],
    )
    lift(draft, account.fields)
    for step in STEPS:
        step(draft)
    entry = _entry(draft, source.id, link, source.language)
    return Cleaned(
        entry=entry,
        fingerprint=_fingerprint(entry, draft),
        removed=tuple(draft.removed),
        flags=tuple(dict.fromkeys((*raw.flags, *flags, *_doubts(entry, draft)))),
        origins=tuple(draft.origins),
    )


def _entry(draft: Draft, source: str, link: str, language: str) -> Entry:
    raw = draft.raw
    html = sanitize(html_of(draft.blocks))
    figures = [block for block in b.walk(draft.blocks) if block.kind == "figure"]
    published, where = dates.published(draft.date, raw.at, draft.ready.rule.timezone, draft.age)
    published = published.astimezone(UTC).replace(microsecond=0)
    draft.note_origin("published", where if raw.dated else where.replace("header", "first seen"))
    text = "\n".join(block.text for block in draft.blocks if block.kind != "figure")
    image = None
    if figures:
        image = Image(url=figures[0].url, caption=one_line(figures[0].text), credit=figures[0].credit)
    return Entry(
        id=f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, link)}",
        source=source,
        link=link,
        title=draft.title,
        published=published,
        updated=published,
        language=script(draft.title + text, language),
        authors=tuple(draft.authors),
        contributors=tuple(draft.contributors),
        summary=summary(draft),
        html=html,
        image=image,
        images=tuple(dict.fromkeys(figure.url for figure in figures)),
        enclosures=tuple({enclosure.url: enclosure for enclosure in draft.enclosures}.values()),
        rights=draft.rights,
        original=draft.original or None,
        original_language=draft.ready.rule.original_language,
        tags=tuple(draft.tags),
        section=draft.section,
    )


def _fingerprint(entry: Entry, draft: Draft) -> str:
    text = "".join("".join(block.text.split()) for block in draft.blocks)
    told = "\x00".join((entry.title, text, *entry.images))
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()


def _doubts(entry: Entry, draft: Draft) -> tuple[str, ...]:
    text = "".join(block.text for block in draft.blocks)
    if not text.strip() and not entry.images and not entry.enclosures:
        return ("the body is empty",)
    if len(text) < 400 and _FAILED.search(text):
        return ("the text looks like an error message, not an article",)
    return ()
