"""One file -> its bytes, or why not. Follows no link, opens no device, and holds no more than the limit in memory."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..config.settings import DEFAULT_LIMITS
from ..errors import FileChangingError, FileVanishedError, IgnoredError, QuarantineError
from .scanner import display_path, special_file_kind

_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_FOLDER = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC
# The machine's trouble and not the file's: it passes, and says nothing about the dump.
_OURS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
# What is read at once of a file that says it is smaller than it is.
_PART = 65_536
_LINKS = (errno.ELOOP, errno.EMLINK)


def read_dump(path: str | Path, limit: int = DEFAULT_LIMITS.bytes, *, root: str | Path | None = None) -> bytes:
    """All bytes of a file, as they were at one moment.

    No link is followed on the way down from `root`, the dump folder that the file lies in; without one, the file's
    own folder is it.

    Raises QuarantineError for a file over `limit` bytes (unread) or one that may not be read; ChangingError when
    somebody writes to it just now; VanishedError when it went away; IgnoredError when it turned into something else
    than a file. The machine's own want of files or memory stays the OSError that it is.
    """
    try:
        with _opened(os.fsdecode(path), root) as file:
            return _whole(file, limit)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileVanishedError(f"{display_path(os.fsdecode(path))} is not there any more") from error
    except OSError as error:
        if error.errno in _OURS:
            raise
        if error.errno in _LINKS:
            raise IgnoredError("a symbolic link") from error
        raise QuarantineError(_unreadable(error)) from error


@contextmanager
def _opened(path: str, root: str | Path | None) -> Iterator[int]:
    """The file's descriptor, reached from the root folder by folder, so that none of them is a link by now."""
    top = os.path.dirname(path) or "." if root is None else os.fsdecode(root)  # noqa: PTH120
    *folders, last = os.path.relpath(path, top).split("/")
    folder = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in folders:
            below = _below(name, folder)
            os.close(folder)
            folder = below
        # Some devices do something when they are opened, so what it is comes first.
        if what := special_file_kind(os.stat(last, dir_fd=folder, follow_symlinks=False).st_mode):
            raise IgnoredError(what)
        file = os.open(last, _FILE, dir_fd=folder)
    finally:
        os.close(folder)
    try:
        yield file
    finally:
        os.close(file)


def _below(name: str, folder: int) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=folder)
    except NotADirectoryError as error:  # what Linux says of a link, too
        raise IgnoredError(f"in {display_path(name)}, which is a symbolic link or no folder any more") from error


def _whole(file: int, limit: int) -> bytes:
    before = os.fstat(file)
    if what := special_file_kind(before.st_mode):
        raise IgnoredError(what)
    if before.st_size > limit:
        raise QuarantineError(too_large(before.st_size, limit))
    parts: list[bytes] = []
    left = limit + 1
    while left > 0 and (part := os.read(file, min(left, max(before.st_size + 1, _PART)))):
        parts.append(part)
        left -= len(part)
    data = b"".join(parts)
    after = os.fstat(file)
    if len(data) != before.st_size or (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise FileChangingError("the file is being written; it is read again when it rests")
    return data


def too_large(size: int, limit: int) -> str:
    """What people read about a file that is refused by its size."""
    return (
        f"the file has {size:,} bytes and was not read; {limit:,} are allowed. "
        "Split it, or raise the limit (dumps.limits.bytes)"
    )


def _unreadable(error: OSError) -> str:
    if error.errno in (errno.EACCES, errno.EPERM):
        return "the file may not be read; give us the right to (chmod a+r), and it is read again"
    return f"the file cannot be read: {error.strerror}; it is tried again when it changes"
