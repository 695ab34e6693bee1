"""Decides when to publish: soon after new entries, at intervals while many are ingested, again after damage."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from ..errors import PublishError
from ..ingest.status_file import StatusFile
from ..publish.publisher import Publisher

_log = logging.getLogger("refeed.worker")

_BUSY_INTERVAL = 2.0
"""Seconds at least between publications while files wait: subscribers get news, and the backlog shrinks."""
_BUSY_FACTOR = 4
"""And so many times as long as the last one took, so that publishing takes a fifth of the time at most."""
_CHECK_INTERVAL = 2.0
"""Seconds between checks of the published documents, by `stat` alone."""
_SEARCH_INTERVAL = 20.0
"""Seconds between searches for documents that are not ours."""
_RETRY = 5.0
"""Seconds until a disk that refused is tried again."""


class PublishJob:
    """Publishes when a publication is pending and due."""

    def __init__(
        self,
        publisher: Publisher,
        status: StatusFile,
        on_change: Callable[[Sequence[str]], None] | None = None,
    ) -> None:
        """`on_change` gets the names of documents that changed, where subscribers may be notified of them."""
        self._publisher = publisher
        self._status = status
        self._on_change = on_change
        self._due = 0.0
        self._last_check = 0.0
        self._last_search = 0.0
        self._notify = True
        self.pending = True

    @property
    def is_due(self) -> bool:
        """Whether there is something to publish now."""
        return self.pending and time.monotonic() >= self._due

    def request(self, *, notify: bool = True) -> None:
        """Ask for a publication. Without `notify`, its changes are no news for subscribers."""
        self.pending = True
        self._notify = self._notify or notify

    def run_if_due(self, *, busy: bool) -> None:
        """Publish if it is time. `busy`: more files wait to be ingested."""
        now = time.monotonic()
        if not self.pending and now - self._last_check > _CHECK_INTERVAL:
            self._last_check = now
            searches = now - self._last_search > _SEARCH_INTERVAL
            if searches:
                self._last_search = now
            if self._publisher.has_damage(check_foreign=searches):
                self.request(notify=False)
        if self.is_due:
            self._publish(busy)

    def _publish(self, busy: bool) -> None:
        start = time.monotonic()
        try:
            changed = self._publisher.publish()
        except PublishError as error:
            self._due = time.monotonic() + _RETRY
            self._status.set_problem("feeds", str(error))
            self._announce(error.changed)
            return
        seconds = time.monotonic() - start
        self._due = start + seconds + (max(_BUSY_INTERVAL, _BUSY_FACTOR * seconds) if busy else 0.0)
        self._status.clear_problem("feeds")
        if changed:
            fields = {"count": len(changed), "seconds": round(seconds, 3)}
            _log.info("%d documents changed, in %.1f s", len(changed), seconds, extra=fields)
        self._announce(changed)
        self._notify = self.pending = False

    def _announce(self, changed: Sequence[str]) -> None:
        if self._on_change and self._notify and changed:
            self._on_change(changed)
