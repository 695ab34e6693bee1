"""What is known of each upstream, as one small JSON file each: alone may read and write them."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

import msgspec

from ..config.upstream_rules import UpstreamRule
from ..dumps.composer import content_number
from .poll import UpstreamState

# A small file of what is remembered -> the disk, whole or not at all.


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file. It survives a power cut, and a kill at any instant leaves the one before. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.refeed-tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


_NOT_A_NAME = re.compile(r"[^a-z0-9]+")


class UpstreamStateFiles:
    """The states of upstreams in a folder. A file that is missing or damaged is a state that knows nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, upstream: UpstreamRule) -> UpstreamState:
        """What was saved last for this upstream, if that was for the same address."""
        try:
            state = msgspec.json.decode(self._path(upstream).read_bytes(), type=UpstreamState)
        except (FileNotFoundError, msgspec.DecodeError):
            return UpstreamState(address=upstream.address)
        return state if state.address == upstream.address else UpstreamState(address=upstream.address)

    def save(self, upstream: UpstreamRule, state: UpstreamState) -> None:
        """Keep a state, whole or not at all. Raises OSError."""
        write_atomically(self._path(upstream), msgspec.json.encode(state))

    def _path(self, upstream: UpstreamRule) -> Path:
        words = _NOT_A_NAME.sub("-", upstream.address.lower()).strip("-")[-60:]
        return self._folder / f"{words}-{content_number(upstream.source, upstream.address)[:8]}.json"
