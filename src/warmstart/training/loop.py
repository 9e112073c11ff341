"""One training while it runs."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from warmstart.core.memory import peak_rss_mb
from warmstart.core.progress import track
from warmstart.training.adversarial import backward_against
from warmstart.training.averaging import WeightAverage, put
from warmstart.training.checkpoints import Checkpoints, Learner, Progress, array_of
from warmstart.training.job import TrainingJob
from warmstart.training.optimisers import make_optimiser, set_rate
from warmstart.training.parallel import Placement
from warmstart.training.run import Stopped, TrainingRun
from warmstart.training.schedules import rate_share
from warmstart.training.watcher import Watcher

if TYPE_CHECKING:
    from warmstart.training.trainer import Trainer

_FREE: Final = (
    "max_seconds",
    "checkpoint_every",
    "gradient_checkpointing",
    "processes",
    "parallel",
    "threads",
)
"""Settings that a training that goes on may change."""


class Loop:
    """A training of a network that has been laid on its processes; `identity` is of before that."""

    def __init__(
        self,
        trainer: Trainer,
        job: TrainingJob,
        placement: Placement,
        checkpoints: Checkpoints,
        watchers: Sequence[Watcher],
    ) -> None:
        self.trainer, self.job, self.placement, self.checkpoints = trainer, job, placement, checkpoints
        self.ranks, self.torch = placement.ranks, placement.ranks.torch
        self.watchers = watchers if self.ranks.first else ()
        self.total = trainer.total_steps(job.size)
        self.dtype = _dtype(self.torch, trainer.precision, job.device)
        self.learner = Learner(
            optimiser=make_optimiser(
                self.torch, job.model, trainer.optimiser, trainer.learning_rate, trainer.weight_decay
            ),
            scaler=self.torch.amp.GradScaler(job.device.type, enabled=self.dtype == self.torch.float16),
            average=WeightAverage(trainer.average, trainer.average_decay, start=self.total // 2),
        )
        self.every = max(round(trainer.look_every * trainer.steps_per_epoch(job.size)), 1)

    def run(self) -> TrainingRun:
        """Train to the end, and leave the network with the weights to keep."""
        job, trainer = self.job, self.trainer
        progress = self.checkpoints.load(self.torch, job, self.learner)
        self.ranks.check_same(digest_of(self.checkpoints.identity, progress.step))
        begun = time.perf_counter() - progress.seconds
        if not progress.step:
            self._look(progress)
        stopped: Stopped = "patience" if progress.waited >= trainer.patience else "finished"
        steps = range(progress.step, 0 if stopped == "patience" else self.total)
        for step in track(steps, "training", total=len(steps)) if self.ranks.first else steps:
            self._step(step, progress)
            progress.seconds = time.perf_counter() - begun
            if progress.step % self.every == 0 or progress.step == self.total:
                self._look(progress)
            if progress.step % trainer.checkpoint_every == 0 or progress.step == self.total:
                self.checkpoints.save(self.placement, job, self.learner, progress)
            if progress.waited >= trainer.patience:
                stopped = "patience"
                break
            if self._is_over(progress):
                stopped = "budget"
                break
        if progress.qualities and progress.qualities[-1][0] != progress.step:
            self._look(progress)  # it ended between two looks
        self._settle(progress)
        return self._report(progress, stopped)

    def _is_over(self, progress: Progress) -> bool:
        """Whether the time is up, by the first process's clock."""
        limit = self.trainer.max_seconds
        return limit is not None and (self.ranks.of_first(progress.seconds) or 0.0) > limit

    def _settle(self, progress: Progress) -> None:
        """Leave the model with the weights to keep."""
        if progress.best:
            put(self.torch, self.job.model, progress.best)
        elif self.learner.average.count:
            put(self.torch, self.job.model, self.learner.average.values)
            progress.best_step = progress.step
        else:
            progress.best_step = progress.step
        self.job.model.eval()

    def _look(self, progress: Progress) -> None:
        model = self.job.model
        with self.learner.average.in_place(self.torch, model):
            with self.torch.no_grad(), self._autocast():
                model.eval()
                found = self.placement.look(self.job.quality)
            quality = self.ranks.of_first(found)
            if quality is not None:
                progress.note(model, progress.step, quality)
                for watcher in self.watchers:
                    watcher.on_quality(progress.step, quality)

    def _step(self, step: int, progress: Progress) -> None:
        trainer, model, rank = self.trainer, self.job.model, self.ranks.rank
        self.torch.manual_seed((trainer.seed * 1_000_003 + step) + rank * 2**40)
        rate = trainer.learning_rate * rate_share(step, self.total, trainer.warmup, trainer.schedule)
        set_rate(self.learner.optimiser, rate)
        model.train()
        self.learner.optimiser.zero_grad(set_to_none=True)
        rng = np.random.default_rng([trainer.seed, 2, step, rank])
        loss = self.ranks.total(self._gradients(trainer.chosen(step, self.job.size), rng))
        self.learner.scaler.unscale_(self.learner.optimiser)
        trained = [weights for weights in model.parameters() if weights.requires_grad]
        self.torch.nn.utils.clip_grad_norm_(trained, trainer.clip)
        self.learner.scaler.step(self.learner.optimiser)
        self.learner.scaler.update()
        self.job.after_step(step + 1)
        progress.step = step + 1
        progress.losses.append(loss)
        self.learner.average.update(self.torch, model, progress.step)
        for watcher in self.watchers:
            watcher.on_step(progress.step, loss, rate)

    def _gradients(self, chosen: Any, rng: np.random.Generator) -> float:
        """The gradients of a step, and this process's part of its loss."""
        *before, last = self.ranks.parts(chosen, self.trainer.accumulate)
        with self.placement.quiet():
            loss = sum(self._backward(part, share, rng) for part, share in before)
        return loss + self._backward(*last, rng)

    def _backward(self, chosen: Any, share: float, rng: np.random.Generator) -> float:
        """Add the gradients of some examples; returns their part of the loss."""
        batch = self.job.batch(chosen.tolist(), rng)
        weight = share * self.placement.shares

        def compute() -> Any:
            with self._autocast():
                return self.learner.scaler.scale(self._loss(batch) * weight)

        def loss() -> Any:
            return self.placement.call(compute)

        if self.trainer.adversary == "none":
            found = loss()
            found.backward()
        else:
            kind, radius = self.trainer.adversary, self.trainer.radius
            layer, quiet = self.job.embeddings(), self.placement.quiet
            found = backward_against(self.torch, layer, loss, kind, radius, quiet=quiet)
        scale = float(self.learner.scaler.get_scale()) if self.learner.scaler.is_enabled() else 1.0
        return float(found.detach()) / scale / self.placement.shares

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
        cuda_mb = self.torch.cuda.max_memory_allocated(self.job.device) / 2**20 if on_gpu else 0.0
        peak = peak_rss_mb()
        return TrainingRun(
            steps=progress.step,
            epochs=progress.step / self.trainer.steps_per_epoch(self.job.size),
            best_step=progress.best_step,
            best_quality=progress.best_quality,
            stopped=stopped,
            losses=tuple(progress.losses),
            qualities=tuple(progress.qualities),
            seconds=progress.seconds,
            peak_rss_mb=None if peak is None else self.ranks.total(peak),
            cuda_mb=self.ranks.total(cuda_mb) if on_gpu else None,
            trained_parameters=sum(w.numel() for w in weights if w.requires_grad),
            all_parameters=sum(w.numel() for w in weights),
            processes=self.ranks.count,
            device=self.job.device.type,
        )


def identity_of(trainer: Trainer, job: TrainingJob) -> dict[str, Any]:
    """What a checkpoint must share with a training to go on with it."""
    digest = hashlib.blake2b(digest_size=16)
    for name, weights in job.model.named_parameters():
        digest.update(f"{name} {tuple(weights.shape)} {weights.requires_grad}".encode())
        digest.update(array_of(weights).tobytes())
    settings = {name: value for name, value in trainer.settings().items() if name not in _FREE}
    return {**settings, "examples": job.size, "starting weights": digest.hexdigest()}


def digest_of(identity: dict[str, Any], step: int) -> str:
    """A name for a training and how far it has come, which all its processes must share."""
    return hashlib.blake2b(f"{sorted(identity.items())} {step}".encode()).hexdigest()


def _dtype(torch: Any, precision: str, device: Any) -> Any:
    if precision != "auto":
        return getattr(torch, precision)
    native = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.bfloat16 if native else torch.float32
