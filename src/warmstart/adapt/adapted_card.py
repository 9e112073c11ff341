"""The card of an adaptation: data, settings, curves, and what was found of the held-out pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from warmstart.adapt.card import Card, CardMetric, card_of, fingerprint, plain_settings
from warmstart.adapt.recipe import Recipe
from warmstart.core.component import Component
from warmstart.core.intervals import mean_interval
from warmstart.core.linear import FloatArray
from warmstart.training.run import TrainingRun
from warmstart.training.trainer import Trainer

Ranks = Mapping[str, FloatArray]

UNHELPED = (
    "Refused: no step of this training found more of what was held out, so the folder holds the model as "
    "it came."
)
CHOSEN = (
    "The settings are those of {chosen}, the best on texts held back from the trials; its gain there "
    "flatters it."
)


@dataclass(frozen=True, kw_only=True)
class About:
    """What is known of an adaptation before it begins; with its run it makes the card."""

    source: Any
    """The name of the model, or the settings of a new one."""
    recipe: Recipe
    trainer: Trainer
    learned_from: Mapping[str, int]
    study: Mapping[str, Any] | None = None
    """The trials by which the settings were chosen."""

    @property
    def title(self) -> str:
        """The objective, the way of tuning and the model."""
        name = "from scratch" if isinstance(self.source, Mapping) else Path(self.source).name
        return f"{self.recipe.objective}, {self.recipe.tuning.method}: {name}"

    @property
    def told(self) -> dict[str, Any]:
        """Data and settings as plain values, for trackers."""
        return {**plain_settings(self._parts()), "data": self._data()}

    def card(self, run: TrainingRun, before: Ranks, after: Ranks) -> Card:
        """The card, with the places of the held-out texts before and after."""
        notes = [UNHELPED] if run.best_step == 0 else []
        if self.study:
            notes.append(CHOSEN.format(**self.study))
        return card_of(
            run,
            title=self.title,
            data=self._data(),
            settings=self._parts(),
            metrics=pair_metrics(before, after),
            notes=notes,
        )

    def _data(self) -> dict[str, Any]:
        material = self.recipe.material
        held = material.probe.held_out.counts if material.probe else {"texts": len(material.held_texts)}
        pairs = chain.from_iterable((pair.left, pair.right) for pair in material.pairs.pairs)
        return {
            "fingerprint": fingerprint(chain(material.texts, pairs)),
            "texts": len(material.texts),
            "learned from": dict(self.learned_from),
            "held out": held,
        }

    def _parts(self) -> dict[str, Component | Mapping[str, Any]]:
        model = self.source if isinstance(self.source, Mapping) else {"name": self.source}
        found: dict[str, Component | Mapping[str, Any]] = {
            "model": model,
            "objective": {"name": self.recipe.objective, **self.recipe.settings},
            "tuning": self.recipe.tuning,
            "trainer": self.trainer,
        }
        return found | ({"choosing": self.study} if self.study else {})


def pair_metrics(before: Ranks, after: Ranks) -> list[CardMetric]:
    """How far up the right text is, by kind of pair, with the paired interval of the gain."""
    return [_metric(f"{kind}: mean reciprocal rank", before[kind], after[kind]) for kind in after]


def _metric(name: str, before: FloatArray, after: FloatArray) -> CardMetric:
    low, high = mean_interval(1 / after)
    gain_low, gain_high = mean_interval(1 / after - 1 / before)
    return CardMetric(
        name=name,
        value=float((1 / after).mean()),
        low=low,
        high=high,
        before=float((1 / before).mean()),
        gain_low=gain_low,
        gain_high=gain_high,
    )
