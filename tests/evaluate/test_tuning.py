"""Settings are chosen on an inner split, and never for worse there."""

from dataclasses import dataclass

import numpy as np
import pytest

from tests.evaluate.toys import SameTaste, two_tastes
from warmstart.core.linear import FloatArray
from warmstart.core.tunable import tunable
from warmstart.data.query import Query
from warmstart.evaluate import protocols
from warmstart.evaluate.methods import ScorerMethod
from warmstart.evaluate.run import evaluate
from warmstart.evaluate.tuning import tune

pytest.importorskip("optuna")
SHOP = two_tastes()


@dataclass(kw_only=True)
class Doubtful(SameTaste):
    """Knows the plan only with a high setting, which is not its default."""

    insight: float = tunable(0.0, low=0.0, high=1.0)

    def _score(self, query: Query) -> FloatArray:
        told = super()._score(query)
        noise = np.random.default_rng(1).random(len(told), dtype=np.float32)
        return np.where(np.isnan(told), noise, self.insight * np.nan_to_num(told) + noise)


def test_a_setting_that_helps_on_the_inner_split_is_found_and_recorded():
    protocol = protocols.get("new-users")
    questions = protocol.prepare(SHOP, 0, None)
    method, tuning = tune(protocol, questions, ScorerMethod(name="x", scorer=Doubtful()), seed=0, trials=12)
    assert tuning is not None
    assert tuning.score > tuning.default_score
    assert tuning.trials == 12
    assert isinstance(method, ScorerMethod)
    assert isinstance(method.scorer, Doubtful)
    assert method.scorer.insight == tuning.settings["insight"] > 0.1


def test_the_same_seed_finds_the_same_settings():
    protocol = protocols.get("new-items")
    questions = protocol.prepare(SHOP, 0, None)
    found = [
        tune(protocol, questions, ScorerMethod(name="x", scorer=Doubtful()), seed=3, trials=6)[1]
        for _ in range(2)
    ]
    assert found[0] is not None
    assert found[1] is not None
    assert found[0].settings == found[1].settings


@pytest.mark.parametrize("trials", [0, 1])
def test_without_trials_nothing_changes(trials: int):
    protocol = protocols.get("new-users")
    method = ScorerMethod(name="x", scorer=Doubtful())
    assert tune(protocol, protocol.prepare(SHOP, 0, None), method, seed=0, trials=trials) == (method, None)


def test_a_tuned_run_says_what_it_chose_for_each_seed():
    method = ScorerMethod(name="doubtful", scorer=Doubtful())
    found = evaluate(
        SHOP,
        "new-users",
        seeds=(0, 1),
        methods=[method, "random"],
        trials=5,
        encoder="catalogue",
        resamples=50,
    )
    assert [(t.method, t.seed, t.trials) for t in found.tunings] == [("doubtful", 0, 5), ("doubtful", 1, 5)]
    assert found.environment["trials"] == 5
