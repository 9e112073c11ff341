"""Averages of weights over the steps of a training, which generalise better than the last weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Literal

Averaging = Literal["none", "ema", "swa"]

Tensors = dict[str, Any]
"""Named tensors."""


def trained_tensors(model: Any) -> Tensors:
    """The trainable parameters themselves, by name."""
    return {name: weights for name, weights in model.named_parameters() if weights.requires_grad}


def copied(tensors: Tensors) -> Tensors:
    """Copies that no training touches."""
    return {name: weights.detach().clone() for name, weights in tensors.items()}


def put(torch: ModuleType, model: Any, values: Tensors) -> None:
    """Write values into the parameters of these names."""
    own = dict(model.named_parameters())
    with torch.no_grad():
        for name, value in values.items():
            own[name].copy_(laid_out(value, own[name]))


def laid_out(value: Any, like: Any) -> Any:
    """A tensor with the device and type of another, and divided among processes as that is."""
    if hasattr(value, "full_tensor"):
        return value
    value = value.to(device=like.device, dtype=like.dtype)
    if not hasattr(like, "full_tensor"):
        return value
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(value, like.device_mesh, like.placements, src_data_rank=None)


def whole(value: Any) -> Any:
    """A tensor gathered from the processes among which it may be divided; all of them must ask."""
    return value.full_tensor() if hasattr(value, "full_tensor") else value


class WeightAverage:
    """A running average of the trainable weights.

    `ema` forgets: average ← decay · average + (1 - decay) · weights, the decay smaller in the first steps.
    `swa` (Izmailov et al. 2018, arXiv 1803.05407) is the plain mean of all steps from `start` on. Before
    there is anything to average, the weights themselves are taken.
    """

    def __init__(self, kind: Averaging, decay: float, start: int) -> None:
        self.kind, self.decay, self.start = kind, decay, start
        self.count = 0
        self.values: Tensors = {}

    def update(self, torch: ModuleType, model: Any, step: int) -> None:
        """Take in the weights after a step."""
        if self.kind == "none" or (self.kind == "swa" and step < self.start):
            return
        weights = trained_tensors(model)
        if not self.count:
            self.values = copied(weights)
        share = self._share()
        with torch.no_grad():
            for name, value in weights.items():
                self.values[name].lerp_(value, share)
        self.count += 1

    def _share(self) -> float:
        """What the newest weights count."""
        if self.kind == "swa":
            return 1.0 / (self.count + 1)
        return 1.0 - min(self.decay, (1 + self.count) / (10 + self.count))

    @contextmanager
    def in_place(self, torch: ModuleType, model: Any) -> Iterator[None]:
        """For as long as this lasts the model has the averaged weights."""
        if not self.count:
            yield
            return
        own = copied(trained_tensors(model))
        put(torch, model, self.values)
        try:
            yield
        finally:
            put(torch, model, own)
