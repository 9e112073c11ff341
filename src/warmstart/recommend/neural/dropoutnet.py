"""DropoutNet: factors and content through one network that learns to do without the factors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar, Final

import numpy as np

from warmstart.core.linear import BoolArray, FloatArray, IntArray
from warmstart.core.tunable import tunable
from warmstart.recommend.neural.base import NeuralScorer
from warmstart.recommend.neural.factors import implicit_factors
from warmstart.recommend.neural.layers import Weights, dense, exported, normalised_linear
from warmstart.recommend.neural.material import Material

_HIDDEN: Final = 200
_USERS: Final = 256
_ITEMS: Final = 512
_EVENTS: Final = 1024
_STRANGERS: Final = 0.05


@dataclass(kw_only=True)
class DropoutNetScorer(NeuralScorer):
    """A network of factors and content that is trained with the factors left out every so often.

    Volkovs, Yu and Poutanen (2017). Weighted matrix factorisation gives factors u and v; the towers
    (one hidden layer of 200, batch norm, tanh) map [u, content] and [v, content] to û and v̂, and learn
    to reproduce the factorisation: the loss is (uᵀv − ûᵀv̂)² over users, half of the items drawn by
    their events and half evenly. With probability `dropout` the factors are replaced by zeros.

    *User vector*: the paper's own transform for new users, the mean of v over the history in place of u;
    the mean content of the history is the user's content. Training alternates u with such means of a
    few drawn items. A stranger gets the answer to an empty history.

    *Serves*: hot and warm. *Needs*: events, text, an encoder, torch to fit. *Deviations*: Adam instead of
    momentum; a block of users × items shares its draws, which is what makes it fast on one CPU core.
    """

    answers_strangers: ClassVar[bool] = True

    dim: int = 100
    epochs: int = 12
    dropout: float = tunable(0.5, low=0.2, high=0.8)
    confidence: float = tunable(10.0, low=1.0, high=50.0, log=True)
    learning_rate: float = tunable(0.002, low=0.0003, high=0.01, log=True)

    def _n_epochs(self) -> int:
        return self.epochs

    def _epochs(self, torch: ModuleType, material: Material) -> Iterator[Weights]:
        rng = np.random.default_rng(self.seed)
        users, items = implicit_factors(
            material.train, self.dim, confidence=self.confidence, seed=self.seed
        )
        users, items = _scaled(users), _scaled(items)
        width = self.dim + material.content.shape[1]
        towers = torch.nn.ModuleDict({side: _tower(torch, width, self.dim) for side in ("user", "item")})
        optimiser = torch.optim.Adam(towers.parameters(), lr=self.learning_rate)
        steps = material.n_batches(_EVENTS)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps * self.epochs)
        batches = _Batches(material, users, items, self.dropout, rng)
        for _ in range(self.epochs):
            towers.train()
            for _ in range(steps):
                user_inputs, item_inputs, targets = (torch.from_numpy(part) for part in batches.next())
                found = towers["user"](user_inputs) @ towers["item"](item_inputs).T
                loss = ((found - targets) ** 2).mean()
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
            yield _tower_weights(towers) | {"own": items}

    def _item_vectors(
        self, weights: Weights, own: FloatArray, content: FloatArray, hot: BoolArray
    ) -> FloatArray:
        return _forward(weights, "item", np.hstack([own, content]))

    def _inputs(self, weights: Weights, own: FloatArray, content: FloatArray, hot: BoolArray) -> FloatArray:
        return np.hstack([own, content])

    def _encode_users(self, weights: Weights, pooled: FloatArray) -> FloatArray:
        return _forward(weights, "user", pooled)


@dataclass
class _Batches:
    """Blocks of users and items, with their inputs after dropout, and the products to reproduce."""

    material: Material
    users: FloatArray
    items: FloatArray
    dropout: float
    rng: np.random.Generator

    def next(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        users = self.rng.integers(self.material.train.shape[0], size=_USERS)
        items = self._chosen_items()
        targets = self.users[users] @ self.items[items].T
        own = self.items[items] * self._kept(len(items))
        item_inputs = np.hstack([own, self.material.content[items]])
        return self._user_inputs(users), item_inputs, targets

    def _chosen_items(self) -> IntArray:
        drawn = self.material.train.indices[self.rng.integers(self.material.train.nnz, size=_ITEMS // 2)]
        even = self.rng.integers(self.material.train.shape[1], size=_ITEMS // 2)
        return np.unique(np.concatenate([drawn, even])).astype(np.int64)

    def _user_inputs(self, users: IntArray) -> FloatArray:
        shown, weights = self.material.draw(users, np.full(len(users), -1), self.rng)
        means = np.einsum("ns,nsd->nd", weights, self.items[shown])
        own = np.where(self.rng.random((len(users), 1)) < 0.5, means, self.users[users])
        content = np.einsum("ns,nsd->nd", weights, self.material.content[shown])
        inputs = np.hstack([own * self._kept(len(users)), content])
        inputs[self.rng.random(len(users)) < _STRANGERS] = 0.0
        return inputs.astype(np.float32)

    def _kept(self, n: int) -> FloatArray:
        return (self.rng.random((n, 1)) >= self.dropout).astype(np.float32)


def _scaled(factors: FloatArray) -> FloatArray:
    return factors / max(float(factors.std()), 1e-12)


def _tower(torch: ModuleType, width: int, dim: int) -> Any:
    nn = torch.nn
    return nn.Sequential(*normalised_linear(torch, width, _HIDDEN), nn.Tanh(), nn.Linear(_HIDDEN, dim))


def _tower_weights(towers: Any) -> Weights:
    return {
        name: array
        for side, (hidden, norm, _, last) in towers.items()
        for part in (exported(f"{side}.hidden", hidden, norm), exported(f"{side}.last", last))
        for name, array in part.items()
    }


def _forward(weights: Weights, side: str, inputs: FloatArray) -> FloatArray:
    return dense(weights, f"{side}.last", np.tanh(dense(weights, f"{side}.hidden", inputs)))
