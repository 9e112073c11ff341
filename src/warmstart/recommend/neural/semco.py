"""SEMCo: item content alone, trained so that what the same people choose is alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

import numpy as np

from warmstart.core.linear import BoolArray, FloatArray, unit_rows
from warmstart.core.tunable import tunable
from warmstart.recommend.neural.base import NeuralScorer
from warmstart.recommend.neural.layers import Weights, dense, exported, normalised_linear
from warmstart.recommend.neural.material import Batch, Material

_HIDDEN: Final = 192
_BATCH: Final = 1024
_NEWTON_STEPS: Final = 10


@dataclass(kw_only=True)
class SemcoScorer(NeuralScorer):
    """Purely content-based: an encoder of item content under which items of one user are near.

    Meehan and Pauwels, "Sparse Contrastive Learning for Content-Based Cold Item Recommendation" (SIGIR
    2026). The encoder (linear, batch norm, ReLU, linear; rows of length one) sees no factors and no ids.
    A user is the mean of the vectors of their items, scaled to length one; the loss is the Fenchel-Young
    loss of 1.5-entmax over the batch, -z₊ + ⟨p, z⟩ + Ω(p) with z = cosine / temperature: a softmax
    whose probabilities, and gradients, of hopeless negatives are exactly zero.

    *User vector*: the mean over the history, as in training, so new users are nothing special. A stranger
    gets no opinion.

    *Serves*: hot and warm alike, by content only. *Needs*: events, text, an encoder, torch to fit.
    *Deviations*: the item to be found is left out of the user's mean and the rest is a few drawn items
    rather than all; one text feature where the paper fuses several; no distillation.
    """

    dim: int = 64
    epochs: int = 15
    temperature: float = tunable(2.0, low=0.5, high=8.0, log=True)
    learning_rate: float = tunable(0.002, low=0.0005, high=0.01, log=True)
    weight_decay: float = tunable(0.0001, low=0.00001, high=0.01, log=True)

    def _n_epochs(self) -> int:
        return self.epochs

    def _epochs(self, torch: ModuleType, material: Material) -> Iterator[Weights]:
        rng = np.random.default_rng(self.seed)
        content = torch.from_numpy(unit_rows(material.content))
        encoder = _encoder(torch, content.shape[1], self.dim)
        optimiser = torch.optim.Adam(
            encoder.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay
        )
        steps = material.n_batches(_BATCH) * self.epochs
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        for _ in range(self.epochs):
            encoder.train()
            for batch in material.batches(_BATCH, rng):
                logits = _cosines(torch, encoder, content, batch) / self.temperature
                loss = entmax_loss(logits)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
            hidden, norm, _, last = encoder
            own = {"own": np.zeros((len(content), 0), dtype=np.float32)}
            yield exported("hidden", hidden, norm) | exported("last", last) | own

    def _item_vectors(
        self, weights: Weights, own: FloatArray, content: FloatArray, hot: BoolArray
    ) -> FloatArray:
        hidden = np.maximum(dense(weights, "hidden", unit_rows(content)), 0.0)
        return unit_rows(dense(weights, "last", hidden))

    def _inputs(self, weights: Weights, own: FloatArray, content: FloatArray, hot: BoolArray) -> FloatArray:
        return self._item_vectors(weights, own, content, hot)

    def _encode_users(self, weights: Weights, pooled: FloatArray) -> FloatArray:
        return unit_rows(pooled)


def _encoder(torch: ModuleType, width: int, dim: int) -> Any:
    nn = torch.nn
    return nn.Sequential(*normalised_linear(torch, width, _HIDDEN), nn.ReLU(), nn.Linear(_HIDDEN, dim))


def _cosines(torch: ModuleType, encoder: Any, content: Any, batch: Batch) -> Any:
    """Of each user of the batch with each target of the batch; the right one is on the diagonal."""
    normalised = torch.nn.functional.normalize
    items, place = np.unique(np.column_stack([batch.targets, batch.shown]), return_inverse=True)
    place = torch.from_numpy(place.reshape(len(batch.targets), -1))
    vectors = normalised(encoder(content[torch.from_numpy(items)]))
    shown = vectors[place[:, 1:]] * torch.from_numpy(batch.weights)[:, :, None]
    return normalised(shown.sum(dim=1)) @ vectors[place[:, 0]].T


def entmax_loss(logits: Any) -> Any:
    """Mean Fenchel-Young loss of 1.5-entmax where the right answer of row i is column i.

    Blondel, Martins and Niculae (2020); 1.5-entmax is p = max(z/2 - t, 0)² with t such that p sums to
    one (Peters, Niculae and Martins, 2019), found by Newton's method. The gradient is p minus the right
    answer, so p itself is taken as constant.
    """
    halves = logits.detach() / 2
    threshold = halves.max(dim=1, keepdim=True).values - 1
    for _ in range(_NEWTON_STEPS):
        above = (halves - threshold).clamp(min=0)
        total = (above**2).sum(dim=1, keepdim=True)
        threshold = threshold + (total - 1) / (2 * above.sum(dim=1, keepdim=True))
    p = (halves - threshold).clamp(min=0) ** 2
    p = p / p.sum(dim=1, keepdim=True)
    entropy = (p - p**1.5).sum(dim=1) / 0.75
    return ((p * logits).sum(dim=1) + entropy - logits.diagonal()).mean()
