"""What is still like it was, and what is not."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from warmstart.serve.shifts import Shift, stability

COUNTS = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 1000), min_size=1)


@given(COUNTS, COUNTS)
def test_the_index_is_even_handed_and_never_below_zero(before, now):
    assert stability(before, now) >= 0
    assert np.isclose(stability(before, now), stability(now, before))
    assert stability(before, before) == 0


def test_numbers_that_stay_alike_stay_near_zero_and_others_do_not():
    rng = np.random.default_rng(0)
    steady, moved = Shift(size=500), Shift(size=500)
    for value in rng.normal(size=1000):
        steady.see(float(value))
    for i, value in enumerate(rng.normal(size=1000)):
        moved.see(float(value) + 2.0 * (i >= 500))
    assert steady.index < 0.1
    assert moved.index > 1.0
    moved.restart()
    assert moved.index == 0.0


def test_nothing_is_said_before_enough_was_seen():
    shift = Shift(size=10)
    for i in range(19):
        shift.see("view" if i < 10 else "purchase")
        assert shift.index == 0.0
    shift.see("purchase")
    assert shift.index > 0.25
