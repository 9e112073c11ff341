"""The processes that train one network together, and what they tell each other.

A process learns from its environment that it is one of several, as `torchrun` and the clusters' launchers
say it: RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT. Rank 0 is the first: it alone writes and judges.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from warmstart.core.errors import InputError

_SAYING: Final = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
_NOTHING: Final = (0.0, 0.0)

Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ranks:
    """One process among `count` that train together; alone where count is 1."""

    torch: ModuleType
    device: Any
    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this one writes, judges and speaks."""
        return self.rank == 0

    def parts(self, chosen: Places, accumulate: int) -> list[tuple[Places, float]]:
        """What this process reads of a step, in parts, each with its share of the step's loss.

        Every process gets equally many parts, since each waits for the others: one that has nothing left
        to read reads something with a share of 0.
        """
        most = -(-len(chosen) // self.count)
        mine = np.array_split(chosen, self.count)[self.rank]
        parts = np.array_split(mine, min(accumulate, most))
        return [(part, len(part) / len(chosen)) if len(part) else (chosen[:1], 0.0) for part in parts]

    def total(self, value: float) -> float:
        """The sum of every process's value."""
        return self._reduced([value], "SUM")[0] if self.count > 1 else value

    def of_first(self, value: float | None) -> float | None:
        """The first one's value, for all."""
        if self.count == 1:
            return value
        told = _NOTHING if value is None else (1.0, value)
        known, found = self._reduced(told if self.first else _NOTHING, "SUM")
        return found if known else None

    def check_same(self, digest: str) -> None:
        """Errors: `InputError` unless every process says the same."""
        if self.count == 1:
            return
        number = float(int(digest[:12], 16))  # 48 bits, which a float64 holds
        if self._reduced([number], "MIN") != self._reduced([number], "MAX"):
            raise InputError(
                expected="the same training in every process",
                found="other settings, examples or starting weights in some",
                todo="Seed whatever makes the job, and give every process the same checkpoints.",
            )

    def _reduced(self, values: Sequence[float], how: str) -> list[float]:
        dist = self.torch.distributed
        found = self.torch.tensor(values, dtype=self.torch.float64, device=self.device)
        dist.all_reduce(found, op=getattr(dist.ReduceOp, how))
        told: list[float] = found.tolist()
        return told


@contextmanager
def joined(torch: ModuleType, model: Any) -> Iterator[Ranks]:
    """The processes that train together, this one joined; a network on a GPU is moved to this one's own.

    They speak through NCCL on GPUs and through Gloo elsewhere.
    """
    dist = torch.distributed
    begins = not in_group(torch) and all(name in os.environ for name in _SAYING)
    if begins and os.environ["WORLD_SIZE"] != "1":
        device = _own_device(torch, model)
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        try:
            yield Ranks(torch, device, dist.get_rank(), dist.get_world_size())
        finally:
            dist.destroy_process_group()
    elif in_group(torch):
        yield Ranks(torch, _own_device(torch, model), dist.get_rank(), dist.get_world_size())
    else:
        yield Ranks(torch, next(model.parameters()).device)


def in_group(torch: ModuleType) -> bool:
    """Whether this process has already joined others."""
    return bool(torch.distributed.is_available() and torch.distributed.is_initialized())


def _own_device(torch: ModuleType, model: Any) -> Any:
    device = next(model.parameters()).device
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())
        torch.cuda.set_device(device)
        model.to(device)
    return device
