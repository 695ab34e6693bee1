"""A document <-> the document with a SHA-256 checksum at its end, so that a damaged or foreign file is never served.

An XML document ends with `<!-- sha256:… -->`, a JSON document with the member `"_refeed":{"sha256":"…"}`. Anyone can
verify the checksum, no second file can contradict it, and the document's ETag is made from it.
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
    """The checksum in a document, without verification. Only for bytes that `add_checksum` has just made."""
    _, after = _JSON if data.startswith(b"{") else _XML
    return data[-len(after) - _DIGITS : -len(after)].decode()


def strip_checksum(data: bytes) -> bytes:
    """The document without its checksum. Only for bytes that `verify_checksum` accepts."""
    before, after = _JSON if data.startswith(b"{") else _XML
    body = data[: len(data) - len(after) - _DIGITS - len(before)]
    return body + b"}" if before is _JSON[0] else body


def verify_checksum(data: bytes) -> str | None:
    """The checksum in hexadecimal; None when it is missing or does not match the bytes."""
    before, after = _JSON if data.startswith(b"{") else _XML
    end = len(data) - len(after)
    start = end - _DIGITS - len(before)
    if start < 0 or data[end:] != after or data[start : start + len(before)] != before:
        return None
    computed = sha256(memoryview(data)[:start]).hexdigest()
    return computed if computed.encode() == data[end - _DIGITS : end] else None
