"""Hypothesis with this project's profiles. Import it from here: the profile must be loaded before a test is defined.

The everyday run tries the same few examples each time, without a deadline: a busy machine is slow, not wrong (what is
timed is in bench/). `HYPOTHESIS_PROFILE=explore ./run test` looks for new examples, ten times as many.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

settings.register_profile("everyday", deadline=None, derandomize=True, database=None)
settings.register_profile("explore", deadline=None)
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "everyday")
settings.load_profile(PROFILE)


def examples(count: int) -> settings:
    """Settings of a test that tries `count` examples every day."""
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=count * (1 if PROFILE == "everyday" else 10), suppress_health_check=checks)


__all__ = ["HealthCheck", "example", "examples", "given", "settings", "st"]
