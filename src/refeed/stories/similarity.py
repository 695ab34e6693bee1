"""Two signatures -> how likely both report the same event, and what says so. Pure."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from math import exp, log1p, log2

import msgspec

from .signatures import Signature, Weights

WEIGHTS = "story_weights-2026-11-28.json"
"""What the features count. The file never changes, because every change makes other stories: `bench/train_stories.py`
writes a new one."""
_SAME_TEXT = 0.6
"""From this similarity on, two texts with the same title are one report, told again."""
_OTHER_TITLE = 0.3
"""Below this similarity, two titles are about different things."""

FEATURES = (
    "title",
    "body",
    "title in text",
    "text in title",
    "rare terms",
    "numbers",
    "other numbers",
    "hours apart",
    "same source",
    "parts",
    "title and body",
    "same source, title",
)


class Model(msgspec.Struct, frozen=True):
    """The weights of the features, and the scores that decide."""

    bias: float
    features: dict[str, float]
    min_score: float
    """Entries are joined from this score on."""
    min_story_score: float
    """What the two best scores with reports of a story are on average, at least, if an entry has two with them."""


@cache
def load_model() -> Model:
    """The weights that ship with this version."""
    return msgspec.json.decode(files(__package__).joinpath(WEIGHTS).read_bytes(), type=Model)


def compare(later: Signature, earlier: Signature) -> float:
    """How likely two entries report the same event, from 0 to 1."""
    if is_series(later, earlier):
        return 0.0
    model = load_model()
    features = zip(model.features.values(), measure(later, earlier), strict=True)
    total = sum((weight * value for weight, value in features), model.bias)
    return 1 / (1 + exp(-max(-60.0, min(60.0, total))))


def is_series(later: Signature, earlier: Signature) -> bool:
    """Whether two entries are issues of a series: titles of a source that differ in numbers alone, or recur above other
    texts; or a text that a source repeats below other titles, as channels describe themselves below each video."""
    is_same_text = _cosine_body(later, earlier) >= _SAME_TEXT
    if later.series == earlier.series:
        return later.headline != earlier.headline or not is_same_text
    return later.source == earlier.source and is_same_text and _cosine_title(later, earlier) < _OTHER_TITLE


def measure(later: Signature, earlier: Signature) -> tuple[float, ...]:
    """The features of a pair, in the order of FEATURES."""
    title = _cosine_title(later, earlier)
    body = _cosine_body(later, earlier)
    forth, back = _share(later.title, earlier.all), _share(earlier.title, later.all)
    common = later.head.keys() & earlier.head.keys()
    rare = sum(max(0, later.head[term] - 4) for term in common)
    numbers = {term for term in later.head if term & 1}, {term for term in earlier.head if term & 1}
    shared = len(numbers[0] & numbers[1])
    other = min(len(numbers[0]), len(numbers[1])) - shared
    same_source = float(later.source == earlier.source)
    hours = abs(later.published - earlier.published) / 3600
    return (
        title,
        body,
        max(forth, back),
        min(forth, back),
        log1p(rare / 8),
        log1p(shared),
        log1p(other),
        log2(1 + hours / 6),
        same_source,
        float(max(later.parts, earlier.parts) > 1),
        title * body,
        same_source * title,
    )


def _cosine_title(one: Signature, other: Signature) -> float:
    return _cosine(one.title, other.title, one.norms[0], other.norms[0])


def _cosine_body(one: Signature, other: Signature) -> float:
    return _cosine(one.body, other.body, one.norms[1], other.norms[1])


def _cosine(one: Weights, other: Weights, norm: float, other_norm: float) -> float:
    if not norm or not other_norm:
        return 0.0
    if len(other) < len(one):
        one, other = other, one
    return sum(weight * other[term] for term, weight in one.items() if term in other) / (norm * other_norm)


def _share(part: Weights, whole: Weights) -> float:
    total = sum(part.values())
    return sum(weight for term, weight in part.items() if term in whole) / total if total else 0.0
