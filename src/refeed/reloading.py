"""config.yaml on the disk -> new settings when it changes; a broken one is refused, and the old one goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .config import Settings


class Configuration:
    """The settings in force."""

    def __init__(self, settings: Settings, load: Callable[[], Settings] | None = None) -> None:
        self.settings = settings
        self._load = load
        self._read = _stamp(settings.file)
        self._asked = False
        self.good = True
        """Whether the file was well when it was last read."""

    def ask(self) -> None:
        """Have it read again, changed or not. Safe in a signal handler."""
        self._asked = True

    def renew(self) -> bool:
        """Whether the settings are others now. Raises ConfigError when the file was changed into a broken one."""
        stamp = _stamp(self.settings.file)
        if self._load is None or not (self._asked or (stamp != self._read and stamp)):
            return False
        self._asked, self._read, self.good = False, stamp, False
        fresh = self._load()
        self.good = True
        changed = fresh != self.settings
        self.settings = fresh
        return changed


def _stamp(file: str) -> tuple[int, int, int] | None:
    try:
        info = Path(file).stat()
    except OSError:  # an editor is replacing it, or its disk is away: the settings in force do
        return None
    return info.st_mtime_ns, info.st_size, info.st_ino
