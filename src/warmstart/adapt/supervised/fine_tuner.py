"""From a pretrained model and labelled texts to a tuned one, with few settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from warmstart.adapt.supervised.examples import Augment, Examples, hold_out
from warmstart.adapt.supervised.labelled import LabelledJob
from warmstart.adapt.supervised.targets import Target
from warmstart.adapt.supervised.tuned import Tuned, arrays_of, load_base, revive
from warmstart.core.component import Component, State
from warmstart.core.tunable import tunable
from warmstart.encoders.backbone import Backbone
from warmstart.encoders.tuning import Method, Tuning
from warmstart.training.run import TrainingRun
from warmstart.training.trainer import Trainer

RATES: Final[Mapping[Method, float]] = {
    "full": 1.5e-4,
    "top": 5e-4,
    "lora": 2e-3,
    "dora": 2e-3,
    "adalora": 1e-2,
    "ia3": 2e-2,
    "prefix": 1e-2,
    "prompt": 3e-3,
    "p-tuning": 3e-3,
    "bottleneck": 2e-3,
}
"""Learning rates by way of tuning: the fewer weights, the longer the steps."""


@dataclass(kw_only=True)
class EncoderTuning(Component):
    """The settings of whatever tunes a pretrained encoder on labelled texts.

    `model` is a folder or a Hub name (empty: what WARMSTART_MODEL names), `method` and `tuning` say what
    of it is trained (`Tuning`), `epochs`, `batch_size`, `learning_rate` (None: `RATES` of the method) and
    `trainer` how (`Trainer`: adversary, consistency, average, weight_decay ...). `held_out` is the share
    of each class that is held back to keep the best step by, the frozen model being step 0; with fewer
    than `ENOUGH` such texts nothing is, and all epochs are trained. After that the head is fitted anew on
    all texts; `strength` is the C of logistic regression.

    *Needs* the extra `lm`, most methods `adapt`.
    """

    model: str = ""
    method: Method = "lora"
    tuning: dict[str, Any] = field(default_factory=dict)
    epochs: float = tunable(8.0, low=1.0, high=30.0, log=True)
    batch_size: int = tunable(16, choices=(8, 16, 32, 64))
    learning_rate: float | None = None
    trainer: dict[str, Any] = field(default_factory=dict)
    max_length: int = 64
    max_seconds: float | None = None
    held_out: float = 0.2
    strength: float = tunable(10.0, low=0.1, high=1000.0, log=True)
    seed: int = 0

    def make_tuning(self) -> Tuning:
        """What is trained."""
        return Tuning.from_settings({"method": self.method, **self.tuning})

    def make_trainer(self, seed: int, members: int = 1) -> Trainer:
        """How it is trained."""
        limit = None if self.max_seconds is None else self.max_seconds / members
        own = {
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "learning_rate": self.learning_rate or RATES[self.method],
            "max_seconds": limit,
            "seed": seed,
        }
        return Trainer.from_settings(own | self.trainer)

    def revive(self, state: State) -> Tuned:
        """What `Tuned.get_state` gave, on its base again. Errors: `ArtifactError` when that is another."""
        return revive(self.model, self.max_length, self.make_tuning(), state)


@dataclass(kw_only=True)
class FineTuner(EncoderTuning):
    """Tunes a pretrained encoder on labelled texts; `tune` gives the tuned model.

    The settings of `EncoderTuning`, and `mixing`, mixup's alpha; the head starts as logistic regression.

    *Needs* the extra `lm`, most methods `adapt`.
    """

    mixing: float = 0.0

    def tune(
        self,
        examples: Examples,
        target: Target,
        *,
        extra: Examples | None = None,
        augment: Augment | None = None,
        member: int = 0,
        members: int = 1,
    ) -> Tuned:
        """A model tuned on `examples`; `extra` are learned from, too, but never held back.

        `member` of `members` gets a seed and a share of the time of its own, for an ensemble.
        Errors: `InputError`, `ConfigError`, `MissingExtraError`.
        """
        seed = self.seed + 1000 * member
        held = hold_out(examples.wanted, self.held_out, seed)
        more = extra or examples.part(np.zeros(len(examples.texts), dtype=np.bool_))
        learned, trainer = examples.part(~held).plus(more), self.make_trainer(seed, members)
        backbone = load_base(self.model, self.max_length)
        job = LabelledJob(
            backbone,
            self.make_tuning(),
            target,
            _prefixed(backbone, learned),
            held_out=_prefixed(backbone, examples.part(held)),
            mixing=self.mixing,
            augment=augment,
            strength=self.strength,
            total_steps=trainer.total_steps(len(learned.texts)),
            seed=seed,
        )
        run = trainer.train(job)
        judged = None
        if job.held_out is not None and job.held_out.texts:
            judged = (job.told(job.held_out.texts), job.held_out.wanted)
            job.set_head(*job.linear_head(_prefixed(backbone, examples.plus(more))))
        head, tensors = job.head(), arrays_of(backbone.model)
        return Tuned(job.finish(), *head, tensors=tensors, run=summary_of(run), judged=judged)


def summary_of(run: TrainingRun) -> dict[str, Any]:
    """What is kept of a training: its cost, and how it ended."""
    kept = ("steps", "epochs", "best_step", "best_quality", "stopped", "seconds", "peak_rss_mb")
    told = run.as_dict()
    found = {name: told[name] for name in (*kept, "trained_parameters", "all_parameters", "device")}
    return found | {"first_quality": run.qualities[0][1] if run.qualities else None}


def _prefixed(backbone: Backbone, examples: Examples) -> Examples:
    """Texts as the model wants to read them."""
    return Examples(
        texts=prefixed(backbone, examples.texts), wanted=examples.wanted, weights=examples.weights
    )


def prefixed(backbone: Backbone, texts: Sequence[str]) -> list[str]:
    """With what the model's authors put before a text."""
    prefix = backbone.prefix("item")
    return [prefix + text for text in texts]
