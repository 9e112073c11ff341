"""LambdaMART: what its trees see, what they learn, and what stands below them."""

import json
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmstart.core.errors import MissingExtraError
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.records import Event, Item, items_frame
from warmstart.recommend.baselines.lambdamart import LambdaMartScorer
from warmstart.recommend.baselines.legs import candidates, mean_share, ranking_features
from warmstart.testing.toys import Checkerboard, WordEncoder, checkerboard

pytest.importorskip("lightgbm", reason="the extra 'evaluate' is not installed")

N_ITEMS, N_USERS, SIZE = 60, 600, 6


@pytest.fixture(scope="module")
def shop() -> Dataset:
    """Ten kinds of six items and their users, who stray now and then. Item 59 is new."""
    rng = np.random.default_rng(0)
    events = []
    for user in range(N_USERS):
        own = user % (N_ITEMS // SIZE) * SIZE + rng.permutation(SIZE)[:4]
        touched = (own[0], rng.integers(N_ITEMS - 1), *own[1:])
        events += [Event(user_id=f"u{user}", item_id=f"i{item}") for item in touched if item < N_ITEMS - 1]
    items = [Item(item_id=f"i{i}", title=f"kind{i // SIZE} 第{i % SIZE}") for i in range(N_ITEMS)]
    return Dataset.from_records(items, events)


@pytest.fixture(scope="module")
def scorer(shop: Dataset) -> LambdaMartScorer:
    encoder = WordEncoder().fit([f"kind{i // SIZE} 第{i % SIZE}" for i in range(N_ITEMS)])
    return LambdaMartScorer(trees=30).fit(shop, encoder)


def asked(*item_ids: str) -> Query:
    return Query(events=tuple(Event(user_id="x", item_id=item_id) for item_id in item_ids))


def test_the_trees_find_what_goes_with_the_history(scorer: LambdaMartScorer):
    assert scorer.ranker_ is not None
    for kind in range(N_ITEMS // SIZE - 1):
        own = {f"i{kind * SIZE + k}" for k in range(SIZE)}
        scores = scorer.score(asked(f"i{kind * SIZE}"))
        order = [scorer.item_ids_[i] for i in np.argsort(-scores)]
        ranked = [item_id for item_id in order if item_id != f"i{kind * SIZE}"]
        assert set(ranked[: SIZE - 1]) <= own


def test_candidates_stand_above_all_others(shop: Dataset, scorer: LambdaMartScorer):
    query = asked("i0", "i7")
    scores = scorer._legs.scores(scorer._features, *scorer.history(query))
    chosen = candidates(scores, scorer.depth, scorer.positions(["i0", "i7"]))
    rest = np.setdiff1d(np.arange(N_ITEMS), chosen)
    found = scorer.score(query)
    assert set(scorer.positions(["i0", "i7"])) <= set(rest)
    assert found[chosen].min() > found[rest].max()


def test_what_was_learned_survives_as_text(scorer: LambdaMartScorer):
    state = scorer.get_state()
    other = LambdaMartScorer(trees=30)
    other.set_state(state | {"ranker_": json.loads(json.dumps(state["ranker_"]))})
    other.use_encoder(scorer._encoder)
    np.testing.assert_array_equal(other.score(asked("i3")), scorer.score(asked("i3")))


def test_equal_seeds_learn_equal_trees(shop: Dataset):
    first, second = (LambdaMartScorer(trees=5, seed=4).fit(shop) for _ in range(2))
    assert first.ranker_ == second.ranker_


def test_a_stranger_gets_what_most_people_have(shop: Dataset, scorer: LambdaMartScorer):
    users = shop.interactions.group_by("item_id").n_unique().select("item_id", "user_id")
    counts = dict(users.iter_rows())
    scores = scorer.score(Query())
    expected = np.log1p([counts.get(item_id, 0) for item_id in scorer.item_ids_])
    np.testing.assert_allclose(scores, expected, rtol=1e-6)


def test_without_text_items_without_events_have_no_score(shop: Dataset):
    blind = LambdaMartScorer(trees=5).fit(shop)
    blind.add(items_frame([Item(item_id="later", title="kind0")]))
    for query in (asked("i0"), asked("i0", "later"), Query()):
        scores = dict(zip(blind.item_ids_, blind.score(query), strict=True))
        unknown = {item_id for item_id, score in scores.items() if np.isnan(score)}
        assert unknown == {"i59", "later"}


def test_a_small_shop_is_ranked_by_the_mean_of_the_legs():
    toy: Checkerboard = checkerboard("zh", crowd=True)
    small = LambdaMartScorer().fit(toy.dataset, WordEncoder().fit(toy.texts))
    query = toy.user_query(0, 2)
    assert small.ranker_ is None
    expected = mean_share(small._legs.scores(small._features, *small.history(query)))
    np.testing.assert_array_equal(small.score(query), expected)


def test_without_the_library_the_error_names_the_extra(shop: Dataset, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(MissingExtraError, match=r"warmstart\[evaluate\]"):
        LambdaMartScorer(trees=5).fit(shop)


@given(st.integers(1, 4), st.integers(1, 30), st.integers(1, 10), st.integers(0, 2**32))
@settings(max_examples=40)
def test_each_leg_brings_its_best_and_nothing_that_is_known(legs: int, items: int, depth: int, seed: int):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(legs, items)).astype(np.float32)
    known = np.flatnonzero(rng.random(items) < 0.3)
    chosen = candidates(scores, depth, known)
    assert not np.isin(known, chosen).any()
    assert len(chosen) <= legs * depth
    open_scores = np.where(np.isin(np.arange(items), known), -np.inf, scores)
    for leg in open_scores:
        if leg.max() > 0:
            assert leg.argmax() in chosen
    seen = ranking_features(scores, chosen, 3)
    assert seen.shape == (len(chosen), 2 * legs + 1)
    assert np.all(np.abs(seen[:, legs:-1]) <= 1 + 1e-6)
    assert np.all(np.abs(mean_share(scores)) <= 1 + 1e-6)
