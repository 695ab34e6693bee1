"""One file -> its bytes, or an error. Follows no links, opens no devices, and reads no more than the limit."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..config.settings import DEFAULT_LIMITS
from ..errors import FileChangingError, FileVanishedError, IgnoredError, QuarantineError
from .scanner import display_path, special_file_kind

_OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_OPEN_FOLDER = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC
# The machine is short of file descriptors or memory. This is temporary, and the dump is not the cause.
_OUT_OF_RESOURCES = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
_IS_LINK = (errno.ELOOP, errno.EMLINK)
_PERMISSION_DENIED = (errno.EACCES, errno.EPERM)
# Bytes read at once from a file that is larger than `stat` reported.
_CHUNK = 65_536


def read_dump(path: str | Path, limit: int = DEFAULT_LIMITS.bytes, *, root: str | Path | None = None) -> bytes:
    """Return all bytes of a file, as they were at one moment.

    `root` is the dump folder that contains the file, by default its parent folder. Links below `root` are not followed.

    Raises QuarantineError for a file over `limit` bytes, which is not read, or without permission to read it;
    FileChangingError while the file is being written; FileVanishedError when it no longer exists; IgnoredError when it
    is not a regular file. The OSError is raised when the machine is out of file descriptors or memory.
    """
    try:
        with _open_below(os.fsdecode(path), root) as file:
            return _read_all(file, limit)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileVanishedError(f"{display_path(os.fsdecode(path))} does not exist any more") from error
    except OSError as error:
        if error.errno in _OUT_OF_RESOURCES:
            raise
        if error.errno in _IS_LINK:
            raise IgnoredError("a symbolic link") from error
        if error.errno in _PERMISSION_DENIED:
            reason = "the file may not be read; make it readable (chmod a+r), and it is read again"
        else:
            reason = f"the file cannot be read: {error.strerror}; it is tried again when it changes"
        raise QuarantineError(reason) from error


def read_head(path: str, size: int, *, root: str) -> bytes:
    """The first bytes of a file below `root`, which may be written to meanwhile. Raises OSError, IgnoredError."""
    with _open_below(path, root) as file:
        return os.read(file, size)


@contextmanager
def _open_below(path: str, root: str | Path | None) -> Iterator[int]:
    """Open the file folder by folder from the root, which refuses links, and yield its descriptor."""
    top = os.path.dirname(path) or "." if root is None else os.fsdecode(root)  # noqa: PTH120
    *folders, name = os.path.relpath(path, top).split("/")
    parent = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for folder in folders:
            try:
                child = os.open(folder, _OPEN_FOLDER, dir_fd=parent)
            except NotADirectoryError as error:  # Linux raises this for a link, too
                raise IgnoredError(f"in {display_path(folder)}, which is a symbolic link or not a folder") from error
            os.close(parent)
            parent = child
        # Opening some devices has a side effect, so the kind of the file is checked before opening it.
        if kind := special_file_kind(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
            raise IgnoredError(kind)
        file = os.open(name, _OPEN_FILE, dir_fd=parent)
    finally:
        os.close(parent)
    try:
        yield file
    finally:
        os.close(file)


def check_size(size: int, limit: int) -> None:
    """Raise QuarantineError for a file, or an article of a container, over the limit."""
    if size > limit:
        raise QuarantineError(
            f"the file has {size:,} bytes and was not read; {limit:,} are allowed. "
            "Split it, or raise the limit (dumps.limits.bytes)"
        )


def _read_all(file: int, limit: int) -> bytes:
    before = os.fstat(file)
    if kind := special_file_kind(before.st_mode):
        raise IgnoredError(kind)
    check_size(before.st_size, limit)
    chunks: list[bytes] = []
    left = limit + 1
    while left > 0 and (chunk := os.read(file, min(left, max(before.st_size + 1, _CHUNK)))):
        chunks.append(chunk)
        left -= len(chunk)
    data = b"".join(chunks)
    after = os.fstat(file)
    if len(data) != before.st_size or (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise FileChangingError("the file is being written; it is read again when it is complete")
    return data
