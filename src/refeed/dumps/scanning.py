"""A folder -> the files in it that are dumps, by their names and what `stat` says; none is opened."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import IgnoredError, QuarantineError, VanishedError
from ..rules import DEFAULT
from .names import ignored, shown

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
class Found:
    """A file that may be read as a dump."""

    root: str
    name: str
    """Below the root, with its folders; bytes that are no UTF-8 as surrogates, as `os.fsdecode` gives them."""
    size: int
    mtime_ns: int
    ctime_ns: int
    """Moves also when only the permissions change, and when somebody sets the time of a file back."""
    inode: int

    @property
    def path(self) -> str:
        return os.path.join(self.root, self.name)  # noqa: PTH118  (pathlib would be most of a scan's time)

    @property
    def folder(self) -> str:
        """The first folder under the root, for people; empty in the root itself."""
        return shown(self.name.partition("/")[0]) if "/" in self.name else ""

    @property
    def stamp(self) -> tuple[int, int, int, int]:
        """Equal to an earlier one while nobody has written to the file since."""
        return self.size, self.mtime_ns, self.ctime_ns, self.inode


def _say(error: OSError) -> None:
    _log.warning("%s cannot be listed: %s", shown(os.fsdecode(error.filename or "")), error.strerror)


def scan(
    root: str | Path,
    suffixes: tuple[str, ...] = DEFAULT.suffixes,
    *,
    on_error: Callable[[OSError], None] = _say,
) -> Iterator[Found]:
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
                        if not ignored(entry.name, folder=True):
                            waiting.append(f"{folder}{entry.name}/")
                    elif not ignored(entry.name, suffixes) and entry.is_file(follow_symlinks=False):
                        found = _stat(top, folder, entry)
                        if found:
                            yield found
        except FileNotFoundError:
            continue
        except OSError as error:
            on_error(error)


def _stat(top: str, folder: str, entry: os.DirEntry[str]) -> Found | None:
    try:
        info = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    return _found(top, folder + entry.name, info)


def look(path: str | Path, root: str | Path, suffixes: tuple[str, ...] = DEFAULT.suffixes) -> Found:
    """One file, of which an event or a person spoke. `root` is the dump folder that it lies in.

    Raises IgnoredError with the reason when it is no dump, VanishedError when it is not there, and
    QuarantineError when it may not be looked at.
    """
    top = os.fsdecode(root)
    name = os.path.relpath(os.fsdecode(path), top)
    *folders, last = name.split("/")
    if ".." in folders:
        raise IgnoredError(f"{shown(os.fsdecode(path))} does not lie in {shown(top)}")
    for depth, folder in enumerate(folders, 1):
        if reason := ignored(folder, folder=True):
            raise IgnoredError(f"in the folder {shown(folder)}: {reason}")
        if stat.S_ISLNK(_lstat(os.path.join(top, *folders[:depth])).st_mode):  # noqa: PTH118
            raise IgnoredError(f"in the folder {shown(folder)}: a symbolic link")
    info = _lstat(os.path.join(top, name))  # noqa: PTH118
    if reason := kind(info.st_mode) or ignored(last, suffixes):
        raise IgnoredError(reason)
    return _found(top, name, info)


def settled(found: Found, *, clock: float, settle: float, earlier: Found | None = None, apart: float = 0.0) -> bool:
    """Whether a file has come to rest: nothing was written to it for `settle` seconds.

    Either by its own time and the wall `clock` (seconds since 1970), or because it is as it was when it was found
    `earlier`, `apart` seconds ago by a clock that does not jump. The second also holds where the clocks of the
    machine that writes and the one that reads differ.
    """
    if earlier is not None and earlier.stamp == found.stamp and apart >= settle:
        return True
    return clock - found.mtime_ns / 1e9 >= settle and clock - found.ctime_ns / 1e9 >= settle


def kind(mode: int) -> str | None:
    """What a file system entry with this mode is, in words; None when it is a regular file."""
    return next((name for is_kind, name in _KINDS if is_kind(mode)), None)


def _lstat(path: str) -> os.stat_result:
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise VanishedError(f"{shown(path)} is not there") from error
    except OSError as error:
        reason = f"the file cannot be looked at: {error.strerror}; give us the right to (chmod a+rx its folders)"
        raise QuarantineError(reason) from error


def _found(top: str, name: str, info: os.stat_result) -> Found:
    return Found(top, name, info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino)
