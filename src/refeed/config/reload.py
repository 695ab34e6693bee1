"""config.yaml on the disk -> new settings when it changes; a broken one is refused, and the old one goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .settings import Settings


class ReloadableSettings:
    """The settings in force."""

    def __init__(self, settings: Settings, load: Callable[[], Settings] | None = None) -> None:
        self.settings = settings
        self._load = load
        self._read = _stamp(settings.config_file)
        self._asked = False
        self.is_valid = True
        """Whether the file was well when it was last read."""

    def request_reload(self) -> None:
        """Have it read again, changed or not. Safe in a signal handler."""
        self._asked = True

    def reload_if_changed(self) -> bool:
        """Whether the settings are others now. Raises ConfigError when the file was changed into a broken one."""
        stamp = _stamp(self.settings.config_file)
        if self._load is None or not (self._asked or (stamp != self._read and stamp)):
            return False
        self._asked, self._read, self.is_valid = False, stamp, False
        fresh = self._load()
        self.is_valid = True
        changed = fresh != self.settings
        self.settings = fresh
        return changed


def _stamp(file: str) -> tuple[int, int, int] | None:
    try:
        info = Path(file).stat()
    except OSError:  # an editor is replacing it, or its disk is away: the settings in force do
        return None
    return info.st_mtime_ns, info.st_size, info.st_ino
