"""A document's last line: the SHA-256 of all that stands before it, so that a damaged or foreign file is never served.

An XML document ends in `<!-- sha256:… -->`, a JSON one in the member `"_refeed":{"sha256":"…"}`. Anybody can check it,
no second file can be out of step with it, and the digest is the document's ETag.
"""

from __future__ import annotations

from hashlib import sha256

_XML = (b"<!-- sha256:", b" -->\n")
_JSON = (b',"_refeed":{"sha256":"', b'"}}\n')
_DIGITS = 64


def add_checksum(document: bytes) -> bytes:
    """Add the last line to a complete XML document or JSON object."""
    if document.startswith(b"{"):
        body = document[: document.rindex(b"}")]
        before, after = _JSON
    else:
        body = document if document.endswith(b">\n") else document.rstrip() + b"\n"
        before, after = _XML
    return b"".join((body, before, sha256(body).hexdigest().encode(), after))


def read_checksum(sealed: bytes) -> str:
    """The digest that a document names which was sealed just now, so that it is right."""
    _, after = _JSON if sealed.startswith(b"{") else _XML
    return sealed[-len(after) - _DIGITS : -len(after)].decode()


def strip_checksum(sealed: bytes) -> bytes:
    """The document without its last line. Only for bytes that `digest` found whole."""
    before, after = _JSON if sealed.startswith(b"{") else _XML
    body = sealed[: len(sealed) - len(after) - _DIGITS - len(before)]
    return body + b"}" if before is _JSON[0] else body


def verify_checksum(sealed: bytes) -> str | None:
    """The document's digest in hexadecimal, or None when the bytes are not what was sealed."""
    before, after = _JSON if sealed.startswith(b"{") else _XML
    end = len(sealed) - len(after)
    start = end - _DIGITS - len(before)
    if start < 0 or sealed[end:] != after or sealed[start : start + len(before)] != before:
        return None
    found = sha256(memoryview(sealed)[:start]).hexdigest()
    return found if found.encode() == sealed[end - _DIGITS : end] else None
