"""The cache of images: what is kept, what is refused, and its bounds. All servers are on loopback."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from helpers.upstream_server import UpstreamServer, reply
from refeed.config.settings import FetchSettings
from refeed.fetch.image_cache import IMAGE_BYTES, CachedImage, ImageCache, sniff_image

PNG = b"\x89PNG\r\n\x1a\n" + b"a sample, not a picture"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def make_cache(tmp_path: Path, *allow: str, **limits: object) -> ImageCache:
    settings = FetchSettings(allow=allow or ("127.0.0.1",))
    return ImageCache(tmp_path / "images", settings, **limits)  # type: ignore[arg-type]


def test_an_image_is_fetched_once_and_kept_through_restarts(tmp_path: Path, upstream: UpstreamServer) -> None:
    upstream.routes["/a.png"] = reply(PNG, Content_Type="text/html", Set_Cookie="id=1")
    cache = make_cache(tmp_path)
    for _ in range(2):
        assert cache.get("ab" * 16, upstream.url("/a.png")) == CachedImage(PNG, "image/png")
    upstream.routes.clear()
    assert make_cache(tmp_path).get("ab" * 16, upstream.url("/a.png")) == CachedImage(PNG, "image/png")
    assert upstream.count("/a.png") == 1
    assert "Cookie" not in upstream.requests[0][2]


@pytest.mark.parametrize("body", [SVG, b"<!doctype html><p>a page", b"", b"\x89PN", b"%PDF-1.7", b"BM" + bytes(99)])
def test_what_is_no_raster_image_is_refused_whatever_its_type_says(
    tmp_path: Path, upstream: UpstreamServer, body: bytes
) -> None:
    upstream.routes["/a.png"] = reply(body, Content_Type="image/png")
    cache = make_cache(tmp_path)
    assert cache.get("ab" * 16, upstream.url("/a.png")) is None
    assert cache.get("ab" * 16, upstream.url("/a.png")) is None
    assert upstream.count("/a.png") == 1  # not tried again for some minutes
    assert not list((tmp_path / "images").rglob("*"))


def test_every_raster_format_is_recognized() -> None:
    starts = [b"\xff\xd8\xff\xe0", PNG, b"GIF87a", b"GIF89a", b"RIFF0000WEBPVP8 ", b"\0\0\0\x20ftypavif"]
    assert [sniff_image(start).removeprefix("image/") for start in starts] == [
        *("jpeg", "png", "gif", "gif", "webp", "avif")
    ]


def test_private_addresses_are_refused_also_behind_a_redirect(tmp_path: Path, upstream: UpstreamServer) -> None:
    upstream.routes["/secret.png"] = reply(PNG)
    assert make_cache(tmp_path, "nobody.example").get("ab" * 16, upstream.url("/secret.png")) is None
    assert upstream.requests == []
    port = upstream.port
    for number, target in enumerate(("http://169.254.169.254/a.png", "http://10.0.0.1/", "file:///etc/passwd")):
        upstream.routes["/a.png"] = reply(status=302, Location=target)
        cache = make_cache(tmp_path, f"127.0.0.1:{port}", seconds=timedelta(seconds=30))
        assert cache.get(f"{number:032x}", upstream.url("/a.png")) is None


def test_a_huge_image_is_refused(tmp_path: Path, upstream: UpstreamServer) -> None:
    upstream.routes["/a.png"] = reply(PNG + bytes(IMAGE_BYTES))
    assert make_cache(tmp_path).get("ab" * 16, upstream.url("/a.png")) is None


def test_a_slow_image_is_given_up(tmp_path: Path, upstream: UpstreamServer) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for byte in PNG * 100:
            handler.wfile.write(bytes([byte]))
            time.sleep(0.02)

    upstream.routes["/a.png"] = drip
    assert make_cache(tmp_path, seconds=timedelta(seconds=0.3)).get("ab" * 16, upstream.url("/a.png")) is None


@pytest.mark.parametrize("limits", [{"total_files": 4}, {"total_bytes": 4 * len(PNG), "total_files": 40}])
def test_images_that_were_used_least_recently_make_room(
    tmp_path: Path, upstream: UpstreamServer, limits: dict[str, int]
) -> None:
    cache = make_cache(tmp_path, **limits)
    for number in range(6):
        upstream.routes[f"/{number}.png"] = reply(PNG)
        name = f"{number:02x}" * 16
        assert cache.get(name, upstream.url(f"/{number}.png"))
        path = tmp_path / "images" / name[:2] / name
        os.utime(path, (time.time() - 1000 + number,) * 2)
    kept = {path.name[:2] for path in (tmp_path / "images").glob("*/*")}
    assert "00" not in kept
    assert "05" in kept
    assert len(kept) <= 4
