"""A dump's bytes -> its text with `\\n` line ends, or the byte at which it stops being text."""

from __future__ import annotations

import codecs
import re

from ..errors import QuarantineError

_WIDE = ((codecs.BOM_UTF32_LE, "UTF-32"), (codecs.BOM_UTF32_BE, "UTF-32"))
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ODD_LINE_ENDS = re.compile("[\v\f\x85\u2028\u2029]")
_BLANK = re.compile(r"[\s\ufeff\u200b]*\Z")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_AGAIN = "it is read again when it changes"

# Nearly all bytes of Big5, EUC-KR, EUC-JP and Shift_JIS are GB18030 as well, of other characters. Chinese shows by
# the characters that every text has: of 169 real dumps in GB18030 at least .40 of the characters beyond ASCII are
# these (.32 when in Traditional characters), of the same in Big5 at most .065, of Korean and Japanese at most .08.
_COMMON = frozenset(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后"
    "多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因"
    "由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问"
    "意建月公无系军很情者最立代想已通并提直题党程展五果料象员位入常文总次品式活设及管特件长求老头基资边流路级少图山统"
    "接知较将组见计别报告美港香京被示议成声称方新闻标容章例测试。，、：；！？“”（）《》"
)
_CHINESE = 0.15
_ENOUGH = 8
_LOOK = 20_000


def decode_dump(data: bytes) -> tuple[str, tuple[str, ...]]:
    """The text of a dump, and a doubt when its encoding was guessed.

    UTF-8 with or without a mark, UTF-16 with one, GB18030 when all of it is and it reads as Chinese.
    Raises QuarantineError naming the byte, counted from 1.
    """
    if not data:
        raise QuarantineError(f"the file is empty; {_AGAIN}")
    for mark, name in _WIDE:
        if data.startswith(mark):
            raise QuarantineError(f"byte 1: the file is in {name}; save it as UTF-8")
    text, doubts = (_utf16(data), ()) if data.startswith(_UTF16) else _bytewise(data)
    if _BLANK.match(text):
        raise QuarantineError(f"the file holds nothing but blanks; {_AGAIN}")
    nulls = text.count("\0")
    # One in a field is a blemish; more than one in fifty is no text, or UTF-16 that does not say so.
    if nulls * 50 > len(text):
        raise _binary(data)
    return _with_line_ends(text), doubts


def _bytewise(data: bytes) -> tuple[str, tuple[str, ...]]:
    try:
        return data.decode("utf-8-sig"), ()
    except UnicodeDecodeError as error:
        # The codec counts from behind the mark that it took off.
        place = error.start + (3 if data.startswith(codecs.BOM_UTF8) else 0)
        if error.reason == "unexpected end of data":
            raise _cut(place) from error
        return _gb18030(data, place), ("in GB18030, not UTF-8",)


def _utf16(data: bytes) -> str:
    try:
        return data.decode("utf-16")
    except UnicodeDecodeError as error:
        if error.reason in ("truncated data", "unexpected end of data"):
            raise _cut(error.start) from error
        raise QuarantineError(f"byte {error.start + 1:,}: this is not UTF-16, though it begins as such") from error


def _gb18030(data: bytes, place: int) -> str:
    """The text, when it is surely that; `place` is the byte that is not UTF-8."""
    if b"\0" in data:
        raise _binary(data)
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError as error:
        if error.reason == "incomplete multibyte sequence" and _reads_as_chinese(data[: error.start].decode("gb18030")):
            raise _cut(error.start) from error
        raise _unknown(data, place) from error
    if not _reads_as_chinese(text):
        raise _unknown(data, place)
    return text


def _reads_as_chinese(text: str) -> bool:
    beyond = _NOT_ASCII.findall(text[:_LOOK])
    if 0 < len(beyond) < _ENOUGH and _in_gb2312("".join(beyond)):
        return True
    return sum(character in _COMMON for character in beyond) > _CHINESE * len(beyond)


def _in_gb2312(text: str) -> bool:
    try:
        text.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _with_line_ends(text: str) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\n" not in text:
        text = _ODD_LINE_ENDS.sub("\n", text)
    return text


def _cut(place: int) -> QuarantineError:
    return QuarantineError(
        f"byte {place + 1:,}: the file ends inside a character; it is read again when it is complete"
    )


def _unknown(data: bytes, place: int) -> QuarantineError:
    what = f"byte {place + 1:,} (0x{data[place]:02x})"
    return QuarantineError(f"{what}: the file is neither UTF-8 nor surely GB18030; save it as UTF-8")


def _binary(data: bytes) -> QuarantineError:
    what = f"byte {data.index(0) + 1:,} is NUL"
    return QuarantineError(f"{what}: this is a binary file, or UTF-16 without its mark; save it as UTF-8")
