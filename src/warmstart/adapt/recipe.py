"""What a model is to learn from, and the job that each objective makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

from warmstart.adapt.job import BackboneJob
from warmstart.adapt.objectives.base import TextJob
from warmstart.adapt.objectives.causal import CausalJob
from warmstart.adapt.objectives.contrastive import ContrastiveJob, TwinJob
from warmstart.adapt.objectives.denoising import DenoisingJob
from warmstart.adapt.objectives.masked import MaskedJob
from warmstart.adapt.pairs import KINDS as PAIRS
from warmstart.adapt.pairs import PairKind, TextPairs, shop_pairs, text_pairs
from warmstart.adapt.probe import PairProbe
from warmstart.core import columns as c
from warmstart.core.errors import InputError
from warmstart.data.dataset import Dataset
from warmstart.encoders.backbone import Backbone, Kind
from warmstart.encoders.tuning import Tuning

Objective = Literal["contrastive", "mlm", "clm", "tsdae", "simcse"]

KINDS: Final[dict[Objective, Kind]] = {"mlm": "masked", "clm": "causal"}
"""What a backbone is read as for an objective; the others want an encoder."""

_TEXT_JOBS: Final[dict[Objective, type[TextJob]]] = {
    "mlm": MaskedJob,
    "clm": CausalJob,
    "tsdae": DenoisingJob,
    "simcse": TwinJob,
}
_FEWEST: Final = 10
"""Pairs below which a held-out quality is chance."""


@dataclass(frozen=True, kw_only=True)
class Material:
    """What there is to learn from, and what is held out."""

    texts: list[str]
    groups: list[str]
    """What keeps a text on one side: the item's title."""
    pairs: TextPairs
    held_texts: list[str]
    probe: PairProbe | None

    @classmethod
    def of(
        cls, data: Dataset | Sequence[str], *, held_out: int, seed: int, kinds: Sequence[PairKind] = PAIRS
    ) -> Self:
        """Cut a shop, or texts alone: the held-out items' texts are in none of the rest."""
        if isinstance(data, Dataset):
            pairs, whole = shop_pairs(data, kinds, seed=seed), data.item_texts
            groups = data.texts[c.TITLE]
        else:
            pairs, whole = text_pairs(data), list(data)
            groups = whole
        named = [(text, group) for text, group in zip(whole, groups, strict=True) if text.strip()]
        return cls._cut(pairs, named, held_out=held_out, seed=seed)

    def inner(self, *, held_out: int, seed: int) -> Self:
        """A cut of what is learned from: to choose settings by, without a look at what is held out."""
        named = list(zip(self.texts, self.groups, strict=True))
        return self._cut(self.pairs, named, held_out=held_out, seed=seed)

    @classmethod
    def _cut(cls, pairs: TextPairs, named: Sequence[tuple[str, str]], *, held_out: int, seed: int) -> Self:
        learned, held = pairs.split(most=held_out, seed=seed)
        left = {pair.group for pair in pairs.pairs} - {pair.group for pair in learned.pairs}
        kept = [(text, group) for text, group in named if group not in left]
        return cls(
            texts=[text for text, _ in kept],
            groups=[group for _, group in kept],
            pairs=learned,
            held_texts=[text for text, group in named if group in left][:held_out],
            probe=PairProbe(held) if len(held) >= _FEWEST else None,
        )

    def for_objective(self, objective: Objective) -> dict[str, int]:
        """How much of it an objective learns from. Errors: `InputError` when that is nothing."""
        found = self.pairs.counts if objective == "contrastive" else {"texts": len(self.texts)}
        if not sum(found.values()):
            raise InputError(
                expected="titles with descriptions, categories or attributes, or at least texts",
                found="none that tell items apart",
                todo="Give the items more text, or leave the encoder as it is.",
            )
        return found


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """An objective, a way of tuning and the material; `job` makes what a trainer trains."""

    objective: Objective
    tuning: Tuning
    material: Material
    settings: dict[str, Any]
    """Of the job, such as its temperature."""
    seed: int = 0

    @property
    def size(self) -> int:
        """How many examples there are."""
        return sum(self.material.for_objective(self.objective).values())

    def job(self, backbone: Backbone, *, total_steps: int, judged: bool = True) -> BackboneJob:
        """The job; without `judged` nothing is held back, to see how long a step takes."""
        own, probe = self.material, self.material.probe if judged else None
        more = {**self.settings, "probe": probe, "total_steps": total_steps, "seed": self.seed}
        if self.objective == "contrastive":
            return ContrastiveJob(backbone, self.tuning, own.pairs, **more)
        if judged and probe is None and self.objective != "simcse":  # twins are one text without dropout
            more["held_out"] = own.held_texts
        return _TEXT_JOBS[self.objective](backbone, self.tuning, own.texts, **more)
