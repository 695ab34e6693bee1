"""A dump's bytes -> its text with `\\n` line ends, or an error that names the first invalid byte."""

from __future__ import annotations

import codecs
import re

from ..errors import QuarantineError

_UTF32_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UNUSUAL_LINE_ENDS = re.compile("[\v\f\x85\u2028\u2029]")
_BLANK = re.compile(r"[\s\ufeff\u200b]*\Z")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")

# Nearly all bytes of Big5, EUC-KR, EUC-JP and Shift_JIS are also valid GB18030, but decode to wrong characters. Chinese
# is recognised by the most common characters: in 169 real dumps in GB18030, they are at least 0.40 of the characters
# beyond ASCII (0.32 in Traditional characters). In the same dumps in Big5 they are at most 0.065, in Korean and
# Japanese at most 0.08.
_COMMON = frozenset(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后"
    "多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因"
    "由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问"
    "意建月公无系军很情者最立代想已通并提直题党程展五果料象员位入常文总次品式活设及管特件长求老头基资边流路级少图山统"
    "接知较将组见计别报告美港香京被示议成声称方新闻标容章例测试。，、：；！？“”（）《》"
)
_MIN_COMMON = 0.15
_FEW = 8
"""With fewer characters beyond ASCII, their share means little. These characters only have to be in GB2312."""
_SAMPLE = 20_000


def decode_dump(data: bytes) -> tuple[str, tuple[str, ...]]:
    """Return the text of a dump, and an issue when its encoding was guessed.

    Accepts UTF-8 with or without a byte order mark, UTF-16 with a byte order mark, and GB18030 when it is all valid and
    reads as Chinese. Raises QuarantineError, which names the byte, counted from 1.
    """
    if not data:
        raise QuarantineError("the file is empty; it is read again when it changes")
    if data.startswith(_UTF32_MARKS):
        raise QuarantineError("byte 1: the file is in UTF-32; save it as UTF-8")
    issues: tuple[str, ...] = ()
    if data.startswith(_UTF16_MARKS):
        text = _decode_utf16(data)
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            # The codec does not count the bytes of the mark that it removes.
            position = error.start + (3 if data.startswith(codecs.BOM_UTF8) else 0)
            if error.reason == "unexpected end of data":
                raise _incomplete(position) from error
            text, issues = _decode_gb18030(data, position), ("in GB18030, not UTF-8",)
    if _BLANK.match(text):
        raise QuarantineError("the file has only blanks; it is read again when it changes")
    # A single NUL does no harm. More than one NUL in fifty characters means binary data, or UTF-16 without a mark.
    if text.count("\0") * 50 > len(text):
        raise _binary(data)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\n" not in text:
        text = _UNUSUAL_LINE_ENDS.sub("\n", text)
    return text, issues


def _decode_utf16(data: bytes) -> str:
    try:
        return data.decode("utf-16")
    except UnicodeDecodeError as error:
        if error.reason in ("truncated data", "unexpected end of data"):
            raise _incomplete(error.start) from error
        raise QuarantineError(f"byte {error.start + 1:,}: not valid UTF-16, as the first bytes say it is") from error


def _decode_gb18030(data: bytes, not_utf8: int) -> str:
    """Decode GB18030 that is certainly Chinese. `not_utf8` is the position of the first byte that is not UTF-8."""
    if b"\0" in data:
        raise _binary(data)
    unknown = QuarantineError(
        f"byte {not_utf8 + 1:,} (0x{data[not_utf8]:02x}): the file is neither UTF-8 nor certainly GB18030; "
        "save it as UTF-8"
    )
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError as error:
        if error.reason == "incomplete multibyte sequence" and _reads_as_chinese(data[: error.start].decode("gb18030")):
            raise _incomplete(error.start) from error
        raise unknown from error
    if not _reads_as_chinese(text):
        raise unknown
    return text


def _reads_as_chinese(text: str) -> bool:
    chars = _NOT_ASCII.findall(text[:_SAMPLE])
    if 0 < len(chars) < _FEW:
        try:
            "".join(chars).encode("gb2312")
        except UnicodeEncodeError:
            pass
        else:
            return True
    return sum(char in _COMMON for char in chars) > _MIN_COMMON * len(chars)


def _incomplete(position: int) -> QuarantineError:
    return QuarantineError(
        f"byte {position + 1:,}: the file ends inside a character; it is read again when it is complete"
    )


def _binary(data: bytes) -> QuarantineError:
    what = f"byte {data.index(0) + 1:,} is NUL"
    return QuarantineError(f"{what}: a binary file, or UTF-16 without a byte order mark; save it as UTF-8")
