"""The error tree, and what each error costs.

RefeedError
├── ConfigError        the start (exit 2): config.yaml, a rule or the environment is invalid
├── QuarantineError    one dump: it is kept and shown, and all others are published
├── IgnoredError       nothing: the file is not a dump and was not opened
├── FileChangingError  a delay: the file changed while it was read, and is read again later
├── FileVanishedError  nothing: the file was removed before it was read
├── StoreError         one batch: it is tried again, and documents are served meanwhile
│   └── SchemaError    the ingesting of this program: a newer one has the store
├── ProgramChangedError the process: it ends, and is started again with the new files of the program
├── LockedError        the command: another process is ingesting
├── PublishError       one document: its previous version stays
├── FetchError         one outgoing request: it is repeated later, and `refeed status` shows the error
└── PushError          one request to POST /dumps: nothing is written
"""

from __future__ import annotations

from collections.abc import Sequence


class RefeedError(Exception):
    """Base of all errors that refeed raises on purpose. Their text is for people."""


class ConfigError(RefeedError):
    """One or more errors in the configuration, each a line that names file, line and key."""

    def __init__(self, *errors: str) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors
        self.pack_dirs: tuple[str, ...] = ()
        """Folders of the operator's rule packs that were read. A change in one of them may correct the error."""


class QuarantineError(RefeedError):
    """A dump cannot be published. The text says what is wrong, where, and what to do."""


class IgnoredError(RefeedError):
    """The file is not a dump: a hidden or temporary name, a different suffix, a folder, a link or a device."""


class FileChangingError(RefeedError):
    """Another program is writing the dump, so the bytes that were read must be discarded."""


class FileVanishedError(RefeedError):
    """The dump was removed or moved before it was read."""


class StoreError(RefeedError):
    """The store is unreachable or damaged."""


class SchemaError(StoreError):
    """A newer version of the program has changed the schema of the store."""


class ProgramChangedError(RefeedError):
    """The files of the program were replaced while it ran, and a new child process has loaded the new ones."""

    def __init__(self, message: str = "") -> None:
        """The default message is for people. A child process passes the error on with its message."""
        super().__init__(message or "the program's files were replaced while it ran; start it again to use them")


class LockedError(RefeedError):
    """Another process holds the lock that a command needs. The text names the process."""


class PublishError(RefeedError):
    """One or more documents could not be published. The text says which and why."""

    def __init__(self, message: str, *, changed: Sequence[str] = ()) -> None:
        """`changed`: names of the documents that were written despite the error."""
        super().__init__(message)
        self.changed = tuple(changed)


class FetchError(RefeedError):
    """A request to an upstream, a hub or a media server failed, was refused, or got an unusable answer."""

    def __init__(self, message: str) -> None:
        """The message may quote a foreign server, so control characters and line breaks in it are replaced."""
        super().__init__(replace_unprintable(message))


class PushError(RefeedError):
    """A pushed dump is invalid. The text says what is wrong and in which line."""


def replace_unprintable(text: str) -> str:
    """Replace control characters and other unprintable characters by U+FFFD. U+3000, a space, stays."""
    return "".join(c if c.isprintable() or c == "\u3000" else "\ufffd" for c in text)
