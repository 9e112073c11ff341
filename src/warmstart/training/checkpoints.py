"""Keep an unfinished training on disk, as arrays and JSON, so that a crash costs some steps and no more."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from warmstart.core.artifact import POINTER_FILE, current_version, read_state, write_state, write_version
from warmstart.core.component import State
from warmstart.core.errors import ArtifactError
from warmstart.training.averaging import (
    Tensors,
    WeightAverage,
    copied,
    laid_out,
    put,
    trained_tensors,
    whole,
)
from warmstart.training.job import TrainingJob
from warmstart.training.parallel import Placement


@dataclass
class Progress:
    """How far a training has come."""

    step: int = 0
    waited: int = 0
    best_step: int = 0
    best_quality: float | None = None
    best: Tensors = field(default_factory=dict)
    losses: list[float] = field(default_factory=list)
    """The mean loss of each step."""
    qualities: list[tuple[int, float]] = field(default_factory=list)
    """Step and quality of each look at what is held back; step 0 is the network as it came."""
    seconds: float = 0.0

    def note(self, model: Any, step: int, quality: float) -> None:
        """Take in a quality, and keep the weights when they are the best so far."""
        self.qualities.append((step, quality))
        if self.best_quality is None or quality > self.best_quality:
            self.best_quality, self.best_step, self.waited = quality, step, 0
            self.best = copied(trained_tensors(model))
        else:
            self.waited += 1


@dataclass(frozen=True)
class Learner:
    """What moves the weights, and remembers while it does."""

    optimiser: Any
    scaler: Any
    """Keeps small gradients above zero in float16."""
    average: WeightAverage


class Checkpoints:
    """The checkpoints of one training in a folder: the newest two are kept, the newest is in force.

    `identity` says what is trained and how; a folder that holds another training is refused. Weights that
    are divided among processes are kept whole, so that another number of processes can go on.
    """

    def __init__(self, folder: Path | None, identity: State) -> None:
        self.folder, self.identity = folder, identity

    def save(self, placement: Placement, job: TrainingJob, learner: Learner, progress: Progress) -> None:
        """Write one; nothing without a folder, nor by others than the first process."""
        if self.folder is None or not placement.speaks:
            return
        state = {
            "identity": self.identity,
            "weights": arrays(trained_tensors(job.model)),
            "job": job.get_progress(),
            "optimiser": _optimiser_state(learner.optimiser),
            "scaler": learner.scaler.state_dict(),
            "average": {"count": learner.average.count, "values": arrays(learner.average.values)},
            "progress": {**vars(progress), "best": arrays(progress.best)},
        }
        if placement.ranks.first:
            write_version(self.folder, lambda version: write_state(version, state))

    def load(self, torch: ModuleType, job: TrainingJob, learner: Learner) -> Progress:
        """Put back the newest, or begin anew where there is none. Errors: `ArtifactError`."""
        if self.folder is None or not (self.folder / POINTER_FILE).exists():
            return Progress()
        state = read_state(current_version(self.folder))
        self._check(state["identity"])
        own = trained_tensors(job.model)
        put(torch, job.model, like_own(torch, state["weights"], own))
        _put_optimiser_state(torch, learner.optimiser, state["optimiser"])
        learner.scaler.load_state_dict(state["scaler"])
        job.set_progress(state["job"])
        learner.average.count = state["average"]["count"]
        learner.average.values = like_own(torch, state["average"]["values"], own)
        told = {**state["progress"], "best": like_own(torch, state["progress"]["best"], own)}
        told["qualities"] = [(step, quality) for step, quality in told["qualities"]]
        return Progress(**told)

    def _check(self, found: State) -> None:
        other = sorted(
            name
            for name in self.identity.keys() | found.keys()
            if self.identity.get(name) != found.get(name)
        )
        if other:
            name = other[0]
            raise ArtifactError(
                expected=f"checkpoints of this training in {self.folder}",
                found=f"those of another: {name} was {found.get(name)!r}, is {self.identity.get(name)!r}",
                todo="Name another folder, or remove this one to begin anew.",
            )


def arrays(values: Tensors) -> State:
    """Tensors as numpy arrays; bfloat16, which numpy lacks, becomes float32 without loss."""
    return {name: array_of(value) for name, value in values.items()}


def array_of(value: Any) -> Any:
    """One tensor as an array."""
    value = whole(value.detach()).cpu()
    return (value.float() if str(value.dtype) == "torch.bfloat16" else value).numpy()


def like_own(torch: ModuleType, values: State, own: Tensors) -> Tensors:
    """Arrays as tensors, each as the network's own of its name is: where, of what type, how divided."""
    return {name: laid_out(_tensor(torch, value), own[name].detach()) for name, value in values.items()}


def _tensor(torch: ModuleType, value: Any) -> Any:
    return torch.from_numpy(np.array(value))


def _optimiser_state(optimiser: Any) -> State:
    """What the optimiser remembers of each parameter; its settings are in the trainer's."""
    remembered = optimiser.state_dict()["state"]
    return {
        str(place): arrays({name: value for name, value in own.items() if value is not None})
        for place, own in remembered.items()
    }


def _put_optimiser_state(torch: ModuleType, optimiser: Any, state: State) -> None:
    state_dict = optimiser.state_dict()
    trained = [weights for group in optimiser.param_groups for weights in group["params"]]
    state_dict["state"] = {
        int(place): {
            name: _remembered(_tensor(torch, value), trained[int(place)]) for name, value in own.items()
        }
        for place, own in state.items()
    }
    optimiser.load_state_dict(state_dict)


def _remembered(value: Any, weights: Any) -> Any:
    """A mean of gradients is divided as its weights are; a count, or a row of means, is not."""
    alike = value.ndim > 0 and value.shape == weights.shape
    return laid_out(value, weights.detach()) if alike else value.to(weights.device)
