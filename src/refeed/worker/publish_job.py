"""When documents are made: soon after their entries, in between while there is much to ingest, again when damaged."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from ..errors import PublishError
from ..ingest.status_file import StatusFile
from ..publish.publisher import Publisher

_log = logging.getLogger("refeed.worker")

_BUSY = 2.0
"""Seconds at least between publications while there is a backlog: subscribers see news, and the backlog shrinks."""
_SHARE = 4
"""And so many times as long as the last one took, so that a fifth of the time goes into publishing at most."""
_LOOK = 2.0
"""Seconds between looks at the documents that are there, by `stat` alone."""
_SEARCH = 20.0
"""Seconds between searches for documents that are not ours."""
_AGAIN = 5.0
"""Seconds until a disk that refused is tried again."""


class PublishJob:
    """Publishes when it is owed and due."""

    def __init__(
        self, publisher: Publisher, report: StatusFile, announce: Callable[[Sequence[str]], None] | None = None
    ) -> None:
        self._publisher = publisher
        self._report = report
        self._announce = announce
        self._due = 0.0
        self._looked = 0.0
        self._searched = 0.0
        self._news = True
        self.pending = True

    @property
    def is_due(self) -> bool:
        """Whether there is something to publish now."""
        return self.pending and time.monotonic() >= self._due

    def request(self, *, slight: bool = False) -> None:
        """There is something to publish. `slight`: nothing that anybody has to be told of."""
        self.pending = True
        self._news = self._news or not slight

    def run_if_due(self, *, busy: bool) -> None:
        """Publish if it is time. `busy` says that there is more to ingest."""
        self._look()
        if self.is_due:
            self._publish(busy)

    def _look(self) -> None:
        """Owe a publication when documents that are there were damaged, or others than ours lie among them."""
        moment = time.monotonic()
        if self.pending or moment - self._looked <= _LOOK:
            return
        self._looked = moment
        thoroughly = moment - self._searched > _SEARCH
        if thoroughly:
            self._searched = moment
        if self._publisher.has_damage(check_foreign=thoroughly):
            self.request(slight=True)

    def _publish(self, busy: bool) -> None:
        began = time.monotonic()
        try:
            changed = self._publisher.publish()
        except PublishError as error:
            self._due = time.monotonic() + _AGAIN
            self._report.set_problem("feeds", str(error))
            self._tell(error.changed)
            return
        cost = time.monotonic() - began
        self._due = began + cost + (max(_BUSY, _SHARE * cost) if busy else 0.0)
        self._report.clear_problem("feeds")
        if changed:
            _log.info("%d documents changed, in %.1f s", len(changed), cost)
        self._tell(changed)
        self._news = self.pending = False

    def _tell(self, changed: Sequence[str]) -> None:
        if self._announce and self._news and changed:
            self._announce(changed)
