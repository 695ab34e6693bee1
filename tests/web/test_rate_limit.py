"""Limits on requests, with a clock of their own; test_request_metrics.py has them over HTTP."""

from __future__ import annotations

from dataclasses import dataclass

from refeed.config.settings import HttpSettings
from refeed.web.rate_limit import PollLimit, RateLimiter


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def test_polls_are_allowed_again_after_the_period() -> None:
    clock = Clock()
    poll_limit = PollLimit(HttpSettings(polls=2), clock)
    environ = {"REMOTE_ADDR": "192.0.2.1", "PATH_INFO": "/feeds/all.atom"}
    ready: object = None
    assert [poll_limit.handle(environ, ready) is None for _ in range(3)] == [True, True, False]  # type: ignore[arg-type]
    clock.now += 3601
    assert poll_limit.handle(environ, ready) is None  # type: ignore[arg-type]


def test_a_rate_limiter_refills_evenly_and_keeps_keys_apart() -> None:
    clock = Clock()
    limiter = RateLimiter(2, 60, clock=clock)
    assert [limiter.acquire("a") for _ in range(4)] == [0, 0, 30, 30]
    assert limiter.acquire("b") == 0
    clock.now += 30
    assert [limiter.acquire("a") for _ in range(2)] == [0, 30]


def test_forwarded_addresses_count_only_behind_trusted_proxies() -> None:
    environ = {"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_FOR": "198.51.100.1, 198.51.100.2"}
    names = [PollLimit(HttpSettings(polls=1, proxies=count)).client_address(environ) for count in range(4)]
    assert names == ["192.0.2.1", "198.51.100.2", "198.51.100.1", "192.0.2.1"]
