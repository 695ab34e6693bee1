"""The error tree, and what each error costs.

RefeedError
├── ConfigError      the start (exit 2): config.yaml, a rule, the environment
├── QuarantineError  one dump: it is kept and shown, everything else goes on
├── IgnoredError     nothing: the file is no dump, and was not opened
├── ChangingError    a moment: the file was written while it was read, and is read again later
├── VanishedError    nothing: the file went away between its event and its reading
├── StoreError       one batch: it is tried again; documents go on being served
├── LockedError      the command: another process is ingesting
├── PublishError     one document: the one published before stays
├── FetchError       one request outwards: asked again later, shown in status
└── PushError        one request to POST /dumps: nothing of it was written
"""

from __future__ import annotations

from collections.abc import Sequence


class RefeedError(Exception):
    """Base of all that refeed raises on purpose; its text is for people."""


class ConfigError(RefeedError):
    """One or more mistakes in the configuration, each a line naming file, line and key."""

    def __init__(self, *mistakes: str) -> None:
        super().__init__("\n".join(mistakes))
        self.errors = mistakes


class QuarantineError(RefeedError):
    """A dump that is not published; the text says what is wrong, where, and what to do."""


class IgnoredError(RefeedError):
    """Not a dump at all: a hidden or temporary name, another suffix, a folder, a link, a device; the text says so."""


class FileChangingError(RefeedError):
    """A dump that somebody is writing just now; what was read of it is worth nothing."""


class FileVanishedError(RefeedError):
    """A dump that is no longer where it was."""


class StoreError(RefeedError):
    """The store is away, damaged, or of a version this program does not know."""


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
        """Whatever a stranger's server said into the message, it is one line that no terminal obeys."""
        super().__init__(replace_unprintable(message))


class PushError(RefeedError):
    """What was pushed is no dump; the text says what is wrong and in which line."""


def replace_unprintable(text: str) -> str:
    """The text without controls and whatever else cannot be seen: U+FFFD stands in for them."""
    return "".join(c if c.isprintable() or c == "\u3000" else "\ufffd" for c in text)
