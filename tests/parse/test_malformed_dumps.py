"""Every malformed dump has the outcome that its case names, as far as its bytes decide it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from helpers import malformed_corpus
from refeed.errors import QuarantineError
from refeed.model import Dump, Outcome
from refeed.parse.parser import parse_dump

SEEN = datetime(2026, 1, 1, 12, 0, 0, 500, tzinfo=UTC)
CASES = [case for case in malformed_corpus.all_cases() if case.stage == "parse"]


def _case_id(case: malformed_corpus.Case) -> str:
    return case.name.encode("ascii", "backslashreplace").decode()[:60]


@pytest.mark.parametrize("case", CASES, ids=_case_id)
def test_malformed_dump_has_the_outcome_of_its_case(case: malformed_corpus.Case) -> None:
    dump = Dump(path=case.name, folder="", data=case.data, first_seen=SEEN)
    try:
        entry = parse_dump(dump)
    except QuarantineError as error:
        assert case.outcome is Outcome.QUARANTINED, str(error)
        assert case.says in str(error)
        return
    assert (Outcome.FLAGGED if entry.issues else Outcome.ACCEPTED) is case.outcome, entry.issues
    assert case.says in "; ".join(entry.issues)
    assert case.title in (None, entry.title)
    assert case.link in (None, entry.link)
    if case.at:
        assert entry.dump_time == datetime.fromisoformat(case.at).replace(tzinfo=UTC)
    if "first seen" in "; ".join(entry.issues):
        assert entry.dump_time == SEEN.replace(microsecond=0)


def test_corpus_is_large_and_has_no_name_twice() -> None:
    names = [case.name for case in malformed_corpus.all_cases()]
    assert len(names) >= 170
    assert len(set(names)) == len(names)
