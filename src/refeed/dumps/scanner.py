"""Dump folder -> the files in it that may be dumps, by name and `stat`. Opens no files."""

from __future__ import annotations

import logging
import os
import re
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..config.settings import DEFAULT_LIMITS
from ..errors import FileVanishedError, IgnoredError, QuarantineError

_log = logging.getLogger(__name__)

# Suffixes that editors, browsers and copying tools use while they write. They may also come before the dump's suffix.
_TEMPORARY = ("~", "#", ".tmp", ".temp", ".part", ".partial", ".crdownload", ".download", ".swp", ".swo", ".swx")
_FILE_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
)
_ESCAPED = re.compile(r"\\([\\nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_UNESCAPES = {shown: char for char, shown in _ESCAPES.items()}
# str.isprintable is False for spaces like U+3000 and for the joiner in emoji, which are safe to display. The spaces
# below are not, because they break lines or separate records.
_CONTROL_SPACES = frozenset("\u2028\u2029\x1c\x1d\x1e\x1f\x85\v\f")
_EMOJI_JOINER = "\u200d"


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that may be a dump, with the result of `stat`."""

    root: str
    relative_path: str
    """The path below the root, decoded by `os.fsdecode`: bytes that are not UTF-8 are surrogates."""
    size: int
    mtime_ns: int
    ctime_ns: int
    """Also changes when only the permissions change, or when the modification time is set back."""
    inode: int

    @classmethod
    def from_stat(cls, root: str, relative_path: str, info: os.stat_result) -> FoundFile:
        """Make a FoundFile from the result of `stat`."""
        return cls(root, relative_path, info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino)

    @property
    def path(self) -> str:
        return os.path.join(self.root, self.relative_path)  # noqa: PTH118  (pathlib would take most of a scan's time)

    @property
    def folder(self) -> str:
        """The display name of the first folder under the root; empty for a file in the root itself."""
        return display_path(self.relative_path.partition("/")[0]) if "/" in self.relative_path else ""

    @property
    def stamp(self) -> tuple[int, int, int, int]:
        """Values of which at least one changes when the file is written to."""
        return self.size, self.mtime_ns, self.ctime_ns, self.inode


def _log_unlisted(error: OSError) -> None:
    folder = display_path(os.fsdecode(error.filename or ""))
    _log.warning("cannot list %s: %s", folder, error.strerror, extra={"folder": folder})


def scan_folder(
    root: str | Path,
    suffixes: tuple[str, ...] = DEFAULT_LIMITS.suffixes,
    *,
    on_error: Callable[[OSError], None] = _log_unlisted,
) -> Iterator[FoundFile]:
    """Yield the files under `root` that may be dumps, in no particular order. Follows no symbolic links.

    A root that does not exist yet is treated as empty. `on_error` is called for each folder that cannot be listed.
    """
    top = os.fsdecode(root)
    pending = [""]
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(os.path.join(top, folder)) as entries:  # noqa: PTH118
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if not ignore_reason(entry.name, folder=True):
                            pending.append(f"{folder}{entry.name}/")
                    elif not ignore_reason(entry.name, suffixes) and entry.is_file(follow_symlinks=False):
                        try:
                            info = entry.stat(follow_symlinks=False)
                        except FileNotFoundError:  # deleted since the folder was listed
                            continue
                        yield FoundFile.from_stat(top, folder + entry.name, info)
        except FileNotFoundError:
            continue
        except OSError as error:
            on_error(error)


def inspect_file(path: str | Path, root: str | Path, suffixes: tuple[str, ...] = DEFAULT_LIMITS.suffixes) -> FoundFile:
    """Inspect one file, whose path comes from a file event or a person. `root` is the dump folder that contains it.

    Raises IgnoredError with the reason when the file is not a dump, FileVanishedError when it does not exist, and
    QuarantineError when `stat` fails.
    """
    top = os.fsdecode(root)
    relative_path = os.path.relpath(os.fsdecode(path), top)
    *folders, name = relative_path.split("/")
    if ".." in folders:
        raise IgnoredError(f"{display_path(os.fsdecode(path))} is not in {display_path(top)}")
    for depth, folder in enumerate(folders, 1):
        if reason := ignore_reason(folder, folder=True):
            raise IgnoredError(f"in the folder {display_path(folder)}: {reason}")
        if stat.S_ISLNK(_lstat(os.path.join(top, *folders[:depth])).st_mode):  # noqa: PTH118
            raise IgnoredError(f"in the folder {display_path(folder)}: a symbolic link")
    info = _lstat(os.path.join(top, relative_path))  # noqa: PTH118
    if reason := special_file_kind(info.st_mode) or ignore_reason(name, suffixes):
        raise IgnoredError(reason)
    return FoundFile.from_stat(top, relative_path, info)


def is_stable(
    file: FoundFile, *, now: float, settle: float, previous: FoundFile | None = None, elapsed: float = 0.0
) -> bool:
    """True when nothing was written to a file for `settle` seconds. It is then probably complete.

    Either the file's times are `settle` seconds before the wall clock `now` (seconds since 1970), or the file is
    unchanged since it was found as `previous`, `elapsed` seconds ago by a monotonic clock. The second rule also works
    when the clocks of the writing and the reading machine differ.
    """
    if previous is not None and previous.stamp == file.stamp and elapsed >= settle:
        return True
    return now - file.mtime_ns / 1e9 >= settle and now - file.ctime_ns / 1e9 >= settle


def ignore_reason(
    name: str, suffixes: tuple[str, ...] = DEFAULT_LIMITS.suffixes, *, folder: bool = False
) -> str | None:
    """Return why a file or folder with this name (the last part of its path) is ignored; None when it is not ignored.

    The suffixes must be in lower case; the name may be in any case.
    """
    if name.startswith("."):
        return "a hidden name: it begins with a dot"
    lower = name.lower()
    if lower.endswith(_TEMPORARY) or lower.startswith("~$"):
        return "a temporary name"
    if folder:
        return None
    if not lower.endswith(suffixes):
        return f"not a dump's suffix: {', '.join(suffixes)}"
    return "a temporary name" if lower.rpartition(".")[0].endswith(_TEMPORARY) else None


def special_file_kind(mode: int) -> str | None:
    """Return the kind of a directory entry with this mode in words; None for a regular file."""
    return next((kind for is_kind, kind in _FILE_KINDS if is_kind(mode)), None)


def display_path(path: str) -> str:
    """Return a path in a form that people can read and quote. Different paths have different forms.

    Control characters, bytes that are not UTF-8, direction overrides and other invisible characters are escaped.
    """
    if path.isprintable() and "\\" not in path:
        return path
    return "".join(map(_display_char, path))


def original_path(shown: str) -> str:
    """Undo `display_path`."""
    return _ESCAPED.sub(_original_char, shown)


def _original_char(match: re.Match[str]) -> str:
    kind, digits = match[1][0], match[1][1:]
    if not digits:
        return _UNESCAPES[match[0]]
    code = int(digits, 16)
    return chr(0xDC00 + code if kind == "x" and code >= 0x80 else min(code, sys.maxunicode))


def _display_char(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable() or char == _EMOJI_JOINER or (char.isspace() and char not in _CONTROL_SPACES):
        return char
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _lstat(path: str) -> os.stat_result:
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileVanishedError(f"{display_path(path)} does not exist") from error
    except OSError as error:
        reason = f"the file is not accessible: {error.strerror}; allow access to its folders (chmod a+rx)"
        raise QuarantineError(reason) from error
