"""What a trainer trains: a network, how its examples become batches, and what is to be made small."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from warmstart.core.component import State
from warmstart.core.extras import load_torch


class TrainingJob(ABC):
    """A network with its examples and its loss. A new job writes `size`, `batch`, `outputs` and `loss`.

    `model` is a torch module; only parameters with `requires_grad` are trained. Whatever a job draws by
    chance comes from the generator given to `batch`, or from torch's own: both are seeded anew for
    every step, so that a step is the same whether or not the training was interrupted before it.
    """

    def __init__(self, model: Any) -> None:
        self.model = model

    @property
    @abstractmethod
    def size(self) -> int:
        """How many examples there are."""

    @abstractmethod
    def batch(self, chosen: Sequence[int], rng: np.random.Generator) -> Any:
        """The examples at these places, as tensors on the device of the model."""

    @abstractmethod
    def outputs(self, batch: Any) -> Any:
        """What the network says of a batch."""

    @abstractmethod
    def loss(self, outputs: Any, batch: Any) -> Any:
        """A scalar tensor, the mean over the batch."""

    def quality(self) -> float | None:
        """How good the network is on what is held back, more is better; None where nothing is.

        The trainer calls it with the network in evaluation mode and without gradients.
        """
        return None

    def divergence(self, one: Any, other: Any) -> Any:
        """How far apart two answers to one batch are: the symmetric Kullback-Leibler divergence of logits.

        For R-Drop (Liang et al. 2021, arXiv 2106.14448). Jobs whose outputs are not logits write their own.
        """
        functional = load_torch(type(self).__name__).nn.functional
        first, second = functional.log_softmax(one, dim=-1), functional.log_softmax(other, dim=-1)
        there = functional.kl_div(first, second, log_target=True, reduction="batchmean")
        back = functional.kl_div(second, first, log_target=True, reduction="batchmean")
        return (there + back) / 2

    @property
    def network(self) -> Any:
        """The pretrained network inside `model`, which may hold a head beside it."""
        return self.model

    def embeddings(self) -> Any:
        """The module whose output an adversary may shift: the word embeddings."""
        return self.network.get_input_embeddings()

    def after_step(self, step: int) -> None:  # noqa: B027  # most jobs have nothing to do
        """Called after each step, counted from 1, while its gradients are still there."""

    def get_progress(self) -> State:
        """What the job remembers between steps beside the weights; it goes into checkpoints."""
        return {}

    def set_progress(self, progress: State) -> None:  # noqa: B027
        """Take back what `get_progress` gave."""

    @property
    def device(self) -> Any:
        """Where the network is."""
        return next(self.model.parameters()).device
