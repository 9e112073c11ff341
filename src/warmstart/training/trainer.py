"""The training loop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil, inf
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np

from warmstart.core.component import Component
from warmstart.core.errors import ConfigError, InputError
from warmstart.core.extras import load_torch
from warmstart.core.memory import reset_peak_rss
from warmstart.core.tunable import tunable
from warmstart.training.adversarial import Adversary
from warmstart.training.averaging import Averaging
from warmstart.training.checkpoints import Checkpoints
from warmstart.training.job import TrainingJob
from warmstart.training.launch import train_in_processes
from warmstart.training.loop import Loop, identity_of
from warmstart.training.optimisers import Optimiser
from warmstart.training.parallel import Parallel, spread
from warmstart.training.ranks import in_group, joined
from warmstart.training.recompute import recomputing
from warmstart.training.run import TrainingRun
from warmstart.training.schedules import Schedule
from warmstart.training.watcher import Watcher

__all__ = ["Precision", "Trainer", "Watcher"]

Precision = Literal["auto", "float32", "bfloat16", "float16"]


@dataclass(kw_only=True)
class Trainer(Component):
    """Trains a network by gradients, and leaves it with the best weights that it had.

    Give it a `TrainingJob`. Where the job holds something back, the network is looked at before the
    first step and every `look_every` epochs; after `patience` looks without a better one training stops,
    and the best weights are put back, which may be those that came: a training never does harm on what is
    held back. Without that the weights of the last step are kept, or their average.

    `batch_size` examples make a step; with `accumulate` they are read in so many parts, for less memory.
    `max_steps` and `max_seconds` end it early. `warmup` is the share of the steps in which the learning
    rate rises. `clip` bounds the length of the gradient. `average` keeps an average of the weights.
    `adversary` trains against shifts of the embeddings of length `radius`; `consistency` weighs R-Drop.
    `precision` "auto" is bfloat16 on GPUs made for it and float32 elsewhere.

    `gradient_checkpointing` keeps no activations inside the blocks of a transformer and computes them
    again on the way back (Chen et al. 2016, arXiv 1604.06174): about a third more time, much less memory.
    `processes` trains on so many at once on this machine, which share every step; started by `torchrun`
    or the like, it joins the others by itself. `parallel` says what they share: "data", each with the
    whole network, or "sharded", the weights divided among them, for a network too large for one device.
    Losses that compare the examples of a batch see those of their own process only. `threads` bounds
    torch's threads; None leaves them, and torch takes every core.

    Every draw depends on `seed`, the process and the number of the step alone, so a training that was
    interrupted and goes on from its last checkpoint ends with the weights that it would have had.

    *Needs* the extra `lm`. Errors: `ConfigError` for values that make no sense.
    """

    epochs: float = tunable(3.0, low=1.0, high=10.0, log=True)
    batch_size: int = tunable(32, choices=(8, 16, 32, 64))
    learning_rate: float = tunable(5e-5, low=1e-5, high=1e-3, log=True)
    weight_decay: float = tunable(0.01, low=1e-4, high=0.3, log=True)
    optimiser: Optimiser = "adamw"
    schedule: Schedule = "linear"
    warmup: float = 0.1
    clip: float = 1.0
    accumulate: int = 1
    max_steps: int | None = None
    max_seconds: float | None = None
    look_every: float = 1.0
    patience: int = 3
    average: Averaging = "none"
    average_decay: float = 0.99
    adversary: Adversary = "none"
    radius: float = 1.0
    consistency: float = 0.0
    precision: Precision = "auto"
    gradient_checkpointing: bool = False
    processes: int = 1
    parallel: Parallel = "data"
    threads: int | None = None
    checkpoint_every: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        _check(self)

    def train(
        self, job: TrainingJob, *, checkpoints: Path | None = None, watchers: Sequence[Watcher] = ()
    ) -> TrainingRun:
        """Train; with a folder for checkpoints, go on where the last one stopped.

        With several `processes` the job is sent to each: its class must be importable, a script needs
        `if __name__ == "__main__":`, and only the weights come back.

        Errors: `InputError` when there is nothing to learn from or nothing to train, `ArtifactError` when
        the folder holds another training.
        """
        torch = load_torch(type(self).__name__)
        _check_job(job)
        if self.processes > 1 and not in_group(torch):
            return train_in_processes(self, job, checkpoints, watchers)
        reset_peak_rss()
        with joined(torch, job.model) as ranks, _own_random_numbers(torch, job), self._threads(torch):
            kept = Checkpoints(checkpoints, identity_of(self, job))
            recomputed = recomputing(job.network, wanted=self.gradient_checkpointing)
            with recomputed, spread(ranks, job.model, self.parallel) as placement:
                return Loop(self, job, placement, kept, watchers).run()

    def steps_per_epoch(self, size: int) -> int:
        """How many steps read every example once."""
        return ceil(size / self.batch_size)

    def total_steps(self, size: int) -> int:
        """How many steps a training has at most."""
        return min(max(round(self.epochs * self.steps_per_epoch(size)), 1), self.max_steps or 10**9)

    def chosen(self, step: int, size: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The examples of a step (from 0): every epoch has an order of its own."""
        epoch, place = divmod(step, self.steps_per_epoch(size))
        order = np.random.default_rng([self.seed, 1, epoch]).permutation(size)
        return order[place * self.batch_size : (place + 1) * self.batch_size]

    @contextmanager
    def _threads(self, torch: ModuleType) -> Iterator[None]:
        before = torch.get_num_threads()
        torch.set_num_threads(self.threads or before)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def _own_random_numbers(torch: ModuleType, job: TrainingJob) -> Any:
    """For as long as this lasts torch's random numbers are seeded at will, and then as they were."""
    return torch.random.fork_rng(devices=[job.device] if job.device.type == "cuda" else [])


def _check(trainer: Trainer) -> None:
    """Errors: `ConfigError` for the first value that makes no sense."""
    positive = ("epochs", "batch_size", "learning_rate", "clip", "accumulate", "look_every", "patience")
    for name in (*positive, "radius", "checkpoint_every", "processes"):
        if not getattr(trainer, name) > 0:
            raise _unfit(name, "above 0", getattr(trainer, name))
    for name in ("max_steps", "max_seconds", "threads"):
        if getattr(trainer, name) is not None and not getattr(trainer, name) > 0:
            raise _unfit(name, "above 0, or None", getattr(trainer, name))
    for name, top in (("warmup", 1.0), ("average_decay", 1.0), ("weight_decay", inf), ("consistency", inf)):
        if not 0 <= getattr(trainer, name) <= top:
            raise _unfit(name, f"from 0 to {top}", getattr(trainer, name))
    if trainer.parallel == "sharded":
        if trainer.optimiser == "adafactor":  # its rows and columns of moments do not follow the parts
            raise _unfit("optimiser", "adamw or sgd where weights are divided", trainer.optimiser)
        if trainer.precision == "float16":  # each process would scale its gradients its own way
            raise _unfit("precision", "bfloat16 or float32 where weights are divided", trainer.precision)


def _unfit(name: str, wanted: str, found: object) -> ConfigError:
    return ConfigError(
        expected=f"'{name}' of Trainer {wanted}", found=str(found), todo="Leave it out for the default."
    )


def _check_job(job: TrainingJob) -> None:
    if not job.size:
        raise InputError(
            expected="examples to learn from", found="none", todo="Check what the job was made of."
        )
    if not any(weights.requires_grad for weights in job.model.parameters()):
        raise InputError(
            expected="a network with something to train",
            found="one whose weights are all frozen",
            todo="Choose another way of tuning, or unfreeze some weights.",
        )
