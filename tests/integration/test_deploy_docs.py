"""The snippets of docs/deploy.md work: each is taken from the page and run. Dockerfile and app.json fit the program."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from helpers.processes import free_port
from helpers.server_fixture import BASE, RunningSite, prepare_site, run_site
from refeed.config.load import load_settings
from refeed.model import FeedPath
from refeed.web.document_cache import SECURITY_HEADERS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "deploy.md").read_text("utf-8")
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
CADDY = shutil.which("caddy")


def snippet(start: str) -> str:
    """The block of the page that starts with these words."""
    (found,) = re.findall(rf"^```\n({re.escape(start)}.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return found


CONFIG = """
http: {polls: 2, proxies: 1}
topics: [{id: secret, title: Secret, words: [样本], access: private}]
access: {readers: [ann]}
"""


@contextmanager
def run_sample_site(home: Path) -> Iterator[RunningSite]:
    settings, environ = prepare_site(home, CONFIG, dumps=3)
    with run_site(settings, environ, home) as served:
        yield served


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    with run_sample_site(tmp_path_factory.mktemp("behind-proxy")) as served:
        yield served


@contextmanager
def run_proxy(command: list[str], home: Path, port: int, *, secure: bool) -> Iterator[http.client.HTTPConnection]:
    """Run a reverse proxy until the end of the block; yields a connection to it."""
    log = (home / "proxy.log").open("wb")
    process = subprocess.Popen(
        command, cwd=home, stdout=log, stderr=log, env=os.environ | {"HOME": str(home), "XDG_DATA_HOME": str(home)}
    )
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        end = time.monotonic() + 60
        while True:
            assert process.poll() is None, (home / "proxy.log").read_text()
            connection = (
                http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=context)
                if secure
                else http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            )
            try:
                connection.connect()
                break
            except OSError:
                assert time.monotonic() < end, (home / "proxy.log").read_text()
                time.sleep(0.05)
        yield connection
        connection.close()
    finally:
        process.terminate()
        process.wait(60)
        log.close()


def get(connection: http.client.HTTPConnection, path: str, **headers: str) -> http.client.HTTPResponse:
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    response.body = response.read()  # type: ignore[attr-defined]
    return response


def check_documents(site: RunningSite, connection: http.client.HTTPConnection) -> None:
    """Documents come through the proxy unchanged."""
    path = "/feeds/all.atom"
    plain = site.get(path, X_Forwarded_For="192.0.2.7")
    compressed = get(connection, path, Accept_Encoding="gzip", Host="evil.test")
    assert compressed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(compressed.body) == plain.body  # type: ignore[attr-defined]
    assert compressed.headers["Strict-Transport-Security"] == "max-age=31536000"
    for name in ("ETag", "Last-Modified", "Cache-Control", "Vary", "Link", "Content-Type"):
        assert compressed.headers[name] == (plain[name] if name != "ETag" else plain[name][:-1] + '-gz"')
    again = get(connection, path, Accept_Encoding="gzip", If_None_Match=compressed.headers["ETag"])
    assert again.status == 304
    assert BASE.encode() in get(connection, "/").body  # type: ignore[attr-defined]


@contextmanager
def run_nginx(server: str, site: RunningSite, home: Path) -> Iterator[http.client.HTTPConnection]:
    """Run nginx with a server of the page in front of a site."""
    port, key, cert = free_port(), home / "key.pem", home / "cert.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=feeds.example.org"]
    subprocess.run([*make, "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    server = server.replace("listen 443", f"listen 127.0.0.1:{port}")
    server = server.replace("127.0.0.1:8000", f"127.0.0.1:{site.port}").replace("/var/cache/nginx", str(home))
    server = re.sub(r"/etc/letsencrypt/\S+/fullchain.pem", str(cert), server)
    server = re.sub(r"/etc/letsencrypt/\S+/privkey.pem", str(key), server)
    temp_paths = "".join(f"{kind}_temp_path {home};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;" if os.geteuid() == 0 else ""  # the cache is in a folder of root's
    (home / "nginx.conf").write_text(
        f"{user} daemon off; pid {home}/pid; error_log {home}/error.log; events {{}}\n"
        f"http {{ access_log off; {temp_paths}\n{server} }}\n"
    )
    command = [str(NGINX), "-e", f"{home}/error.log", "-c", f"{home}/nginx.conf"]
    tested = subprocess.run([*command, "-t"], capture_output=True, text=True)
    assert tested.returncode == 0, tested.stderr
    with run_proxy(command, home, port, secure=True) as connection:
        yield connection


needs_nginx = pytest.mark.skipif(NGINX is None or not shutil.which("openssl"), reason="needs nginx and openssl")


@pytest.mark.slow
@needs_nginx
def test_documents_come_unchanged_through_nginx_as_documented_and_stay_when_refeed_is_down(tmp_path: Path) -> None:
    stopped = ExitStack()
    site = stopped.enter_context(run_sample_site(tmp_path / "site"))
    with stopped, run_nginx(snippet("proxy_cache_path"), site, tmp_path) as connection:
        check_documents(site, connection)
        # Unconditional requests are counted by the address that nginx saw, not by what the client claims. The cache
        # has none of these four: it distinguishes queries.
        found = [get(connection, f"/feeds/all.rss?{n}", X_Forwarded_For=f"192.0.2.{n}").status for n in range(4)]
        assert found == [200, 200, 429, 429]
        cache = tmp_path / "refeed"
        cached = sorted(path.name for path in cache.rglob("*") if path.is_file())
        assert any(b"/feeds/all.atom" in path.read_bytes() for path in cache.rglob("*") if path.is_file())
        private = f"/k/{site.access.make_token(FeedPath('topic', 'secret'), 'ann')}/feeds/topic/secret.atom"
        for _ in range(2):
            assert get(connection, private).headers["Cache-Control"].startswith("private")
        assert cached == sorted(path.name for path in cache.rglob("*") if path.is_file())
        etag = get(connection, "/feeds/all.atom", Accept_Encoding="gzip").headers["ETag"]
        stopped.close()
        assert get(connection, "/feeds/all.atom", Accept_Encoding="gzip").headers["ETag"] == etag
        assert get(connection, private).status == 502


@pytest.mark.slow
@needs_nginx
def test_nginx_sends_the_files_as_documented_and_asks_refeed_for_all_others(site: RunningSite, tmp_path: Path) -> None:
    feeds = tmp_path / "feeds"
    feeds.mkdir()
    for format in ("atom", "json"):
        document = site.get(f"/feeds/all.{format}", X_Forwarded_For="192.0.2.99").body
        (feeds / f"all.{format}").write_bytes(document)
        (feeds / f"all.{format}.gz").write_bytes(gzip.compress(document, mtime=0))
    files = snippet("    location ~ ^/feeds/").replace("/var/lib/refeed", str(tmp_path))
    server = snippet("proxy_cache_path").replace("    location / {", f"{files}\n    location / {{", 1)
    with run_nginx(server, site, tmp_path) as connection:
        found = get(connection, "/feeds/all.atom", Accept_Encoding="gzip")
        assert found.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(found.body) == (feeds / "all.atom").read_bytes()  # type: ignore[attr-defined]
        assert found.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
        assert get(connection, "/feeds/all.json").headers["Content-Type"] == "application/feed+json; charset=utf-8"
        assert found.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert [(name, found.headers[name]) for name, _ in SECURITY_HEADERS] == [*SECURITY_HEADERS]
        etag = found.headers["ETag"]
        assert get(connection, "/feeds/all.atom", Accept_Encoding="gzip", If_None_Match=etag).status == 304
        assert get(connection, "/feeds/all.rss").headers["ETag"] == site.get("/feeds/all.rss")["ETag"]
        assert get(connection, "/feeds/topic/secret.atom").status == 404
        assert get(connection, "/feeds/no.atom").status == 404
        assert get(connection, "/feeds/feeds.json").headers["Content-Type"].startswith("application/json")


@pytest.mark.slow
@pytest.mark.skipif(CADDY is None, reason="needs caddy")
def test_documents_come_unchanged_through_caddy_as_documented(site: RunningSite, tmp_path: Path) -> None:
    port = free_port()
    block = snippet("feeds.example.org {").replace("feeds.example.org", f"http://:{port}")
    block = block.replace("127.0.0.1:8000", f"127.0.0.1:{site.port}")
    (tmp_path / "Caddyfile").write_text(f"{{\n    admin off\n}}\n{block}")
    with run_proxy(
        [str(CADDY), "run", "--adapter", "caddyfile", "--config", "Caddyfile"], tmp_path, port, secure=False
    ) as connection:
        check_documents(site, connection)
        # No header with an underscore takes the place of the one that Caddy sends.
        statuses = []
        for number, name in enumerate(("X_Forwarded_For", "X-Forwarded_For", "x_forwarded-for", "X_Forwarded_For")):
            connection.request("GET", "/feeds/all.json", headers={name: f"192.0.2.{number}"})
            response = connection.getresponse()
            response.read()
            statuses.append(response.status)
        assert statuses == [200, 200, 429, 429]


def test_every_proxy_of_the_page_tells_browsers_to_come_back_over_https() -> None:
    for start in ("proxy_cache_path", "    location ~ ^/feeds/", "feeds.example.org {"):
        assert 'Strict-Transport-Security "max-age=31536000' in snippet(start), start


def test_the_base_image_has_a_digest_or_the_dockerfile_says_how_to_pin_it() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    images = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    pinned = {re.search(r"@sha256:[0-9a-f]{64}$", image) is not None for image in images}
    assert len(images) == 2 and len(set(images)) == len(pinned) == 1, "both stages use one image"
    assert pinned == {True} or f"docker buildx imagetools inspect\n# {images[0]}" in text


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "refeed.service"
    unit.write_text(snippet("[Unit]").replace("/opt/refeed/.venv/bin/refeed", sys.executable))
    verified = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True)
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    # The exposure that systemd computes from 0 to 100: below 20 is "OK", without protections it is 92.
    rate = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(unit)]
    rated = subprocess.run(rate, capture_output=True, text=True)
    if "unrecognized option" not in rated.stderr:  # systemd before 250
        assert rated.returncode == 0, rated.stdout


@pytest.mark.slow
def test_the_container_copies_existing_files_and_its_health_check_works(site: RunningSite) -> None:
    lines = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ").splitlines()
    ignored = (ROOT / ".dockerignore").read_text("utf-8").split()
    copied = [
        name for line in lines if line.startswith("COPY ") and "--from" not in line for name in line.split()[1:-1]
    ]
    assert copied
    assert [name for name in copied if not (ROOT / name).exists() or f"!{name}" not in ignored] == []
    (environ,) = (dict(re.findall(r"(\w+)=(\S+)", line)) for line in lines if line.startswith("ENV "))
    assert {environ[f"REFEED_{name}"].split("/")[1] for name in ("FEEDS", "VAR")} == {"data"}
    (check,) = (json.loads(line.partition("CMD ")[2]) for line in lines if line.startswith("HEALTHCHECK "))
    assert check[0] == "python"
    found = [
        subprocess.run([sys.executable, *check[1:]], env={"PORT": str(port)}, capture_output=True).returncode
        for port in (site.port, free_port())
    ]
    assert found == [0, 1]


def test_app_json_sets_what_the_program_accepts(tmp_path: Path) -> None:
    """app.json has the keys of Heroku's schema, and the program accepts the variables that it sets."""
    app = json.loads((ROOT / "app.json").read_text("utf-8"))
    assert app.keys() <= {"name", "description", "keywords", "addons", "env", "formation", "scripts", "buildpacks"}
    procfile = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text("utf-8").splitlines())
    assert app["formation"].keys() == procfile.keys() == {"web", "worker"}
    assert {command.removeprefix("exec ").split()[0] for command in procfile.values()} == {"refeed"}
    assert app["scripts"]["postdeploy"].split()[0] == "refeed"
    for name, about in app["env"].items():
        assert about.keys() <= {"description", "value", "required", "generator"}, name
        assert "generator" not in about or ("value" not in about and about["generator"] == "secret")
    given = {name: about.get("value", "0123456789abcdef0123456789abcdef") for name, about in app["env"].items()}
    given |= {"BASE_URL": BASE, "DATABASE_URL": "postgres://user@db.example.org/refeed", "PORT": "5000"}
    settings = load_settings(given, ROOT / "config.yaml")
    assert settings.push_token
    assert (settings.site.base_url, settings.site.title, settings.log_format) == (BASE, "refeed", "json")
