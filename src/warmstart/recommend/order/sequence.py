"""What order says: tables of what comes after what, and a light scorer on top of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from scipy import sparse

from warmstart.core import columns as c
from warmstart.core.linear import FloatArray, IntArray, empty_sparse
from warmstart.core.tunable import tunable
from warmstart.data.dataset import Dataset
from warmstart.recommend.baselines.neighbours import NeighbourScorer
from warmstart.recommend.evidence import EVENT_WEIGHTS
from warmstart.recommend.tables import item_knn, rp3

DIRECTION: Final = 0.5
"""How much of the difference between "after" and "before" counts."""

REACH: Final = 100
"""Pairs farther apart in a user's history than this are taken to have no order."""

_CHUNK: Final = 4_000_000
_LATENESS_PRIOR: Final = 20.0


def item_sequences(dataset: Dataset) -> list[IntArray]:
    """For each user the catalogue positions of the items they chose, in order of first touch.

    The same events count as in `evidence.interaction_matrix`, and users stand in the same order.
    """
    place = pl.DataFrame({c.ITEM_ID: dataset.item_ids, "column": np.arange(len(dataset.item_ids))})
    chosen = (
        dataset.interactions.filter(
            pl.col(c.EVENT_TYPE).replace_strict(EVENT_WEIGHTS, return_dtype=pl.Float64) > 0
        )
        .unique([c.USER_ID, c.ITEM_ID], keep="first", maintain_order=True)
        .join(place, on=c.ITEM_ID, how="inner", maintain_order="left")
        .sort(c.USER_ID, maintain_order=True)
    )
    if not len(chosen):
        return []
    starts = np.flatnonzero(chosen[c.USER_ID].rle_id().diff().fill_null(0).to_numpy())
    return np.split(chosen["column"].to_numpy().astype(np.int64), starts)


def forward_counts(
    sequences: Sequence[IntArray], n_items: int, *, reach: int = REACH, user_exponent: float = 0.0
) -> sparse.csr_matrix:
    """How often j came after h, in entry (h, j): the number of users, each weighing |u|^-user_exponent.

    All pairs up to `reach` places apart count alike. Letting the weight fall with the distance, as is
    usual, leaves shops with few events too few pairs.
    """
    total = empty_sparse(n_items, n_items)
    lengths = np.array([len(sequence) for sequence in sequences], dtype=np.int64)
    if not lengths.size or lengths.max() < 2:
        return total
    flat, user = np.concatenate(list(sequences)), np.repeat(np.arange(len(lengths)), lengths)
    weight = np.power(np.maximum(lengths, 1).astype(np.float32), -user_exponent)[user]
    waiting: list[tuple[FloatArray, IntArray, IntArray]] = []
    for gap in range(1, min(reach, int(lengths.max()) - 1) + 1):
        first = np.flatnonzero(user[gap:] == user[:-gap])
        waiting.append((weight[first], flat[first], flat[first + gap]))
        if sum(len(part[0]) for part in waiting) > _CHUNK:
            total, waiting = total + _summed(waiting, n_items), []
    return sparse.csr_matrix(total + _summed(waiting, n_items)) if waiting else total


def _summed(parts: Sequence[tuple[FloatArray, IntArray, IntArray]], n_items: int) -> sparse.csr_matrix:
    data, rows, columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    return sparse.csr_matrix((data, (rows, columns)), shape=(n_items, n_items), dtype=np.float32)


def directed_knn(
    interactions: sparse.csr_matrix,
    forward: sparse.csr_matrix,
    *,
    shrinkage: float = 100.0,
    direction: float = DIRECTION,
) -> sparse.csr_matrix:
    """Item-kNN that knows which way people go, shape (items, items).

    K_hj = (c_hj + direction · (f_hj - f_jh)) / (sqrt(n_h n_j) + shrinkage): co-occurrence c, with the
    forward counts f of `forward_counts` tilting it towards what comes later. `direction` 0 is
    `tables.item_knn`; at 1 pairs that were only ever met the other way round count nothing. `forward`
    must come from the same events as `interactions`; then no entry is negative.
    """
    table = item_knn(interactions, shrinkage)
    counts = np.asarray(interactions.sum(axis=0), dtype=np.float32).ravel()
    tilt = sparse.coo_matrix(forward - forward.T)
    scale = direction / (np.sqrt(counts[tilt.row] * counts[tilt.col]) + shrinkage)
    tilted = sparse.csr_matrix((tilt.data * scale, (tilt.row, tilt.col)), shape=table.shape)
    return sparse.csr_matrix(table + tilted, dtype=np.float32)


def directed_walk(
    interactions: sparse.csr_matrix,
    sequences: Sequence[IntArray],
    *,
    item_exponent: float = 0.4,
    user_exponent: float = 0.4,
    direction: float = DIRECTION,
) -> sparse.csr_matrix:
    """The random walk of `tables.rp3`, tilted in the same way towards what comes later."""
    table = rp3(interactions, item_exponent, user_exponent)
    forward = forward_counts(sequences, table.shape[0], user_exponent=user_exponent)
    counts = np.asarray(interactions.sum(axis=0)).ravel()
    damping = sparse.diags((direction * np.maximum(counts, 1.0) ** -item_exponent).astype(np.float32))
    return sparse.csr_matrix(table + damping @ (forward - forward.T), dtype=np.float32)


def lateness(forward: sparse.csr_matrix) -> FloatArray:
    """How much later than other items each is reached, per item: 1 is usual, more is later.

    (l + 20) / (e + 20) over its median, where l counts the items that users had touched before it and e
    those that they touched after it. A stranger's next items are more often those that people reach late:
    popularity times lateness^¼, which is what `DirectedFactorScorer` tells a stranger (k=0 of the command
    in `directed_factors`), has .434 for the .411 of popularity on `ml100k`, and the same on `beauty`; with
    few hundred users both are ties.
    """
    late = np.asarray(forward.sum(axis=0), dtype=np.float32).ravel()
    early = np.asarray(forward.sum(axis=1), dtype=np.float32).ravel()
    ratio: FloatArray = (late + _LATENESS_PRIOR) / (early + _LATENESS_PRIOR)
    met = (late + early) > 0
    return ratio / np.float32(np.median(ratio[met])) if met.any() else ratio


@dataclass(kw_only=True)
class SequenceScorer(NeighbourScorer):
    """Items that people turn to after those of the history, the latest of which weigh most.

    Item-kNN by shrunk cosine whose counts are tilted towards what comes later (`directed_knn`), summed
    over the history with weights that halve every `half_life` items. New items take part through their
    nearest neighbours in text when fitted with an encoder, and get NaN without one.

    *Serves*: hot and warm, from the first event on. *Needs*: events in the order in which they happened.
    *Cost*: a second for a hundred thousand events. Where the log has no order it is item-kNN.
    """

    shrinkage: float = tunable(100.0, low=1.0, high=1000.0, log=True)
    direction: float = tunable(DIRECTION, low=0.0, high=1.0)
    half_life: float = tunable(4.0, low=1.0, high=50.0, log=True)

    def _fit_tables(self, dataset: Dataset) -> None:
        self._forward = forward_counts(item_sequences(dataset), len(dataset.item_ids))
        super()._fit_tables(dataset)
        del self._forward

    def _table(self, interactions: sparse.csr_matrix) -> sparse.csr_matrix:
        return directed_knn(interactions, self._forward, shrinkage=self.shrinkage, direction=self.direction)

    def _score_history(self, positions: IntArray, weights: FloatArray) -> FloatArray:
        age = np.arange(len(positions) - 1, -1, -1, dtype=np.float32)
        faded: FloatArray = weights * np.power(np.float32(0.5), age / np.float32(self.half_life))
        return super()._score_history(positions, faded)
