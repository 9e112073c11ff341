"""Weights are learned from what a shop did, and do no harm."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.recommend.fused.lessons import NEW_AMONG_ALL, Lessons
from warmstart.recommend.fused.parts import KNN, SLOTS, WORDS
from warmstart.recommend.fused.weighing import blend_weights, learn_weights
from warmstart.recommend.fused.weights import KNOTS, STRANGER, SlotWeights, damping, hats

USERS, CANDIDATES = 80, 30


def lessons_where(*telling: str, seed: int = 0) -> Lessons:
    """One target for each user; the slots named know it, the others are noise."""
    rng = np.random.default_rng(seed)
    features = rng.random((USERS, CANDIDATES, len(SLOTS))).astype("f")
    for slot in telling:
        features[:, 0, SLOTS.index(slot)] = 2.0
    return Lessons(
        user=np.arange(USERS),
        cell=np.full(USERS, 2),
        levels=np.tile(hats(1.0), (USERS, 1)),
        features=features,
        fresh=np.zeros((USERS, CANDIDATES), dtype="f"),
        valid=np.ones((USERS, CANDIDATES), dtype=bool),
        targets=np.zeros((USERS, 1), dtype=np.int64),
        share=np.full(USERS, 1 / USERS, dtype="f"),
        ideal=np.ones(USERS, dtype="f"),
        stands=np.ones((USERS, CANDIDATES), dtype="f"),
    )


def flat(**weights: float) -> SlotWeights:
    table = {slot: [weight] * len(KNOTS) for slot, weight in weights.items()}
    return SlotWeights.of(table, table)


@given(st.floats(0, 1000), st.floats(0, 1))
def test_the_shares_of_the_knots_sum_to_one(evidence: float, seen: float):
    shares = hats(evidence, seen)
    assert shares[len(STRANGER) :].sum() == pytest.approx(seen, abs=1e-5)
    assert shares.sum() == pytest.approx(1.0, abs=1e-5)
    assert (shares >= 0).all()
    assert 0 < damping(evidence) <= 1


def test_tables_and_weights_are_the_same_thing():
    rng = np.random.default_rng(0)
    weights = SlotWeights(rng.integers(0, 9, (2, len(KNOTS), len(SLOTS))).astype("f"))
    np.testing.assert_array_equal(SlotWeights.of(*weights.as_tables()).values, weights.values)


def test_a_part_that_knows_gains_weight_from_one_that_does_not():
    lessons, start = lessons_where(WORDS), flat(**{KNN: 1.0})
    learned = learn_weights(lessons, start)
    assert learned.after > learned.before
    assert lessons.objective(learned.weights) > lessons.objective(start) + 0.1
    knot = KNOTS.index(1.0)
    assert learned.weights.values[0, knot, SLOTS.index(WORDS)] > 0
    assert (learned.weights.values >= 0).all()


def test_a_part_that_alone_is_certainly_better_gets_half_of_the_say():
    start = flat(**{KNN: 50.0})
    learned = learn_weights(lessons_where(WORDS), start)
    assert learned.guarded == (f"1 known, among everything: {WORDS}",)
    row = learned.weights.values[0, KNOTS.index(1.0)]
    assert row[SLOTS.index(WORDS)] >= row.sum() / 2
    assert row.sum() == pytest.approx(50.0, rel=0.1)


def test_no_part_takes_over_where_new_items_are_looked_for_among_everything():
    lessons = replace(lessons_where(WORDS), cell=np.full(USERS, NEW_AMONG_ALL))
    assert learn_weights(lessons, flat(**{KNN: 50.0})).guarded == ()


def test_where_nothing_can_be_learned_the_weights_stay():
    start = flat(**{WORDS: 1.0})
    learned = learn_weights(lessons_where(WORDS), start)
    np.testing.assert_array_equal(learned.weights.values, start.values)
    few = lessons_where(WORDS).only(np.arange(20))
    assert learn_weights(few, flat(**{KNN: 1.0})).steps == 0


def test_the_slope_points_where_the_objective_grows():
    lessons, start = lessons_where(WORDS), flat(**{KNN: 0.5, WORDS: 0.1})
    slope = lessons.gradient(start.values, 0.3)
    ahead = SlotWeights((start.values + 0.5 * slope / np.abs(slope).max()).astype("f"))
    assert lessons.objective(ahead) > lessons.objective(start)
    assert slope[0, KNOTS.index(1.0), SLOTS.index(WORDS)] == slope.max()


def test_equal_scores_are_no_merit():
    nothing = replace(lessons_where(), features=np.zeros((USERS, CANDIDATES, len(SLOTS)), dtype="f"))
    assert nothing.objective(flat(**{KNN: 1.0})) == 0.0


def test_a_shop_finds_the_teacher_it_resembles():
    teachers = {"right": flat(**{WORDS: 1.0}), "wrong": flat(**{KNN: 1.0})}
    blend = blend_weights(teachers, lessons_where(WORDS))
    known = blend.shares["right"][0]
    assert known > 0.9
    expected = known * teachers["right"].values[0] + (1 - known) * teachers["wrong"].values[0]
    found = blend.weights.values[0, : len(STRANGER)]
    np.testing.assert_allclose(found, expected[: len(STRANGER)], atol=1e-3)
    assert blend.shares["right"][2:] == (0.5, 0.5)  # regulars were not asked


def test_teachers_speak_in_equal_parts_where_too_few_can_be_asked():
    teachers = {"one": flat(**{WORDS: 1.0}), "other": flat(**{KNN: 1.0})}
    for lessons in (None, lessons_where(WORDS).only(np.arange(30))):
        assert blend_weights(teachers, lessons).shares == {"one": (0.5,) * 4, "other": (0.5,) * 4}


def test_those_drawn_by_chance_stand_for_all_that_were_not_drawn():
    lessons = lessons_where(WORDS)
    many = replace(lessons, stands=np.where(np.arange(CANDIDATES) == 5, 50.0, 1.0)[None].repeat(USERS, 0))
    judge = SlotWeights.only(KNN)
    beaten = lessons.features[:, 5, SLOTS.index(KNN)] >= lessons.features[:, 0, SLOTS.index(KNN)]
    assert beaten.any()
    assert not many.gains(judge)[beaten].any()
    np.testing.assert_allclose(many.gains(judge)[~beaten], lessons.gains(judge)[~beaten])


def test_the_slope_is_that_of_the_smooth_gain():
    """Moving weights along the slope raises the gain that is counted, also where some stand for many."""
    rng = np.random.default_rng(3)
    lessons = replace(lessons_where(WORDS), stands=rng.integers(1, 9, (USERS, CANDIDATES)).astype("f"))
    start = flat(**{KNN: 1.0, WORDS: 0.5})
    slope = lessons.gradient(start.values, 0.08)
    ahead = SlotWeights((start.values + 0.3 * slope / np.abs(slope).max()).astype("f"))
    assert lessons.objective(ahead) > lessons.objective(start)
