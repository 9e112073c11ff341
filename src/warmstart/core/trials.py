"""Settings drawn from the ranges that components declare, by the library Optuna."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from typing import Any, TypeVar

from warmstart.core.component import Component
from warmstart.core.tunable import Range, ranges

C = TypeVar("C", bound=Component)


def new_study(optuna: ModuleType, seed: int, **more: Any) -> Any:
    """A study in memory in which more is better, silent."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(direction="maximize", sampler=sampler(optuna, seed), **more)


def sampler(optuna: ModuleType, seed: int) -> Any:
    """The tree-structured Parzen estimator (Bergstra et al. 2011), which guesses at first."""
    return optuna.samplers.TPESampler(seed=seed, n_startup_trials=4)


def defaults(component: Component, *, before: str = "") -> dict[str, Any]:
    """The settings that have a range, as they are; `before` goes before their names."""
    return {before + name: getattr(component, name) for name in ranges(type(component))}


def drawn(trial: Any, component: C, *, before: str = "", only: frozenset[str] | None = None) -> C:
    """The component with settings that the trial drew, those named in `only` or all that have a range."""
    found = {
        name: _draw(trial, before + name, limits, getattr(component, name))
        for name, limits in ranges(type(component)).items()
        if only is None or before + name in only
    }
    return replace(component, **found)


def _draw(trial: Any, name: str, limits: Range, default: Any) -> Any:
    if limits.choices:
        return trial.suggest_categorical(name, limits.choices)
    low, high = limits.low or 0, limits.high or 0
    if isinstance(default, int):
        return trial.suggest_int(name, int(low), int(high), log=limits.log)
    return trial.suggest_float(name, low, high, log=limits.log)
