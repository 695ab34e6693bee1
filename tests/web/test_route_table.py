"""Every route for every client: nobody without the right token can tell what is private from what does not exist.

`pytest -s` prints the table: status, headers that decide about caching and access, and the shortest time of processor.
"""

from __future__ import annotations

import os
import re
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_network
from itertools import product
from typing import NamedTuple

import pytest
from flask import Flask
from werkzeug.test import Client, TestResponse

from helpers.server_fixture import RunningSite
from refeed.feeds.access_tokens import AccessTokens
from refeed.model import FeedPath
from refeed.web.app import create_app

PUSH_TOKEN, OPERATOR_TOKEN = "a token for pushes", "a token for operators"
WRONG = "a" * 32
SHOWN = ("Cache-Control", "Vary", "WWW-Authenticate", "Content-Security-Policy", "X-Robots-Tag")
ROUNDS = 9
ADDRESSES = ip_network("10.0.0.0/8").hosts()
CLIENTS = ("anonymous", "wrong token", "token of another feed", "right token")


class Subject(NamedTuple):
    """What fills the parts of a route: a private feed, or one that does not exist."""

    feed: FeedPath
    month: str = "2026-01"
    entry: str = "00000000-0000-0000-0000-000000000000"

    def fill(self, rule: str, token: str) -> Iterator[str]:
        """The addresses of a route."""
        ends = (".atom", ".rss", ".json", f"/archive/{self.month}.atom", ".atom?limit=2", "", "/daily")  # of /opds
        values = {
            "token": [token],
            "path": [f"{self.feed}{end}" for end in ends],
            "kind": [self.feed.kind],
            "slug": [self.feed.slug],
            "month": [self.month],
            "id": [self.entry],
            "identifier": [self.entry],
            "name": ["page.js"],
            "digest": ["0123456789ab"],
        }
        parts = re.findall(r"<(?:[^<>:]*:)?(\w+)>", rule)
        for chosen in product(*(values.get(part) or [f"unknown part {part} of {rule}: add it"] for part in parts)):
            address = rule
            for value in chosen:
                address = re.sub(r"<[^<>]*>", lambda _, value=value: value, address, count=1)  # type: ignore[misc]
            yield address


PRIVATE = (FeedPath("topic", "secret"), FeedPath("topic", "hush"), FeedPath("filtered", "hidden"))
"""A private topic, its former name, and a feed that filters it."""


@dataclass(frozen=True)
class Row:
    rule: str
    method: str
    client: str
    address: str
    response: TestResponse
    milliseconds: float

    @property
    def facts(self) -> tuple[object, ...]:
        """What a client learns, without what it has asked for."""
        names = re.compile(r"secret|hush|hidden|nosuch|/k/[a-z2-7]{32}")
        headers = sorted((name, names.sub("*", value)) for name, value in self.response.headers if name != "ETag")
        body = names.sub("*", self.response.get_data(as_text=True))
        is_page = self.response.mimetype == "text/html"  # has its own address at several places
        return self.response.status_code, headers if not is_page else None, body


@pytest.fixture(scope="module")
def app(site: RunningSite) -> Flask:
    return create_app(replace(site.settings, push_token=PUSH_TOKEN, operator_token=OPERATOR_TOKEN))


def make_row(app: Flask, rule: str, method: str, client: str, address: str, authorization: str) -> Row:
    sender = Client(app.wsgi_app, TestResponse)
    times = []
    for _ in range(ROUNDS if rule.startswith(("/feeds/", "/k/")) else 1):
        # Each request from another address, so that wrong tokens are not slowed down.
        environ = {"REMOTE_ADDR": str(next(ADDRESSES))}
        headers = {"Authorization": f"Bearer {authorization}"} if authorization else {}
        started = time.thread_time()  # other programs do not change it
        response = sender.open(address, method=method, headers=headers, environ_overrides=environ)
        times.append(time.thread_time() - started)
    return Row(rule, method, client, address, response, 1000 * min(times))


def make_table(app: Flask, access: AccessTokens, subject: Subject) -> list[Row]:
    rows = []
    tokens = {
        "anonymous": WRONG,
        "wrong token": "b" * 32,
        "token of another feed": access.make_token(FeedPath("topic", "other"), "ann"),
        "right token": access.make_token(subject.feed, "ann"),
    }
    for rule in sorted(app.url_map.iter_rules(), key=str):
        is_push = "POST" in (rule.methods or ())
        for client in CLIENTS:
            if client == "anonymous" and "<token>" in rule.rule:
                continue
            right = PUSH_TOKEN if is_push else OPERATOR_TOKEN
            other = OPERATOR_TOKEN if is_push else PUSH_TOKEN
            sent = {"anonymous": "", "wrong token": "c" * 20, "token of another feed": other, "right token": right}[
                client
            ]
            for address in subject.fill(rule.rule, tokens[client]):
                method = "POST" if is_push else "GET"
                rows.append(make_row(app, rule.rule, method, client, address, sent))
    return rows


def print_table(rows: list[Row]) -> None:
    for row in rows:
        headers = "; ".join(f"{name}: {row.response.headers[name]}" for name in SHOWN if name in row.response.headers)
        facts = (row.rule, row.client, str(row.response.status_code), f"{row.milliseconds:.1f} ms", headers)
        os.write(1, f"{' | '.join(facts)}\n".encode())


@pytest.fixture(scope="module")
def table(app: Flask, site: RunningSite) -> list[Row]:
    return make_table(app, site.access, Subject(PRIVATE[0]))


@pytest.mark.slow
def test_without_its_token_a_private_feed_is_answered_like_an_unknown_one(
    app: Flask, site: RunningSite, table: list[Row]
) -> None:
    unknown = {kind: make_table(app, site.access, Subject(FeedPath(kind, "nosuch"))) for kind in ("topic", "filtered")}
    print_table(table)
    for feed in PRIVATE:
        if feed != PRIVATE[0]:
            table = make_table(app, site.access, Subject(feed))
        for row, other in zip(table, unknown[feed.kind], strict=True):
            assert (row.rule, row.client) == (other.rule, other.client)
            if "<" not in row.rule or (row.client == "right token" and "<token>" in row.rule):
                continue
            assert row.facts == other.facts, f"{row.client} at {row.address}, and {other.address}"
        slower = [
            statistics.median([row.milliseconds / other.milliseconds for row, other in pairs])
            for client in CLIENTS[:3]
            if (
                pairs := [
                    (row, other)
                    for row, other in zip(table, unknown[feed.kind], strict=True)
                    if row.client == client and row.rule.startswith(("/feeds/", "/k/"))
                ]
            )
        ]
        # Beside other work, medians of routes that do the same were seen between .5 and 2.1.
        assert all(0.25 < ratio < 4 for ratio in slower), slower


def test_only_the_right_token_opens_what_needs_one(table: list[Row]) -> None:
    for row in table:
        status, is_right = row.response.status_code, row.client == "right token"
        if row.rule in ("/status", "/status.json", "/metrics"):
            assert status == (200 if is_right else 401), row
            assert row.response.headers["Cache-Control"] == "no-store", row
        elif row.rule == "/dumps":
            assert status == (411 if is_right else 401), row  # 411: there is no dump in it
        elif "<token>" in row.rule and re.search(r"secret\.(?:atom|rss|json)", row.address):
            assert status == (200 if is_right else 404), row
        elif "<token>" in row.rule and not is_right:
            assert status == 404, row
