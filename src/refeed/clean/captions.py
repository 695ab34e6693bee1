"""The text below a picture -> the caption, and who made the picture; and which other words are a caption. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from .blocks import Run, cut_text, join_lines, normalize_runs, split_lines, text_of_runs
from .bylines import CAPITALIZED_NAME
from .text import display_width, normalize_line

_LONGEST_CREDIT = 80
CAPTION_LABEL = re.compile(
    r"(?:图像加注文字|圖像加註文字|图像说明|圖像說明|图片说明|圖片說明|Image caption)\s*[，,:：]\s*"
)
_LABELS = (
    "图[像片]?(?:来源|版权|源)|圖[像片]?(?:來源|版權|源)|[图圖]|(?:图片|圖片|照片)?(?:摄影|攝影|摄|攝)|图片|圖片|照片",
    "写真|撮影|画像(?:提供)?|提供|사진",
    "Image (?:source|credit)s?|(?:Photo|Picture|Image)s?(?: ?(?:credits?|courtesy|source|illustration))?|Photographs?",
    "Credits?|Courtesy|Source",
    "Foto(?:s|graf(?:ie|ía)?|credit)?|Bild(?:quelle|rechte|nachweis)?|Quelle|Photographie|Crédits?(?: photos?)?",
    "Imagen|Fuente|Crédito|Фото(?:графия)?|Источник",
)
_CREDIT_LABEL = re.compile(
    rf"(?:(?:{'|'.join(_LABELS)})\s?[:：/／丨︱|]|"
    r"(?:图[像片](?:来源|版权)|圖[像片](?:來源|版權)|(?:Image source|Image credit|Credit)(?![a-z]))\s?[,，]?|"
    r"Courtesy of\b|"
    r"(?:Photo(?:graph|grapher|graphy|graphie)?s?|Pictures?|Images?|Foto(?:s|grafía)?)(?: ?illustration| courtesy)? "
    r"(?:by|par|von|de|di|da|door)(?= (?-i:[A-ZÀ-ÖØ-ÞА-ЯЁ])))\s*",
    re.IGNORECASE,
)
_AGENCY = (
    r"A\.?F\.?P\.?|A\.?P\.?|AP Photo|Reuters|Getty(?: Images)?|EPA(?:-EFE)?|EFE|DPA|ANSA|TASS|"
    r"PA(?: Wire| Media| Images)?|Alamy|Shutterstock|iStock|Unsplash|Pixabay|Pexels|Wikimedia(?: Commons)?|"
    r"Bloomberg|Xinhua|VCG|Imago(?: Images)?|"
    r"picture[ -]alliance|Keystone|Kyodo(?: News)?|Jiji|ZUMA(?: Press)?|Magnum(?: Photos)?|Redux|SIPA|REX|Flickr|"
    r"Facebook|Twitter|Instagram|YouTube|NASA|Hulton Archive|Corbis|Belga|APA|CNA|TT|NTB|ТАСС|РИА Новости|"
    r"新华社|新華社|中新社|路透社?|法新社|美联社|美聯社|彭博社?|共同社?|時事通信|中央社|韩联社|韓聯社|视觉中国|達志影像|"
    r"达志影像|东方\s?IC|欧新社|歐新社|德新社|塔斯社|脸书|臉書|推特|微博"
)
_WHOLE_AGENCY = re.compile(rf"(?:©\s?|\(c\)\s?)?(?:{_AGENCY})(?:资料图片?|資料照片?|档案(?:图片)?)?", re.IGNORECASE)
_PARTS = re.compile(r"[/／|,，、;；·•—–]|\s-\s|\bvia\b|\bfor\b")
_PERSON = re.compile(
    rf"(?:©\s?)?(?:{CAPITALIZED_NAME}|[A-Z][\w.&'’-]*(?: [A-Z][\w.'’-]*){{0,4}}|[\u3400-\u9fff·]{{2,10}})"
)
_MADE_BY = re.compile(r"[\u3400-\u9fff·／/\w ]{2,20}(?:摄|攝|摄影|攝影|供图|供圖|提供|撮影)")
_IN_BRACKETS = re.compile(r"\s*[（(\[【]([^()（）\[\]【】]{2,80})[)）\]】]\s*[。.]?$")
_AFTER_SENTENCE = re.compile(r"(?<=[。.!?！？”\"])\s*([^。!?！？]{4,80})$")
_AFTER_MARK = re.compile(rf"(?<!\s)\s*[,;|｜/／]\s*((?:{_CREDIT_LABEL.pattern})[^.。]{{2,60}}\.?)$", re.IGNORECASE)
_AFTER_SLASH = re.compile(rf"\s/\s({CAPITALIZED_NAME})$")


class Credit(NamedTuple):
    """A caption without the credit in it."""

    runs: list[Run]
    credit: str
    label: str
    """The words that only say that a name follows."""


def split_credit(runs: list[Run]) -> Credit:
    """Find who made a picture: all of a short caption, its last line, or its end in brackets or after a sentence."""
    lines = split_lines(runs)
    last = normalize_line(text_of_runs(lines[-1]))
    if credit := parse_credit(last):
        return Credit(normalize_runs(join_lines(lines[:-1])), *credit)
    text = text_of_runs(runs)
    start = max(0, len(text) - _LONGEST_CREDIT - 10)
    for pattern in (_IN_BRACKETS, _AFTER_SENTENCE, _AFTER_MARK, _AFTER_SLASH):
        match = pattern.search(text, start)
        if match and match.start():
            credit = (match[1], "") if pattern is _AFTER_SLASH else parse_credit(normalize_line(match[1]))
            if credit:
                return Credit(cut_text(runs, match.start(), len(text)), *credit)
    return Credit(runs, "", "")


def parse_credit(text: str) -> tuple[str, str] | None:
    """Return (name, label) of a text that only says who made a picture; None for any other text."""
    if not text or len(text) > _LONGEST_CREDIT:
        return None
    bare, labels = strip_credit_label(text)
    if labels:
        return bare, labels
    parts = [part for each in _PARTS.split(bare.rstrip(".。")) if (part := each.strip())]
    is_agency = any(_WHOLE_AGENCY.fullmatch(part) for part in parts)
    if is_agency and all(_WHOLE_AGENCY.fullmatch(part) or _PERSON.fullmatch(part) for part in parts):
        return bare, ""
    return (bare, "") if _MADE_BY.fullmatch(bare) and " " in bare else None


def is_credited_name(text: str) -> bool:
    """True for names of persons and agencies, and nothing else."""
    parts = [part for each in _PARTS.split(text.rstrip(".。")) if (part := each.strip())]
    return bool(parts) and all(_WHOLE_AGENCY.fullmatch(part) or _PERSON.fullmatch(part) for part in parts)


def is_copyright_line(text: str) -> bool:
    """True for a short text that begins with ©, as credits below pictures do."""
    return len(text) <= _LONGEST_CREDIT and text.startswith("©") and len(text) > 2


def starts_with_credit_label(text: str) -> bool:
    """True for a short text that begins with `Photo:`, `图源：` or the like."""
    return len(text) <= _LONGEST_CREDIT and _CREDIT_LABEL.match(text) is not None


def strip_credit_label(credit: str) -> tuple[str, str]:
    """Return a credit without brackets and labels, and the labels."""
    credit = trim_credit(credit)
    labels = []
    while (label := _CREDIT_LABEL.match(credit)) and label.end() < len(credit):
        labels.append(label[0].strip())
        credit = trim_credit(credit[label.end() :])
    return credit, " ".join(labels)


def trim_credit(credit: str) -> str:
    """Return a credit without brackets around it, and without one that has no partner."""
    credit = credit.strip()
    for opening, closing in ("()", "（）", "[]"):
        if credit.startswith(opening) and credit.endswith(closing) and credit.count(opening) == 1:
            return credit[1:-1].strip()
        if credit.endswith(closing) and opening not in credit:
            return credit[:-1].strip()
        if credit.startswith(opening) and closing not in credit:
            return credit[1:].strip()
    return credit


_FILE_NAME = re.compile(
    r"[\w .()@+%-]*\.(?:jpe?g|png|gif|webp)|"
    r"(?:image|img|photo|picture|screen ?shot|图片|图像|照片|截图)?[\W\d_]*(?:at)?[\W\d_]*",
    re.IGNORECASE,
)
_INSTRUCTION = re.compile(
    r"(?:click|tap|open|view|zoom|enlarge|download|点击|點擊|点按|查看|klicken|zum vergrößern|cliquez|haga clic|pulse|"
    r"нажмите|クリック).{0,40}",
    re.IGNORECASE,
)
_NARROWEST_CAPTION = 20


def is_file_name(text: str) -> bool:
    """True for a picture's text that is only the name of its file, a number, or nothing."""
    return _FILE_NAME.fullmatch(text) is not None


def reads_as_caption(text: str) -> bool:
    """True for a picture's title that tells what it shows: some words, and neither a file name nor an instruction."""
    if display_width(text) < _NARROWEST_CAPTION or is_file_name(text) or _INSTRUCTION.fullmatch(text) or "://" in text:
        return False
    return text.count(" ") >= 3 or display_width(text) - len(text) >= 6
