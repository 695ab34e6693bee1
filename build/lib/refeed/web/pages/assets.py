"""The package's static files, each under an address that names its content, so that a browser keeps it for ever."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from importlib import resources

_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "ico": "image/vnd.microsoft.icon",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A static file."""

    data: bytes
    media: str


class Assets:
    """Every static file by the name it is asked for: `page.css` as `page.3f2a91c04b7d.css`."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._assets: dict[str, Asset] = {}
        for file in (resources.files("refeed.web") / "static").iterdir():
            stem, _, kind = file.name.rpartition(".")
            if kind in _TYPES:
                data = file.read_bytes()
                self._names[file.name] = f"{stem}.{sha256(data).hexdigest()[:12]}.{kind}"
                self._assets[self._names[file.name]] = Asset(data=data, media=_TYPES[kind])

    def name(self, file: str) -> str:
        """What a file is asked for by."""
        return self._names[file]

    def find(self, name: str) -> Asset | None:
        """The file that is asked for by this name."""
        return self._assets.get(name)

    def plain(self, file: str) -> Asset:
        """A file by its own name, for the addresses that browsers try without being told."""
        return self._assets[self._names[file]]
