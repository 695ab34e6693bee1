"""Two signatures -> how likely both report the same event, and what says so. Pure."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from math import exp, log1p, log2
from operator import mul

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
    link_score: float
    """From this score on, an entry says that its earlier neighbours may be one story."""


@cache
def load_model() -> Model:
    """The weights that ship with this version."""
    return msgspec.json.decode(files(__package__).joinpath(WEIGHTS).read_bytes(), type=Model)


def compare(later: Signature, earlier: Signature) -> float:
    """How likely two entries report the same event, from 0 to 1."""
    features = measure(later, earlier)
    if is_series(later, earlier, title=features[0], body=features[1]):
        return 0.0
    model = load_model()
    total = sum(map(mul, model.features.values(), features), model.bias)
    return 1 / (1 + exp(-max(-60.0, min(60.0, total))))


def is_series(later: Signature, earlier: Signature, *, title: float, body: float) -> bool:
    """Whether two entries are issues of a series, by the similarity of their titles and bodies: titles of a source that
    differ in numbers alone, or recur above other texts; or a text that a source repeats below other titles, as channels
    describe themselves below each video."""
    if later.series == earlier.series:
        return later.headline != earlier.headline or body < _SAME_TEXT
    return later.source == earlier.source and body >= _SAME_TEXT and title < _OTHER_TITLE


def measure(later: Signature, earlier: Signature) -> tuple[float, ...]:
    """The features of a pair, in the order of FEATURES."""
    title = _cosine(later.title, earlier.title, later.norms[0], earlier.norms[0])
    body = _cosine(later.body, earlier.body, later.norms[1], earlier.norms[1])
    forth, back = _share(later, earlier), _share(earlier, later)
    common = later.head.keys() & earlier.head.keys()
    rare = sum(max(0, later.head[term] - 4) for term in common)
    shared = len(later.numbers & earlier.numbers)
    other = min(len(later.numbers), len(earlier.numbers)) - shared
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


def _cosine(one: Weights, other: Weights, norm: float, other_norm: float) -> float:
    product = sum(one[term] * other[term] for term in one.keys() & other.keys())
    return product / (norm * other_norm) if product else 0.0


def _share(part: Signature, whole: Signature) -> float:
    """How much of a title is in another text."""
    common = sum(part.title[term] for term in part.title.keys() & whole.all)
    return common / sum(part.title.values()) if common else 0.0
