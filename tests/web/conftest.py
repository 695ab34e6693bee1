"""One site for all tests that only ask."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from helpers.server_fixture import RunningSite, prepare_site, run_site


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    home = tmp_path_factory.mktemp("site")
    settings, environ = prepare_site(home)
    with run_site(settings, environ, home) as served:
        yield served
