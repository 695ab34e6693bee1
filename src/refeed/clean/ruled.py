"""Steps for what a source's rule says: its lines, end marks, link to the original, lists of related articles."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from ..rules import Line, Regexp
from . import blocks as b
from . import people
from .blocks import Block, Run
from .compiling import CompiledRule
from .draft import Draft
from .frame import only_links
from .text import squeezed

_EDGE = 6


def lines(draft: Draft) -> None:
    """The rule's lines: fields and promotions known by their text."""
    texts = draft.texts()
    gone: list[Block] = []
    for at, candidates in _candidates(draft.ready, texts).items():
        block, places = texts[at], _places(at, len(texts))
        parts = b.lines(block.runs)
        kept: list[list[Run]] = []
        for index, part in enumerate(parts):
            matched = _matching(draft.ready.lines, part, places) if index in candidates else None
            if matched is None or _stays(draft, *matched, part):
                kept.append(part)
            if matched is not None and matched[0].figures:
                gone.extend(_figures_after(draft, block))
        if len(kept) != len(parts):
            block.runs = b.tidy(b.joined(kept))
            if not block.runs:
                gone.append(block)
    draft.remove(gone)


def _places(at: int, count: int) -> tuple[str, ...]:
    """Which values of a line's `where` cover the text at this place."""
    return ("any", *(("start",) if at < _EDGE else ()), *(("end",) if at >= count - _EDGE else ()))


def _candidates(ready: CompiledRule, texts: Sequence[Block]) -> dict[int, set[int]]:
    """Which lines of which texts a rule may fit: one search over all, since each search of RE2 costs a copy."""
    if ready.any_line is None:
        return {}
    if not ready.asks_links and not ready.any_line.search("\n".join(block.text for block in texts)):
        return {}
    searched: list[str] = []
    places: list[tuple[int, int]] = []
    for at, block in enumerate(texts):
        searched.append(block.text)
        places.extend((at, index) for index in range(block.text.count("\n") + 1))
        if ready.asks_links and b.links(block.runs):
            for index, part in enumerate(b.lines(block.runs)):
                searched.append(squeezed(b.unlinked(part)))
                places.append((at, index))
    found: dict[int, set[int]] = {}
    whole = "\n".join(searched)
    for match in ready.any_line.finditer(whole):
        at, index = places[min(whole.count("\n", 0, match.start()), len(places) - 1)]
        found.setdefault(at, set()).add(index)
    return found


def _matching(rules: Sequence[tuple[Line, Regexp]], part: list[Run], places: Sequence[str]) -> tuple[Line, Any] | None:
    text = squeezed(b.plain_text(part))
    if not text:
        return None
    for line, pattern in rules:
        if line.where not in places:
            continue
        if line.links and not b.links(part):
            continue
        if match := pattern.search(squeezed(b.unlinked(part)) if line.links else text):
            return line, match
    return None


def _stays(draft: Draft, line: Line, match: Any, part: list[Run]) -> bool:
    """Put a line that a rule fits where the rule says; False when it leaves the text."""
    _apply(draft, line, match, part)
    if line.keep or line.to == "note":
        return True
    draft.drop(f"rule: {line.match}", b.plain_text(part))
    return False


def _apply(draft: Draft, line: Line, match: Any, runs: list[Run]) -> None:
    groups = named_groups(match)
    text = squeezed(b.plain_text(runs))
    where = f"line: {text[:60]}"
    apply_groups(draft, groups, where, line.role)
    if line.to == "author" and "author" not in groups:
        draft.add_authors(people.names(text, draft.ready.is_agency), where)
    elif line.to == "people" and "people" not in groups and "name" not in groups:
        draft.add_credits(people.credits(text), where)
    elif line.to == "rights":
        draft.rights = draft.rights or groups.get("rights", text)
        draft.note_origin("rights", where)
    elif line.to == "tag":
        draft.add_tags([name for _, name in b.links(runs)] or re.split("[、，,]", groups.get("tag", "")))
    elif line.to == "original":
        draft.original = draft.original or next((url for url, _ in b.links(runs)), "")
        draft.note_origin("original", where)


def named_groups(match: Any) -> dict[str, str]:
    """What the groups of a rule's pattern found, by their names; without those that found nothing."""
    return {name: value for name, value in match.groupdict().items() if value}


def apply_groups(draft: Draft, groups: dict[str, str], where: str, role: str = "") -> None:
    """Put the persons that a pattern's groups name into the draft; `role` is that of a `name` without one."""
    if "author" in groups:
        draft.add_authors(people.names(groups["author"], draft.ready.is_agency), where)
    if "people" in groups:
        draft.add_credits(people.credits(groups["people"]), where)
    if "name" in groups:
        for name in re.split(r"\s*[、,，/／]\s*", groups["name"].strip()):
            draft.add_credits([(groups.get("role") or role, name.strip())], where)


def _figures_after(draft: Draft, block: Block) -> list[Block]:
    found: list[Block] = []
    for other in draft.blocks[draft.blocks.index(block) + 1 :]:
        if other.kind != "figure":
            break
        draft.drop("rule: figures that belong to a dropped line", f"{other.text} {other.url}")
        found.append(other)
    return found


def cuts(draft: Draft) -> None:
    """The rule's end marks, and credits at the end of the last lines."""
    last = draft.texts()[-4:]
    any_cut = draft.ready.any_cut
    if any_cut is None or not any_cut.search("\n".join(block.text for block in last)):
        return
    for block in last:
        for pattern in draft.ready.cut:
            match = pattern.search(block.text)
            if match is None:
                continue
            apply_groups(draft, named_groups(match), f"end of the text: {match[0]}")
            draft.drop("rule: end marks", match[0])
            block.runs = b.cut_text(block.runs, match.start(), match.end())
    draft.remove([block for block in last if not block.runs])


def original_link(draft: Draft) -> None:
    """The link to the article in its first language, known by its text."""
    pattern, any_original = draft.ready.original, draft.ready.any_original
    last = draft.texts()[-_EDGE:]
    if pattern is None or any_original is None or not any_original.search("\n".join(block.text for block in last)):
        return
    for block in reversed(last):
        parts = b.lines(block.runs)
        for part in parts:
            text = squeezed(b.plain_text(part))
            if not pattern.search(text):
                continue
            draft.original = draft.original or next((url for url, _ in reversed(b.links(part))), "")
            draft.note_origin("original", f"link: {text[:60]}")
            draft.drop("lifted: original", text)
            block.runs = b.tidy(b.joined(other for other in parts if other is not part))
            if not block.runs:
                draft.blocks.remove(block)
            return


def related(draft: Draft) -> None:
    """Lists of nothing but links to the source's own articles, if the rule says that they do not belong to the text."""
    rule = draft.ready.rule
    if not rule.related or (rule.digests and rule.digests in unquote(draft.raw.link)):
        return
    gone = [
        block for block in draft.blocks if block.kind in ("ul", "ol") and only_links(block) and _all_own(draft, block)
    ]
    for block in gone:
        draft.drop("related", block.text)
    draft.remove(gone)


def _all_own(draft: Draft, block: Block) -> bool:
    urls = [url for leaf in b.walk([block]) for url, _ in b.links(leaf.runs)]
    return all(draft.ready.owns(url) for url in urls)
