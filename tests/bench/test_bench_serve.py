"""The web benchmark works: it runs rarely and must not be broken then."""

from __future__ import annotations

import gzip

from bench.serve import SIZES, make_document, request_kinds
from refeed.render import checksum


def test_sample_documents_have_checksums_and_compress_like_news() -> None:
    for size in SIZES:
        document = make_document(size)
        assert checksum.verify_checksum(document)
        assert 0.9 * size < len(document) / 1000 < 1.2 * size
        assert 0.2 < len(gzip.compress(document)) / len(document) < 0.6
    assert [kind.target for kind in request_kinds()] == [0.35, *[0.6] * 2 * len(SIZES)]
