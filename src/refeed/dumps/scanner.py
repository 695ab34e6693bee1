"""A folder -> the files in it that are dumps, by their names and what `stat` says; none is opened."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..config.settings import DEFAULT_LIMITS
from ..errors import FileVanishedError, IgnoredError, QuarantineError

# What a file's name says about it, and how a name is shown to people.

# Before the suffix or instead of it: what editors, browsers and copying tools write while they are at work.
_TEMPORARY = ("~", "#", ".tmp", ".temp", ".part", ".partial", ".crdownload", ".download", ".swp", ".swo", ".swx")
# Joins the parts of an emoji, which names do hold.
_JOINER = "\u200d"
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def ignore_reason(
    name: str, suffixes: tuple[str, ...] = DEFAULT_LIMITS.suffixes, *, folder: bool = False
) -> str | None:
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


def display_path(path: str) -> str:
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


_log = logging.getLogger(__name__)

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
)


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that may be read as a dump."""

    root: str
    relative_path: str
    """Below the root, with its folders; bytes that are no UTF-8 as surrogates, as `os.fsdecode` gives them."""
    size: int
    mtime_ns: int
    ctime_ns: int
    """Moves also when only the permissions change, and when somebody sets the time of a file back."""
    inode: int

    @property
    def path(self) -> str:
        return os.path.join(self.root, self.relative_path)  # noqa: PTH118  (pathlib would be most of a scan's time)

    @property
    def folder(self) -> str:
        """The first folder under the root, for people; empty in the root itself."""
        return display_path(self.relative_path.partition("/")[0]) if "/" in self.relative_path else ""

    @property
    def stamp(self) -> tuple[int, int, int, int]:
        """Equal to an earlier one while nobody has written to the file since."""
        return self.size, self.mtime_ns, self.ctime_ns, self.inode


def _say(error: OSError) -> None:
    _log.warning("%s cannot be listed: %s", display_path(os.fsdecode(error.filename or "")), error.strerror)


def scan_folder(
    root: str | Path,
    suffixes: tuple[str, ...] = DEFAULT_LIMITS.suffixes,
    *,
    on_error: Callable[[OSError], None] = _say,
) -> Iterator[FoundFile]:
    """All dumps under a folder, in no order. By `stat` alone, and without following links.

    A root that does not exist holds nothing yet. `on_error` hears of folders that cannot be listed.
    """
    top = os.fsdecode(root)
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(os.path.join(top, folder)) as entries:  # noqa: PTH118
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if not ignore_reason(entry.name, folder=True):
                            waiting.append(f"{folder}{entry.name}/")
                    elif not ignore_reason(entry.name, suffixes) and entry.is_file(follow_symlinks=False):
                        found = _stat(top, folder, entry)
                        if found:
                            yield found
        except FileNotFoundError:
            continue
        except OSError as error:
            on_error(error)


def _stat(top: str, folder: str, entry: os.DirEntry[str]) -> FoundFile | None:
    try:
        info = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    return _found(top, folder + entry.name, info)


def inspect_file(path: str | Path, root: str | Path, suffixes: tuple[str, ...] = DEFAULT_LIMITS.suffixes) -> FoundFile:
    """One file, of which an event or a person spoke. `root` is the dump folder that it lies in.

    Raises IgnoredError with the reason when it is no dump, VanishedError when it is not there, and
    QuarantineError when it may not be looked at.
    """
    top = os.fsdecode(root)
    name = os.path.relpath(os.fsdecode(path), top)
    *folders, last = name.split("/")
    if ".." in folders:
        raise IgnoredError(f"{display_path(os.fsdecode(path))} does not lie in {display_path(top)}")
    for depth, folder in enumerate(folders, 1):
        if reason := ignore_reason(folder, folder=True):
            raise IgnoredError(f"in the folder {display_path(folder)}: {reason}")
        if stat.S_ISLNK(_lstat(os.path.join(top, *folders[:depth])).st_mode):  # noqa: PTH118
            raise IgnoredError(f"in the folder {display_path(folder)}: a symbolic link")
    info = _lstat(os.path.join(top, name))  # noqa: PTH118
    if reason := special_file_kind(info.st_mode) or ignore_reason(last, suffixes):
        raise IgnoredError(reason)
    return _found(top, name, info)


def is_stable(
    found: FoundFile, *, now: float, settle: float, previous: FoundFile | None = None, elapsed: float = 0.0
) -> bool:
    """Whether a file has come to rest: nothing was written to it for `settle` seconds.

    Either by its own time and the wall `clock` (seconds since 1970), or because it is as it was when it was found
    `earlier`, `apart` seconds ago by a clock that does not jump. The second also holds where the clocks of the
    machine that writes and the one that reads differ.
    """
    if previous is not None and previous.stamp == found.stamp and elapsed >= settle:
        return True
    return now - found.mtime_ns / 1e9 >= settle and now - found.ctime_ns / 1e9 >= settle


def special_file_kind(mode: int) -> str | None:
    """What a file system entry with this mode is, in words; None when it is a regular file."""
    return next((name for is_kind, name in _KINDS if is_kind(mode)), None)


def _lstat(path: str) -> os.stat_result:
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileVanishedError(f"{display_path(path)} is not there") from error
    except OSError as error:
        reason = f"the file cannot be looked at: {error.strerror}; give us the right to (chmod a+rx its folders)"
        raise QuarantineError(reason) from error


def _found(top: str, name: str, info: os.stat_result) -> FoundFile:
    return FoundFile(top, name, info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino)
