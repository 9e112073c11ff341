"""Ranks against plain sorting."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.evaluate.toys import slow_ranks
from warmstart.core.linear import top_positions
from warmstart.evaluate.ranks import Pool, rank_targets

SCORES = st.lists(
    st.sampled_from([0.0, 0.5, 1.0, 2.0, float("nan"), float("-inf"), float("inf")]),
    min_size=1,
    max_size=30,
)


@given(SCORES)
def test_ranks_are_places_in_the_sorted_list(scores: list[float]):
    values = np.array(scores, dtype=np.float32)
    everyone = list(range(len(scores)))
    assert rank_targets(values, np.arange(len(scores))).tolist() == slow_ranks(scores, everyone, everyone)


@given(SCORES)
def test_ranks_and_top_positions_tell_the_same_order(scores: list[float]):
    values = np.array(scores, dtype=np.float32)
    best = top_positions(values, len(scores))
    assert rank_targets(values, best).tolist() == list(range(1, len(best) + 1))


@given(SCORES, st.data())
def test_a_pool_ranks_only_its_own(scores: list[float], data: st.DataObject):
    inside = data.draw(
        st.lists(st.integers(0, len(scores) - 1), min_size=1, unique=True).map(sorted), label="pool"
    )
    targets = data.draw(st.lists(st.sampled_from(inside), min_size=1, unique=True), label="targets")
    values = np.array(scores, dtype=np.float32)
    ranks, top = Pool.of(np.array(inside), len(scores)).answer(values, np.array(targets), 5)
    assert ranks.tolist() == slow_ranks(scores, inside, targets)
    shown = [i for i in top.tolist() if i >= 0]
    assert slow_ranks(scores, inside, shown) == list(range(1, len(shown) + 1))
    assert len(top) == 5
