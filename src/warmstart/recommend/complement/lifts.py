"""What content foretells of which items are taken together: as alike, and as going together."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final, Self

import numpy as np
from scipy import linalg, sparse

from warmstart.core.component import State
from warmstart.core.growing import GrowingRows
from warmstart.core.linear import FloatArray, IntArray, principal_directions
from warmstart.recommend.features import ItemFeatures

_DIM, _RANK, _RIDGE, _LEAST = 128, 64, 1_000.0, 0.05
_FEWEST_PAIRS: Final = 5_000
_SAMPLE, _BLOCK = 400_000, 20_000
_EDGES: Final = np.linspace(-0.2, 1.0, 13)
_PRIOR: Final = 20.0


@dataclass
class ContentLift:
    """How much more often than by chance j goes with i, foretold from their texts.

    lift_ij = curve(cos_ij) + left_i · right_j, at least .05. The curve says what mere likeness explains:
    pairs counted over pairs expected, by the cosine of the contents, shrunk towards 1. What it leaves is
    explained by a bilinear map of low rank, from the content of i to that of j: with F the content (with
    a one in front) and R the pairs counted minus those that chance and likeness expect,
    left · rightᵀ = total · F A⁻¹ (Fᵀ R F) B⁻¹ Fᵀ, where A = Fᵀ diag(out) F + ridge and
    B = Fᵀ diag(into) F + ridge, cut after 64 pairs of directions: canonical correlation analysis of the
    two sides. It is directed: what a tent asks for is not what asks for a tent.

    What chance and likeness expect is summed over pairs drawn by their margins. In a log of fewer than
    5,000 pairs the curve is 1.
    """

    content: FloatArray
    curve: FloatArray
    maps: FloatArray
    left: FloatArray
    right: FloatArray

    def __post_init__(self) -> None:
        self._lefts, self._rights = GrowingRows(), GrowingRows()

    @classmethod
    def fit(cls, features: ItemFeatures | None, pairs: sparse.csr_matrix, *, seed: int) -> Self:
        """Fit to counted pairs, shape (items, items)."""
        n = pairs.shape[0]
        content = np.zeros((n, 0), dtype=np.float32) if features is None else features.content
        curve = np.ones(len(_EDGES), dtype=np.float32)
        maps = np.zeros((2, content.shape[1] + 1, 1), dtype=np.float32)
        if pairs.nnz and content.shape[1]:
            drawn = _draw(pairs, seed) if pairs.sum() >= _FEWEST_PAIRS else None
            curve = curve if drawn is None else _likeness_curve(content, pairs, drawn)
            maps = _fit_maps(content, pairs, drawn, curve)
        left, right = (_side(content, one) for one in maps)
        return cls(content, curve, maps, left, right)

    def row(self, position: int) -> FloatArray:
        """The lift of every item for one, shape (items,)."""
        likeness = self.alike(self.content @ self.content[position])
        lifts: FloatArray = np.maximum(likeness + self.right @ self.left[position], np.float32(_LEAST))
        return lifts

    def block(self, positions: IntArray, items: IntArray) -> FloatArray:
        """The same for some items, shape (positions, items)."""
        likeness = self.alike(self.content[positions] @ self.content[items].T)
        mapped = self.left[positions] @ self.right[items].T
        lifts: FloatArray = np.maximum(likeness + mapped, np.float32(_LEAST))
        return lifts

    def likeness(self, positions: IntArray, items: IntArray | slice) -> FloatArray:
        """What mere likeness explains of the lift, at least 1, shape (positions, items)."""
        cosines = self.content[positions] @ self.content[items].T
        explained: FloatArray = np.maximum(self.alike(cosines), np.float32(1.0))
        return explained

    def alike(self, cosines: FloatArray) -> FloatArray:
        """What mere likeness explains: the curve at these cosines."""
        return _at(self.curve, cosines)

    def put(self, features: ItemFeatures | None, positions: IntArray, size: int) -> None:
        """Take in new items, or new text of known ones."""
        empty = (size, self.content.shape[1])
        self.content = np.zeros(empty, dtype=np.float32) if features is None else features.content
        left, right = (_side(self.content[positions], one) for one in self.maps)
        self.left = self._lefts.put(self.left, positions, left, size)
        self.right = self._rights.put(self.right, positions, right, size)

    def get_state(self) -> State:
        """Everything but the content, as a tree that can be saved."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "content"}

    @classmethod
    def from_state(cls, state: State, features: ItemFeatures | None) -> Self:
        """Take back what `get_state` gave."""
        own: dict[str, Any] = dict(state)
        empty = np.zeros((len(own["left"]), own["maps"].shape[1] - 1), dtype=np.float32)
        return cls(content=empty if features is None else features.content, **own)


Drawn = tuple[IntArray, IntArray]


def _margins(pairs: sparse.csr_matrix) -> tuple[FloatArray, FloatArray]:
    out, into = (np.asarray(pairs.sum(axis=axis), dtype=np.float32).ravel() for axis in (1, 0))
    return out, into


def _draw(pairs: sparse.csr_matrix, seed: int) -> Drawn:
    """Pairs as chance would make them: each side drawn by how often it takes part."""
    rng = np.random.default_rng(seed)
    sides = []
    for mass in _margins(pairs):
        edges = np.cumsum(mass, dtype=np.float64)
        sides.append(np.searchsorted(edges, rng.random(_SAMPLE) * edges[-1], side="right"))
    return np.minimum(sides[0], len(edges) - 1), np.minimum(sides[1], len(edges) - 1)


def _cosines(content: FloatArray, one: Any, other: Any) -> FloatArray:
    parts = [
        np.einsum("nd,nd->n", content[one[i : i + _BLOCK]], content[other[i : i + _BLOCK]])
        for i in range(0, len(one), _BLOCK)
    ]
    return np.concatenate(parts)


def _at(curve: FloatArray, cosines: FloatArray) -> FloatArray:
    return np.interp(cosines, _EDGES, curve).astype(np.float32)


def _likeness_curve(content: FloatArray, pairs: sparse.csr_matrix, drawn: Drawn) -> FloatArray:
    counted = sparse.coo_matrix(pairs)
    step = -(-pairs.nnz // _SAMPLE)  # of very many pairs some stand for all
    row, column, data = counted.row[::step], counted.col[::step], counted.data[::step]
    share = float(data.sum() / counted.data.sum())
    observed = _histogram(_cosines(content, row, column), np.asarray(data / share, dtype=np.float32))
    other = drawn[0] != drawn[1]
    cosines = _cosines(content, drawn[0][other], drawn[1][other])
    scale = float(pairs.sum()) / max(int(other.sum()), 1)
    expected = _histogram(cosines, np.full(len(cosines), scale))
    curve: FloatArray = ((observed + _PRIOR) / (expected + _PRIOR)).astype(np.float32)
    return curve


def _histogram(cosines: FloatArray, weights: FloatArray) -> FloatArray:
    """Weight near each edge: every value counts for the two edges around it, as in interpolation."""
    place = np.clip((cosines - _EDGES[0]) / (_EDGES[1] - _EDGES[0]), 0, len(_EDGES) - 1)
    low = np.minimum(place.astype(np.int64), len(_EDGES) - 2)
    share = place - low
    size = len(_EDGES)
    lower = np.bincount(low, weights * (1 - share), size)
    upper = np.bincount(low + 1, weights * share, size)
    return (lower + upper).astype(np.float32)


def _side(content: FloatArray, one_map: FloatArray) -> FloatArray:
    """Content with a one in front, through one side of the map."""
    side: FloatArray = content @ one_map[1:] + one_map[0]
    return side


def _fit_maps(
    content: FloatArray, pairs: sparse.csr_matrix, drawn: Drawn | None, curve: FloatArray
) -> FloatArray:
    """Both sides of the map, shape (2, dim + 1, rank)."""
    directions = principal_directions(content, _DIM)
    scale = np.sqrt(directions.shape[1])
    design = np.column_stack([np.ones(len(content)), scale * (content @ directions)])
    out, into = _margins(pairs)
    total = float(pairs.sum())
    rest = design.T @ (pairs @ design)
    if drawn is None:
        rest -= np.outer(out @ design, into @ design) / total
    else:
        explained = _at(curve, _cosines(content, *drawn)) * (total / len(drawn[0]))
        expected = sparse.csr_matrix((explained, drawn), shape=pairs.shape)
        rest -= design.T @ (expected @ design)
    lower = [linalg.cholesky(_gram(design, mass), lower=True) for mass in (out, into)]
    whitened = linalg.solve_triangular(lower[0], rest, lower=True)
    whitened = linalg.solve_triangular(lower[1], whitened.T, lower=True).T
    u, s, vt = np.linalg.svd(whitened)
    rank = min(_RANK, len(s))
    sides = (u[:, :rank] * (s[:rank] * total), vt[:rank].T)
    weights = [linalg.solve_triangular(low.T, side) for low, side in zip(lower, sides, strict=True)]
    maps = [np.vstack([weight[:1], scale * (directions @ weight[1:])]) for weight in weights]
    return np.stack(maps).astype(np.float32)


def _gram(design: Any, mass: FloatArray) -> Any:
    """Fᵀ diag(mass) F with a ridge on all but the one in front."""
    penalty = np.full(design.shape[1], _RIDGE)
    penalty[0] = 1e-6
    return design.T @ (mass[:, None] * design) + np.diag(penalty)
