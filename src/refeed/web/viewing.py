"""Views by query: rendered from what is stored when first asked for, kept until their feed's document changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from .. import seal
from ..clock import now
from ..errors import StoreError
from ..model import Format
from ..rules import View
from .answers import plain
from .places import Asked, Places, asked
from .queries import QueryError, read_view
from .ready import Ready
from .turns import BusyError, Turns

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

_BUDGET = 16_000_000
"""Bytes of views kept."""

Render = Callable[[str, Format, View, str, datetime], bytes]
"""Feed, format, view, its query in one spelling, now -> a document. Raises StoreError."""


class Shown(NamedTuple):
    """A feed's document that somebody wants to see through a view."""

    address: str
    """With the query in its one spelling."""
    what: Asked
    view: View
    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    ready: Ready
    digest: str
    """Of the feed's own document when the view was made."""
    minute: datetime | None
    """Of views that depend on the clock."""


class Viewing:
    """Hands out views. Bounded in memory and in how many are made at once."""

    def __init__(
        self,
        render: Render,
        places: Places,
        turns: Turns,
        answering: Callable[[str, Ready], WSGIApplication],
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._render = render
        self._places = places
        self._answering = answering
        self._clock = clock
        self._turns = turns
        self._lock = Lock()
        self._size = 0
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def claims(self, environ: WSGIEnvironment, ready: Ready) -> WSGIApplication | None:
        """The answer to a request for a feed's document, when its query asks for a view."""
        query = environ["QUERY_STRING"]
        what = asked(environ["PATH_INFO"])
        if what is None or what.name.format is None or what.name.archive:
            return None
        try:
            view, spelling = read_view(query)
        except QueryError as error:
            # A pattern that came with line breaks comes back in the reason without them.
            return plain(400, " ".join(f"{error}.".split())[:300])
        if not spelling:
            return None
        address = f"{environ['PATH_INFO']}?{spelling}"
        return self._answer(Shown(address, what, view, spelling), ready)

    def _answer(self, shown: Shown, base: Ready) -> WSGIApplication:
        address = shown.address
        minute = self._clock().replace(second=0, microsecond=0) if shown.view.filter_time else None
        kept = self._fresh(address, base, minute)
        if kept is None:
            try:
                with self._turns.one():
                    kept = self._fresh(address, base, minute) or self._make(shown, base, minute)
            except BusyError:
                return plain(503, "Much is being made just now. Ask again in a moment.", retry=5)
            except StoreError:
                kept = self._kept.get(address)  # what it was is better than nothing
        if kept is None:
            return plain(503, "Views cannot be made just now; the feed itself can be had.", retry=60)
        return self._answering(address, kept.ready)

    def _fresh(self, address: str, base: Ready, minute: datetime | None) -> _Kept | None:
        kept = self._kept.get(address)
        if kept is None or kept.digest != _state(base) or kept.minute != minute:
            return None
        with self._lock:
            if address in self._kept:
                self._kept.move_to_end(address)
        return kept

    def _make(self, shown: Shown, base: Ready, minute: datetime | None) -> _Kept:
        address, what = shown.address, shown.what
        data = self._render(what.name.feed, what.name.format or "atom", shown.view, shown.query, minute or base.changed)
        sealed = seal.seal(self._places.personal(what, data))
        digest = seal.digest(sealed) or ""
        before = self._kept.get(address)
        changed = base.changed
        if minute is not None:
            # What has grown too old went away with the clock, and not with a change of the feed.
            changed = before.ready.changed if before and before.ready.digest == digest else self._clock()
        ready = Ready(
            feed=base.feed, data=sealed, digest=digest, changed=changed, manner=self._places.manner(address, what)
        )
        kept = _Kept(ready=ready, digest=_state(base), minute=minute)
        self._keep(address, kept)
        return kept

    def _keep(self, address: str, kept: _Kept) -> None:
        with self._lock:
            old = self._kept.pop(address, None)
            self._size += _cost(kept) - (_cost(old) if old else 0)
            self._kept[address] = kept
            while self._size > _BUDGET and self._kept:
                self._size -= _cost(self._kept.popitem(last=False)[1])


def _state(base: Ready) -> str:
    """What a view depends on: an entry outside the feed's own document moves its date, and nothing else of it."""
    return f"{base.digest}@{base.last_modified}"


def _cost(kept: _Kept) -> int:
    """A view is kept in up to three codings too; they are smaller by half at least."""
    return 2 * len(kept.ready.data) + 1_000
