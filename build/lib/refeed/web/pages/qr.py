"""An address -> a QR code as SVG, for the camera of a phone. Pure."""

from __future__ import annotations

from io import BytesIO

import segno


def qr_code(address: str) -> bytes:
    """Black on white whatever the page's colours, with the quiet zone that cameras need."""
    written = BytesIO()
    segno.make(address, error="m", micro=False).save(
        written, kind="svg", border=4, dark="#000", light="#fff", omitsize=True, svgclass=None, lineclass=None
    )
    return written.getvalue()
