"""A site to send requests to: sample dumps, a configuration with every kind of feed, `refeed serve` on loopback."""

from __future__ import annotations

import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from helpers.processes import free_port
from refeed.config.load import load_settings
from refeed.config.settings import Settings
from refeed.dumps.writer import compose_dump
from refeed.feeds.access_tokens import AccessTokens
from refeed.ingest.pipeline import Pipeline
from refeed.model import FeedPath

ROOT = Path(__file__).parents[2]
BASE = "https://feeds.example.org"
SECRET = "a secret of the tests, and of nothing else"
CONFIG = """
site: {id: 'tag:example.org,2026', title: 样本站, author: 样本站}
feeds: {entries: 20}
websub: {hubs: [https://hub.example.org/]}
topics:
  - {id: climate, title: 气候, words: [气候], aliases: [weather]}
  - {id: chips, title: 芯片, words: [芯片]}
  - {id: secret, title: 秘密, words: [气候], access: private, aliases: [hush]}
  - {id: empty, title: 空, words: [这个词不会出现]}
filtered_feeds:
  - {id: traditional, title: 正體, feed: topic/climate, opencc: s2t, images: none}
  - {id: hidden, feed: topic/secret, mode: titles}
retired: [topic/olympics, source/rfi]
access: {readers: [ann, bob, old], revoked: [REVOKED]}
"""
"""REVOKED is replaced by the beginning of the token that `old` has for the private topic."""


@dataclass(frozen=True)
class HttpAnswer:
    status: int
    headers: dict[str, str]
    body: bytes

    def __getitem__(self, name: str) -> str:
        return self.headers[name.lower()]

    def get(self, name: str) -> str | None:
        return self.headers.get(name.lower())


@dataclass(frozen=True)
class RunningSite:
    port: int
    settings: Settings
    pid: int
    log: Path

    @property
    def access(self) -> AccessTokens:
        return AccessTokens(self.settings)

    def get(self, path: str, *, method: str = "GET", **headers: str) -> HttpAnswer:
        """Send one request with exactly these headers; `_` in their names becomes `-`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name.replace("_", "-"), value)
            connection.endheaders()
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return HttpAnswer(response.status, found, response.read())
        finally:
            connection.close()

    def raw(self, request: bytes, seconds: float = 10) -> bytes:
        """Send bytes; returns what the server sends until it closes or falls silent for `seconds`."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            connection.sendall(request)
            received = b""
            while True:
                try:
                    piece = connection.recv(65536)
                except (TimeoutError, ConnectionResetError):
                    return received
                if not piece:
                    return received
                received += piece


def site_dump(number: int) -> bytes:
    """A dump; a higher number is older, every third is about climate, every fifth about chips."""
    at = datetime(2026, 3, 20, 12, tzinfo=UTC) - timedelta(days=2 * number, minutes=number)
    word = "气候" if number % 3 == 0 else "芯片" if number % 5 == 0 else "旅行"
    host, folder = ("www.bbc.com/zhongwen", "bbc") if number % 2 else ("www.dw.com/zh", "dw")
    html = (
        f'<p class="highlight">这是第{number}篇样本，写的是{word}，为测试而作，不是新闻。{word}与软件的样本句子。</p>'
        f'<figure><img src="https://images.example.org/{folder}/{number}.jpg"><figcaption>样本图说</figcaption></figure>'
        f"<p>{_filler(number)}</p><p>{word}的台湾样本。{word}的结尾。</p>"
    )
    return compose_dump(title=f"样本{number}：{word}", link=f"https://{host}/a-{1000 + number}", html=html, at=at)


def _filler(number: int) -> str:
    """Random Chinese characters, different in every sample, so that no sample looks like a repost of another."""
    chance = random.Random(number)
    return "".join(chr(chance.randrange(0x4E00, 0x9000)) + ("。" if n % 12 == 11 else "") for n in range(480))


def prepare_site(
    home: Path, config: str = CONFIG, *, dumps: int = 60, **environ: str
) -> tuple[Settings, dict[str, str]]:
    """Write the configuration and the dumps, ingest and publish; returns the settings and their environment."""
    folder = home / "dumps"
    folder.mkdir(parents=True)
    for number in range(dumps):
        (folder / f"{number}.md").write_bytes(site_dump(number))
    file = home / "config.yaml"
    variables = {
        "REFEED_CONFIG": str(file),
        "REFEED_DUMPS": str(folder),
        "REFEED_FEEDS": str(home / "feeds"),
        "REFEED_VAR": str(home / "var"),
        "REFEED_ACCESS_SECRET": SECRET,
        "BASE_URL": BASE,
        "PORT": str(free_port()),
        **environ,
    }
    file.write_text(config.replace("REVOKED", "aaaaaaaa"), "utf-8")
    settings = load_settings(variables)
    file.write_text(
        config.replace("REVOKED", AccessTokens(settings).make_token(FeedPath("topic", "secret"), "old")[:8]), "utf-8"
    )
    settings = load_settings(variables)
    pipeline = Pipeline.open(settings)
    pipeline.ingest()
    pipeline.close()
    return settings, variables


@contextmanager
def run_site(settings: Settings, environ: Mapping[str, str], home: Path, *more: str) -> Iterator[RunningSite]:
    """Run `refeed serve --no-worker` over a prepared site until the end of the block."""
    log = home / "log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "refeed", "serve", "--host", "127.0.0.1", "--no-worker", *more],
            env=os.environ | dict(environ) | {"PYTHONPATH": str(ROOT / "src")},
            stdout=out,
            stderr=out,
            cwd=home,
        )
    site = RunningSite(settings.port, settings, process.pid, log)
    try:
        _wait_until_healthy(site, process)
        yield site
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, log.read_text()


def _wait_until_healthy(site: RunningSite, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            if site.get("/healthz").status == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"the server did not answer: {site.log.read_text()}")
