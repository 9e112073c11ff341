"""Candidates of a pretend cold start are the best of every slot."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from warmstart.recommend.fused.cold_starts import _heads, _least

ITEMS, SLOTS = 40, 3
slots = hnp.arrays(
    np.float32, (SLOTS, ITEMS), elements=st.sampled_from([-np.inf, -1.0, 0.0, 0.25, 0.5, 1.0, 2.0])
)
pools = st.lists(st.integers(0, ITEMS - 1), min_size=1, unique=True).map(sorted)


@given(slots, st.integers(1, ITEMS))
def test_at_least_so_many_reach_the_bound_of_a_row(values: np.ndarray, depth: int):
    assert ((values >= _least(values, depth)[:, None]).sum(axis=1) >= depth).all()


@given(slots, pools, st.integers(1, 10))
def test_heads_are_the_best_of_each_slot_that_it_says_anything_for(
    values: np.ndarray, pool: list[int], depth: int
):
    found = _heads(values, np.array(pool), depth)
    assert len(set(found.tolist())) == len(found)
    expected = set()
    for row in values:
        order = sorted(pool, key=lambda item: (-row[item], item))
        expected |= {item for item in order[:depth] if row[item] > 0}
    assert set(found.tolist()) == expected


def test_the_first_of_each_slot_come_before_the_second_of_any():
    values = np.zeros((2, 700), dtype="f")
    values[0, [600, 3]], values[1, [5, 601]] = (2.0, 1.0), (4.0, 3.0)
    assert _heads(values, np.arange(700), 2).tolist() == [600, 5, 3, 601]
