"""What a file's name says about it, and how a name is shown to people."""

from __future__ import annotations

from ..rules import DEFAULT

# Before the suffix or instead of it: what editors, browsers and copying tools write while they are at work.
_TEMPORARY = ("~", "#", ".tmp", ".temp", ".part", ".partial", ".crdownload", ".download", ".swp", ".swo", ".swx")
# Joins the parts of an emoji, which names do hold.
_JOINER = "\u200d"
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def ignored(name: str, suffixes: tuple[str, ...] = DEFAULT.suffixes, *, folder: bool = False) -> str | None:
    """Why a file or folder of this name, without its folders, is left alone; None when it may be or hold a dump.

    Suffixes are in lower case; the name may be in any.
    """
    if name.startswith("."):
        return "a hidden name: it begins with a dot"
    lower = name.lower()
    if lower.endswith(_TEMPORARY) or lower.startswith("~$"):
        return "a temporary name"
    if folder:
        return None
    if not lower.endswith(suffixes):
        return f"no dump's suffix: {', '.join(suffixes)}"
    return "a temporary name" if lower.rpartition(".")[0].endswith(_TEMPORARY) else None


def shown(path: str) -> str:
    """A path as people can read and quote it, a different one for every path.

    Controls, bytes that are no UTF-8, direction overrides and whatever else cannot be seen stand as escapes.
    """
    if path.isprintable() and "\\" not in path:
        return path
    return "".join(map(_shown, path))


def _shown(c: str) -> str:
    if c in _ESCAPES:
        return _ESCAPES[c]
    # Python counts all blanks but the ASCII one as not printable; U+3000 and its like are ordinary here.
    if c.isprintable() or c == _JOINER or (c.isspace() and c not in "\u2028\u2029\x1c\x1d\x1e\x1f\x85\v\f"):
        return c
    code = ord(c)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
