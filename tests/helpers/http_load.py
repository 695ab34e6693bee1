"""Load on a server: clients that poll without pause, and counts of what became of their requests."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class HttpLoad:
    """Clients that poll until `stop`, half of them over persistent connections."""

    port: int
    paths: tuple[str, ...]
    clients: int = 6
    counts: Counter[str] = field(default_factory=Counter)
    stopped: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        for number in range(self.clients):
            thread = threading.Thread(target=self._poll, args=(number,), daemon=True)
            thread.start()
            self.threads.append(thread)

    def stop(self) -> Counter[str]:
        self.stopped.set()
        for thread in self.threads:
            thread.join(20)
        return self.counts

    def _poll(self, number: int) -> None:
        is_persistent, connection = number % 2 == 0, None
        while not self.stopped.is_set():
            path = self.paths[number % len(self.paths)]
            fresh = connection is None
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
                try:
                    connection.connect()
                except OSError:
                    self.counts["no server"] += 1
                    connection = None
                    time.sleep(0.01)
                    continue
            outcome = self._request(connection, path, fresh=fresh)
            self.counts[outcome] += 1
            if outcome != "answered" or not is_persistent:
                connection.close()
                connection = None
        if connection is not None:
            connection.close()

    def _request(self, connection: http.client.HTTPConnection, path: str, *, fresh: bool) -> str:
        started = False
        try:
            connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
            response = connection.getresponse()
            started = True
            whole = len(response.read()) == int(response.headers["Content-Length"])
            return "answered" if whole and response.status == 200 else f"status {response.status}"
        except ConnectionRefusedError:
            return "no server"
        except (OSError, http.client.HTTPException):
            # A server may close a persistent connection at any time; the client must retry (RFC 9112 9.3.1).
            return "cut" if started else "unanswered" if fresh else "kept connection closed"
