"""Raters against plain recomputation, and what the beliefs behind them must obey."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.test_rating_states import shop
from warmstart.core import columns as c
from warmstart.data.query import Query
from warmstart.data.rating_states import cut_states, ratings_of
from warmstart.data.records import Event
from warmstart.recommend.ratings.answers import answered
from warmstart.recommend.ratings.biases import ItemMeanRater, UserBiasRater
from warmstart.recommend.ratings.factor import FactorRater
from warmstart.recommend.ratings.factorisation import posterior
from warmstart.testing import WordEncoder, checkerboard
from warmstart.testing.rater_checks import RaterTrial, rated

SHOP = shop(30, 40)
LEVELS = np.arange(1.0, 6.0)


def rate(user_id: str, item_id: str, value: float) -> Event:
    return Event(user_id=user_id, item_id=item_id, event_type="rate", value=value)


def test_the_item_mean_is_the_shrunk_mean():
    rater = ItemMeanRater(shrinkage=2.0).fit(SHOP)
    table = ratings_of(SHOP)
    mean = float(np.mean(table[c.VALUE].to_numpy()))
    values = table.filter(table[c.ITEM_ID] == "i3")[c.VALUE].to_numpy()
    expected = mean + (values - mean).sum() / (len(values) + 2.0)
    assert rater.predict(Query(), ["i3", "nobody's"]) == pytest.approx([expected, mean], abs=1e-5)


def test_the_user_bias_is_the_shrunk_mean_of_what_items_leave():
    rater = UserBiasRater(user_shrinkage=4.0).fit(SHOP)
    plain = rater.predict(Query(), ["i0", "i1"])
    event = rate("new", "i0", 5.0)
    moved = rater.predict(Query(events=(event,)), ["i0", "i1"])
    assert moved - plain == pytest.approx((5.0 - plain[0]) / 5.0, abs=1e-5)


def test_an_old_user_is_known_by_id_and_a_new_event_adds_to_that():
    rater = UserBiasRater(user_shrinkage=4.0).fit(SHOP)
    table = ratings_of(SHOP)
    history = [rate("x", i, v) for _, i, v in table.filter(table[c.USER_ID] == "u1").iter_rows()]
    told = rater.predict(Query(events=tuple(history)), ["i0", "i5"])
    assert rater.predict(Query(user_id="u1"), ["i0", "i5"]) == pytest.approx(told, abs=1e-5)


@given(st.integers(0, 10_000))
def test_the_belief_after_two_ratings_does_not_depend_on_their_order(seed):
    rng = np.random.default_rng(seed)
    features, targets = rng.normal(size=(2, 3)), rng.normal(size=2)
    prior = (np.zeros(3), np.eye(3))
    one = posterior(features[:1], targets[:1], *posterior(features[1:], targets[1:], *prior, 0.5), 0.5)
    both = posterior(features, targets, *prior, 0.5)
    assert np.allclose(one[0], both[0])
    assert np.allclose(one[1], both[1])


def test_the_belief_is_ridge_regression():
    rng = np.random.default_rng(0)
    features, targets = rng.normal(size=(20, 4)), rng.normal(size=20)
    mean, covariance = posterior(features, targets, np.zeros(4), np.eye(4), 0.7)
    gram = features.T @ features + 0.7 * np.eye(4)
    assert np.allclose(mean, np.linalg.solve(gram, features.T @ targets))
    assert np.allclose(covariance, 0.7 * np.linalg.inv(gram))


@given(
    st.lists(st.floats(1.0, 5.0), min_size=1, max_size=8),
    st.floats(0.2, 2.0),
)
def test_a_median_keeps_the_order_and_is_near_a_level(means, spread):
    mean = np.sort(np.array(means))
    found = answered(mean, np.full(len(mean), spread), LEVELS, "median")
    assert (np.diff(found) >= -1e-9).all()
    assert (np.abs(found[:, None] - LEVELS).min(axis=1) <= 0.08).all()


def test_a_median_has_less_absolute_error_than_a_mean_on_skewed_ratings():
    rng = np.random.default_rng(1)
    mean, spread = np.full(4000, 4.3), np.full(4000, 1.0)
    truth = np.clip(np.rint(rng.normal(mean, spread)), 1, 5)
    errors = {e: np.abs(answered(mean, spread, LEVELS, e) - truth).mean() for e in ("mean", "median")}
    assert errors["median"] < errors["mean"]


def test_factors_find_the_taste_that_a_bias_cannot():
    toy = rated(checkerboard())
    encoder = WordEncoder().fit(toy.texts)
    split = cut_states(toy.dataset, 0)
    raters = [r.fit(split.train, encoder) for r in (FactorRater(), UserBiasRater())]
    mae = [
        np.mean(
            [
                np.abs(r.predict(Query(events=case.support[:3]), case.item_ids) - case.ratings).mean()
                for case in split.cases
            ]
        )
        for r in raters
    ]
    assert mae[0] < 0.5 * mae[1]


def test_doubt_shrinks_with_ratings():
    trial = RaterTrial(factory=FactorRater, toy=rated(checkerboard()))
    fitted = trial.fitted
    assert isinstance(fitted, FactorRater)
    sizes = [np.trace(fitted._belief(trial.query(0, n))[1]) for n in (0, 1, 3, 6)]
    assert sizes == sorted(sizes, reverse=True)
