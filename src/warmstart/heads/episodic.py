"""The training loop that heads of networks share: batches of tasks, early stopping, arrays out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final, Literal, NamedTuple, Self

import numpy as np

from warmstart.core.extras import load_torch
from warmstart.core.progress import track
from warmstart.core.tunable import tunable
from warmstart.roles.few_shot_head import Evidence, FewShotHead, Task, Values

Weights = dict[str, Any]
"""Named parameters: tensors while training, float64 arrays afterwards."""
Loss = Literal["squared", "ranking"]

_HELD_SHARE: Final = 0.15
_FEWEST_HELD: Final = 10
_CLIP: Final = 5.0
_RANKING_PACE: Final = {"offset": 0.0, "prior": 5.0, "direct": 5.0}
"""An offset changes no rank; what everyone likes has a long way to go from zero."""


@dataclass(kw_only=True)
class EpisodicHead(FewShotHead):
    """Base of heads whose answer is a differentiable function of the support, learned task by task.

    The same `_forward` runs in training on batches of tensors and afterwards on arrays: torch (extra `lm`)
    is needed to fit, not to load or ask. Adam with decoupled weight decay goes through the tasks in random
    batches; 15 % of them are held back, `patience` epochs without a lower loss on these end the training,
    and the best epoch is kept.

    The loss `squared` is that of the query's targets. `ranking` is the cross-entropy of picking the
    examples with a target above ½ among all of the query; there the weight of another example says how
    many it stands for (one over its rate of sampling), and answers are comparable within a subject only.

    A new one writes `_start`, the parameters to begin with, and `_forward`.
    """

    width: int = tunable(32, low=8, high=128, log=True)
    learning_rate: float = tunable(0.01, low=0.001, high=0.03, log=True)
    weight_decay: float = tunable(0.01, low=0.0001, high=0.1, log=True)
    epochs: int = 30
    batch_size: int = 16
    patience: int = 4
    loss: Loss = "squared"
    seed: int = 0

    @property
    def _stretch(self) -> float:
        """How far a liking moves an answer to begin with: logits need room, targets do not."""
        return 1.0 if self.loss == "squared" else 5.0

    @abstractmethod
    def _start(self, rng: np.random.Generator, dim: int) -> dict[str, Values]:
        """Parameters to begin with; "log_" begins the name of the logarithm of a positive number."""

    @abstractmethod
    def _forward(self, xp: Any, w: Weights, told: Told, query: Any) -> Any:
        """Answers, shape (..., m), for `query` (..., m, dim) after what was `told`.

        `xp` is numpy or torch. Examples of weight 0 are padding and must not count.
        """

    def _pace(self, name: str) -> float:
        """The learning rate of a parameter as a share of `learning_rate`."""
        if self.loss == "ranking":
            return _RANKING_PACE.get(name, 1.0)
        return 1.0

    def _objective(self, torch: ModuleType, w: Weights, batch: Batch) -> Any:
        """What training makes small: by default the loss of the answers to the query."""
        answers = self._forward(torch, w, batch.support, batch.query.vectors)
        return _loss(torch, self.loss, answers, batch.query)

    def _fit(self, tasks: Sequence[Task]) -> None:
        torch = load_torch(type(self).__name__)
        rng = np.random.default_rng(self.seed)
        shuffled = [tasks[i] for i in rng.permutation(len(tasks))]
        n_held = int(_HELD_SHARE * len(tasks))
        n_held = n_held if n_held >= _FEWEST_HELD else 0
        started = self._start(rng, self.dim_)
        w = {
            name: torch.tensor(value, dtype=torch.float32, requires_grad=True)
            for name, value in started.items()
        }
        self.weights_ = self._best(torch, w, shuffled[n_held:], shuffled[:n_held], rng)

    def _best(
        self, torch: ModuleType, w: Weights, train: list[Task], held: list[Task], rng: np.random.Generator
    ) -> dict[str, Values]:
        groups = [{"params": [w[name]], "lr": self.learning_rate * self._pace(name)} for name in w]
        optimiser = torch.optim.AdamW(groups, weight_decay=self.weight_decay)
        best, lowest, waited = _arrays(w), np.inf, 0
        for _ in track(range(self.epochs), type(self).__name__):
            for batch in _batches(torch, train, self.batch_size, rng):
                optimiser.zero_grad()
                self._objective(torch, w, batch).backward()
                torch.nn.utils.clip_grad_norm_(w.values(), _CLIP)
                optimiser.step()
            reached = self._held_loss(torch, w, held or train)
            if reached < lowest:
                best, lowest, waited = _arrays(w), reached, 0
            elif (waited := waited + 1) >= self.patience:
                break
        return best

    def _held_loss(self, torch: ModuleType, w: Weights, held: list[Task]) -> float:
        total = 0.0
        with torch.no_grad():
            for batch in _batches(torch, held, self.batch_size, None):
                answers = self._forward(torch, w, batch.support, batch.query.vectors)
                total += float(_loss(torch, self.loss, answers, batch.query)) * len(answers)
        return total / len(held)

    def _mean(self, vectors: Values, evidence: Evidence) -> Values:
        found = self._forward(np, self.weights_, Told.of(evidence), vectors)
        return np.asarray(found, dtype=np.float64)


class Told(NamedTuple):
    """Examples as arrays or tensors: vectors (..., n, dim), targets and weights (..., n)."""

    vectors: Any
    targets: Any
    weights: Any

    @classmethod
    def of(cls, evidence: Evidence) -> Self:
        """Those of one subject."""
        return cls(evidence.vectors, evidence.targets, evidence.weights)


class Batch(NamedTuple):
    """Tasks side by side, padded with examples of weight 0."""

    support: Told
    query: Told


def _batches(
    torch: ModuleType, tasks: list[Task], size: int, rng: np.random.Generator | None
) -> Iterator[Batch]:
    order = np.arange(len(tasks)) if rng is None else rng.permutation(len(tasks))
    for start in range(0, len(tasks), size):
        chosen = [tasks[i] for i in order[start : start + size]]
        yield Batch(
            support=_padded(torch, [task.support for task in chosen]),
            query=_padded(torch, [task.query for task in chosen]),
        )


def _padded(torch: ModuleType, parts: list[Evidence]) -> Told:
    longest = max(map(len, parts))
    vectors = np.zeros((len(parts), longest, parts[0].vectors.shape[1]), dtype=np.float32)
    rest = np.zeros((2, len(parts), longest), dtype=np.float32)
    for i, part in enumerate(parts):
        vectors[i, : len(part)] = part.vectors
        rest[0, i, : len(part)], rest[1, i, : len(part)] = part.targets, part.weights
    return Told(torch.from_numpy(vectors), torch.from_numpy(rest[0]), torch.from_numpy(rest[1]))


def _loss(torch: ModuleType, kind: Loss, answers: Any, wanted: Told) -> Any:
    """Mean over tasks."""
    targets, weights = wanted.targets, wanted.weights
    if kind == "squared":
        total = weights.sum(-1).clamp(min=1e-9)
        return ((weights * (answers - targets) ** 2).sum(-1) / total).mean()
    liked = weights * (targets > 0.5)
    spread = torch.logsumexp(answers + torch.log(weights.clamp(min=1e-9)), dim=-1, keepdim=True)
    return ((liked * (spread - answers)).sum(-1) / liked.sum(-1).clamp(min=1e-9)).mean()


def _arrays(w: Weights) -> dict[str, Values]:
    return {name: value.detach().numpy().astype(np.float64) for name, value in w.items()}


def drawn(rng: np.random.Generator, rows: int, columns: int) -> Values:
    """A random matrix that keeps lengths on average: entries with variance 1 / rows."""
    found: Values = rng.standard_normal((rows, columns)) / np.sqrt(max(rows, 1))
    return found
