"""Requests for documents, compared with nginx and with a WSGI function that does nothing else on the same server.

    python -m bench.serve [--seconds N]

Needs nginx and wrk. The bytes are the same, each server has one process, and rounds alternate between the servers; the
medians are compared. On a busy machine the processor time of a request says more than the rate. Targets: 304s at 0.35 of
nginx's rate, documents at 0.6 of it. Last, documents are polled while forty clients request slow pages; the target is a
99th percentile of 50 ms.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from refeed.render import checksum

ROOT = Path(__file__).parents[1]
SIZES = (20, 60, 100, 400)
"""kB of the sample documents."""
CONNECTIONS = 32

_NGINX = """
worker_processes 1; daemon off; pid {home}/nginx.pid; error_log {home}/nginx.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 10000000; etag on; gzip_static on; gzip_vary on;
  types {{ application/atom+xml atom; }}
  client_body_temp_path {home}; proxy_temp_path {home}; fastcgi_temp_path {home};
  uwsgi_temp_path {home}; scgi_temp_path {home};
  server {{
    listen 127.0.0.1:{port}; root {home};
    add_header Cache-Control "max-age=300, stale-while-revalidate=600, stale-if-error=86400";
    add_header Link '<https://feeds.example.org/feeds/x.atom>; rel="self"';
    add_header Access-Control-Allow-Origin "*"; add_header Access-Control-Expose-Headers "ETag, Link";
    add_header X-Content-Type-Options nosniff; add_header Referrer-Policy no-referrer;
    add_header Content-Security-Policy "default-src 'none'; style-src 'self'; sandbox";
  }}
}}
"""

_BARE = """
from pathlib import Path
from granian import Granian
from granian.constants import HTTPModes, Interfaces

def load():
    answers = {{f"/feeds/source/{{file.name}}": file.read_bytes() for file in Path({home!r}, "feeds/source").iterdir()}}
    common = [("ETag", '"bare"'), ("Cache-Control", "max-age=300"), ("Vary", "Accept-Encoding")]

    def app(environ, start_response):
        if "HTTP_IF_NONE_MATCH" in environ:
            start_response("304 Not Modified", common[:])
            return [b""]
        coded = "HTTP_ACCEPT_ENCODING" in environ
        body = answers[environ["PATH_INFO"] + (".gz" if coded else "")]
        headers = [("Content-Type", "application/atom+xml"), ("Content-Length", str(len(body))), *common]
        start_response("200 OK", [*headers, ("Content-Encoding", "gzip")] if coded else headers)
        return [body]

    return app

Granian("bare", port={port}, interface=Interfaces.WSGI, http=HTTPModes.http1, websockets=False, blocking_threads=4,
        backpressure=4096).serve(target_loader=load, wrap_loader=False)
"""
"""A WSGI function without any work, on the server of refeed."""


@dataclass(frozen=True)
class RequestKind:
    """One kind of request."""

    name: str
    path: str
    headers: tuple[str, ...] = ()
    conditional: bool = False
    target: float = 0.6
    """Least ratio of the rate to nginx's."""


@dataclass
class Rate:
    """What wrk measured of one server."""

    per_second: float = 0.0
    p99: float = 0.0
    """Milliseconds."""
    processor: float = 0.0
    """Processor microseconds of one request, in all processes of the server."""

    @classmethod
    def median(cls, rates: list[Rate]) -> Rate:
        return cls(*(statistics.median(getattr(rate, part.name) for rate in rates) for part in fields(cls)))


def request_kinds() -> list[RequestKind]:
    documents = [
        (f"feeds/source/sample-{size}.atom", size, kind, headers)
        for size in SIZES
        for kind, headers in (("plain", ()), ("gzip", ("Accept-Encoding: gzip",)))
    ]
    kinds = [RequestKind("304", f"feeds/source/sample-{SIZES[1]}.atom", conditional=True, target=0.35)]
    return kinds + [RequestKind(f"200 {kind} {size} kB", path, headers) for path, size, kind, headers in documents]


def make_document(size: int) -> bytes:
    """A document with its checksum, of about `size` kB, that compresses to a third, as Chinese news does."""
    chance = random.Random(size)
    words = ["".join(chr(0x4E00 + int(chance.paretovariate(0.6)) % 3000) for _ in range(3)) for _ in range(2000)]
    weights = [1 / (n + 3) for n in range(len(words))]
    lines: list[str] = []
    while sum(map(len, lines)) * 3 < size * 1000:
        lines.append(f"<p>{''.join(chance.choices(words, weights, k=30))}</p>\n")
    return checksum.add_checksum(b"<sample>" + "".join(lines).encode()[: size * 1000] + b"</sample>\n")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def run_process(command: list[str], port: int, path: str, **environ: str) -> Iterator[int]:
    """Run a server until the end of the block; yields its process id."""
    process = subprocess.Popen(command, env=os.environ | environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=2):
                break
            time.sleep(0.1)
        else:
            raise SystemExit(f"{command[0]} did not answer")
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def processor_time(pid: int) -> float:
    """Processor microseconds that a process and its children have used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    ticks = int(fields[11]) + int(fields[12])
    return ticks * 1e6 / os.sysconf("SC_CLK_TCK") + sum(processor_time(int(child)) for child in children)


def measure(port: int, pid: int, what: RequestKind, seconds: int, connections: int = CONNECTIONS) -> Rate:
    url, headers = f"http://127.0.0.1:{port}/{what.path}", list(what.headers)
    if what.conditional:
        with urllib.request.urlopen(url) as response:
            headers.append(f"If-None-Match: {response.headers['ETag']}")
    options = [part for header in headers for part in ("-H", header)]
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", *options, url]
    before = processor_time(pid)
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    used = processor_time(pid) - before
    if "Non-2xx" in output and not what.conditional:
        raise SystemExit(f"{url}: {output}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", output)
    count = re.search(r"(\d+) requests in", output)
    if not rate or not p99 or not count:
        raise SystemExit(f"unexpected output of wrk: {output}")
    return Rate(float(rate[1]), float(p99[1]) * {"us": 0.001, "ms": 1, "s": 1000}[p99[2]], used / int(count[1]))


@contextlib.contextmanager
def run_servers(home: Path) -> Iterator[dict[str, tuple[int, int]]]:
    """Run the three servers over the sample documents; yields the port and the process id of each."""
    home.chmod(0o755)
    ports = {name: free_port() for name in ("nginx", "bare", "refeed")}
    (home / "nginx.conf").write_text(_NGINX.format(home=home, port=ports["nginx"]))
    environ = {
        "PORT": str(ports["refeed"]),
        "REFEED_CONFIG": str(ROOT / "config.yaml"),
        "REFEED_FEEDS": str(home / "feeds"),
        "REFEED_VAR": str(home / "var"),
        "REFEED_DUMPS": str(ROOT / "seeds"),
        "PYTHONPATH": str(ROOT / "src"),
        "WEB_CONCURRENCY": "1",
    }
    commands = {
        "nginx": [shutil.which("nginx") or "/usr/sbin/nginx", "-c", str(home / "nginx.conf")],
        "bare": [sys.executable, "-c", _BARE.format(home=str(home), port=ports["bare"])],
        "refeed": [sys.executable, "-m", "refeed", "serve", "--no-worker", "--host", "127.0.0.1"],
    }
    ingest = [sys.executable, "-m", "refeed", "ingest"]
    subprocess.run(ingest, env=os.environ | environ, check=True, capture_output=True)
    for size in SIZES:  # after publishing, which removes what is not its own
        file = home / "feeds" / "source" / f"sample-{size}.atom"
        file.write_bytes(make_document(size))
        Path(f"{file}.gz").write_bytes(gzip.compress(file.read_bytes(), 7, mtime=0))
    with contextlib.ExitStack() as stack:
        path = request_kinds()[0].path
        yield {
            name: (port, stack.enter_context(run_process(commands[name], port, path, **environ)))
            for name, port in ports.items()
        }


def compare(servers: dict[str, tuple[int, int]], what: RequestKind, seconds: int, rounds: int) -> dict[str, Rate]:
    """The rates of all servers for one kind of request."""
    rates: dict[str, list[Rate]] = {name: [] for name in servers}
    for _ in range(rounds):
        for name, (port, pid) in servers.items():
            rates[name].append(measure(port, pid, what, seconds))
    return {name: Rate.median(each) for name, each in rates.items()}


def poll_beside_pages(port: int, seconds: int) -> Rate:
    """Polls of eight clients while forty clients request the slowest page without pause."""
    pages = ["wrk", "-t1", "-c40", f"-d{seconds + 1}s", f"http://127.0.0.1:{port}/status"]
    with subprocess.Popen(pages, stdout=subprocess.DEVNULL):
        time.sleep(0.5)
        return measure(port, os.getpid(), request_kinds()[0], seconds, connections=8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=2, help="length of each round")
    parser.add_argument("--rounds", type=int, default=5, help="rounds for each server and kind of request")
    options = parser.parse_args()
    for program in ("nginx", "wrk"):
        if not (shutil.which(program) or Path(f"/usr/sbin/{program}").exists()):
            raise SystemExit(
                f"bench.serve: {program} is not installed; on Debian and Ubuntu: apt-get install nginx wrk"
            )
    print(f"{'':18}" + "".join(f"{name:>26}" for name in ("nginx", "bare function", "refeed")) + f"{'of nginx':>17}")
    print(f"{'':18}" + f"{'a second':>10}{'p99 ms':>8}{'us each':>8}" * 3 + f"{'rate':>9}{'target':>8}{'of bare':>9}")
    with tempfile.TemporaryDirectory() as folder, run_servers(Path(folder)) as servers:
        for what in request_kinds():
            rates = compare(servers, what, options.seconds, options.rounds)
            columns = [f"{rate.per_second:10.0f}{rate.p99:8.2f}{rate.processor:8.0f}" for rate in rates.values()]
            rate, nginx, bare = (rates[name].per_second for name in ("refeed", "nginx", "bare"))
            print(
                f"{what.name:18}{''.join(columns)}{rate / nginx:9.2f}{what.target:8.2f}{rate / bare:9.2f}", flush=True
            )
        beside = Rate.median([poll_beside_pages(servers["refeed"][0], options.seconds) for _ in range(options.rounds)])
        print(
            f"304s beside forty clients of a slow page: {beside.per_second:.0f} a second, p99 {beside.p99:.1f} ms (target 50)"
        )


if __name__ == "__main__":
    main()
