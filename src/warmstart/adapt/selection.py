"""The settings of an adaptation, chosen within a budget of time before it begins."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, cast

from warmstart.adapt.choose import Choice, Parts, by_training, choose
from warmstart.adapt.contrast import Contrast
from warmstart.adapt.job import BackboneJob
from warmstart.adapt.pairs import KINDS as PAIRS
from warmstart.adapt.pairs import PairKind
from warmstart.adapt.plan import learning_rate_for, looking, read_plan, steps_within, write_plan
from warmstart.adapt.recipe import Material, Objective, Recipe
from warmstart.adapt.source import Source, check_tuning, longest_text, open_source, source_settings
from warmstart.core.component import Component
from warmstart.core.errors import ConfigError
from warmstart.core.tunable import ranges
from warmstart.data.dataset import Dataset
from warmstart.encoders.backbone import Backbone
from warmstart.encoders.scratch import ScratchNetwork
from warmstart.encoders.tuning import Tuning
from warmstart.training.trainer import Trainer

STUDY_FILE: Final = "study.json"
_WHOLE_TRIALS: Final = 6
"""So many should fit into the time; those that are cut short make room for more."""
_CONTRASTIVE: Final = ("contrastive", "simcse")


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The settings to train with, and the search that found them."""

    trainer: Trainer
    tuning: Tuning
    settings: Mapping[str, Any]
    """Of the job: its temperature, where it has one."""
    choice: Choice

    def told(self) -> dict[str, Any]:
        """The study in short, for a card: every trial, and what came of it."""
        found: dict[str, Any] = {
            "chosen": f"trial {self.choice.best + 1}",
            "gain over the defaults": self.choice.gain,
            "seconds": round(self.choice.seconds, 1),
        }
        for number, trial in enumerate(self.choice.trials, 1):
            found[f"trial {number}"] = {
                **trial.settings,
                "state": trial.state,
                "quality": trial.quality,
                "seconds": round(trial.seconds, 1),
            }
        return found


def select_settings(
    source: Source,
    data: Dataset | Sequence[str],
    *,
    minutes: float,
    objective: Objective = "contrastive",
    tuning: Tuning | None = None,
    trainer: Trainer | None = None,
    max_length: int = 64,
    held_out: int = 150,
    pairs: Sequence[PairKind] = PAIRS,
    device: str = "auto",
    trials: int = 20,
    folder: Path | None = None,
) -> Selection:
    """Choose the learning rate, the temperature of contrastive learning and, unless given, the tuning.

    The arguments are those of `adapt_encoder`, which is then called with what comes back. What that holds
    out is not looked at: a tenth of the rest is held out once more, to choose by. The first trial has the
    usual settings, so what is chosen is no worse on that tenth; whether it is better elsewhere has to be
    seen. About six trials fit into the `minutes`, more where some are cut short. With a `folder` for the
    study a search that was interrupted goes on.

    *When to use*: the usual settings gained something, and minutes do not count. *When not*: in a small
    shop, where the trials differ by chance. *Needs* the extra `adapt`. Errors: as `adapt_encoder`.
    """
    scratch = isinstance(source, ScratchNetwork)
    own = tuning or Tuning(method="full" if scratch else "lora")
    check_tuning(source, own)
    trainer = trainer or Trainer(epochs=10.0, learning_rate=learning_rate_for(own, scratch=scratch))
    _check_rate(trainer)
    material = Material.of(data, held_out=held_out, seed=trainer.seed, kinds=pairs)
    inner = material.inner(held_out=held_out, seed=trainer.seed + 1)
    inner.for_objective(objective)
    backbone = open_source(source, inner, objective, device)
    trials_of = _Trials(backbone, inner, objective, trainer, max_length)
    parts: dict[str, Component] = {"trainer": trainer, "tuning": own}
    only = ["trainer.learning_rate", *([] if tuning or scratch else ["tuning.method"])]
    if objective in _CONTRASTIVE:
        parts["contrast"] = Contrast()
        only.append("contrast.temperature")
    parts["trainer"] = trials_of.plan(parts, minutes, folder, source_settings(source))
    study = folder / STUDY_FILE if folder else None
    found = choose(
        parts,
        by_training(trials_of.job),
        seconds=60 * minutes,
        trials=trials,
        only=only,
        seed=trainer.seed,
        study=study,
    )
    return _selected(found, trainer)


def _check_rate(trainer: Trainer) -> None:
    limits = ranges(Trainer)["learning_rate"]
    low, high = limits.low or 0.0, limits.high or 1.0
    if not low <= trainer.learning_rate <= high:
        raise ConfigError(
            expected=f"a learning rate from {low:g} to {high:g} to search around",
            found=f"{trainer.learning_rate:g}",
            todo="Leave the learning rate out, or choose no settings.",
        )


def _selected(found: Choice, trainer: Trainer) -> Selection:
    best = found.parts
    rate = cast("Trainer", best["trainer"]).learning_rate
    return Selection(
        trainer=replace(trainer, learning_rate=rate),
        tuning=cast("Tuning", best["tuning"]),
        settings=best["contrast"].settings() if "contrast" in best else {},
        choice=found,
    )


@dataclass
class _Trials:
    """Makes the job of each trial, always from the network as it came."""

    backbone: Backbone
    material: Material
    objective: Objective
    trainer: Trainer
    max_length: int
    steps: int = 1

    def job(self, parts: Parts, *, judged: bool = True) -> BackboneJob:
        """A fresh copy of the network, to be trained with these parts."""
        recipe, backbone = self._recipe(parts), copy.deepcopy(self.backbone)
        backbone.max_length = min(self.max_length, longest_text(backbone, recipe.tuning))
        return recipe.job(backbone, total_steps=self.steps, judged=judged)

    def plan(self, parts: Parts, minutes: float, folder: Path | None, source: Any) -> Trainer:
        """The trainer of a trial: as many steps as fit, or as an interrupted search had."""
        about = {
            "objective": self.objective,
            "minutes": minutes,
            "source": source,
            "trainer": self.trainer.settings(),
        }
        steps = read_plan(folder, about) if folder else None
        self.steps = steps or self._steps_within(parts, minutes / _WHOLE_TRIALS)
        if folder:
            write_plan(folder, about, self.steps)
        return looking(replace(self.trainer, max_steps=self.steps), self._recipe(parts).size)

    def _steps_within(self, parts: Parts, minutes: float) -> int:
        begun = time.perf_counter()
        if self.material.probe is not None:
            self.material.probe.measure(self.backbone.as_encoder())
        look = time.perf_counter() - begun
        return steps_within(self.trainer, self.job(parts, judged=False), minutes, look)

    def _recipe(self, parts: Parts) -> Recipe:
        return Recipe(
            objective=self.objective,
            tuning=cast("Tuning", parts["tuning"]),
            material=self.material,
            settings=parts["contrast"].settings() if "contrast" in parts else {},
            seed=self.trainer.seed,
        )
