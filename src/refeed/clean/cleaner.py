"""RawEntry and its source's rule -> Entry, with a log of every removal and of every field's origin. Pure.

The order: repair, find the article of a saved page, parse, extract blocks, run the steps, write HTML, sanitize.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from datetime import UTC
from itertools import islice

from ..config.settings import DEFAULT_LIMITS, Limits
from ..model import CleanResult, Entry, Image, Person, RawEntry, Removal
from .article_finder import remove_surroundings
from .blocks import Block, addresses_in, blocks_to_html, extract_links, text_outside_links, walk_blocks
from .body_dates import date_at, parse_body_date, resolve_published
from .bylines import MAX_CREDITS_LENGTH, parse_byline, parse_credits, prefer_persons, unique_names
from .dom_to_blocks import TooDeepError, extract_blocks
from .draft import Draft, set_fields
from .embeds import label_media
from .entry_identity import identify_entry
from .extractor_state import ExtractionLog
from .html_parser import find_exceeded_limit, plain_text_to_blocks, repair_markup
from .language import detect_language
from .rule_lookup import SourceMatch
from .sanitize import sanitize
from .steps.boilerplate import (
    drop_repeated_lead,
    drop_repeated_title,
    drop_stray_words,
    extract_credit_lines,
    extract_end_brackets,
    extract_lone_credits,
    extract_small_print,
)
from .steps.end_boxes import drop_author_notes, drop_author_portraits, drop_repeated_box, drop_signup_forms
from .steps.leftovers import drop_leftovers
from .steps.link_lists import drop_link_lists
from .steps.metadata_lines import extract_byline, extract_end_date, extract_preamble, extract_submitter
from .steps.normalize import (
    extract_lead,
    join_datelines,
    merge_duplicate_images,
    normalize_captions,
    normalize_dividers,
    normalize_headings,
    trim_link_labels,
)
from .steps.rule_driven import apply_line_rules, drop_related_lists, extract_original_link, trim_end_marks
from .steps.teasers import drop_teasers
from .text import collapse_whitespace, cut_at_sentence, normalize_line, only_letters
from .titles import split_title

STEPS: tuple[Callable[[Draft], None], ...] = (
    drop_stray_words,
    trim_link_labels,
    drop_author_portraits,
    drop_signup_forms,
    drop_leftovers,
    drop_link_lists,
    extract_preamble,
    drop_repeated_title,
    drop_repeated_lead,
    apply_line_rules,
    extract_credit_lines,
    extract_byline,
    extract_submitter,
    extract_end_date,
    drop_repeated_box,
    extract_end_brackets,
    trim_end_marks,
    extract_original_link,
    drop_related_lists,
    extract_small_print,
    drop_teasers,
    drop_author_notes,
    merge_duplicate_images,
    drop_leftovers,
    normalize_captions,
    extract_lone_credits,
    join_datelines,
    normalize_headings,
    normalize_dividers,
    extract_lead,
)
"""The steps that run on the blocks of every body, in this order. Each step works on the result of the steps before it.
A new step needs one function and one row here."""

# What full-text services, and the sites that block them, return instead of an article.
_ERROR_MESSAGE = re.compile(
    r"(?:获取|抓取|提取)(?:全文|正文)?失败|无法(?:获取|抓取|加载)(?:全文|正文)|"
    r"unable to retrieve full-text content|full[- ]text (?:could not be|extraction failed)|"
    r"^(?:403 Forbidden|404 Not Found|50[0-4] .*Error|Access Denied|Just a moment|Attention Required)|"
    r"Checking your browser|Enable JavaScript|Are you a robot|"
    r"请(?:开启|启用|打开) ?JavaScript|(?:该|此)内容(?:已被|已经)(?:发布者)?(?:删除|屏蔽)|"
    r"环境异常.{0,10}完成验证|请输入验证码",
    re.IGNORECASE,
)
_OFFER = re.compile(
    r"(?:\d[.,]\d\d ?(?:€|EUR|\$|USD|£|GBP|CHF|kr|zł)|(?:€|\$|£|CHF|US\$) ?\d{1,3}(?:[.,]\d\d)?)\W{0,3}(?:\w+\W+){0,3}?"
    r"(?:months?|weeks?|years?|monat\w*|jahr\w*|woche\w*|mois|an|semaine|mes|meses|año|ano|mês|mese|settimana|maand|month)\b",
    re.IGNORECASE,
)
"""What a subscription costs. A short body with it is what stands before the article."""

_IMAGE_QUERY = re.compile(r"(\.(?:jpe?g|png|gif|webp|avif))\?.*", re.IGNORECASE | re.DOTALL)


def clean_entry(raw: RawEntry, match: SourceMatch, limits: Limits = DEFAULT_LIMITS) -> CleanResult:
    """Clean a raw entry: text, images and links become small HTML, everything else a field or a logged removal.

    A body that exceeds one of the limits is published as plain text.
    """
    if reason := find_exceeded_limit(raw.html, limits):
        return clean_as_text(raw, match, reason)
    try:
        html, outside = repair_markup(raw.html), list[Removal]()
        if raw.is_page:
            html, outside = remove_surroundings(html, raw.link)
        blocks, log = extract_blocks(html, raw.link, match.rule)
        log.removed[:0] = outside
    except (TooDeepError, RecursionError):
        return clean_as_text(raw, match, "elements are nested deeper than any reader shows")
    return _finish(raw, match, blocks, log)


def clean_as_text(raw: RawEntry, match: SourceMatch, reason: str) -> CleanResult:
    """Make an entry of all text in the body, as paragraphs without markup. `reason` is added as an issue."""
    return _finish(raw, match, plain_text_to_blocks(raw.html), ExtractionLog(), f"published as plain text: {reason}")


def _finish(raw: RawEntry, match: SourceMatch, blocks: list[Block], log: ExtractionLog, *issues: str) -> CleanResult:
    source, rule = match.source, match.rule
    link, section, identity = identify_entry(raw, match)
    if match.host_owner:
        issues = (*issues, f"its link belongs to the source {match.host_owner}, which {source.id} may not write")
    site_names = _site_names(raw, match)
    default_language = raw.origin.language or source.language
    title, column = split_title(raw.title, rule, site_names, raw.link)
    draft = Draft(
        raw=raw,
        rule=rule,
        title=title,
        link=link,
        language=detect_language(f"{title} {_sample(blocks)}", default_language),
        outlet_names=site_names.union(map(only_letters, raw.tags)) - {""},
        blocks=blocks,
        removed=log.removed,
        enclosures=log.enclosures,
        section=column or section,
        relative_time=log.relative_time,
        lead_above_dropped_image=log.lead_above_dropped_image,
        tags=[line for tag in raw.tags if (line := normalize_line(tag)) and only_letters(line) not in site_names],
    )
    draft.authors = unique_names(name for author in raw.authors for name in parse_byline(author, draft.is_outlet))
    set_fields(draft, log.fields)
    run_steps(draft)
    language = _final_language(draft, default_language)
    label_media(log.media_links, language)
    entry = _build_entry(draft, source.id, identity.link_id, link, language)
    text = "".join([block.text for block in draft.blocks])
    if not text.strip() and not entry.images and not entry.enclosures:
        issues = (*issues, "the body is empty")
    elif len(text) < 400 and _ERROR_MESSAGE.search(text):
        issues = (*issues, "the text looks like an error message, not an article")
    elif len(text) < 400 and _OFFER.search(text):
        issues = (*issues, "the text looks like the offer of a subscription, not an article")
    # Without queries: those of many image hosts are sizes and signatures, and a new signature shows nothing new.
    images = (_IMAGE_QUERY.sub(r"\1", url) for url in entry.images)
    visible = "\x00".join((entry.title, "".join(text.split()), *images))
    return CleanResult(
        entry=entry,
        identity=identity,
        fingerprint=hashlib.sha256(visible.encode("utf-8", "replace")).hexdigest(),
        removed=tuple(draft.removed),
        issues=tuple(dict.fromkeys((*raw.issues, *issues))),
        origins=tuple(draft.origins),
    )


def run_steps(draft: Draft) -> None:
    """Run the steps. Addresses of links and pictures in what a step removes are logged under the step's name."""
    addresses = addresses_in(draft.blocks)
    for step in STEPS:
        count = len(draft.removed)
        step(draft)
        if len(draft.removed) == count:
            continue
        logged = " ".join([removal.text for removal in draft.removed[count:]])
        remaining = addresses_in(draft.blocks)
        for address, times in (addresses - remaining).items():
            for _ in range(times - logged.count(address)):
                draft.log_removed(draft.removed[-1].step, address)
        addresses = remaining


def _sample(blocks: Iterable[Block]) -> str:
    return "\n".join(block.text for block in islice(blocks, 20) if block.kind != "figure")


def _site_names(raw: RawEntry, match: SourceMatch) -> frozenset[str]:
    """Return the names by which the dump and its rule know the site, only their letters and digits.

    An author whose name is also a tag of the dump is the site too: that is how crawlers fill in both.
    """
    names = [match.source.title, match.source.id, raw.folder, *(set(raw.authors) & set(raw.tags))]
    for host in match.rule.hosts:
        names += (host, *(label for label in host.split(".")[:-1] if len(label) > _LONGEST_HOST_PREFIX))
    letters = frozenset(map(only_letters, names)) - {""}
    return letters.union(f"the{name}" for name in letters)


def _final_language(draft: Draft, default: str) -> str:
    text = "\n".join([block.text for block in draft.blocks if block.kind != "figure"])
    return draft.language if len(text) > _SHORT_TEXT else detect_language(f"{draft.title} {text}", default)


def _build_entry(draft: Draft, source_id: str, id: str, link: str, language: str) -> Entry:
    raw, source_rule = draft.raw, draft.rule.source_rule
    figures = [block for block in walk_blocks(draft.blocks) if block.kind == "figure"]
    # Two dates in the header differ when one is the time of the crawl, or a local time written as UTC. Nothing is
    # published after it was seen, so the earlier one holds, as for a date in the text.
    date = draft.date
    if date is None and raw.written_date and raw.written_date < raw.dump_time:
        date = date_at(raw.written_date)
    published, origin = resolve_published(date, raw.dump_time, source_rule.timezone, draft.relative_time)
    published = published.astimezone(UTC).replace(microsecond=0)
    draft.log_origin("published", origin if raw.has_date else origin.replace("header", "first seen"))
    lead = next((figure for figure in figures if not figure.is_decoration), None)
    image = Image(url=lead.url, caption=normalize_line(lead.text), credit=normalize_line(lead.credit)) if lead else None
    return Entry(
        id=id,
        source=source_id,
        link=link,
        title=draft.title,
        published=published,
        updated=published,
        language=language,
        authors=_to_lines(prefer_persons(draft.authors)),
        contributors=tuple(
            Person(name=normalize_line(person.name), role=normalize_line(person.role))
            for person in draft.contributors
            if person.name not in draft.authors
        ),
        summary=normalize_line(_summarize(draft)),
        html=sanitize(blocks_to_html(draft.blocks)),
        image=image,
        images=tuple(dict.fromkeys(figure.url for figure in figures)),
        enclosures=tuple({enclosure.url: enclosure for enclosure in draft.enclosures}.values()),
        rights=normalize_line(draft.rights),
        original=draft.original or None,
        original_language=source_rule.original_language,
        tags=_to_lines(draft.tags),
        section=normalize_line(draft.section),
    )


def _to_lines(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(normalize_line, names))))


_LONGEST_HOST_PREFIX = 3
"""`www`, `co` and the like, which name no site."""
_SHORT_TEXT = 400
"""In characters. What was removed from a longer text does not change what language it is in."""
_SUMMARY_LENGTH = 200
"""The longest summary that is made from the text, in characters. The source's own lead may be twice as long."""


def _summarize(draft: Draft) -> str:
    """Return a plain-text summary: the source's lead, else the first sentences, else the first words of any block."""
    if draft.lead:
        return cut_at_sentence(normalize_line(draft.lead), 2 * _SUMMARY_LENGTH)
    texts = [block for block in draft.blocks if block.kind != "figure"]
    lines = (normalize_line(block.text) for block in (*texts, *draft.blocks) if block.text.strip())
    return cut_at_sentence(_first_paragraphs(draft, texts) or next(lines, ""), _SUMMARY_LENGTH)


def _first_paragraphs(draft: Draft, blocks: Iterable[Block]) -> str:
    """Join paragraphs from the beginning until they have a third of the longest summary's length.

    Lines above the text that say no part of it are left out: the title again, a date, names, a caption.
    """
    above = {only_letters(draft.title)}
    above.update(only_letters(block.text) for block in draft.blocks if block.kind == "figure")
    text = ""
    for block in blocks:
        if block.kind != "p" or _is_aside(block) or (not text and _is_above_text(block, above)):
            continue
        text += (" " if text else "") + normalize_line(block.text)
        if len(text) >= _SUMMARY_LENGTH // 3:
            break
    return text


def _is_above_text(block: Block, above: set[str]) -> bool:
    text = block.text
    if only_letters(text) in above or text.startswith(("—", "–")):
        return True
    return len(text) <= MAX_CREDITS_LENGTH and (parse_body_date(text) is not None or bool(parse_credits(text)))


def _is_aside(block: Block) -> bool:
    """True when a block is a short bold line or only links. A summary does not begin with such a block."""
    if len(block.text) < 30 and all(("strong", "") in marks for _, marks in block.runs):
        return True
    return bool(extract_links(block.runs)) and not collapse_whitespace(text_outside_links(block.runs))
