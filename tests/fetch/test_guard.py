"""Which addresses may be connected to: decided after the name is resolved, and again at every redirect."""

from __future__ import annotations

import ipaddress
import json
import re
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.property_testing import given, st
from helpers.upstream_server import UpstreamServer, reply, run_upstream
from refeed.config.settings import FetchSettings
from refeed.errors import FetchError
from refeed.fetch.guard import AddressGuard, is_public_address
from refeed.fetch.session import HttpSession

ROOT = Path(__file__).parents[2]

SPELLINGS = [
    "http://127.0.0.1/",
    "http://localhost/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://0/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/",
    "http://[fd00:ec2::254]/",
    "http://[fe80::1%25lo]/",
    "http://１２７.０.０.１/",
    "http://127.0.0.1.:80/",
    "https://127.0.0.1/",
    "http://100.100.100.200/",
]
"""Ways to write the address of this machine, and of the metadata services of clouds."""

REJECTED = re.compile("not a public address|cannot resolve|not a valid IDNA label|only ports 80 and 443")

# Runs in its own network namespace. Every connect of the process, in any library, is an audit event.
AUDITED = """
import json, socket, sys, threading, fcntl, struct
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import unquote

with socket.socket() as s:  # loopback is down in a new namespace
    fcntl.ioctl(s, 0x8914, struct.pack("16sh", b"lo", 0x1 | 0x40))

class Inside(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/to?"):
            self.send_response(302)
            self.send_header("Location", unquote(self.path[4:]))
        else:
            self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_): pass

server = HTTPServer(("0.0.0.0", 80), Inside)
threading.Thread(target=server.serve_forever, daemon=True).start()
redirector = HTTPServer(("127.0.0.99", 8080), Inside)
threading.Thread(target=redirector.serve_forever, daemon=True).start()

connected = []
def audit(event, details):
    if event == "socket.connect":
        connected.append(list(details[1][:2]))
sys.addaudithook(audit)

from refeed.config.settings import FetchSettings
from refeed.errors import FetchError
from refeed.fetch.guard import system_resolve
from refeed.fetch.session import HttpSession

resolved = []
def resolve(host, port):
    if host == "rebind.example.org":  # first public, then this machine
        resolved.append(host)
        return ["8.8.8.8"] if len(resolved) == 1 else ["127.0.0.1"]
    if host == "both.example.org":
        return ["8.8.8.8", "127.0.0.1"]
    return system_resolve(host, port)

def attempt(url):
    connected.clear()
    try:
        result = f"answered {session.get(url).status}"
    except FetchError as error:
        result = str(error)
    return [url, result, list(connected)]

rule = FetchSettings(allow=("127.0.0.99:8080",), time=timedelta(seconds=3), connect=timedelta(seconds=0.5))
with HttpSession(Path(sys.argv[1]), rule, resolve=resolve) as session:
    results = [attempt(url) for url in json.loads(sys.argv[2])]
    redirects = [attempt("http://127.0.0.99:8080/to?" + url) for url in json.loads(sys.argv[2]) if url.isascii()]
    rebound = [attempt("http://rebind.example.org/"), attempt("http://rebind.example.org/"), attempt("http://both.example.org/")]
open_rule = FetchSettings(allow=("127.0.0.0/8",), time=timedelta(seconds=3))
with HttpSession(Path(sys.argv[1]), open_rule) as session:
    control = [attempt("http://127.1/")]
print(json.dumps({"direct": results, "redirected": redirects, "rebound": rebound, "control": control}))
"""


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[str, str, list[list[object]]]]]:
    """The attempts in their own network namespace: (url, result, connections)."""
    if sys.platform != "linux" or subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode:
        pytest.skip("network namespaces (unshare -n) are not permitted here")
    command = [
        "unshare",
        "-n",
        sys.executable,
        "-c",
        AUDITED,
        str(tmp_path_factory.mktemp("var")),
        json.dumps(SPELLINGS),
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def test_no_spelling_of_loopback_or_metadata_is_connected_to(audited) -> None:  # type: ignore[no-untyped-def]
    assert len(audited["direct"]) >= 15
    for url, result, connected in audited["direct"]:
        assert connected == [], url
        assert REJECTED.search(result), (url, result)


def test_no_redirect_to_loopback_or_metadata_is_connected_to(audited) -> None:  # type: ignore[no-untyped-def]
    assert len(audited["redirected"]) >= 15
    for url, result, connected in audited["redirected"]:
        assert connected == [["127.0.0.99", 8080]], (url, "only the permitted host")
        assert REJECTED.search(result), (url, result)


def test_name_that_resolves_differently_the_second_time_reaches_no_private_address(audited) -> None:  # type: ignore[no-untyped-def]
    first, second, both = audited["rebound"]
    assert first[2] == [["8.8.8.8", 80]], "the address that was checked, without resolving the name again"
    assert second[2] == [] and "not a public address" in second[1]
    assert both[2] == [], "one private address rejects the name"


def test_private_address_is_reached_when_it_is_permitted(audited) -> None:  # type: ignore[no-untyped-def]
    ((_, result, connected),) = audited["control"]
    assert result == "answered 200" and connected == [["127.0.0.1", 80]]


def test_name_is_resolved_once_per_request_and_stays_in_the_host_header(
    upstream: UpstreamServer, fetch_settings: FetchSettings, tmp_path: Path
) -> None:
    resolved = []

    def resolve(host: str, port: int) -> list[str]:
        resolved.append(host)
        return ["127.0.0.1"]

    upstream.routes["/feed"] = reply("x")
    with HttpSession(tmp_path, fetch_settings, resolve=resolve) as session:
        assert session.get(f"http://feeds.example.org:{upstream.port}/feed").status == 200
    assert resolved == ["feeds.example.org"]
    assert upstream.requests[0][2]["Host"] == f"feeds.example.org:{upstream.port}"


def test_other_ports_need_permission_even_on_public_hosts() -> None:
    guard = AddressGuard(["listed.example.org:8443"], resolve=resolve_public)
    assert guard.resolve("https://example.org/")[1:] == (443, ["8.8.8.8"])
    assert guard.resolve("https://listed.example.org:8443/")[1] == 8443
    for url in ("https://example.org:8443/", "http://example.org:22/", "https://listed.example.org:8444/"):
        with pytest.raises(FetchError, match="only ports 80 and 443"):
            guard.resolve(url)


def test_permitted_networks_and_hosts_may_be_private() -> None:
    def resolve(host: str, port: int) -> list[str]:
        return ["10.1.2.3"]

    for entry in ("10.0.0.0/8", "10.1.2.3", "feeds.internal", "FEEDS.internal."):
        assert AddressGuard([entry], resolve).resolve("http://feeds.internal/")[2] == ["10.1.2.3"]
    for entry in ("10.2.0.0/16", "feeds.internal:81", "internal"):
        with pytest.raises(FetchError, match="not a public address"):
            AddressGuard([entry], resolve).resolve("http://feeds.internal/")


@pytest.mark.parametrize(
    "url", ["ftp://example.org/", "//example.org/", "http://", "http://a:b@example.org/", "http://x:99999/", ""]
)
def test_what_is_not_a_plain_http_url_is_rejected(url: str) -> None:
    with pytest.raises(FetchError):
        AddressGuard(resolve=resolve_public).resolve(url)


@given(st.ip_addresses(v=4))
def test_ipv4_address_inside_ipv6_is_judged_by_the_ipv4_address(address: ipaddress.IPv4Address) -> None:
    mapped, translated, tunnelled = 0xFFFF << 32, 0x64FF9B << 96, 0x2002 << 112
    for wrapped in (mapped | int(address), translated | int(address), tunnelled | int(address) << 80):
        assert is_public_address(ipaddress.IPv6Address(wrapped)) == is_public_address(address)


@pytest.mark.parametrize(
    "text", ["8.8.8.8", "1.1.1.1", "93.184.215.14", "2606:4700::1111", "2001:4860:4860::8888", "64:ff9b::808:808"]
)
def test_public_addresses_are_public(text: str) -> None:
    assert is_public_address(ipaddress.ip_address(text))


PRIVATE = """
    0.0.0.0 10.0.0.1 100.64.0.1 127.8.8.8 169.254.0.1 172.16.0.1 192.0.0.8 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1
    203.0.113.1 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255 :: ::1 ::7f00:1 fc00::1 fe80::1 fec0::1 ff02::1
    2001:db8::1 2002:a00:1:: 64:ff9b::a00:1 3fff::1
"""


@pytest.mark.parametrize("text", PRIVATE.split())
def test_every_kind_of_private_address_is_private(text: str) -> None:
    assert not is_public_address(ipaddress.ip_address(text))


def test_certificate_is_checked_against_the_name_and_not_the_address(tmp_path: Path) -> None:
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=feeds.example.org"]
    files = ["-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "cert")]
    try:
        subprocess.run(
            [*make, *files, "-addext", "subjectAltName=DNS:feeds.example.org"], check=True, capture_output=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs the openssl program to make a certificate")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    rule = FetchSettings(allow=("127.0.0.1",))
    with run_upstream(context) as secure:
        secure.routes["/feed"] = reply("x")
        url = f"https://feeds.example.org:{secure.port}/feed"
        with HttpSession(tmp_path / "a", rule, resolve=resolve_loopback, ca_file=str(tmp_path / "cert")) as session:
            assert session.get(url).status == 200
            with pytest.raises(FetchError, match="certificate"):
                session.get(url.replace("feeds", "other"))
        with (
            HttpSession(tmp_path / "b", rule, resolve=resolve_loopback) as session,
            pytest.raises(FetchError, match="certificate"),
        ):
            session.get(url)


def resolve_public(host: str, port: int) -> list[str]:
    return ["8.8.8.8"]


def resolve_loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]
