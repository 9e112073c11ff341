"""Settings chosen on an inner split, so that every method is measured at its best.

A comparison with an untuned rival says little. Each method whose component declares ranges
(`core.tunable`) gets the same number of trials on questions cut from the training side alone; the
defaults are the first trial, so tuning cannot do worse on the inner questions. Trials are drawn by the
tree-structured Parzen estimator of the library Optuna (extra `evaluate`).
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from importlib import import_module
from types import ModuleType
from typing import Any, Final, TypeVar

from warmstart.core.errors import MissingExtraError
from warmstart.core.trials import defaults, drawn, new_study
from warmstart.core.tunable import ranges
from warmstart.evaluate.evaluation import Tuning
from warmstart.evaluate.methods import Method, encoders_shared
from warmstart.evaluate.metrics import lower_is_better
from warmstart.evaluate.protocols.base import Protocol

SAMPLE: Final = 250
"""Users asked on the inner split."""
Questions = TypeVar("Questions")


def allowed_trials(method: Method, trials: int) -> int:
    """How many of the trials are for this method; below 2 its defaults stay."""
    component = method.component
    if component is None or not ranges(type(component)):
        return 0
    return min(trials, getattr(component, "tuning_trials", trials))


def tune(
    protocol: Protocol[Questions], questions: Questions, method: Method, *, seed: int, trials: int
) -> tuple[Method, Tuning | None]:
    """The method with the best settings found on an inner split of `questions`, and how they were found.

    Methods without ranges come back as they are. A component may ask for fewer trials when it is slow to
    fit (`tuning_trials`); with one trial the defaults stay.
    """
    component, allowed = method.component, allowed_trials(method, trials)
    if component is None or allowed < 2:
        return method, None
    optuna = check_tuner()
    inner = protocol.inner(questions, seed, SAMPLE)
    started = time.perf_counter()
    sign = -1.0 if lower_is_better(protocol.primary[0]) else 1.0

    def objective(trial: Any) -> float:
        tried = drawn(trial, component)
        return sign * _value(protocol, inner, method.with_component(tried), seed)

    study = new_study(optuna, seed)
    study.enqueue_trial(defaults(component))
    with encoders_shared():
        study.optimize(objective, n_trials=allowed)
    best = study.best_trial
    settings = {name: _plain(value) for name, value in best.params.items()}
    tuning = Tuning(
        method=method.name,
        seed=seed,
        metric=protocol.primary[0],
        trials=allowed,
        seconds=round(time.perf_counter() - started, 2),
        default_score=round(sign * float(study.trials[0].value or 0.0), 6),
        score=round(sign * float(best.value or 0.0), 6),
        settings=settings,
    )
    return method.with_component(replace(component, **settings)), tuning


def check_tuner() -> ModuleType:
    """Optuna. Errors: `MissingExtraError` where it is not installed; ask before anything long begins."""
    try:
        return import_module("optuna")
    except ImportError as error:
        raise MissingExtraError(
            "tuning",
            "evaluate",
            todo="Install it with: pip install 'warmstart[evaluate]', or measure the defaults: --trials 0",
        ) from error


def _value(protocol: Protocol[Questions], inner: Questions, method: Method, seed: int) -> float:
    """The primary metric averaged over the sets of cases, so that each number of shots counts the same."""
    answers, _ = protocol.answer(inner, method, f"tuning {method.name}, seed {seed}")
    blocks = protocol.measure({seed: inner}, {method.name: {seed: answers}})
    column = (method.name, protocol.primary[0])
    means = [float(block.pieces.mean(block.parts[column])) for block in blocks if column in block.parts]
    return math.fsum(means) / len(means)


def _plain(value: Any) -> Any:
    return float(f"{value:.6g}") if isinstance(value, float) else value
