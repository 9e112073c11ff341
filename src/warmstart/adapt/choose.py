"""Settings chosen by trying them, within a budget of time."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from math import isfinite
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Literal

from warmstart.adapt.study_file import read_study, write_study
from warmstart.core.component import Component
from warmstart.core.errors import ConfigError, InputError, WarmstartError
from warmstart.core.extras import load_extra
from warmstart.core.progress import track
from warmstart.core.trials import defaults, drawn, new_study, sampler
from warmstart.core.tunable import ranges
from warmstart.training.job import TrainingJob
from warmstart.training.trainer import Trainer
from warmstart.training.watcher import Watcher

Parts = Mapping[str, Component]
Measure = Callable[[Parts, Watcher], float]
State = Literal["finished", "pruned", "out of time", "failed"]

_BEFORE_PRUNING: Final = 4
"""So many trials are finished before any is cut short."""
_LOOKS_BEFORE_PRUNING: Final = 2
"""The network as it came and the first look say nothing yet."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Settings that were tried; `quality` is None unless the trial came to its end.

    `looks` are the qualities in between, the first that of the network as it came; `reason` says why a
    trial failed.
    """

    settings: Mapping[str, Any]
    state: State
    quality: float | None
    seconds: float
    looks: tuple[float, ...] = ()
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a search found: the parts with the best settings, and every trial.

    `gain` is what the best settings bring over the defaults on what they were chosen by, and so flatters
    them: measure both on something else before saying how much was gained. It is never negative.
    """

    parts: Parts
    trials: tuple[Trial, ...]
    best: int
    """The place of the best trial; the first, 0, has the defaults."""
    stopped: Literal["trials", "budget"]

    @property
    def quality(self) -> float:
        """The quality of the best."""
        return self.trials[self.best].quality or 0.0

    @property
    def gain(self) -> float:
        """How much better than the defaults."""
        return self.quality - (self.trials[0].quality or 0.0)

    @property
    def seconds(self) -> float:
        """What all trials took."""
        return sum(trial.seconds for trial in self.trials)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for a card."""
        best = self.trials[self.best]
        return {
            "quality": self.quality,
            "gain": self.gain,
            "seconds": self.seconds,
            "stopped": self.stopped,
            "best": dict(best.settings),
            "trials": [asdict(trial) for trial in self.trials],
        }


def choose(
    parts: Parts,
    measure: Measure,
    *,
    seconds: float,
    trials: int = 20,
    only: Iterable[str] | None = None,
    seed: int = 0,
    study: Path | None = None,
) -> Choice:
    """Try settings of the parts in the ranges that they declare; the best by `measure`, more is better.

    `parts` are components by name, such as `{"trainer": Trainer(), "tuning": Tuning()}`; `only` names
    what to search ("trainer.learning_rate"), otherwise all that has a range. `measure` trains with the
    parts it is given, tells the watcher what it is told, and gives the quality on what is held back
    (see `by_training`). The first trial has the settings as they come, and is never cut short; after it
    the tree-structured Parzen estimator draws them, a trial whose qualities are below the median of the
    others' at the same look is ended (Golovin et al. 2017, KDD), and no trial outlives the `seconds`.
    With a file for the `study` a search that was interrupted goes on, its seconds counted, and ends as it
    would have.

    *Needs* the extra `adapt`. *Cost*: up to `trials` trainings. Errors: `ConfigError` when there is nothing
    to search, `ArtifactError` when the file holds another search, and whatever the first trial raises.
    """
    optuna = load_extra("optuna", what="choosing settings", extra="adapt")
    searched = _searched(parts, only)
    identity = _identity(parts, searched, seed)
    search = _Search(optuna, parts, measure, searched, seed, budget=seconds)
    for told in read_study(study, identity) if study else []:
        search.add(Trial(**{**told, "looks": tuple(told["looks"])}))
    left = range(len(search.trials), trials)
    for number in track(left, "choosing settings", total=len(left)):
        if number and search.spent >= seconds:
            break
        search.add(search.tried(number))
        if study:
            write_study(study, identity, [asdict(trial) for trial in search.trials])
    return search.choice(trials)


def by_training(make_job: Callable[[Parts], TrainingJob], trainer: str = "trainer") -> Measure:
    """A measure: the best quality that the part called `trainer` comes to with a job made of the parts.

    `make_job` makes the network anew each time. Errors: `InputError` for a job that holds nothing back.
    """

    def measure(parts: Parts, watcher: Watcher) -> float:
        part = parts[trainer]
        if not isinstance(part, Trainer):
            raise ConfigError(
                expected=f"a Trainer as the part '{trainer}'",
                found=type(part).__name__,
                todo="Name the part that is one.",
            )
        quality = part.train(make_job(parts), watchers=[watcher]).best_quality
        if quality is None:
            raise InputError(
                expected="a job that holds something back",
                found="one whose quality is None",
                todo="Hold some examples back, or choose no settings.",
            )
        return quality

    return measure


class _Pruned(Exception):  # noqa: N818  # no error
    """A trial that is worse than most."""


class _OutOfTime(Exception):  # noqa: N818  # no error
    """A trial that outlived the budget."""


@dataclass
class _Referee:
    """Watches a trial, and ends it when it is worse than most or the time is up."""

    trial: Any
    deadline: float
    looks: list[float] = field(default_factory=list)

    def on_step(self, step: int, loss: float, learning_rate: float) -> None:
        """The time."""
        if time.perf_counter() > self.deadline:
            raise _OutOfTime

    def on_quality(self, step: int, quality: float) -> None:
        """Looks are counted, since the steps of different batch sizes do not compare."""
        if not isfinite(quality):
            return
        self.trial.report(quality, len(self.looks))
        self.looks.append(quality)
        if self.deadline != float("inf") and self.trial.should_prune():
            raise _Pruned


class _Search:
    """The trials so far, and the next."""

    def __init__(
        self,
        optuna: ModuleType,
        parts: Parts,
        measure: Measure,
        searched: frozenset[str],
        seed: int,
        *,
        budget: float,
    ) -> None:
        self.optuna, self.parts, self.measure = optuna, parts, measure
        self.searched, self.seed, self.budget = searched, seed, budget
        self.trials: list[Trial] = []
        pruner = optuna.pruners.MedianPruner(
            n_startup_trials=_BEFORE_PRUNING, n_warmup_steps=_LOOKS_BEFORE_PRUNING
        )
        self.study = new_study(optuna, seed, pruner=pruner)

    @property
    def spent(self) -> float:
        """The seconds that the trials took."""
        return sum(trial.seconds for trial in self.trials)

    def add(self, trial: Trial) -> None:
        """Let the next draws know of a trial."""
        states = self.optuna.trial.TrialState
        state = {"finished": states.COMPLETE, "failed": states.FAIL}.get(trial.state, states.PRUNED)
        known = self.optuna.trial.create_trial(
            state=state,
            params=dict(trial.settings),
            distributions=self._distributions(),
            value=trial.quality,
            intermediate_values=dict(enumerate(trial.looks)),
        )
        self.study.add_trial(known)
        self.trials.append(trial)

    def tried(self, number: int) -> Trial:
        """One trial. What is drawn depends on the trials before it, the seed and its number alone."""
        study = new_study(self.optuna, self.seed, pruner=self.study.pruner)
        study.sampler = sampler(self.optuna, self.seed * 100_003 + number)
        study.add_trials(self.study.trials)
        if not number:
            study.enqueue_trial(self._defaults())
        trial = study.ask()
        parts = self._drawn(trial)
        began = time.perf_counter()
        deadline = began + self.budget - self.spent if number else float("inf")
        referee = _Referee(trial, deadline)
        state, quality, reason = self._outcome(parts, referee)
        if state == "failed" and not number:
            raise InputError(
                expected="a trial of the defaults that comes to an end",
                found=reason,
                todo="Mend that first.",
            )
        return Trial(
            settings=trial.params,
            state=state,
            quality=quality,
            seconds=time.perf_counter() - began,
            looks=tuple(referee.looks),
            reason=reason,
        )

    def _outcome(self, parts: Parts, referee: _Referee) -> tuple[State, float | None, str]:
        try:
            quality = float(self.measure(parts, referee))
        except _Pruned:
            return "pruned", None, ""
        except _OutOfTime:
            return "out of time", None, ""
        except _troubles() as error:
            return "failed", None, f"{type(error).__name__}: {error}"
        if not isfinite(quality):
            return "failed", None, f"a quality of {quality}"
        return "finished", quality, ""

    def choice(self, wanted: int) -> Choice:
        """The best so far; of equals the first."""
        qualities = [float("-inf") if t.quality is None else t.quality for t in self.trials]
        best = max(range(len(qualities)), key=qualities.__getitem__)
        return Choice(
            parts=self._with(self.trials[best].settings),
            trials=tuple(self.trials),
            best=best,
            stopped="trials" if len(self.trials) >= wanted else "budget",
        )

    def _drawn(self, trial: Any) -> Parts:
        return {
            name: drawn(trial, part, before=f"{name}.", only=self.searched)
            for name, part in self.parts.items()
        }

    def _with(self, settings: Mapping[str, Any]) -> Parts:
        return {
            name: replace(
                part,
                **{
                    key.removeprefix(f"{name}."): value
                    for key, value in settings.items()
                    if key.startswith(f"{name}.")
                },
            )
            for name, part in self.parts.items()
        }

    def _defaults(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, part in self.parts.items():
            found |= defaults(part, before=f"{name}.")
        return {name: value for name, value in found.items() if name in self.searched}

    def _distributions(self) -> dict[str, Any]:
        """What the settings are drawn from, as Optuna says it."""
        trial = self.optuna.trial.FixedTrial(self._defaults())
        self._drawn(trial)
        return dict(trial.distributions)


def _searched(parts: Parts, only: Iterable[str] | None) -> frozenset[str]:
    known = {f"{name}.{key}" for name, part in parts.items() for key in ranges(type(part))}
    wanted = known if only is None else set(only)
    if not wanted or wanted - known:
        raise ConfigError(
            expected=f"settings to search out of {', '.join(sorted(known)) or 'none'}",
            found=", ".join(sorted(wanted - known)) or "none",
            todo="Leave `only` out to search all that have a range.",
        )
    return frozenset(wanted)


def _identity(parts: Parts, searched: frozenset[str], seed: int) -> dict[str, Any]:
    """What a study on disk must share with a search to go on with it."""
    limits = {
        f"{name}.{key}": asdict(found)
        for name, part in parts.items()
        for key, found in ranges(type(part)).items()
    }
    return {
        "parts": {name: part.settings() for name, part in parts.items()},
        "ranges": {name: limits[name] for name in sorted(searched)},
        "seed": seed,
    }


def _troubles() -> tuple[type[Exception], ...]:
    """What settings may bring about: refusals, numbers out of range, too little memory."""
    torch = sys.modules.get("torch")
    found: tuple[type[Exception], ...] = (WarmstartError, ArithmeticError, MemoryError)
    return (*found, torch.OutOfMemoryError) if torch else found
