"""One interest does not crowd out the others."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.core.errors import ConfigError
from warmstart.data.item_list import ItemList
from warmstart.data.query import Query
from warmstart.policy.diversity import DiversityPolicy
from warmstart.testing import WordEncoder, checkerboard, policy_checks

TOY = checkerboard("en")
CHECKS = policy_checks(partial(DiversityPolicy, diversity=0.4))


def policy(diversity: float) -> DiversityPolicy:
    return DiversityPolicy(diversity=diversity).fit(TOY.dataset, WordEncoder().fit(TOY.texts))


def ranked() -> ItemList:
    """All items of the first group above all of the second, by a hair."""
    ids = sorted(TOY.dataset.item_ids)
    return ItemList(item_ids=tuple(ids), scores=np.linspace(1.0, 0.9, len(ids), dtype=np.float32))


def from_second_group(shown: ItemList) -> int:
    return sum(item_id.startswith("b") for item_id in shown.item_ids)


@pytest.mark.parametrize(("name", "check"), CHECKS, ids=[name for name, _ in CHECKS])
def test_a_policy_that_diversifies_keeps_the_contract(name: str, check: Callable[[], None]):
    check()


def test_the_more_diversity_the_sooner_the_other_interest_comes():
    shown = [from_second_group(policy(d).rerank(Query(), ranked(), 4)) for d in (0.0, 0.3, 0.9)]
    assert shown[0] == 0
    assert shown == sorted(shown)
    assert shown[2] > 0


@given(n=st.integers(0, 26), diversity=st.floats(0, 1))
def test_the_best_item_stays_first_and_without_diversity_nothing_moves(n: int, diversity: float):
    items = ranked()
    shown = policy(diversity).rerank(Query(), items, n)
    assert shown.item_ids[:1] == items.item_ids[: min(n, 1)]
    assert policy(0.0).rerank(Query(), items, n).item_ids == items.item_ids[:n]


def test_each_place_is_the_best_compromise_left():
    own, items = policy(0.5), ranked()
    shown = own.rerank(Query(), items, 6)
    vectors = dict(zip(TOY.dataset.item_ids, own.vectors_, strict=True))
    worth = dict(
        zip(items.item_ids, (items.scores - items.scores.min()) / np.ptp(items.scores), strict=True)
    )
    for place in range(1, 6):
        above = shown.item_ids[:place]
        left = [item_id for item_id in items.item_ids if item_id not in above]
        compromise = {i: worth[i] - max(vectors[i] @ vectors[j] for j in above) for i in left}
        assert compromise[shown.item_ids[place]] == pytest.approx(max(compromise.values()), abs=1e-5)


def test_a_setting_that_makes_no_sense_is_refused():
    for wrong in ({"diversity": 1.2}, {"diversity": -0.1}, {"pool": 0}):
        with pytest.raises(ConfigError, match="between 0 and 1"):
            DiversityPolicy(**wrong)
    with pytest.raises(ConfigError, match="fitted encoder"):
        DiversityPolicy().fit(TOY.dataset)
