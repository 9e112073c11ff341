"""The training loop."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from math import ceil, inf
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Literal, Protocol

import numpy as np

from warmstart.core.component import Component
from warmstart.core.errors import ConfigError, InputError
from warmstart.core.extras import load_torch
from warmstart.core.memory import peak_rss_mb, reset_peak_rss
from warmstart.core.progress import track
from warmstart.core.tunable import tunable
from warmstart.training.adversarial import Adversary, backward_against
from warmstart.training.averaging import Averaging, WeightAverage, put
from warmstart.training.checkpoints import Checkpoints, Progress, array_of
from warmstart.training.job import TrainingJob
from warmstart.training.optimisers import Optimiser, make_optimiser, set_rate
from warmstart.training.run import Stopped, TrainingRun
from warmstart.training.schedules import Schedule, rate_share

Precision = Literal["auto", "float32", "bfloat16", "float16"]

_FREE: Final = ("max_seconds", "checkpoint_every")
"""Settings that a training that goes on may change."""


class Watcher(Protocol):
    """Is told of every step and every look at what is held back: a logger, a tracker."""

    def on_step(self, step: int, loss: float, learning_rate: float) -> None:
        """After a step, counted from 1."""

    def on_quality(self, step: int, quality: float) -> None:
        """After a look; step 0 is before the first step."""


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

    Every draw depends on `seed` and the number of the step alone, so a training that was interrupted and
    goes on from its last checkpoint ends with the weights that it would have had.

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
    checkpoint_every: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        _check(self)

    def train(
        self, job: TrainingJob, *, checkpoints: Path | None = None, watchers: Sequence[Watcher] = ()
    ) -> TrainingRun:
        """Train; with a folder for checkpoints, go on where the last one stopped.

        Errors: `InputError` when there is nothing to learn from or nothing to train, `ArtifactError` when
        the folder holds another training.
        """
        torch = load_torch(type(self).__name__)
        _check_job(job)
        devices = [job.device] if job.device.type == "cuda" else []
        reset_peak_rss()
        with torch.random.fork_rng(devices=devices):
            return _Loop(self, torch, job, checkpoints, watchers).run()

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


class _Loop:
    """One training while it runs."""

    def __init__(
        self,
        trainer: Trainer,
        torch: ModuleType,
        job: TrainingJob,
        folder: Path | None,
        watchers: Sequence[Watcher],
    ) -> None:
        self.trainer, self.torch, self.job, self.watchers = trainer, torch, job, watchers
        self.total = trainer.total_steps(job.size)
        self.optimiser = make_optimiser(
            torch, job.model, trainer.optimiser, trainer.learning_rate, trainer.weight_decay
        )
        self.average = WeightAverage(trainer.average, trainer.average_decay, start=self.total // 2)
        self.checkpoints = Checkpoints(folder, _identity(trainer, job))
        self.dtype = _dtype(torch, trainer.precision, job.device)
        scaled = self.dtype == torch.float16 and job.device.type == "cuda"
        self.scaler = torch.amp.GradScaler(job.device.type, enabled=scaled)
        self.every = max(round(trainer.look_every * trainer.steps_per_epoch(job.size)), 1)

    def run(self) -> TrainingRun:
        job, trainer = self.job, self.trainer
        progress = self.checkpoints.load(self.torch, job, self.optimiser, self.average)
        begun = time.perf_counter() - progress.seconds
        if not progress.step:
            self._look(progress)
        stopped: Stopped = "patience" if progress.waited >= trainer.patience else "finished"
        steps = range(progress.step, 0 if stopped == "patience" else self.total)
        for step in track(steps, "training", total=len(steps)):
            self._step(step, progress)
            progress.seconds = time.perf_counter() - begun
            if progress.step % self.every == 0 or progress.step == self.total:
                self._look(progress)
            if progress.step % trainer.checkpoint_every == 0 or progress.step == self.total:
                self.checkpoints.save(job, self.optimiser, self.average, progress)
            if progress.waited >= trainer.patience:
                stopped = "patience"
                break
            if progress.seconds > (trainer.max_seconds or inf):
                stopped = "budget"
                break
        if progress.qualities and progress.qualities[-1][0] != progress.step:
            self._look(progress)  # it ended between two looks
        self._settle(progress)
        return self._report(progress, stopped)

    def _settle(self, progress: Progress) -> None:
        """Leave the model with the weights to keep."""
        if progress.best:
            put(self.torch, self.job.model, progress.best)
        elif self.average.count:
            put(self.torch, self.job.model, self.average.values)
            progress.best_step = progress.step
        else:
            progress.best_step = progress.step
        self.job.model.eval()

    def _look(self, progress: Progress) -> None:
        model = self.job.model
        with self.average.in_place(self.torch, model), self.torch.no_grad(), self._autocast():
            model.eval()
            quality = self.job.quality()
            if quality is not None:
                progress.note(model, progress.step, quality)
                for watcher in self.watchers:
                    watcher.on_quality(progress.step, quality)

    def _step(self, step: int, progress: Progress) -> None:
        trainer, model = self.trainer, self.job.model
        self.torch.manual_seed(trainer.seed * 1_000_003 + step)
        rate = trainer.learning_rate * rate_share(step, self.total, trainer.warmup, trainer.schedule)
        set_rate(self.optimiser, rate)
        model.train()
        self.optimiser.zero_grad(set_to_none=True)
        chosen = trainer.chosen(step, self.job.size)
        rng = np.random.default_rng([trainer.seed, 2, step])
        parts = [part for part in np.array_split(chosen, trainer.accumulate) if len(part)]
        loss = sum(self._backward(part, len(part) / len(chosen), rng) for part in parts)
        self.scaler.unscale_(self.optimiser)
        trained = [weights for weights in model.parameters() if weights.requires_grad]
        self.torch.nn.utils.clip_grad_norm_(trained, trainer.clip)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.job.after_step(step + 1)
        progress.step = step + 1
        progress.losses.append(loss)
        self.average.update(self.torch, model, progress.step)
        for watcher in self.watchers:
            watcher.on_step(progress.step, loss, rate)

    def _backward(self, chosen: Any, share: float, rng: np.random.Generator) -> float:
        """Add the gradients of some examples; returns their part of the loss."""
        batch = self.job.batch(chosen.tolist(), rng)

        def loss() -> Any:
            with self._autocast():
                return self.scaler.scale(self._loss(batch) * share)

        if self.trainer.adversary == "none":
            found = loss()
            found.backward()
        else:
            layer = self.job.embeddings()
            found = backward_against(self.torch, layer, loss, self.trainer.adversary, self.trainer.radius)
        return float(found.detach()) / float(self.scaler.get_scale() if self.scaler.is_enabled() else 1.0)

    def _loss(self, batch: Any) -> Any:
        outputs = self.job.outputs(batch)
        loss = self.job.loss(outputs, batch)
        if not self.trainer.consistency:
            return loss
        again = self.job.outputs(batch)
        loss = (loss + self.job.loss(again, batch)) / 2
        return loss + self.trainer.consistency * self.job.divergence(outputs, again)

    def _autocast(self) -> AbstractContextManager[Any]:
        if self.dtype == self.torch.float32:
            return nullcontext()
        found: AbstractContextManager[Any] = self.torch.autocast(self.job.device.type, dtype=self.dtype)
        return found

    def _report(self, progress: Progress, stopped: Stopped) -> TrainingRun:
        weights = list(self.job.model.parameters())
        on_gpu = self.job.device.type == "cuda"
        return TrainingRun(
            steps=progress.step,
            epochs=progress.step / self.trainer.steps_per_epoch(self.job.size),
            best_step=progress.best_step,
            best_quality=progress.best_quality,
            stopped=stopped,
            losses=tuple(progress.losses),
            qualities=tuple(progress.qualities),
            seconds=progress.seconds,
            peak_rss_mb=peak_rss_mb(),
            cuda_mb=self.torch.cuda.max_memory_allocated(self.job.device) / 2**20 if on_gpu else None,
            trained_parameters=sum(w.numel() for w in weights if w.requires_grad),
            all_parameters=sum(w.numel() for w in weights),
        )


def _check(trainer: Trainer) -> None:
    """Errors: `ConfigError` for the first value that makes no sense."""
    positive = ("epochs", "batch_size", "learning_rate", "clip", "accumulate", "look_every", "patience")
    for name in (*positive, "radius", "checkpoint_every"):
        if not getattr(trainer, name) > 0:
            raise _unfit(name, "above 0", getattr(trainer, name))
    for name in ("max_steps", "max_seconds"):
        if getattr(trainer, name) is not None and not getattr(trainer, name) > 0:
            raise _unfit(name, "above 0, or None", getattr(trainer, name))
    for name, top in (("warmup", 1.0), ("average_decay", 1.0), ("weight_decay", inf), ("consistency", inf)):
        if not 0 <= getattr(trainer, name) <= top:
            raise _unfit(name, f"from 0 to {top}", getattr(trainer, name))


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


def _identity(trainer: Trainer, job: TrainingJob) -> dict[str, Any]:
    """What a checkpoint must share with a training to go on with it."""
    digest = hashlib.blake2b(digest_size=16)
    for name, weights in job.model.named_parameters():
        digest.update(f"{name} {tuple(weights.shape)} {weights.requires_grad}".encode())
        digest.update(array_of(weights).tobytes())
    settings = {name: value for name, value in trainer.settings().items() if name not in _FREE}
    return {**settings, "examples": job.size, "starting weights": digest.hexdigest()}


def _dtype(torch: ModuleType, precision: Precision, device: Any) -> Any:
    if precision != "auto":
        return getattr(torch, precision)
    native = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.bfloat16 if native else torch.float32
