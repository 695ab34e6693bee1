"""MathML, KaTeX, MathJax or a picture of a formula -> the formula once, as TeX or as plain text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bs4.element import NavigableString, Tag

from .blocks import Mark
from .extractor_state import ExtractorState
from .html_parser import element_text
from .text import normalize_line

FORMULA_CLASS = re.compile(
    r"(?:^|\s)(?:katex(?:-display)?|MathJax(?:_(?:CHTML|SVG|Display|Preview))?|mwe-math-element|ztext-math|math-tex|ltx_Math)(?:$|\s)"
)
"""Classes of the element around all forms of one formula."""
_FORMULA_IMAGE_CLASS = re.compile(r"(?:^|\s)(?:latex|tex|mathtex|mwe-math-fallback\S{0,40}|ee_img|math-inline)(?:$|\s)")
_FORMULA_IMAGE_URL = re.compile(
    r"latex\.php\?|/equation\?tex=|codecogs\.com/|/math/render/|mathtex\.cgi|mimetex\.cgi|cht=tx", re.IGNORECASE
)
_TEX_ATTRIBUTES = ("data-tex", "data-latex", "data-formula", "data-equation", "data-expr", "alttext")
_STYLE = re.compile(r"\{?\\(?:display|text|script)style\s*(.*?)\}?", re.DOTALL)
_DELIMITERS = re.compile(r"\$\$(.+)\$\$|\$(.+)\$|\\\((.+)\\\)|\\\[(.+)\\\]", re.DOTALL)
_MAX_DEPTH = 40
"""A formula with more levels is written as the text of its elements."""


def add_formula(state: ExtractorState, tag: Tag, marks: tuple[Mark, ...]) -> bool:
    """Add a formula as text. Pages often hold several forms of it, of which the others are logged.

    False when the element has no form that we read, and no other element has it.
    """
    formula = formula_of(tag)
    if not formula:
        if not any(_has_math_script(sibling) for sibling in tag.find_next_siblings(limit=3)):
            return False
        state.log_removed("formula repeated", tag)
        return True
    if is_display := _is_display_formula(tag):
        state.end_paragraph()
    state.add_text(formula, marks)
    if is_display:
        state.end_paragraph()
    state.log_removed("formula repeated", tag)
    return True


def formula_of(tag: Tag) -> str:
    """Return the formula that an element shows: its TeX, else its MathML as text; empty when it has neither."""
    for annotation in tag.find_all("annotation"):
        if "tex" in str(annotation.get("encoding") or "").lower():
            return _strip_tex(element_text(annotation))
    math = tag if tag.name == "math" else tag.find("math")
    for element in (tag, math):
        if element is not None and (
            tex := next((str(element.get(name)) for name in _TEX_ATTRIBUTES if name in element.attrs), "")
        ):
            return _strip_tex(tex)
    if math is not None:
        return normalize_line(_write(math, 0))
    script = tag if tag.name == "script" else tag.find("script", type=is_math_type)
    return _strip_tex(element_text(script)) if script is not None else ""


def is_math_type(script_type: str | None) -> bool:
    """True for the type of a `script` that holds a formula, as MathJax 2 writes it."""
    return script_type is not None and script_type.startswith("math/")


def _has_math_script(tag: Tag) -> bool:
    """True for MathJax's `script` with a formula, and an element around it."""
    return any(
        is_math_type(str(script.get("type"))) for script in (tag, *tag.find_all("script")) if script.name == "script"
    )


def _is_display_formula(tag: Tag) -> bool:
    """True for a formula in a paragraph of its own."""
    math = tag if tag.name == "math" else tag.find("math")
    return (
        "isplay" in str(tag.get("class") or "")
        or "mode=display" in str(tag.get("type") or "")
        or tag.get("display") in ("block", "true")
        or (math is not None and math.get("display") == "block")
    )


def formula_in_image(tag: Tag) -> str:
    """Return the TeX in the `alt` of an image of a formula; empty for any other image."""
    alt = str(tag.get("alt") or "")
    is_formula = _FORMULA_IMAGE_CLASS.search(str(tag.get("class") or "")) or _FORMULA_IMAGE_URL.search(
        str(tag.get("src") or "")[:400]
    )
    return _strip_tex(alt) if alt and is_formula else ""


def _strip_tex(tex: str) -> str:
    tex = normalize_line(tex)
    if match := _DELIMITERS.fullmatch(tex):
        tex = next(filter(None, match.groups())).strip()
    if match := _STYLE.fullmatch(tex):
        tex = match[1]
    return tex.strip()


def _write(tag: Tag, depth: int) -> str:
    """Write an element of presentation MathML as text: `1/2`, `x^2`, `√(a+b)`."""
    if depth > _MAX_DEPTH:
        return element_text(tag, " ")
    name = tag.name
    if name in ("annotation", "annotation-xml", "mphantom"):
        return ""
    if name == "mspace":
        return " "
    if name in ("mi", "mn", "mo", "mtext", "ms"):
        return normalize_line(element_text(tag)).replace("\u2061", "").replace("\u2062", "")
    parts = [_write(child, depth + 1) for child in tag.contents if isinstance(child, Tag)]
    if name == "mfenced":
        separator = str(tag.get("separators") or ",")[:1]
        return f"{tag.get('open', '(')}{separator.join(parts)}{tag.get('close', ')')}"
    if name == "mtable":
        return "; ".join(parts)
    if name in ("mtr", "mlabeledtr"):
        return ", ".join(parts)
    if name == "msqrt":
        return f"√{_group(''.join(parts))}"
    script = _write_scripts(name, parts)
    if script is not None:
        return script
    loose = [str(child) for child in tag.contents if type(child) is NavigableString and str(child).strip()]
    return "".join([*parts, *loose])


def _write_scripts(name: str, parts: Sequence[str]) -> str | None:
    """Write an element whose two or three parts have a meaning each; None for any other element."""
    if len(parts) == 2:
        first, second = parts
        if name == "mfrac":
            return f"{_group(first)}/{_group(second)}"
        if name == "mroot":
            return f"{_group(first)}^(1/{second})"
        if name in ("msup", "mover"):
            return f"{first}^{_group(second)}"
        if name in ("msub", "munder"):
            return f"{first}_{_group(second)}"
    elif len(parts) == 3 and name in ("msubsup", "munderover"):
        return f"{parts[0]}_{_group(parts[1])}^{_group(parts[2])}"
    return None


def _group(text: str) -> str:
    """Put a part of more than one symbol in brackets."""
    return (
        text
        if len(text) <= 1 or text.isalnum() or (text[0] == "(" and text.find(")") == len(text) - 1)
        else f"({text})"
    )
