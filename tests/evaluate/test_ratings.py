"""The ratings protocol against a plain recomputation, with raters whose answers are known."""

import math
from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest

from tests.data.test_rating_states import given, shop
from warmstart.core.errors import ConfigError, InputError
from warmstart.core.linear import FloatArray, IntArray
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.rating_states import cut_states
from warmstart.evaluate.evaluation import Evaluation
from warmstart.evaluate.methods import RANDOM
from warmstart.evaluate.protocols.ratings import RATINGS, SHOTS
from warmstart.evaluate.run import evaluate
from warmstart.recommend.ratings.biases import UserBiasRater
from warmstart.roles.encoder import Encoder
from warmstart.roles.rater import Rater

SHOP = shop(40)


@dataclass(kw_only=True)
class Counting(Rater):
    """Answers how many ratings it was shown, plus one, up to five."""

    def _fit(self, dataset: Dataset, ratings: pl.DataFrame, encoder: Encoder | None) -> None:
        self.fitted_ = True

    def _predict(self, query: Query, positions: IntArray) -> FloatArray:
        return np.full(len(positions), 1.0 + len(query.events), dtype=np.float32)


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return evaluate(
        SHOP, "ratings", seeds=(0, 1), methods=[Counting(), "item-mean"], focus="item-mean", resamples=50
    )


def test_rows_are_the_plain_means_over_users(evaluation):
    split = cut_states(SHOP, 0)
    for state in split.states:
        cases = [case for case in split.cases if case.state == state]
        for shots in SHOTS:
            errors, ndcg = [], []
            for case in cases:
                answer = min(5.0, 1.0 + len(case.support[:shots]))
                errors.append(np.mean([abs(rating - answer) for rating in case.ratings]))
                best = sorted(case.ratings, reverse=True)
                dcg = [sum(x / math.log2(i + 2) for i, x in enumerate(r[:3])) for r in (case.ratings, best)]
                ndcg.append(dcg[0] / dcg[1])
            rows = evaluation.select(seed=0, method="Counting", candidates=state, shots=shots)
            values = {row.metric: row.value for row in rows}
            assert values["MAE"] == pytest.approx(np.mean(errors), abs=1e-5)
            assert values["nDCG@3"] == pytest.approx(np.mean(ndcg), abs=1e-5)
            assert {row.cases for row in rows} == {len(cases)}


def test_every_number_of_shots_asks_the_same_ratings(evaluation):
    assert {row.shots for row in evaluation.rows} == set(SHOTS)
    rows = evaluation.select(seed=0, method="item-mean", candidates="new users", metric="MAE")
    assert len({row.value for row in rows}) == 1


def test_stories_tell_a_user_with_titles_and_predictions(evaluation):
    assert evaluation.stories
    story = evaluation.stories[0]
    assert len(story.wanted) == 10
    assert all(len(listed) == 10 for listed in story.lists.values())


def test_inner_questions_are_made_of_training_ratings_alone():
    outer = RATINGS.prepare(SHOP, 0, None)
    inner = RATINGS.inner(outer, 0, 30)
    train = set(outer.train.events.select("user_id", "item_id").iter_rows())
    assert inner.cases
    assert {pair for case in inner.cases for pair in case.pairs()} <= train
    asked = {pair for case in outer.cases for pair in case.pairs()}
    assert not asked & set(inner.train.events.select("user_id", "item_id").iter_rows())


def test_given_states_are_the_candidates():
    found = evaluate(given(), "ratings", seeds=(0,), methods=["user-bias"], resamples=20)
    assert {row.candidates for row in found.rows} == {"new users", "late"}


def test_a_median_variant_has_a_name_of_its_own():
    built = RATINGS.build("user-bias+median")
    assert built.name == "user-bias+median"
    assert built.component == UserBiasRater(estimate="median")
    with pytest.raises(ConfigError, match="user-bias"):
        RATINGS.build(RANDOM)


def test_a_shop_without_ratings_is_an_error():
    with pytest.raises(InputError, match="13 to 100 ratings"):
        RATINGS.prepare(Dataset(items=SHOP.items), 0, None)


def test_a_rater_that_gives_no_number_is_named():
    @dataclass(kw_only=True)
    class Silent(Counting):
        def _predict(self, query: Query, positions: IntArray) -> FloatArray:
            return super()._predict(query, positions) * np.float32("nan")

    with pytest.raises(InputError, match="from method 'Silent'; found"):
        evaluate(SHOP, "ratings", seeds=(0,), methods=[Silent()], resamples=20)
