"""Steps for what a source's rule says: its lines, end marks, link to the original, lists of related articles."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from ..rules import Line
from . import blocks as b
from . import people
from .blocks import Block, Run
from .draft import Draft
from .frame import only_links
from .sources import Compiled
from .text import squeezed

_EDGE = 6


def lines(draft: Draft) -> None:
    """The rule's lines: fields and promotions known by their text."""
    if not draft.ready.lines:
        return
    texts = draft.texts()
    gone: list[Block] = []
    for at, candidates in _candidates(draft.ready, texts).items():
        block = texts[at]
        places = ("any", *(("start",) if at < _EDGE else ()), *(("end",) if at >= len(texts) - _EDGE else ()))
        parts = b.lines(block.runs)
        kept: list[list[Run]] = []
        for index, part in enumerate(parts):
            matched = _matching(draft.ready.lines, part, places) if index in candidates else None
            if matched is None:
                kept.append(part)
                continue
            line, match = matched
            _apply(draft, line, match, part)
            if line.keep or line.to == "note":
                kept.append(part)
            else:
                draft.drop(f"rule: {line.match}", "".join(text for text, _ in part))
            if line.figures:
                gone.extend(_figures_after(draft, block))
        if len(kept) != len(parts):
            block.runs = b.tidy(b.joined(kept))
            if not block.runs:
                gone.append(block)
    draft.take_out(gone)


def _candidates(ready: Compiled, texts: Sequence[Block]) -> dict[int, set[int]]:
    """Which lines of which texts a rule may fit: one search over all, since each search of RE2 costs a copy."""
    told = [block.text for block in texts]
    if not ready.asks_links and not ready.any_line.search("\n".join(told)):
        return {}
    places: list[tuple[int, int]] = []
    told = []
    for at, block in enumerate(texts):
        told.append(block.text)
        places.extend((at, index) for index in range(told[-1].count("\n") + 1))
        if ready.asks_links and b.links(block.runs):
            for index, part in enumerate(b.lines(block.runs)):
                told.append(squeezed(b.unlinked(part)))
                places.append((at, index))
    found: dict[int, set[int]] = {}
    whole = "\n".join(told)
    for match in ready.any_line.finditer(whole):
        at, index = places[min(whole.count("\n", 0, match.start()), len(places) - 1)]
        found.setdefault(at, set()).add(index)
    return found


def _matching(rules: Sequence[tuple[Line, Any]], part: list[Run], places: Sequence[str]) -> tuple[Line, Any] | None:
    text = squeezed("".join(run[0] for run in part))
    if not text:
        return None
    for line, pattern in rules:
        if line.where not in places:
            continue
        if line.links and (not b.links(part) or not text):
            continue
        if match := pattern.search(squeezed(b.unlinked(part)) if line.links else text):
            return line, match
    return None


def _apply(draft: Draft, line: Line, match: Any, runs: list[Run]) -> None:
    groups = {name: value for name, value in match.groupdict().items() if value}
    text = squeezed("".join(run[0] for run in runs))
    where = f"line: {text[:60]}"
    apply_groups(draft, groups, line.role, where)
    if line.to == "author" and "author" not in groups:
        draft.write(people.names(text, draft.ready.is_agency), where)
    elif line.to == "people" and "people" not in groups and "name" not in groups:
        draft.credit(people.credits(text), where)
    elif line.to == "rights":
        draft.rights = draft.rights or groups.get("rights", text)
        draft.came("rights", where)
    elif line.to == "tag":
        draft.tag([name for _, name in b.links(runs)] or re.split("[、，,]", groups.get("tag", "")))
    elif line.to == "original":
        draft.original = draft.original or next((url for url, _ in b.links(runs)), "")
        draft.came("original", where)


def apply_groups(draft: Draft, groups: dict[str, str], role: str, where: str) -> None:
    if "author" in groups:
        draft.write(people.names(groups["author"], draft.ready.is_agency), where)
    if "people" in groups:
        draft.credit(people.credits(groups["people"]), where)
    if "name" in groups:
        for name in re.split(r"\s*[、,，/／]\s*", groups["name"].strip()):
            draft.credit([(groups.get("role") or role, name.strip())], where)


def _figures_after(draft: Draft, block: Block) -> list[Block]:
    found: list[Block] = []
    for other in draft.blocks[draft.blocks.index(block) + 1 :]:
        if other.kind != "figure":
            break
        draft.drop("rule: figures that belong to a dropped line", f"{other.text} {other.url}")
        found.append(other)
    return found


def cuts(draft: Draft) -> None:
    """The rule's end marks and credits at the end of the last lines."""
    last = draft.texts()[-4:]
    if not draft.ready.cut or not draft.ready.any_cut.search("\n".join(block.text for block in last)):
        return
    gone: list[Block] = []
    for block in last:
        for pattern in draft.ready.cut:
            text = block.text
            match = pattern.search(text)
            if match is None:
                continue
            apply_groups(
                draft,
                {name: value for name, value in match.groupdict().items() if value},
                "",
                f"end of the text: {match[0]}",
            )
            draft.drop("rule: end marks", match.group(0))
            block.runs = b.cut_text(block.runs, match.start(), match.end())
        if not block.runs:
            gone.append(block)
    draft.take_out(gone)


def original_link(draft: Draft) -> None:
    """The link to the article in its first language, known by its text."""
    pattern = draft.ready.original
    last = draft.texts()[-_EDGE:]
    if pattern is None or not draft.ready.any_original.search("\n".join(block.text for block in last)):
        return
    for block in reversed(last):
        parts = b.lines(block.runs)
        for part in parts:
            text = squeezed("".join(run[0] for run in part))
            if not pattern.search(text):
                continue
            draft.original = draft.original or next((url for url, _ in reversed(b.links(part))), "")
            draft.came("original", f"link: {text[:60]}")
            draft.drop("lifted: original", text)
            block.runs = b.tidy(b.joined(other for other in parts if other is not part))
            if not block.runs:
                draft.blocks.remove(block)
            return


def related(draft: Draft) -> None:
    """Lists of nothing but links to the source's own articles, where the rule says that these are not the text."""
    rule = draft.ready.rule
    if not rule.related or (rule.digests and rule.digests in unquote(draft.raw.link)):
        return
    gone = [
        block for block in draft.blocks if block.kind in ("ul", "ol") and only_links(block) and _all_own(draft, block)
    ]
    for block in gone:
        draft.drop("related", block.text)
    draft.take_out(gone)


def _all_own(draft: Draft, block: Block) -> bool:
    urls = [url for leaf in b.walk([block]) for url, _ in b.links(leaf.runs)]
    return all(draft.ready.owns(url) for url in urls)
