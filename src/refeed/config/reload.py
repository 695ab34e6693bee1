"""Changed files of the configuration -> new settings. Invalid ones are refused, and the previous settings stay."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .settings import Settings


class ReloadableSettings:
    """The current settings, loaded again when config.yaml or a pack beside it changes."""

    def __init__(self, settings: Settings, load: Callable[[], Settings] | None = None) -> None:
        """`load` reads the files; without it the settings never change."""
        self.settings = settings
        self.is_valid = True
        """Whether the files were valid when they were last read."""
        self._load = load
        self._stamp = _get_stamp(settings)
        self._reload_requested = False

    def request_reload(self) -> None:
        """Have the files read again, changed or not. Safe in a signal handler."""
        self._reload_requested = True

    def reload_if_changed(self) -> bool:
        """Whether the settings are different now. Raises ConfigError when the files have become invalid."""
        stamp = _get_stamp(self.settings)
        if self._load is None or not (self._reload_requested or (stamp != self._stamp and stamp)):
            return False
        self._reload_requested, self._stamp, self.is_valid = False, stamp, False
        fresh = self._load()
        self.is_valid = True
        changed = fresh != self.settings
        self.settings = fresh
        return changed


def _get_stamp(settings: Settings) -> list[tuple[str, int, int, int]]:
    """Name, time, size and inode of every file. Empty while config.yaml is missing: an editor may be replacing it."""
    stamp = []
    try:
        files = [Path(settings.config_file)]
        for folder in settings.pack_dirs:
            for pattern in ("pack.yaml", "sources/*.yaml", "topics/*.yaml"):
                files += sorted(Path(folder).glob(pattern))
        for file in files:
            info = file.stat()
            stamp.append((str(file), info.st_mtime_ns, info.st_size, info.st_ino))
    except OSError:
        return []
    return stamp
