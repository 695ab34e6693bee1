"""The measurement itself works: it is run rarely, and must not be found broken then."""

from __future__ import annotations

import gzip

from bench.serve import SIZES, asked, sample
from refeed.render import checksum


def test_the_sample_documents_are_whole_and_compress_as_news_does() -> None:
    for size in SIZES:
        document = sample(size)
        assert checksum.verify_checksum(document)
        assert 0.9 * size < len(document) / 1000 < 1.2 * size
        assert 0.2 < len(gzip.compress(document)) / len(document) < 0.6
    assert [what.least for what in asked()] == [0.5, *[0.95] * 2 * len(SIZES)]
