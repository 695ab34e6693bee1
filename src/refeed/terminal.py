"""Text and values -> text that a terminal shows as it is, without control characters and changes of direction."""

from __future__ import annotations

import json

_SHOWN = "\u3000\u200d"
"""A space, and the joiner of emoji: harmless, although Python counts both as unprintable."""


def escape_unprintable(text: str) -> str:
    """One line of text, with escapes for line breaks, controls, bidi overrides and lone surrogates."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _SHOWN else c.encode("unicode_escape").decode() for c in text)


def encode_json(value: object) -> str:
    """One line of JSON with the true values: what a terminal must not get is in escapes of JSON, as are the bytes of a
    file's name that are not UTF-8 (as lone surrogates, like `os.fsdecode`)."""
    import msgspec  # `--help` and `--version` need none of it

    text = json.dumps(msgspec.to_builtins(value, enc_hook=str), ensure_ascii=False, separators=(",", ":"))
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _SHOWN else json.dumps(c)[1:-1] for c in text)
