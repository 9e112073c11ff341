"""SASRec: self-attention over the history, with items that are known by their text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final, Self

import numpy as np

from warmstart.core.linear import BoolArray, FloatArray, IntArray
from warmstart.core.tunable import tunable
from warmstart.data.dataset import Dataset
from warmstart.recommend.neural.attention import encode, exported_network, network
from warmstart.recommend.neural.base import TrainedScorer
from warmstart.recommend.neural.layers import Weights
from warmstart.recommend.neural.material import anchored_basis
from warmstart.recommend.order.sequence import item_sequences

_BATCH: Final = 128
_MIN_STEPS: Final = 100
_HELD_SHARE, _FEWEST_HELD, _MOST_HELD = 0.05, 20, 500
_TOP: Final = 20
_EPSILON: Final = 1e-12


@dataclass(frozen=True, kw_only=True)
class Sequences:
    """Items with events, sorted by text, and the users' sequences over them, sorted by what they hold.

    Random numbers then meet the same items and users whatever these are called. `order` gives the items'
    catalogue positions, `basis` turns catalogue content into `content`, `held` are kept for checking.
    """

    order: IntArray
    basis: FloatArray
    content: FloatArray
    share: FloatArray
    train: list[IntArray]
    held: list[IntArray]

    @classmethod
    def of(cls, dataset: Dataset, content: FloatArray, length: int, seed: int) -> Self:
        """Read a shop; of each history the last `length` + 1 items."""
        rng = np.random.default_rng(seed)
        sequences = item_sequences(dataset)
        counts = np.bincount(_joined(sequences), minlength=len(content))
        texts = dataset.item_texts
        hot = sorted(np.flatnonzero(counts).tolist(), key=lambda i: (texts[i], counts[i]))
        order = np.array(hot, dtype=np.int64)
        place = np.full(len(content), -1, dtype=np.int64)
        place[order] = np.arange(len(order))
        short = sorted((place[s][-length - 1 :] for s in sequences if len(s) > 1), key=lambda s: s.tolist())
        n_held = min(_MOST_HELD, int(_HELD_SHARE * len(short)))
        held = set(rng.permutation(len(short))[: n_held if n_held >= _FEWEST_HELD else 0].tolist())
        basis = anchored_basis(content[order], rng)
        return cls(
            order=order,
            basis=basis,
            content=np.ascontiguousarray(content[order] @ basis),
            share=(counts[order] / max(int(counts.sum()), 1)).astype(np.float32),
            train=[sequence for i, sequence in enumerate(short) if i not in held],
            held=[sequence for i, sequence in enumerate(short) if i in held],
        )

    @property
    def n_train(self) -> int:
        """How many sequences there are to learn from."""
        return len(self.train)

    @property
    def n_held(self) -> int:
        """How many sequences are held back."""
        return len(self.held)

    def steps(self) -> int:
        """Batches of an epoch; a small shop is gone through again."""
        return max(-(-len(self.train) // _BATCH), min(_MIN_STEPS, 4 * len(self.train)) // 8)

    def batches(
        self, horizon: int, shuffled: float, rng: np.random.Generator
    ) -> Iterator[tuple[IntArray, IntArray, Any]]:
        """Inputs and targets of users of like length, (users, length), and where there is a target.

        The target at each place is drawn from the next `horizon` items of the user. A share `shuffled` of
        the sequences comes in any order.
        """
        lengths = np.array([len(sequence) for sequence in self.train])
        order = np.argsort(lengths + 3.0 * rng.random(len(lengths)), kind="stable")
        parts = [order[i : i + _BATCH] for i in range(0, len(order), _BATCH)]
        for step in range(self.steps()):
            if step % len(parts) == 0:
                turn = rng.permutation(len(parts))
            rows = [self.train[i] for i in parts[turn[step % len(parts)]]]
            mixed = rng.random(len(rows)) < shuffled
            rows = [rng.permutation(row) if mix else row for row, mix in zip(rows, mixed, strict=True)]
            yield _batch(rows, horizon, rng)


def _joined(sequences: list[IntArray]) -> IntArray:
    return np.concatenate([np.zeros(0, dtype=np.int64), *sequences])


def _batch(rows: list[IntArray], horizon: int, rng: np.random.Generator) -> tuple[IntArray, IntArray, Any]:
    width = max(len(row) for row in rows) - 1
    shown, wanted = np.zeros((2, len(rows), width), dtype=np.int64)
    valid = np.zeros((len(rows), width), dtype=np.bool_)
    for i, row in enumerate(rows):
        n = len(row) - 1
        ahead = np.minimum(horizon, n - np.arange(n))
        shown[i, :n] = row[:-1]
        wanted[i, :n] = row[np.arange(n) + 1 + (rng.random(n) * ahead).astype(np.int64)]
        valid[i, :n] = True
    return shown, wanted, valid


@dataclass(kw_only=True)
class SasrecScorer(TrainedScorer[Sequences]):
    """Self-attention over the items of a history, in order, whose last state is compared with every item.

    Kang and McAuley (2018): learned places, one head, causal attention, layer norm, dropout. An item is its
    content through a linear map plus a vector of its own; in training that vector is left out with
    probability `id_dropout`, on both sides, so that new items work by their content. The loss is a softmax
    over the target, the targets of the batch and drawn items, corrected for how often these are drawn
    (Yi et al., 2019).

    *Target*: not the next item but one drawn from the next `horizon` (as the dense all-action loss of
    Pancha et al., 2022): with few events per user the order of single steps is noise.

    *Use it* where order matters and there are tens of thousands of events; *not* for strangers: without
    history it has no opinion. *Serves*: hot and warm. *Needs*: events in order, text, an encoder, torch to
    fit (extra `lm`), not to load, ask or add. *Cost*: one to two CPU-minutes for a hundred thousand events.
    """

    dim: int = 64
    blocks: int = 1
    max_length: int = 50
    epochs: int = 20
    horizon: int = 100
    shuffled: float = 0.3
    negatives: int = 512
    dropout: float = tunable(0.4, low=0.0, high=0.7)
    id_dropout: float = tunable(0.5, low=0.1, high=0.9)
    learning_rate: float = tunable(0.003, low=0.0005, high=0.02, log=True)

    def _material(self, dataset: Dataset) -> Sequences:
        return Sequences.of(dataset, self.content, self.max_length, self.seed)

    def _n_epochs(self) -> int:
        return self.epochs

    def _epochs(self, torch: ModuleType, material: Sequences) -> Iterator[Weights]:
        rng = np.random.default_rng(self.seed)
        model = network(
            torch,
            n_items=len(material.order),
            content_dim=material.content.shape[1],
            dim=self.dim,
            blocks=self.blocks,
            length=self.max_length,
            dropout=self.dropout,
        )
        content = torch.from_numpy(material.content)
        optimiser = torch.optim.Adam(model.parameters(), lr=self.learning_rate)
        total = self.epochs * material.steps()
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, total)
        for _ in range(self.epochs):
            model.train()
            for batch in material.batches(self.horizon, self.shuffled, rng):
                loss = self._loss(torch, model, content, material.share, batch, rng)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
            yield exported_network(model)

    def _loss(  # noqa: PLR0917
        self,
        torch: ModuleType,
        model: Any,
        content: Any,
        share: FloatArray,
        batch: tuple[IntArray, IntArray, Any],
        rng: np.random.Generator,
    ) -> Any:
        shown, wanted, valid = batch
        targets = wanted[valid]
        pool = np.concatenate([np.unique(targets), rng.integers(len(share), size=self.negatives)])
        pool = np.unique(pool)
        items = self._items(torch, model, content, np.unique(shown), rng)
        states = model(items[torch.from_numpy(np.searchsorted(np.unique(shown), shown))])
        states = states[torch.from_numpy(valid)]
        candidates = self._items(torch, model, content, pool, rng)
        expected = 1.0 - (1.0 - share[pool]) ** len(targets) * (1.0 - 1.0 / len(share)) ** self.negatives
        correction = torch.from_numpy(np.log(expected + _EPSILON).astype(np.float32))
        logits = states @ candidates.T - correction
        return torch.nn.functional.cross_entropy(
            logits, torch.from_numpy(np.searchsorted(pool, targets).astype(np.int64))
        )

    def _items(
        self, torch: ModuleType, model: Any, content: Any, items: IntArray, rng: np.random.Generator
    ) -> Any:
        kept = torch.from_numpy((rng.random((len(items), 1)) >= self.id_dropout).astype(np.float32))
        chosen = torch.from_numpy(items)
        return model.content(content[chosen]) + kept * model.own[chosen]

    def _item_vectors(
        self, weights: Weights, own: FloatArray, content: FloatArray, hot: BoolArray
    ) -> FloatArray:
        vectors: FloatArray = content @ weights["content.weight"] + own
        return vectors

    def _quality(self, weights: Weights, material: Sequences) -> float:
        """nDCG@20 of the second halves of the held-back sequences, items as they are and as if new."""
        new = material.content @ weights["content.weight"]
        values = []
        for sequence in material.held:
            asked, wanted = np.split(sequence, [max(1, len(sequence) // 2)])
            for vectors in (new + weights["own"], new):
                scores = vectors @ encode(weights, vectors[asked][None])[0, -1]
                scores[asked] = -np.inf
                values.append(_ndcg(scores, wanted))
        return float(np.mean(values))

    def _score_history(self, positions: IntArray, weights: FloatArray) -> FloatArray:
        """What speaks against an item is taken away: the state of the liked minus that of the disliked."""
        scores = np.zeros(len(self.item_ids_), dtype=np.float32)
        for sign in (1.0, -1.0):
            chosen = positions[sign * weights > 0]
            inputs = self.vectors_[chosen]
            inputs = inputs[np.isfinite(inputs).all(axis=1)][-self.max_length :]
            if len(inputs):
                scores += np.float32(sign) * (self.vectors_ @ encode(self.weights_, inputs[None])[0, -1])
        scores[~np.isfinite(self.vectors_).all(axis=1)] = np.nan
        return scores


def _ndcg(scores: FloatArray, wanted: IntArray) -> float:
    n = min(_TOP, len(scores))
    top = np.argpartition(-scores, n - 1)[:n]
    top = top[np.argsort(-scores[top], kind="stable")]
    discounts = 1.0 / np.log2(np.arange(2, n + 2))
    return float(discounts[np.isin(top, wanted)].sum() / discounts[: len(wanted)].sum())
