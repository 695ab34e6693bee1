"""Hypothesis with this project's profiles. Import it from here: the profile must be loaded before a test is defined.

The everyday run tries the same examples each time, without a deadline: a busy machine is slow, not wrong (what is timed
is in bench/). `HYPOTHESIS_PROFILE=explore ./run test` looks for new examples.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

settings.register_profile("everyday", deadline=None, derandomize=True, database=None)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "everyday"))

__all__ = ["HealthCheck", "example", "given", "settings", "st"]
