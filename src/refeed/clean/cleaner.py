"""RawEntry and the sources' rules -> an entry, with the account of what was removed and where each field came from."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC

from ..config.settings import DEFAULT_LIMITS, Limits
from ..model import CleanResult, Entry, Image, RawEntry
from ..xml_chars import xml_safe
from . import blocks as b
from . import body_dates, bylines
from .blocks import Block, blocks_to_html
from .compiled_rules import CompiledRule
from .complexity import measure_complexity
from .dom_to_blocks import TooDeepError, extract_blocks
from .draft import Draft, set_fields
from .extractor_state import ExtractionLog
from .html_parser import repair_markup
from .plaintext_fallback import plain_text_to_blocks
from .rule_lookup import RuleLookup, canonical_link
from .sanitize import sanitize
from .steps.boilerplate import (
    drop_repeated_title,
    drop_service_footers,
    drop_stray_words,
    extract_byline,
    extract_credit_lines,
    extract_preamble,
    extract_small_print,
)
from .steps.normalize import (
    extract_lead,
    join_datelines,
    merge_duplicate_images,
    normalize_captions,
    normalize_dividers,
    normalize_headings,
)
from .steps.rule_driven import apply_line_rules, drop_related_lists, extract_original_link, trim_end_marks
from .text import collapse_whitespace, cut_at_sentence, detect_language, normalize_line

# The steps that every body goes through once it is blocks, in order. A new step is one function and one row here.

Step = Callable[[Draft], None]

STEPS: tuple[Step, ...] = (
    drop_stray_words,
    drop_service_footers,
    extract_preamble,
    drop_repeated_title,
    apply_line_rules,
    extract_credit_lines,
    extract_byline,
    trim_end_marks,
    extract_original_link,
    drop_related_lists,
    extract_small_print,
    drop_service_footers,
    merge_duplicate_images,
    normalize_captions,
    join_datelines,
    normalize_headings,
    normalize_dividers,
    extract_lead,
)
"""A step sees what those before it left."""


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


def clean_entry(raw: RawEntry, sources: RuleLookup, limits: Limits = DEFAULT_LIMITS) -> CleanResult:
    """Make an entry of a raw one: its text, pictures and links as small HTML, the rest in fields or in the account.

    A body over a limit is handed to `plain`. `weigh` tells beforehand which belong in a process that can be ended.
    """
    ready = sources.rule_for(raw)
    if over := measure_complexity(raw.html, limits).limit_exceeded:
        return clean_as_text(raw, sources, over)
    try:
        blocks, account = extract_blocks(
            repair_markup(raw.html), raw.link, ready, ready.source_rule.language or "zh-Hans"
        )
    except (TooDeepError, RecursionError):
        return clean_as_text(raw, sources, "elements are nested deeper than any reader shows")
    return _finish(raw, sources, ready, blocks, account, ())


def clean_as_text(raw: RawEntry, sources: RuleLookup, reason: str) -> CleanResult:
    """An entry of the body's text alone, in paragraphs, flagged with the reason; nothing of the text is left out."""
    ready = sources.rule_for(raw)
    return _finish(
        raw, sources, ready, plain_text_to_blocks(raw.html), ExtractionLog(), (f"published as plain text: {reason}",)
    )


def _finish(
    raw: RawEntry,
    sources: RuleLookup,
    ready: CompiledRule,
    blocks: list[b.Block],
    account: ExtractionLog,
    flags: tuple[str, ...],
) -> CleanResult:
    source = sources.source_for(raw)
    link, section = canonical_link(raw.link, ready)
    title, column = split_title(raw.title, ready, source.title)
    draft = Draft(
        raw=raw,
        rule=ready,
        title=title,
        blocks=blocks,
        removed=account.removed,
        enclosures=account.enclosures,
        section=column or section,
        relative_time=account.relative_time,
        lead_above_dropped_image=account.lead_above_dropped_image,
        authors=list(
            bylines.unique_names(
                name for author in raw.authors for name in bylines.parse_byline(author, ready.is_agency)
            )
        ),
        tags=[normalize_line(tag) for tag in raw.tags if normalize_line(tag)],
    )
    set_fields(draft, account.fields)
    for step in STEPS:
        step(draft)
    entry = _entry(draft, source.id, link, source.language)
    return CleanResult(
        entry=entry,
        fingerprint=_fingerprint(entry, draft),
        removed=tuple(draft.removed),
        issues=tuple(dict.fromkeys((*raw.issues, *flags, *_doubts(entry, draft)))),
        origins=tuple(draft.origins),
    )


def _entry(draft: Draft, source: str, link: str, language: str) -> Entry:
    raw = draft.raw
    html = sanitize(blocks_to_html(draft.blocks))
    figures = [block for block in b.walk_blocks(draft.blocks) if block.kind == "figure"]
    published, where = body_dates.resolve_published(
        draft.date, raw.dump_time, draft.rule.source_rule.timezone, draft.relative_time
    )
    published = published.astimezone(UTC).replace(microsecond=0)
    draft.log_origin("published", where if raw.has_date else where.replace("header", "first seen"))
    text = "\n".join(block.text for block in draft.blocks if block.kind != "figure")
    image = None
    if figures:
        image = Image(url=figures[0].url, caption=normalize_line(figures[0].text), credit=figures[0].credit)
    return Entry(
        id=f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, link)}",
        source=source,
        link=link,
        title=draft.title,
        published=published,
        updated=published,
        language=detect_language(draft.title + text, language),
        authors=tuple(draft.authors),
        contributors=tuple(draft.contributors),
        summary=summarize(draft),
        html=html,
        image=image,
        images=tuple(dict.fromkeys(figure.url for figure in figures)),
        enclosures=tuple({enclosure.url: enclosure for enclosure in draft.enclosures}.values()),
        rights=draft.rights,
        original=draft.original or None,
        original_language=draft.rule.source_rule.original_language,
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


# A title as a dump has it -> the title alone, and the column that the source named in it. Pure.

_MARKS = (" - ", " | ", " – ", " — ", "_", "｜")
"""What stands between a title and the name of the house behind it."""


def split_title(raw: str, ready: CompiledRule, source: str) -> tuple[str, str]:
    """The title on one line without what the source called `source` adds to it, and the column or ""."""
    title = collapse_whitespace(xml_safe(raw))
    column = ""
    for pattern in ready.strip_title:
        match = pattern.search(title)
        if match and match.group(0) != title:
            column = match.groupdict().get("section") or column
            title = normalize_line(title[: match.start()] + title[match.end() :])
    for mark in _MARKS:
        head, _, tail = title.rpartition(mark)
        if head and tail.casefold() in _house_names(source, ready):
            title = head.strip()
    return title, column


def _house_names(source: str, ready: CompiledRule) -> set[str]:
    """How a source may call itself behind a title."""
    labels = {label for host in ready.hosts for label in (host, *host.split(".")[-2:-1])}
    return {source.casefold(), *labels}


# A finished draft -> the summary of its entry, as plain text.

_LONGEST = 200
"""Characters, at most; the source's own lead may have twice as many."""


def summarize(draft: Draft) -> str:
    """The source's lead, otherwise the first sentences of the text, otherwise the first words that there are."""
    if draft.lead:
        return cut_at_sentence(normalize_line(draft.lead), 2 * _LONGEST)
    texts = [block for block in draft.blocks if block.kind != "figure"]
    return cut_at_sentence(_sentences(texts) or _first_words(texts) or _first_words(draft.blocks), _LONGEST)


def _sentences(blocks: Iterable[Block]) -> str:
    """The first paragraphs, until they are long enough."""
    text = ""
    for block in blocks:
        if block.kind == "p" and not _is_aside(block):
            text += (" " if text and text[-1].isascii() else "") + normalize_line(block.text)
            if len(text) >= _LONGEST // 3:
                break
    return text


def _is_aside(block: Block) -> bool:
    """Nothing but links, or a short bold line: no sentence to begin a summary with."""
    if len(block.text) < 30 and all(("strong", "") in marks for _, marks in block.runs):
        return True
    return bool(b.extract_links(block.runs)) and not collapse_whitespace(b.text_outside_links(block.runs))


def _first_words(blocks: Iterable[Block]) -> str:
    return next((normalize_line(block.text) for block in blocks if block.text.strip()), "")
