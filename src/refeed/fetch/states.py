"""What is known of each upstream, as one small JSON file each: alone may read and write them."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from ..dumpfile import number
from ..rules import UpstreamRule
from .polling import UpstreamState
from .saving import save

_NOT_A_NAME = re.compile(r"[^a-z0-9]+")


class States:
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
        save(self._path(upstream), msgspec.json.encode(state))

    def _path(self, upstream: UpstreamRule) -> Path:
        words = _NOT_A_NAME.sub("-", upstream.address.lower()).strip("-")[-60:]
        return self._folder / f"{words}-{number(upstream.source, upstream.address)[:8]}.json"
