"""The error tree, and what each error costs.

RefeedError
├── ConfigError        the start (exit 2): config.yaml, a rule, the environment
├── QuarantineError    one dump: it is kept and shown, all others go on
├── IgnoredError       nothing: the file is not a dump, and was not opened
├── FileChangingError  a moment: the file changed while it was read, and is read again later
├── FileVanishedError  nothing: the file was removed between its event and its reading
├── StoreError         one batch: it is tried again; documents are served all the same
├── LockedError        the command: another process is ingesting
├── PublishError       one document: the one published before stays
├── FetchError         one outgoing request: repeated later, shown in status
└── PushError          one request to POST /dumps: nothing of it was written
"""

from __future__ import annotations

from collections.abc import Sequence


class RefeedError(Exception):
    """Base of all that refeed raises on purpose; its text is for people."""


class ConfigError(RefeedError):
    """One or more errors in the configuration, each a line that names file, line and key."""

    def __init__(self, *errors: str) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors
        self.pack_dirs: tuple[str, ...] = ()
        """The operator's packs that were read: a change in one of them may be the repair."""


class QuarantineError(RefeedError):
    """A dump that is not published; the text says what is wrong, where, and what to do."""


class IgnoredError(RefeedError):
    """Not a dump: a hidden or temporary name, another suffix, a folder, a link, a device; the text says so."""


class FileChangingError(RefeedError):
    """A dump that another program is writing; what was read of it is of no use."""


class FileVanishedError(RefeedError):
    """A dump that was removed or moved before it was read."""


class StoreError(RefeedError):
    """The store is unreachable, damaged, or of a version that this program does not know."""


class LockedError(RefeedError):
    """Another process holds the lock that a command needs; the text says which."""


class PublishError(RefeedError):
    """A document could not be written, or is not what it has to be."""

    def __init__(self, message: str, *, changed: Sequence[str] = ()) -> None:
        """`changed`: documents that were written all the same."""
        super().__init__(message)
        self.changed = tuple(changed)


class FetchError(RefeedError):
    """An upstream, a hub or an image was not reached, was refused, or answered with what cannot be used."""

    def __init__(self, message: str) -> None:
        """The message may quote a foreign server: it becomes one line without control characters."""
        super().__init__(replace_unprintable(message))


class PushError(RefeedError):
    """A pushed dump is not valid; the text says what is wrong and in which line."""


def replace_unprintable(text: str) -> str:
    """The text with U+FFFD in place of control characters and everything else that cannot be seen."""
    return "".join(c if c.isprintable() or c == "\u3000" else "\ufffd" for c in text)
