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
from warmstart.training.averaging import Tensors, WeightAverage, copied, put, trained_tensors
from warmstart.training.job import TrainingJob


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


class Checkpoints:
    """The checkpoints of one training in a folder: the newest two are kept, the newest is in force.

    `identity` says what is trained and how; a folder that holds another training is refused.
    """

    def __init__(self, folder: Path | None, identity: State) -> None:
        self.folder, self.identity = folder, identity

    def save(self, job: TrainingJob, optimiser: Any, average: WeightAverage, progress: Progress) -> None:
        """Write one; nothing without a folder."""
        if self.folder is None:
            return
        state = {
            "identity": self.identity,
            "weights": arrays(trained_tensors(job.model)),
            "job": job.get_progress(),
            "optimiser": _optimiser_state(optimiser),
            "average": {"count": average.count, "values": arrays(average.values)},
            "progress": {**vars(progress), "best": arrays(progress.best)},
        }
        write_version(self.folder, lambda version: write_state(version, state))

    def load(self, torch: ModuleType, job: TrainingJob, optimiser: Any, average: WeightAverage) -> Progress:
        """Put back the newest, or begin anew where there is none. Errors: `ArtifactError`."""
        if self.folder is None or not (self.folder / POINTER_FILE).exists():
            return Progress()
        state = read_state(current_version(self.folder))
        self._check(state["identity"])
        device = job.device
        put(torch, job.model, tensors(torch, state["weights"], device))
        _put_optimiser_state(torch, optimiser, state["optimiser"], device)
        job.set_progress(state["job"])
        average.count = state["average"]["count"]
        average.values = tensors(torch, state["average"]["values"], device)
        told = {**state["progress"], "best": tensors(torch, state["progress"]["best"], device)}
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
    value = value.detach().cpu()
    return (value.float() if str(value.dtype) == "torch.bfloat16" else value).numpy()


def tensors(torch: ModuleType, values: State, device: Any) -> Tensors:
    """Arrays as tensors of their own on a device."""
    return {name: torch.from_numpy(np.array(value)).to(device) for name, value in values.items()}


def _optimiser_state(optimiser: Any) -> State:
    """What the optimiser remembers of each parameter; its settings are in the trainer's."""
    remembered = optimiser.state_dict()["state"]
    return {
        str(place): arrays({name: value for name, value in own.items() if value is not None})
        for place, own in remembered.items()
    }


def _put_optimiser_state(torch: ModuleType, optimiser: Any, state: State, device: Any) -> None:
    whole = optimiser.state_dict()
    whole["state"] = {int(place): tensors(torch, own, device) for place, own in state.items()}
    optimiser.load_state_dict(whole)
