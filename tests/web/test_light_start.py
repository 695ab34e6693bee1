"""A web process serves documents without loading Flask and the store, until a page is requested."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = """
import json, os, sys, threading
from pathlib import Path
from refeed.render import checksum
from refeed.config.load import load_settings
from refeed.web.server import create_dispatcher

class Channel:
    def __init__(self):
        self.answered = threading.Event()
    def response_bytes(self, status, headers, body):
        self.status = status
        self.answered.set()

settings = load_settings(os.environ)
file = Path(settings.feeds_dir, "all.atom")
file.parent.mkdir(parents=True)
file.write_bytes(checksum.add_checksum(b"<sample/>\\n"))
dispatcher = create_dispatcher(settings)
seen = []
for path in ("/feeds/all.atom", "/healthz"):
    channel = Channel()
    dispatcher(channel, {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": "", "SERVER_NAME": "x",
                        "SERVER_PORT": "80", "wsgi.url_scheme": "http", "SERVER_PROTOCOL": "HTTP/1.1"})
    assert channel.answered.wait(60)
    heavy = [name for name in ("flask", "sqlalchemy", "lxml", "bs4", "opencc") if name in sys.modules]
    seen.append((channel.status, heavy))
print(json.dumps(seen))
"""


def test_documents_do_not_load_what_pages_need(tmp_path: Path) -> None:
    environ = os.environ | {
        "PYTHONPATH": str(ROOT / "src"),
        "REFEED_CONFIG": str(ROOT / "config.yaml"),
        "REFEED_FEEDS": str(tmp_path / "feeds"),
        "REFEED_VAR": str(tmp_path / "var"),
    }
    result = subprocess.run([sys.executable, "-c", SCRIPT], env=environ, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    (document, before), (page, after) = json.loads(result.stdout)
    assert (document, before) == (200, [])
    assert page == 200
    assert {"flask", "sqlalchemy"} <= set(after)
    assert "bs4" not in after  # parses dumps; no page needs it
