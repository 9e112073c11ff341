"""Every item as a mixture of items that have events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from warmstart.core.component import State
from warmstart.core.growing import GrowingSparse
from warmstart.core.linear import FloatArray, IntArray, empty_sparse
from warmstart.recommend.features import ItemFeatures
from warmstart.recommend.tables import nearest_mixture

_BLOCK = 2_048


@dataclass
class ItemMixture:
    """Carries what is known of items with events over to items without, by their text.

    Row i of `rows` (shape: items, items at fit) says how item i is made up of items with events: an
    item with n events is n / (n + strength) itself and the rest its nearest neighbours in text; one
    without events is all neighbours, one without text or neighbours nothing. Scores of a
    co-occurrence table K then reach every item, and from every item: A K Aᵀ.
    """

    rows: sparse.csr_matrix
    counts: FloatArray
    strength: float
    thin_below: int = 10

    def __post_init__(self) -> None:
        self._room = GrowingSparse()

    @classmethod
    def fit(cls, features: ItemFeatures | None, counts: FloatArray, *, strength: float) -> ItemMixture:
        """Build the rows; without `features` items without events stay empty."""
        own = np.where(counts > 0, 1.0, 0.0)
        if features is not None:
            thin = counts < (cls.thin_below if strength > 0 else 1)
            own = np.where(thin, _own_share(counts, strength), own)
        mixture = cls(sparse.csr_matrix(sparse.diags(own.astype(np.float32))), counts, strength)
        if features is not None:
            mixture._mix(features, np.flatnonzero(own < 1.0), len(own))
        return mixture

    def put(self, features: ItemFeatures, positions: IntArray, size: int) -> None:
        """Take in new or changed items at `positions` of a catalogue that now has `size` items."""
        changed = positions[self._count(positions) < max(1, self.thin_below if self.strength > 0 else 1)]
        self._mix(features, changed, size)

    def _mix(self, features: ItemFeatures, positions: IntArray, size: int) -> None:
        donors, width = np.flatnonzero(self.counts > 0), self.rows.shape[1]
        changed = positions if len(donors) else positions[:0]
        blocks = [changed[i : i + _BLOCK] for i in range(0, len(changed), _BLOCK)]
        mixed = [self._mixed_rows(features, block, donors) for block in blocks]
        rows = sparse.csr_matrix(sparse.vstack(mixed)) if mixed else empty_sparse(0, width)
        self.rows = self._room.put(self.rows, changed, rows, (size, width))

    def _mixed_rows(self, features: ItemFeatures, block: IntArray, donors: IntArray) -> sparse.csr_matrix:
        similarities = features.similarities(block, donors)
        similarities[block[:, None] == donors[None, :]] = 0.0  # an item is no neighbour of its own
        neighbours = nearest_mixture(similarities, donors, self.rows.shape[1])
        counts = self._count(block)
        own = _own_share(counts, self.strength).astype(np.float32)
        own[(counts > 0) & (np.diff(neighbours.indptr) == 0)] = 1.0
        known = np.flatnonzero(own > 0)
        itself = sparse.csr_matrix((own[known], (known, block[known])), shape=neighbours.shape)
        return sparse.csr_matrix(itself + sparse.diags(1.0 - own) @ neighbours)

    def _count(self, positions: IntArray) -> FloatArray:
        counts = np.zeros(len(positions), dtype=np.float32)
        old = positions < len(self.counts)
        counts[old] = self.counts[positions[old]]
        return counts

    def spread(self, table: sparse.csr_matrix, history: IntArray, weights: FloatArray) -> FloatArray:
        """Scores of all items for a weighted history through a co-occurrence table."""
        asked = sparse.csr_matrix(weights[None, :]) @ self.rows[history]
        by_donor = np.asarray((asked @ table).todense(), dtype=np.float32).ravel()
        scores: FloatArray = self.rows @ by_donor
        return scores

    def pairwise(self, table: sparse.csr_matrix, history: IntArray, items: IntArray) -> FloatArray:
        """What each history item adds to the score of each item, before weights: (history, items)."""
        shares: FloatArray = np.asarray((self.rows[history] @ table @ self.rows[items].T).todense())
        return shares

    def get_state(self) -> State:
        """Everything, as a tree that can be saved."""
        return {"rows": self.rows, "counts": self.counts, "strength": self.strength}


def _own_share(counts: FloatArray, strength: float) -> FloatArray:
    share: FloatArray = np.divide(counts, counts + strength, out=np.zeros_like(counts), where=counts > 0)
    return share
