"""The body of an upstream feed -> its text. Its bytes are believed before what it says of itself. Pure."""

from __future__ import annotations

import codecs
import re

import charset_normalizer

# Encodings that feeds use. Other codecs of Python are excluded: punycode, for example, takes quadratic time.
_GUESSED = [
    *("utf_8", "gb18030", "big5", "big5hkscs", "cp950", "shift_jis", "cp932", "euc_jp", "euc_kr", "cp949", "koi8_r"),
    *(f"cp{n}" for n in range(1250, 1259)),
    *(f"iso8859_{n}" for n in (1, 2, 5, 6, 7, 8, 9, 11, 15)),
]
_7_BIT = ["hz", "iso2022_jp"]
_ENCODINGS = frozenset(
    [
        *_GUESSED,
        *_7_BIT,
        *(f"iso8859_{n}" for n in (3, 4, 10, 13, 14, 16)),
        *("koi8_u", "cp437", "cp850", "cp852", "cp855", "cp866", "mac_roman", "mac_cyrillic", "mac_latin2", "johab"),
    ]
)
_SUPERSETS = {"gb2312": "gb18030", "gbk": "gb18030"}
"""Feeds labelled gb2312 or gbk often use characters beyond them."""
_WINDOWS = {1: 1252, 2: 1250, 7: 1253, 8: 1255, 9: 1254, 13: 1257, 15: 1252}
"""Parts of ISO 8859, and what a text is in that has control characters there."""
_WESTERN = ("iso8859_1", "iso8859_15", "cp1252")
_STARTS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    b"<\0\0\0": "utf-32-le",
    b"\0\0\0<": "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    b"<\0": "utf-16-le",
    b"\0<": "utf-16-be",
}
"""Byte order marks, and the first character without one. UTF-32 begins like UTF-16."""
_XML_ENCODING = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_RUNS = re.compile(r"[^\x00-\x7f]{3,}")
_LATIN = re.compile("[\u00a0-\u024f\u2000-\u20cf]")
_CONTROLS = re.compile("[\x80-\x9f]")
_NEVER_WRITTEN = re.compile("[\x80-\x9f\ue000-\uf8ff\ufffd]")
_HALVES = re.compile(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]|\xed[\xa0-\xbf][\x80-\xbf]|\xc0\x80")
"""Surrogates and NUL as CESU-8 and Java write them, which UTF-8 does not allow."""


def decode_body(body: bytes, content_type: str) -> str:
    """The text of a body.

    A byte order mark decides; then UTF-8, if that is valid and not only ASCII. Otherwise it is the first encoding that
    fits: that of the XML declaration, that of the Content-Type header, the one that the text reads best in. A few
    wrong bytes are better than another encoding.
    """
    for mark, encoding in _STARTS.items():
        if body.startswith(mark):
            return body.decode(encoding, "replace")
    declared, charset = _XML_ENCODING.search(body[:400]), _CHARSET.search(content_type)
    names = [declared[1].decode() if declared else "", charset[1] if charset else ""]
    encodings = [known for name in names if (known := _known_encoding(name))]
    if body.isascii():
        return _decode_7_bit(body, encodings)
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        pass
    text = _HALVES.sub(_join_halves, body).decode("utf-8", "replace")
    right = len(_NOT_ASCII.findall(text)) - (wrong := text.count("\ufffd"))
    named = [encoding for encoding in encodings if encoding not in ("utf_8", *_7_BIT)]
    if right >= wrong * (2 if named else 1):
        # In a text of Latin letters, the wrong bytes come from Windows. In another they are parts of cut characters.
        is_latin = len(_LATIN.findall(text)) * 2 > right
        return _mix(body) if is_latin and wrong else text
    for encoding in named:
        other = _decode_as(body, encoding)
        if _reads_well(other, encoding):
            return other
    return _guess(body) or text


def _decode_7_bit(body: bytes, encodings: list[str]) -> str:
    for encoding in (*encodings, *(["iso2022_jp"] if b"\x1b$" in body else [])):
        if encoding in _7_BIT:
            try:
                return body.decode(encoding)
            except UnicodeDecodeError:
                continue
    return body.decode("ascii")


def _join_halves(match: re.Match[bytes]) -> bytes:
    """The character of two halves in UTF-8, and of one half the replacement character."""
    text = match[0].decode("utf-8", "surrogatepass") if match[0][0] == 0xED else "\0"
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd").encode()


def _mix(body: bytes) -> str:
    """UTF-8, with the bytes that are none in Windows-1252."""
    text = _HALVES.sub(_join_halves, body).decode("utf-8", "surrogateescape")
    return re.sub("[\udc80-\udcff]", lambda match: bytes([ord(match[0]) - 0xDC00]).decode("cp1252", "replace"), text)


def _decode_as(body: bytes, encoding: str) -> str:
    text = body.decode(encoding, "replace")
    windows = _WINDOWS.get(int(encoding.removeprefix("iso8859_"))) if encoding.startswith("iso8859_") else None
    return body.decode(f"cp{windows}", "replace") if windows and _CONTROLS.search(text) else text


def _reads_well(text: str, encoding: str) -> bool:
    """Whether nearly all characters are such as people write. Western letters with accents do not stand in rows."""
    count = len(_NOT_ASCII.findall(text))
    if len(_NEVER_WRITTEN.findall(text)) * 50 > count:
        return False
    return encoding not in _WESTERN or count < 6 or sum(map(len, _RUNS.findall(text))) * 2 <= count


def _guess(body: bytes) -> str:
    matches = charset_normalizer.from_bytes(body, cp_isolation=_GUESSED)
    best = matches.best()
    if best is None:
        return ""
    # Of encodings that read equally well, the one in widest use.
    equal = [match.encoding for match in matches if (match.chaos, match.coherence) == (best.chaos, best.coherence)]
    return body.decode("cp1252" if "cp1252" in equal else best.encoding, "replace")


def _known_encoding(name: str) -> str | None:
    try:
        known = codecs.lookup(name).name.replace("-", "_")
    except LookupError:
        return None
    known = _SUPERSETS.get(known, known)
    return known if known in _ENCODINGS else None
