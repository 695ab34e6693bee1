"""Made-up reports of made-up events, for tests of stories: sources tell the same names and numbers in other words."""

from __future__ import annotations

import random

from helpers.store_builders import SOURCES, file_result
from refeed.store.dump_recording import FileResult

_COMMON = (
    "今天",
    "表示",
    "进行",
    "问题",
    "方面",
    "认为",
    "已经",
    "没有",
    "可以",
    "因为",
    "他们",
    "这个",
    "目前",
    "有关",
    "指出",
    "报道",
    "情况",
    "工作",
    "必须",
    "继续",
)


def report(
    number: int, event: int, minutes: int = 0, *, days: int = 0, source: str = "", version: int = 0
) -> FileResult:
    """Report `number`, of an event, published so long after noon of the first of January 2024."""
    names, own = random.Random(f"event {event}"), random.Random(f"report {number} {version}")
    words = ["".join(chr(names.randrange(0x4E00, 0x9000)) for _ in range(3)) for _ in range(6)]
    count = str(names.randrange(200, 9000))
    told = [*own.sample(words, 5), count]
    own.shuffle(told)
    lead = "".join(f"{word}{own.choice(_COMMON)}" for word in told)
    text = f"（样本）{lead}。" + "".join(own.choice(_COMMON) for _ in range(30))
    return file_result(
        number,
        version,
        source=source or SOURCES[number % len(SOURCES)],
        days=days,
        minutes=minutes,
        title=f"样本：{words[0]}{own.choice(_COMMON)}{words[1]}{own.choice(_COMMON)}{own.choice(words[2:])}",
        text=text,
    )
