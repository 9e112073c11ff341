"""Heater: content maps to factors by a mixture of experts, and training mixes the two at random."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar, Final

import numpy as np

from warmstart.core.linear import BoolArray, FloatArray
from warmstart.core.tunable import tunable
from warmstart.recommend.neural.base import NeuralScorer
from warmstart.recommend.neural.factors import implicit_factors
from warmstart.recommend.neural.layers import Weights, dense, exported, normalised_linear
from warmstart.recommend.neural.material import Batch, Material

_EXPERTS: Final = 5
_BATCH: Final = 512
_NEGATIVES: Final = 5
_STRANGERS: Final = 0.05
_SPREAD: Final = 0.01


@dataclass(kw_only=True)
class HeaterScorer(NeuralScorer):
    """Content becomes a stand-in for pre-trained factors, and the scorer learns to take either.

    Zhu, Sefati, Saadatpanah and Caverlee (2020). A mixture of experts, tanh(Σ tanh(gate) tanh(expert)),
    maps content to factors and is held near the pre-trained ones by `similarity`·|v' - v|²; with
    probability `dropout` it replaces them (randomised training); a layer with batch norm and tanh and a
    linear one turn either into the final vectors. The loss is the squared error of the products against
    1 for an event and 0 for each of five drawn negatives.

    *User vector*: the experts' answer to what a new user has to show, the mean factors and the mean content
    of their history, always; old users too, whose own factors only serve to train. A stranger gets the
    answer to an empty history.

    *Serves*: hot and warm. *Needs*: events, text, an encoder, torch to fit. *Deviations*: factors from
    weighted matrix factorisation, not BPR; Adam; negatives are drawn from a set shared by the batch.
    """

    answers_strangers: ClassVar[bool] = True

    dim: int = 100
    epochs: int = 12
    dropout: float = tunable(0.5, low=0.2, high=0.8)
    similarity: float = tunable(0.1, low=0.01, high=1.0, log=True)
    learning_rate: float = tunable(0.003, low=0.0003, high=0.01, log=True)

    def _n_epochs(self) -> int:
        return self.epochs

    def _epochs(self, torch: ModuleType, material: Material) -> Iterator[Weights]:
        rng = np.random.default_rng(self.seed)
        factors = implicit_factors(material.train, self.dim, seed=self.seed)
        users, items = (part / max(float(part.std()), 1e-12) for part in factors)
        sides = torch.nn.ModuleDict(
            {
                "user": _side(torch, self.dim + material.content.shape[1], self.dim),
                "item": _side(torch, material.content.shape[1], self.dim),
            }
        )
        optimiser = torch.optim.Adam(sides.parameters(), lr=self.learning_rate)
        steps = material.n_batches(_BATCH) * self.epochs
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        for _ in range(self.epochs):
            sides.train()
            for batch in material.batches(_BATCH, rng):
                loss = self._loss(torch, sides, material, batch, users, items, rng)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
            yield _exported(sides) | {"own": items}

    def _loss(  # noqa: PLR0917
        self,
        torch: ModuleType,
        sides: Any,
        material: Material,
        batch: Batch,
        users: FloatArray,
        items: FloatArray,
        rng: np.random.Generator,
    ) -> Any:
        pool = np.concatenate([batch.targets, rng.integers(len(items), size=len(batch.targets))])
        user_inputs = _shown_inputs(material, batch, items, rng)
        user_vectors, user_gap = self._vectors_and_gap(
            torch, sides["user"], user_inputs, users[batch.users], rng
        )
        item_vectors, item_gap = self._vectors_and_gap(
            torch, sides["item"], material.content[pool], items[pool], rng
        )
        n = len(batch.targets)
        others = rng.integers(n, len(pool), size=(n, _NEGATIVES))
        unknown = torch.from_numpy(~material.holds(batch.users[:, None], pool[others]))
        products = user_vectors @ item_vectors.T
        rows = torch.arange(n)
        errors = ((1 - products[rows, rows]) ** 2).sum()
        errors = errors + (products[rows[:, None], torch.from_numpy(others)] ** 2 * unknown).sum()
        return errors / (n + unknown.sum()) + self.similarity * (user_gap + item_gap)

    def _vectors_and_gap(
        self,
        torch: ModuleType,
        side: Any,
        inputs: FloatArray,
        factors: FloatArray,
        rng: np.random.Generator,
    ) -> tuple[Any, Any]:
        known = torch.from_numpy(factors)
        standing_in = _mapped(torch, side, torch.from_numpy(inputs))
        gap = ((standing_in - known) ** 2).mean()
        replaced = torch.from_numpy(rng.random((len(factors), 1)) < self.dropout)
        return side["last"](side["body"](torch.where(replaced, standing_in, known))), gap

    def _item_vectors(
        self, weights: Weights, own: FloatArray, content: FloatArray, hot: BoolArray
    ) -> FloatArray:
        standing_in = _forward_experts(weights, "item", content)
        return _forward_last(weights, "item", np.where(hot[:, None], own, standing_in))

    def _inputs(self, weights: Weights, own: FloatArray, content: FloatArray, hot: BoolArray) -> FloatArray:
        return np.hstack([own, content])

    def _encode_users(self, weights: Weights, pooled: FloatArray) -> FloatArray:
        return _forward_last(weights, "user", _forward_experts(weights, "user", pooled))


def _shown_inputs(
    material: Material, batch: Batch, items: FloatArray, rng: np.random.Generator
) -> FloatArray:
    factors = np.einsum("ns,nsd->nd", batch.weights, items[batch.shown])
    content = np.einsum("ns,nsd->nd", batch.weights, material.content[batch.shown])
    inputs = np.hstack([factors, content])
    inputs[rng.random(len(inputs)) < _STRANGERS] = 0.0
    return inputs.astype(np.float32)


def _side(torch: ModuleType, width: int, dim: int) -> Any:
    nn = torch.nn
    last = nn.Linear(dim, dim)
    nn.init.normal_(last.weight, std=_SPREAD)
    nn.init.zeros_(last.bias)
    return nn.ModuleDict(
        {
            "gate": nn.Linear(width, _EXPERTS),
            "experts": nn.Linear(width, _EXPERTS * dim),
            "body": nn.Sequential(*normalised_linear(torch, dim, dim), nn.Tanh()),
            "last": last,
        }
    )


def _mapped(torch: ModuleType, side: Any, inputs: Any) -> Any:
    gate = torch.tanh(side["gate"](inputs))
    experts = torch.tanh(side["experts"](inputs)).unflatten(1, (_EXPERTS, -1))
    return torch.tanh((gate[:, :, None] * experts).sum(dim=1))


def _exported(sides: Any) -> Weights:
    return {
        name: array
        for side, parts in sides.items()
        for layer in (
            exported(f"{side}.gate", parts["gate"]),
            exported(f"{side}.experts", parts["experts"]),
            exported(f"{side}.body", *parts["body"][:2]),
            exported(f"{side}.last", parts["last"]),
        )
        for name, array in layer.items()
    }


def _forward_experts(weights: Weights, side: str, inputs: FloatArray) -> FloatArray:
    gate = np.tanh(dense(weights, f"{side}.gate", inputs))
    experts = np.tanh(dense(weights, f"{side}.experts", inputs)).reshape(len(inputs), _EXPERTS, -1)
    mapped: FloatArray = np.tanh(np.einsum("ne,ned->nd", gate, experts))
    return mapped


def _forward_last(weights: Weights, side: str, factors: FloatArray) -> FloatArray:
    return dense(weights, f"{side}.last", np.tanh(dense(weights, f"{side}.body", factors)))
