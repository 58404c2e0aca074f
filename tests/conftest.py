"""How Hypothesis looks for counterexamples."""

from __future__ import annotations

import hypothesis

# The same examples in every run, none of them timed: a machine under load is no counterexample, and
# a run that lands a change does not fail over what it did not touch. To look for new ones:
# ``pytest --hypothesis-profile=explore``.
hypothesis.settings.register_profile(
    "steady",
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile("explore", deadline=None, print_blob=True)
hypothesis.settings.load_profile("steady")
