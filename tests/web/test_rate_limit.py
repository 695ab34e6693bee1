"""Limits on requests, with a clock of their own; test_request_metrics.py has them over HTTP."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest

from refeed.config.settings import HttpSettings
from refeed.web.rate_limit import BusyError, ConcurrencyLimit, PollLimit, RateLimiter, client_address


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def test_polls_are_allowed_again_after_the_period() -> None:
    clock = Clock()
    poll_limit = PollLimit(HttpSettings(polls=2), clock)
    environ = {"REMOTE_ADDR": "192.0.2.1", "PATH_INFO": "/feeds/all.atom"}
    assert [poll_limit.acquire(environ, "one") for _ in range(3)] == [0, 0, 1800]
    assert poll_limit.acquire(environ, "two") == 0, "a new version may be polled at once"
    clock.now += 3601
    assert poll_limit.acquire(environ, "one") == 0


def test_a_rate_limiter_refills_evenly_and_keeps_keys_apart() -> None:
    clock = Clock()
    limiter = RateLimiter(2, 60, clock=clock)
    assert [limiter.acquire("a") for _ in range(4)] == [0, 0, 30, 30]
    assert limiter.acquire("b") == 0
    clock.now += 30
    assert [limiter.acquire("a") for _ in range(2)] == [0, 30]


def test_forwarded_addresses_count_only_behind_trusted_proxies() -> None:
    environ = {"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_FOR": "198.51.100.1, 198.51.100.2"}
    names = [client_address(environ, count) for count in range(4)]
    assert names == ["192.0.2.1", "198.51.100.2", "198.51.100.1", "192.0.2.1"]


@pytest.mark.parametrize(
    ("addresses", "client"),
    [
        (("2001:db8::1", "2001:db8::2", "[2001:db8::3]", "[2001:db8:0:0:ffff::4]:2000"), "2001:db8::"),
        (("2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff"), "2001:db8:0:1::"),
        (("192.0.2.1", "192.0.2.1:2000", "192.0.2.1:2001", "::ffff:192.0.2.1", "[::ffff:192.0.2.1]:80"), "192.0.2.1"),
        (("not:an:address",), "not:an:address"),
    ],
)
def test_a_client_is_the_same_from_every_port_and_address_that_it_has(addresses: tuple[str, ...], client: str) -> None:
    for address in addresses:
        assert client_address({"REMOTE_ADDR": "192.0.2.9", "HTTP_X_FORWARDED_FOR": address}, 1) == client
        assert client_address({"REMOTE_ADDR": address}, 0) == client


def test_few_slow_requests_run_at_once_and_the_others_are_refused() -> None:
    limit = ConcurrencyLimit(running=2, waiting=0)
    with limit.slot(), limit.slot(), pytest.raises(BusyError), limit.slot():
        pass
    with limit.slot():
        pass


def test_a_request_waits_for_a_slot_but_not_too_long() -> None:
    limit = ConcurrencyLimit(running=1, waiting=1, max_wait=0.01)
    with limit.slot(), pytest.raises(BusyError), limit.slot():
        pass
    patient, entered = ConcurrencyLimit(running=1, waiting=1, max_wait=60), threading.Event()

    def run() -> None:
        with patient.slot():
            entered.set()

    thread = threading.Thread(target=run)
    with patient.slot():
        thread.start()
        assert not entered.wait(0.05)
    thread.join(60)
    assert entered.is_set()
