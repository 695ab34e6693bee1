"""The address of an image -> its bytes, from a folder below var/ or fetched through the guarded transport.

A file's name is given by the caller, its content is one of a few raster formats, whatever the server says. The folder
is bounded: the images that were used least recently are removed. Any number of processes may use it.
"""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import NamedTuple

from cachetools import TTLCache

from ..config.settings import FetchSettings
from ..errors import FetchError
from .guard import Resolver, system_resolve
from .session import HttpSession

IMAGE_BYTES = 5_000_000
"""The largest image."""
_TOTAL_BYTES = 1_000_000_000
_TOTAL_FILES = 20_000
_SECONDS = timedelta(seconds=8)
"""The limit of one image, with its redirects. A browser waits for it."""
_CONCURRENT = 2
_FAILED_SECONDS = 600
"""How long an image that could not be fetched is not tried again."""
_MAX_FAILED = 10_000
_TOUCH_SECONDS = 3600
"""How exactly the time of the last use is kept."""
_KEPT_SHARE = 0.9
"""The share of the limits that a clean-up leaves, so that not every image needs one."""
_CHECKED_EVERY = 50
"""Images between two looks at the size of the folder."""
_ACCEPT = "image/avif,image/webp,image/png,image/jpeg,image/gif"
_SIGNATURES = (
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"GIF87a", 0, "image/gif"),
    (b"GIF89a", 0, "image/gif"),
    (b"ftypavif", 4, "image/avif"),
    (b"ftypavis", 4, "image/avif"),
)


class CachedImage(NamedTuple):
    """An image and its media type."""

    data: bytes
    media_type: str


def sniff_image(data: bytes) -> str:
    """The media type of a raster image by its first bytes; empty for anything else, such as SVG and HTML."""
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, offset, kind in _SIGNATURES if data.startswith(start, offset)), "")


class ImageCache:
    """Keeps images of other servers. Safe to use from several threads."""

    def __init__(
        self,
        folder: Path,
        settings: FetchSettings,
        *,
        resolve: Resolver = system_resolve,
        total_bytes: int = _TOTAL_BYTES,
        total_files: int = _TOTAL_FILES,
        seconds: timedelta = _SECONDS,
    ) -> None:
        self._folder = folder
        self._total_bytes, self._total_files = total_bytes, total_files
        limits = replace(settings, bytes=IMAGE_BYTES, time=seconds)
        self._session = HttpSession(None, limits, resolve=resolve)
        self._running = BoundedSemaphore(_CONCURRENT)
        self._lock = Lock()
        self._failed: TTLCache[str, bool] = TTLCache(_MAX_FAILED, _FAILED_SECONDS)
        self._stored = 0

    def get(self, name: str, url: str) -> CachedImage | None:
        """The image `name`, which is at `url`; None if it is none, too large, too slow, or not at a public address."""
        image = self._read(name)
        with self._lock:
            if image or name in self._failed:
                return image
        if not self._running.acquire(blocking=False):
            return None  # others are being fetched; nobody waits
        try:
            image = self._fetch(url)
        finally:
            self._running.release()
        if image is None:
            with self._lock:
                self._failed[name] = True
        else:
            self._write(name, image.data)
        return image

    def _fetch(self, url: str) -> CachedImage | None:
        try:
            response = self._session.get(url, accept=_ACCEPT)
        except FetchError:
            return None
        media_type = sniff_image(response.body)
        return CachedImage(response.body, media_type) if response.status == 200 and media_type else None

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name

    def _read(self, name: str) -> CachedImage | None:
        path = self._path(name)
        try:
            data = path.read_bytes()
            if time.time() - path.stat().st_mtime > _TOUCH_SECONDS:
                os.utime(path)
        except OSError:
            return None
        media_type = sniff_image(data)
        return CachedImage(data, media_type) if media_type else None

    def _write(self, name: str, data: bytes) -> None:
        """Store an image, whole or not at all. Ignores a full disk: it is fetched again."""
        path = self._path(name)
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
                try:
                    file.write(data)
                    file.close()
                    Path(file.name).replace(path)
                except OSError:
                    Path(file.name).unlink(missing_ok=True)
                    raise
            with self._lock:
                self._stored += 1
                is_due = self._stored % _CHECKED_EVERY == 1
            if is_due or self._total_files < _CHECKED_EVERY:
                self._evict()

    def _evict(self) -> None:
        """Remove the images that were used least recently, and what a killed process has left."""
        found = []
        for path in self._folder.glob("*/*"):
            with suppress(OSError):  # another process may have removed it
                info = path.stat()
                found.append((info.st_mtime, info.st_size, path))
        found.sort(reverse=True)
        size = sum(size for _, size, _ in found)
        if size <= self._total_bytes and len(found) <= self._total_files:
            return
        kept = 0
        for number, (_, size, path) in enumerate(found, 1):
            kept += size
            if kept > self._total_bytes * _KEPT_SHARE or number > self._total_files * _KEPT_SHARE:
                with suppress(OSError):
                    path.unlink()
