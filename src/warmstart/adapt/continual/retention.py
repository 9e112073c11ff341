"""Learn the new without losing the old: jobs around a job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

import numpy as np

from warmstart.core.component import Component, State
from warmstart.core.errors import ConfigError
from warmstart.core.extras import load_torch
from warmstart.training.averaging import Tensors, copied, put, trained_tensors
from warmstart.training.job import TrainingJob

Anchor = Literal["none", "l2-sp", "ewc", "distil"]


@dataclass(kw_only=True)
class Retention(Component):
    """How the old is kept while a network learns something new; `around` makes a job that does so.

    | anchor | holds | source |
    |---|---|---|
    | `l2-sp` | every weight near its old value | Li et al. 2018, arXiv 1802.01483 |
    | `ewc` | the weights that mattered for the old examples | Kirkpatrick et al. 2017, arXiv 1612.00796 |
    | `distil` | what the old network says of the new examples | Li and Hoiem 2016, arXiv 1606.09282 |

    `strength` weighs the anchor. `replay` adds that share of old examples to every batch (Robins 1995),
    which needs them to be still there; the anchors need them not at all, or, for `ewc`, once.

    *When to use*: a network that serves already is trained on again. *When not*: it may be trained anew on
    everything, which is dearer and forgets nothing.
    """

    anchor: Anchor = "l2-sp"
    strength: float = 0.1
    replay: float = 0.25

    def __post_init__(self) -> None:
        if self.strength < 0 or not 0 <= self.replay <= 1:
            raise ConfigError(
                expected="'strength' of Retention at least 0 and 'replay' from 0 to 1",
                found=f"strength {self.strength}, replay {self.replay}",
                todo="Leave them out for the defaults.",
            )

    def around(self, job: TrainingJob, old: TrainingJob | None = None) -> TrainingJob:
        """The job, kept from forgetting. `old` has the old examples and must share the job's network.

        Without `old` nothing is replayed. Errors: `ConfigError` where `ewc` or another network is asked
        of old examples that do not fit.
        """
        if old is not None and old.model is not job.model:
            raise ConfigError(
                expected="old and new examples of one network",
                found="two networks",
                todo="Make both jobs from the same model.",
            )
        if self.anchor == "ewc" and old is None:
            raise ConfigError(
                expected="old examples, by which 'ewc' sees which weights matter",
                found="none",
                todo="Keep some (ReplayBuffer), or choose the anchor 'l2-sp'.",
            )
        found = job
        if old is not None and self.replay:
            found = ReplayingJob(found, old, self.replay)
        if self.anchor == "distil":
            found = DistillingJob(found, self.strength)
        elif self.anchor != "none":
            importance = weight_importance(old) if self.anchor == "ewc" and old is not None else None
            found = AnchoredJob(found, self.strength, importance)
        return found


class _Around(TrainingJob):
    """A job that is another one with something added."""

    def __init__(self, job: TrainingJob) -> None:
        super().__init__(job.model)
        self.job = job

    @property
    def size(self) -> int:
        return self.job.size

    def batch(self, chosen: Sequence[int], rng: np.random.Generator) -> Any:
        return self.job.batch(chosen, rng)

    def outputs(self, batch: Any) -> Any:
        return self.job.outputs(batch)

    def loss(self, outputs: Any, batch: Any) -> Any:
        return self.job.loss(outputs, batch)

    def quality(self) -> float | None:
        return self.job.quality()

    def divergence(self, one: Any, other: Any) -> Any:
        return self.job.divergence(one, other)

    @property
    def network(self) -> Any:
        return self.job.network

    def after_step(self, step: int) -> None:
        self.job.after_step(step)

    def get_progress(self) -> State:
        return self.job.get_progress()

    def set_progress(self, progress: State) -> None:
        self.job.set_progress(progress)


class ReplayingJob(_Around):
    """Every batch brings some old examples along; its loss is the mean over both, weighted by `share`."""

    def __init__(self, job: TrainingJob, old: TrainingJob, share: float) -> None:
        super().__init__(job)
        self.old, self.share = old, share

    def batch(self, chosen: Sequence[int], rng: np.random.Generator) -> Any:
        """Some new examples and, drawn by chance, some old."""
        wanted = ceil(self.share * len(chosen) / (1 - self.share)) if self.share < 1 else len(chosen)
        drawn = rng.choice(self.old.size, min(wanted, self.old.size), replace=False).tolist()
        return self.job.batch(chosen, rng), self.old.batch(drawn, rng)

    def outputs(self, batch: Any) -> Any:
        """What the network says of both."""
        return self.job.outputs(batch[0]), self.old.outputs(batch[1])

    def loss(self, outputs: Any, batch: Any) -> Any:
        """The mean of both, old ones counted by their share."""
        new, old = self.job.loss(outputs[0], batch[0]), self.old.loss(outputs[1], batch[1])
        return (1 - self.share) * new + self.share * old

    def divergence(self, one: Any, other: Any) -> Any:
        """Only that on the new examples."""
        return self.job.divergence(one[0], other[0])


class AnchoredJob(_Around):
    """The weights are tied to where they were: strength / 2 · Σ importance · (weight - old)²."""

    def __init__(self, job: TrainingJob, strength: float, importance: Tensors | None = None) -> None:
        super().__init__(job)
        self.strength, self.importance = strength, importance
        self.before = copied(trained_tensors(job.model))

    def loss(self, outputs: Any, batch: Any) -> Any:
        """The job's loss and the pull of the anchor."""
        return super().loss(outputs, batch) + self.strength / 2 * self.distance()

    def distance(self) -> Any:
        """How far the weights are from where they were, squared, each counted by its importance."""
        total: Any = 0.0
        for name, weights in trained_tensors(self.model).items():
            squares = (weights - self.before[name].to(weights.device)) ** 2
            total = total + (squares if self.importance is None else squares * self.importance[name]).sum()
        return total


class DistillingJob(_Around):
    """What the network said of a batch before it learned goes on counting: strength · divergence."""

    def __init__(self, job: TrainingJob, strength: float) -> None:
        super().__init__(job)
        self.strength = strength
        self.before = copied(trained_tensors(job.model))

    def batch(self, chosen: Sequence[int], rng: np.random.Generator) -> Any:
        """The job's batch, and what the old network says of it."""
        batch = self.job.batch(chosen, rng)
        return batch, self._answers(batch)

    def outputs(self, batch: Any) -> Any:
        """What the network says now."""
        return self.job.outputs(batch[0])

    def loss(self, outputs: Any, batch: Any) -> Any:
        """The job's loss and how far the answers are from the old ones."""
        return self.job.loss(outputs, batch[0]) + self.strength * self.divergence(outputs, batch[1])

    def _answers(self, batch: Any) -> Any:
        """The old network's answers, by its weights put in place for the moment, without dropout."""
        torch = load_torch("DistillingJob")
        now, training = copied(trained_tensors(self.model)), self.model.training
        with torch.no_grad():
            put(torch, self.model, self.before)
            self.model.eval()
            found = self.job.outputs(batch)
            self.model.train(training)
            put(torch, self.model, now)
        return found


def weight_importance(old: TrainingJob, most: int = 256, seed: int = 0) -> Tensors:
    """The diagonal of the empirical Fisher matrix on old examples, scaled to a mean of 1."""
    torch = load_torch("weight_importance")
    rng = np.random.default_rng(seed)
    drawn = rng.permutation(old.size)[:most]
    squares = {name: torch.zeros_like(value) for name, value in trained_tensors(old.model).items()}
    training = old.model.training
    old.model.eval()
    for place in drawn.tolist():
        old.model.zero_grad(set_to_none=True)
        batch = old.batch([place], rng)
        old.loss(old.outputs(batch), batch).backward()
        for name, value in trained_tensors(old.model).items():
            if value.grad is not None:
                squares[name] += value.grad.detach() ** 2
    old.model.zero_grad(set_to_none=True)
    old.model.train(training)
    return _with_mean_one(torch, squares)


def _with_mean_one(torch: Any, squares: Tensors) -> Tensors:
    count = sum(value.numel() for value in squares.values())
    mean = float(sum(value.double().sum() for value in squares.values())) / count
    return {name: value / mean if mean > 0 else torch.ones_like(value) for name, value in squares.items()}
