"""A document <-> the document with a SHA-256 checksum at its end, so that a damaged or foreign file is never served.

An XML document ends in `<!-- sha256:… -->`, a JSON one in the member `"_refeed":{"sha256":"…"}`. Anybody can verify it,
no second file can disagree with it, and the checksum is the document's ETag.
"""

from __future__ import annotations

from hashlib import sha256

_XML = (b"<!-- sha256:", b" -->\n")
_JSON = (b',"_refeed":{"sha256":"', b'"}}\n')
_DIGITS = 64


def add_checksum(document: bytes) -> bytes:
    """Add the checksum to a complete XML document or JSON object."""
    if document.startswith(b"{"):
        body = document[: document.rindex(b"}")]
        before, after = _JSON
    else:
        body = document if document.endswith(b">\n") else document.rstrip() + b"\n"
        before, after = _XML
    return b"".join((body, before, sha256(body).hexdigest().encode(), after))


def read_checksum(data: bytes) -> str:
    """The checksum in a document, unverified. For bytes that `add_checksum` made just now."""
    _, after = _JSON if data.startswith(b"{") else _XML
    return data[-len(after) - _DIGITS : -len(after)].decode()


def strip_checksum(data: bytes) -> bytes:
    """The document without its checksum. For bytes that `verify_checksum` accepts."""
    before, after = _JSON if data.startswith(b"{") else _XML
    body = data[: len(data) - len(after) - _DIGITS - len(before)]
    return body + b"}" if before is _JSON[0] else body


def verify_checksum(data: bytes) -> str | None:
    """The checksum in hexadecimal; None when there is none, or when it is not that of these bytes."""
    before, after = _JSON if data.startswith(b"{") else _XML
    end = len(data) - len(after)
    start = end - _DIGITS - len(before)
    if start < 0 or data[end:] != after or data[start : start + len(before)] != before:
        return None
    computed = sha256(memoryview(data)[:start]).hexdigest()
    return computed if computed.encode() == data[end - _DIGITS : end] else None
