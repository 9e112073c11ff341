"""Weights of other shops, and how a shop is measured without those that it taught itself."""

from __future__ import annotations

import numpy as np
import pytest

from warmstart.core.errors import ConfigError
from warmstart.recommend.fused.prior_weights import prior_weights
from warmstart.recommend.fused.scorer import FusedScorer
from warmstart.recommend.fused.weighing import blend_weights
from warmstart.testing.toys import WordEncoder, checkerboard

TOY = checkerboard()


def fitted(**settings: object) -> FusedScorer:
    return FusedScorer.from_settings(settings).fit(TOY.dataset, WordEncoder().fit(TOY.texts))


@pytest.mark.parametrize("name", prior_weights())
def test_a_teacher_that_is_left_out_has_no_say(name: str):
    scorer = fitted(without_teachers=[name], learn=False)
    others = {other: weights for other, weights in prior_weights().items() if other != name}
    assert name not in scorer.weights_from
    assert set(scorer.learning_["shares"]) == set(others)
    known, new = blend_weights(others, None).weights.as_tables()
    assert (scorer.weights_, scorer.new_weights_) == (known, new)


def test_leaving_nobody_out_is_the_default():
    assert fitted(without_teachers=[]).weights_ == fitted().weights_


def test_what_is_kept_of_a_teacher_does_not_depend_on_who_is_left_out():
    everyone = prior_weights()
    for name, weights in prior_weights(without=["simulated"]).items():
        np.testing.assert_array_equal(weights.values, everyone[name].values)


@pytest.mark.parametrize("names", [["nobody"], ["beauty", "nobody"], [*prior_weights()]])
def test_leaving_out_a_stranger_or_everybody_is_an_error(names: list[str]):
    with pytest.raises(ConfigError, match="teachers"):
        prior_weights(without=names)


def test_weights_that_are_given_need_no_teacher():
    table = {"popularity": [1.0] * 8}
    scorer = fitted(weights=table, new_weights=table, without_teachers=[*prior_weights()], learn=False)
    assert scorer.weights_from == "100% given"
