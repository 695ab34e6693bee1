"""One site for all tests that only ask."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from serving.site import Site, prepare, serving


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("site")
    settings, environ = prepare(home)
    with serving(settings, environ, home) as served:
        yield served
