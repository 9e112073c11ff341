"""CLCRec: content learns, by contrast, to say what an item's collaborative vector says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

import numpy as np

from warmstart.core.linear import BoolArray, FloatArray, unit_rows
from warmstart.core.tunable import tunable
from warmstart.recommend.neural.base import NeuralScorer
from warmstart.recommend.neural.layers import Weights, dense, exported
from warmstart.recommend.neural.material import Batch, Material

_HIDDEN: Final = 256
_BATCH: Final = 1024
_SLOPE: Final = 0.01


@dataclass(kw_only=True)
class ClcrecScorer(NeuralScorer):
    """Item vectors learned from events, and an encoder of content trained by contrast to agree with them.

    Wei et al. (2021). Two InfoNCE losses over an item with events and drawn negatives, mixed as
    `balance`·L₁ + (1 - `balance`)·L₂: L₁ between the vector z of an item and the encoded content of the
    same item (both of length one), L₂ between the user and the item, where half of the items are shown
    by their encoded content instead of z. The encoder has one hidden layer of 256 and leaky ReLU. Items
    with events score by z, new ones by their content.

    *User vector*: the paper learns one per user, which nobody has who came after training. Here a user is
    the mean of the vectors of the history, in training too (as in FISM, Kabbur et al. 2013): a few drawn
    items without the one to be found. A stranger gets no opinion.

    *Serves*: hot and warm. *Needs*: events, text, an encoder, torch to fit. *Deviations*: the user vector;
    the negatives are shared by a batch; the penalty on lengths is Adam's weight decay.
    """

    dim: int = 64
    epochs: int = 15
    temperature: float = tunable(0.2, low=0.05, high=2.0, log=True)
    balance: float = tunable(0.5, low=0.1, high=0.9)
    learning_rate: float = tunable(0.003, low=0.0005, high=0.02, log=True)

    def _n_epochs(self) -> int:
        return self.epochs

    def _epochs(self, torch: ModuleType, material: Material) -> Iterator[Weights]:
        rng = np.random.default_rng(self.seed)
        content = torch.from_numpy(unit_rows(material.content))
        table, encoder = _table(torch, len(content), self.dim), _encoder(torch, content.shape[1], self.dim)
        optimiser = torch.optim.Adam([table, *encoder.parameters()], lr=self.learning_rate)
        steps = material.n_batches(_BATCH) * self.epochs
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        for _ in range(self.epochs):
            for batch in material.batches(_BATCH, rng):
                loss = self._loss(torch, table, encoder, content, batch, rng)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
            own = {"own": table.detach().numpy().copy()}
            yield exported("hidden", encoder[0]) | exported("last", encoder[2]) | own

    def _loss(  # noqa: PLR0917
        self,
        torch: ModuleType,
        table: Any,
        encoder: Any,
        content: Any,
        batch: Batch,
        rng: np.random.Generator,
    ) -> Any:
        n = len(batch.targets)
        pool = torch.from_numpy(np.concatenate([batch.targets, rng.integers(len(content), size=n)]))
        vectors, encoded = table[pool], encoder(content[pool])
        normalised = torch.nn.functional.normalize
        agreement = normalised(vectors[:n]) @ normalised(encoded).T
        shown = table[torch.from_numpy(batch.shown)] * torch.from_numpy(batch.weights)[:, :, None]
        by_content = torch.from_numpy(rng.random((len(pool), 1)) < 0.5)
        choice = shown.sum(dim=1) @ torch.where(by_content, encoded, vectors).T
        same = pool[:n, None] == pool[None, :]
        first, second = (_info_nce(torch, z / self.temperature, same) for z in (agreement, choice))
        return self.balance * first + (1 - self.balance) * second

    def _item_vectors(
        self, weights: Weights, own: FloatArray, content: FloatArray, hot: BoolArray
    ) -> FloatArray:
        hidden = dense(weights, "hidden", unit_rows(content))
        encoded = dense(weights, "last", np.where(hidden > 0, hidden, _SLOPE * hidden))
        vectors: FloatArray = np.where(hot[:, None], own, encoded)
        return vectors

    def _inputs(self, weights: Weights, own: FloatArray, content: FloatArray, hot: BoolArray) -> FloatArray:
        return self._item_vectors(weights, own, content, hot)

    def _encode_users(self, weights: Weights, pooled: FloatArray) -> FloatArray:
        return pooled


def _table(torch: ModuleType, n_items: int, dim: int) -> Any:
    return torch.nn.Parameter(torch.randn(n_items, dim) * dim**-0.5)


def _encoder(torch: ModuleType, width: int, dim: int) -> Any:
    nn = torch.nn
    return nn.Sequential(nn.Linear(width, _HIDDEN), nn.LeakyReLU(_SLOPE), nn.Linear(_HIDDEN, dim))


def _info_nce(torch: ModuleType, logits: Any, same: Any) -> Any:
    """Cross-entropy with the right answer of row i in column i; other copies of it are no negatives."""
    rows = torch.arange(len(logits))
    copies = same.clone()
    copies[rows, rows] = False
    return torch.nn.functional.cross_entropy(logits.masked_fill(copies, -torch.inf), rows)
