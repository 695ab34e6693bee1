"""The option `--write-cases`, which rewrites the expectations of the cases for a person to review as a diff."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-cases", action="store_true", help="write what tests/cases/*/*.json expect, then review it"
    )
