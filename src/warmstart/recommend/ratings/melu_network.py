"""The network of MeLU: how it is trained with torch, and how it adapts to one user without it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from warmstart.core.linear import FloatArray, IntArray
from warmstart.core.progress import track
from warmstart.recommend.ratings.fields import Fields

Layers = list[FloatArray]
"""Weight and bias of the two hidden layers and of the output, in turn: what is adapted to a user."""


@dataclass(frozen=True)
class Task:
    """One training user: their number, the items they rated, and the ratings."""

    user: int
    items: IntArray
    ratings: FloatArray


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How to train. `asked` ratings of a task are the query set, at most `support` others the support."""

    dim: int
    width: int
    steps: int
    local_rate: float
    rate: float
    epochs: int
    batch_size: int
    asked: int = 10
    support: int = 90


def adapted(layers: Layers, inputs: FloatArray, ratings: FloatArray, *, steps: int, rate: float) -> Layers:
    """The layers after `steps` of gradient descent on the squared error of a user's ratings."""
    if not len(ratings):
        return layers
    for _ in range(steps):
        slopes = _slopes(layers, inputs, ratings)
        layers = [layer - rate * slope for layer, slope in zip(layers, slopes, strict=True)]
    return layers


def forward(layers: Layers, inputs: FloatArray) -> FloatArray:
    """The predicted ratings of rows of inputs."""
    return _hidden(layers, inputs)[1] @ layers[4][:, 0] + layers[5]


def _hidden(layers: Layers, inputs: FloatArray) -> tuple[FloatArray, FloatArray]:
    first = np.maximum(inputs @ layers[0] + layers[1], 0.0)
    return first, np.maximum(first @ layers[2] + layers[3], 0.0)


def _slopes(layers: Layers, inputs: FloatArray, ratings: FloatArray) -> Layers:
    """Gradient of the mean squared error by backpropagation."""
    first, second = _hidden(layers, inputs)
    error = 2 * (second @ layers[4][:, 0] + layers[5] - ratings)[:, None] / np.float32(len(ratings))
    at_second = (error @ layers[4].T) * (second > 0)
    at_first = (at_second @ layers[2].T) * (first > 0)
    return [
        inputs.T @ at_first,
        at_first.sum(axis=0),
        first.T @ at_second,
        at_second.sum(axis=0),
        second.T @ error,
        error.sum(axis=0),
    ]


class Network:
    """Embeddings of the values of all fields, then two hidden layers of `width` and an output."""

    def __init__(self, torch: ModuleType, items: Fields, users: Fields, plan: Plan, mean: float) -> None:
        self.torch, self.items, self.users, self.plan = torch, items, users, plan
        bag = torch.nn.EmbeddingBag
        self.of_items = bag(max(items.n_values, 1), plan.dim, mode="mean")
        self.of_users = bag(max(users.n_values, 1), plan.dim, mode="mean")
        size = plan.dim * (len(items.names) + len(users.names))
        self.layers = [
            self._weight(size, plan.width),
            self._zeros(plan.width),
            self._weight(plan.width, plan.width),
            self._zeros(plan.width),
            self._weight(plan.width, 1),
            self._zeros(1) + mean,
        ]
        for layer in self.layers:
            layer.requires_grad_(True)

    def _weight(self, rows: int, columns: int) -> Any:
        weight = self.torch.empty(rows, columns)
        return self.torch.nn.init.xavier_uniform_(weight) if rows else weight

    def _zeros(self, size: int) -> Any:
        return self.torch.zeros(size)

    def embed(self, fields: Fields, table: Any, rows: IntArray) -> Any:
        """The vectors of the fields of these rows side by side; a field without values is zeros."""
        tokens, begins = fields.bags(rows)
        if not len(begins):
            return self.torch.zeros(len(rows), 0)
        found = table(self.torch.from_numpy(tokens), self.torch.from_numpy(begins))
        return found.reshape(len(rows), -1)

    def train(self, tasks: Sequence[Task], seed: int, label: str) -> None:
        """MAML over the users (Finn et al., 2017): what is learned is where adaptation starts from."""
        parameters = [*self.of_items.parameters(), *self.of_users.parameters(), *self.layers]
        optimiser = self.torch.optim.Adam(parameters, lr=self.plan.rate)
        rng = np.random.default_rng(seed)
        for _ in track(range(self.plan.epochs), label, total=self.plan.epochs):
            for batch in _batches(tasks, self.plan, rng):
                optimiser.zero_grad()
                self._loss(batch).backward()
                optimiser.step()

    def _loss(self, batch: _Batch) -> Any:
        """Squared error on the query sets, after adaptation to the supports."""
        torch = self.torch
        distinct, place = np.unique(batch.items, return_inverse=True)
        items = self.embed(self.items, self.of_items, distinct)[torch.from_numpy(place.reshape(-1))]
        users = self.embed(self.users, self.of_users, batch.users)
        size, rows = batch.items.shape
        inputs = torch.cat([items.reshape(size, rows, -1), users[:, None].expand(-1, rows, -1)], dim=2)
        ratings = torch.from_numpy(batch.ratings)
        support, asked = (torch.from_numpy(mask) for mask in (batch.support, batch.asked))
        layers = [layer.expand(size, *layer.shape) for layer in self.layers]
        for _ in range(self.plan.steps):
            error = _mean_error(self._forward(layers, inputs), ratings, support)
            slopes = torch.autograd.grad(error.sum(), layers, create_graph=True)
            layers = [
                layer - self.plan.local_rate * slope for layer, slope in zip(layers, slopes, strict=True)
            ]
        return _mean_error(self._forward(layers, inputs), ratings, asked).mean()

    def _forward(self, layers: list[Any], inputs: Any) -> Any:
        """Predicted ratings, each task with layers of its own: shape (tasks, rows)."""
        torch = self.torch
        hidden = torch.relu(torch.baddbmm(layers[1][:, None], inputs, layers[0]))
        hidden = torch.relu(torch.baddbmm(layers[3][:, None], hidden, layers[2]))
        return torch.baddbmm(layers[5][:, None], hidden, layers[4])[:, :, 0]

    def exported(self) -> tuple[Layers, FloatArray, FloatArray]:
        """The layers, and the vectors of all items and all users, as arrays."""
        with self.torch.no_grad():
            layers = [layer.detach().numpy().copy() for layer in self.layers]
            every = [
                self.embed(fields, table, np.arange(_rows(fields))).numpy()
                for fields, table in ((self.items, self.of_items), (self.users, self.of_users))
            ]
        return layers, every[0], every[1]


def _rows(fields: Fields) -> int:
    return (len(fields.starts) - 1) // max(len(fields.names), 1)


def _mean_error(predicted: Any, ratings: Any, mask: Any) -> Any:
    """Mean squared error of each task over the rows that its mask has."""
    return (((predicted - ratings) ** 2) * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1.0)


@dataclass(frozen=True)
class _Batch:
    """Several tasks padded to one length; the masks are 1 for support and query rows, 0 elsewhere."""

    users: IntArray
    items: IntArray
    ratings: FloatArray
    support: FloatArray
    asked: FloatArray


def _batches(tasks: Sequence[Task], plan: Plan, rng: np.random.Generator) -> Iterator[_Batch]:
    """All tasks once, in random order, each with its ratings in random order."""
    order = rng.permutation(len(tasks))
    for start in range(0, len(order), plan.batch_size):
        yield _padded([tasks[i] for i in order[start : start + plan.batch_size]], plan, rng)


def _padded(tasks: Sequence[Task], plan: Plan, rng: np.random.Generator) -> _Batch:
    drawn = [rng.permutation(len(task.items))[: plan.asked + plan.support] for task in tasks]
    shape = (len(tasks), max(map(len, drawn)))
    items, ratings = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.float32)
    support, asked = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.float32)
    for i, (task, rows) in enumerate(zip(tasks, drawn, strict=True)):
        cut = min(plan.asked, len(rows) // 2)
        items[i, : len(rows)], ratings[i, : len(rows)] = task.items[rows], task.ratings[rows]
        asked[i, :cut], support[i, cut : len(rows)] = 1.0, 1.0
    return _Batch(np.array([task.user for task in tasks]), items, ratings, support, asked)
