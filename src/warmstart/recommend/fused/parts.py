"""The parts of the fused score, fitted: what each piece of evidence says about each item."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Self

import numpy as np
from scipy import sparse

from warmstart.core.component import State
from warmstart.core.linear import FloatArray, IntArray, principal_directions, put_rows
from warmstart.recommend.features import ItemFeatures
from warmstart.recommend.fused.products import heard_rows, history_matrix, sum_of_rows, tall_product
from warmstart.recommend.fused.transfer import Transfer, TransferSettings
from warmstart.recommend.order.directed_factors import directed_factors
from warmstart.recommend.order.sequence import forward_counts, lateness
from warmstart.recommend.popularity import PopularityPrior
from warmstart.recommend.tables import (
    content_projection,
    forward_knn,
    item_factors,
    item_knn,
    near_after,
    rp3,
)

KNN: Final = "bought together"
WALK: Final = "random walk"
FORWARD: Final = "bought later"
NEXT: Final = "bought next"
TASTE: Final = "taste"
DRIFT: Final = "leads to"
WORDS: Final = "same words"
ALIKE: Final = "alike"
PROJECTION: Final = "chosen by the same people"
POPULARITY: Final = "popularity"
LATE: Final = "popularity later on"

TABLES: Final = (KNN, WALK, FORWARD, NEXT)
PARTS: Final = (*TABLES, TASTE, DRIFT, WORDS, PROJECTION, ALIKE)
"""The parts that sum over a history; the priors stand beside them. Likeness as such helps to say what is
similar; what people choose next is better told by the projection, so it has no slot."""
PRIORS: Final = (POPULARITY, LATE)

_IN_CONTENT: Final = (PROJECTION, ALIKE)
"""The parts that are products with the content vectors."""

RECENT: Final = ", lately"
"""Ends the name of a slot that reads the history with weights which halve every three items."""
SLOTS: Final = (
    KNN,
    WALK,
    WALK + RECENT,
    FORWARD,
    FORWARD + RECENT,
    NEXT + RECENT,
    TASTE,
    TASTE + RECENT,
    DRIFT,
    DRIFT + RECENT,
    WORDS,
    WORDS + RECENT,
    PROJECTION,
    PROJECTION + RECENT,
    POPULARITY,
    LATE,
)
"""What has a weight of its own: a part, read over the whole history or over its recent end."""

_FACTORS: Final = ("left", "own", "reached")
_NORM_SAMPLE, _NORM_DEPTH, _CONTENT_DIM, _HALF_LIFE = 300, 20, 256, 3.0


def part_of(slot: str) -> str:
    """The part that a slot reads."""
    return slot.removesuffix(RECENT)


def recent(weights: FloatArray) -> FloatArray:
    """The weights of a history, oldest first, halved for every three items since."""
    age = np.arange(len(weights))[::-1]
    faded: FloatArray = np.asarray(weights * 0.5 ** (age / _HALF_LIFE), dtype=np.float32)
    return faded


def amount(weights: FloatArray) -> float:
    """How much evidence a history holds."""
    return float(np.abs(weights).sum())


@dataclass(frozen=True, kw_only=True)
class PartSettings:
    """How the parts are fitted."""

    transfer: TransferSettings = field(default_factory=TransferSettings)
    popularity_ridge: float = 30.0
    projection_dim: int = 128
    taste_dim: int = 64
    seed: int = 0


@dataclass
class FactorSpace:
    """Low-rank factors of a table: h gives j left_h · right_j; `reached` is `own` for every item."""

    left: FloatArray
    own: FloatArray
    reached: FloatArray
    _learned: tuple[FloatArray, FloatArray] | None = field(default=None, init=False, repr=False)

    def scores(self, spoken: sparse.csr_matrix) -> FloatArray:
        """What histories say of every item: shape (histories, items)."""
        return np.asarray(spoken @ self.left, dtype=np.float32) @ self.reached.T

    def put(self, transfer: Transfer, positions: IntArray, size: int) -> None:
        """Take in items that `transfer` knows already, in a catalogue that now has `size` items."""
        missing = ((0, size - len(self.own)), (0, 0))
        self.left, self.own = np.pad(self.left, missing), np.pad(self.own, missing)
        if self._learned is None or transfer.counts[positions].any():
            self._learned = transfer.regression(self.own)  # new items without events change nothing
        reached = transfer.reach_rows(self.own, positions, self._learned)
        self.reached = put_rows(self.reached, positions, reached, size)


@dataclass
class FittedParts:
    """Co-occurrence, order, taste, content and popularity of one shop.

    Each part gives every item of the catalogue a number for a weighted history, a sum over what the history
    holds. `tables` say what goes with what among items with events, `spaces` are low-rank
    factors of the same; `projection` is the map of content under which co-chosen items are alike, and
    `lengths` one over the length of each item under it. `transfer` carries tables and factors to items
    with few events or none. `norms` are the parts' mean top scores over one-item histories;
    divided by them the parts mean the same in every shop.
    """

    features: ItemFeatures
    tables: dict[str, sparse.csr_matrix]
    transfer: Transfer
    spaces: dict[str, FactorSpace]
    projection: FloatArray
    lengths: FloatArray
    popularity: PopularityPrior
    later: PopularityPrior
    norms: dict[str, float]
    _priors: dict[str, FloatArray] | None = field(default=None, init=False, repr=False)

    @classmethod
    def fit(
        cls,
        features: ItemFeatures,
        interactions: sparse.csr_matrix,
        sequences: Sequence[IntArray],
        settings: PartSettings,
    ) -> Self:
        """Fit all tables to who chose what, shape (users, items), and in which order."""
        counts = np.asarray(interactions.sum(axis=0), dtype=np.float32).ravel()
        forward = forward_counts(sequences, len(counts))
        transfer = Transfer.fit(features, counts, settings.transfer)
        directions = principal_directions(features.content, _CONTENT_DIM)
        learned = content_projection(features.content @ directions, interactions, settings.projection_dim)
        projection: FloatArray = np.asarray(directions @ learned, dtype=np.float32)
        factors = item_factors(interactions, settings.taste_dim, seed=settings.seed)
        leaves, comes = directed_factors(interactions, forward, dim=settings.taste_dim, seed=settings.seed)
        reached = counts * np.where(counts > 0, lateness(forward), 0.0)
        parts = cls(
            features=features,
            tables={
                KNN: item_knn(interactions),
                WALK: rp3(interactions),
                FORWARD: forward_knn(forward, counts),
                NEXT: near_after(sequences, counts),
            },
            transfer=transfer,
            spaces={
                TASTE: FactorSpace(factors, factors, transfer.reach(factors)),
                DRIFT: FactorSpace(leaves, comes, transfer.reach(comes)),
            },
            projection=projection,
            lengths=_lengths(features.content, projection),
            popularity=PopularityPrior.fit(counts, features, ridge=settings.popularity_ridge),
            later=PopularityPrior.fit(
                reached.astype(np.float32), features, ridge=settings.popularity_ridge
            ),
            norms=dict.fromkeys((*PARTS, *PRIORS), 1.0),
        )
        parts.norms = parts._fit_norms(settings.seed)
        return parts

    def _fit_norms(self, seed: int) -> dict[str, float]:
        """Mean top score of each part over one-item histories (of items with events, if there are any).

        The top is 20 items, or a tenth of a small catalogue.
        """
        rng = np.random.default_rng(seed)
        counts = self.transfer.counts
        pool = np.flatnonzero(counts > 0) if (counts > 0).any() else np.arange(len(counts))
        sample = rng.choice(pool, size=min(_NORM_SAMPLE, len(pool)), replace=False)
        one = [np.ones(1, dtype=np.float32)] * len(sample)
        depth = max(1, min(_NORM_DEPTH, len(counts) // 10))
        norms = {}
        for part, scores in self.raw([np.array([item]) for item in sample], one).items():
            scores[np.arange(len(sample)), sample] = -np.inf
            top = -np.sort(-scores, axis=1)[:, :depth]
            level = float(top[np.isfinite(top)].mean()) if np.isfinite(top).any() else 0.0
            norms[part] = level if level > 0 else 1.0
        heads = {name: max(_head(prior, depth), 1.0) for name, prior in self.priors().items()}
        return norms | heads

    @property
    def knows_popularity(self) -> bool:
        """Whether anything is known of any item's popularity."""
        return not bool(np.isnan(self.popularity.scores).all())

    def priors(self) -> dict[str, FloatArray]:
        """What is believed without a history: popularity of two kinds, in standard deviations."""
        if self._priors is None:
            self._priors = {POPULARITY: self.popularity.standard(), LATE: self.later.standard()}
        return self._priors

    def raw(
        self,
        positions: Sequence[IntArray],
        weights: Sequence[FloatArray],
        names: Container[str] = PARTS,
    ) -> dict[str, FloatArray]:
        """Each part for several weighted histories, before norms: shape (histories, items)."""
        history = history_matrix(positions, weights, len(self.lengths))
        spoken = sparse.csr_matrix(history @ self.transfer.voices)
        content, texts = self.features.content, self.features.tfidf
        ways = {name: partial(self._reached, spoken, table) for name, table in self.tables.items()} | {
            TASTE: lambda: self.spaces[TASTE].scores(spoken),
            DRIFT: lambda: self.spaces[DRIFT].scores(spoken),
            WORDS: lambda: (history @ texts @ texts.T).toarray().astype(np.float32),
            PROJECTION: lambda: self._alike_to_others(history),
            ALIKE: lambda: (history @ content) @ content.T,
        }
        return {name: way() for name, way in ways.items() if name in names}

    def _alike_to_others(self, history: sparse.csr_matrix) -> FloatArray:
        said = sparse.csr_matrix(history @ sparse.diags(self.lengths)) @ self.features.content
        asked = (said @ self.projection) @ self.projection.T
        return np.asarray(asked @ self.features.content.T, dtype=np.float32) * self.lengths

    def _reached(self, spoken: sparse.csr_matrix, table: sparse.csr_matrix) -> FloatArray:
        own = np.empty((spoken.shape[0], table.shape[1]), dtype=np.float32)
        for row, start, end in zip(own, spoken.indptr, spoken.indptr[1:], strict=False):
            said = [(table, spoken.data[None, start:end])]
            row[:] = sum_of_rows(said, spoken.indices[start:end].astype(np.int64), len(row), 1)[0]
        return self.transfer.carried(own)

    def mix(self, positions: IntArray, units: Mapping[str, FloatArray], mixtures: int) -> FloatArray:
        """The sum of the parts for one history: shape (items, mixtures).

        `units` has for each part the weights of the items of the history, shape (history, mixtures). All
        but the first mixture are worked out only for `Transfer.rest`: they count nowhere else.
        """
        if not len(positions) or not units:
            return np.zeros((len(self.lengths), mixtures), dtype=np.float32)
        rows, heard = self._heard(positions, units)
        tables = ((self.tables[name], heard[name]) for name in TABLES if name in heard)
        own = sum_of_rows(tables, rows, len(self.lengths), mixtures)
        asked = {part: self._asked(positions, part, units[part]) for part in _IN_CONTENT if part in units}
        total = self._in_content(own, asked)
        for name, space in self.spaces.items():
            if name in heard:
                total += (space.reached @ (heard[name] @ space.left[rows]).T).T
        if WORDS in units:
            total += self.features.words(positions, units[WORDS])
        return total.T

    def _heard(
        self, positions: IntArray, units: Mapping[str, FloatArray]
    ) -> tuple[IntArray, dict[str, FloatArray]]:
        """Which items speak for a history, and how loud in each part: shape (mixtures, speakers)."""
        names = [name for name in (*TABLES, *self.spaces) if name in units]
        weights = [units[name] for name in names] or [np.zeros((len(positions), 0), dtype=np.float32)]
        rows, sums = heard_rows(self.transfer.voices[positions], np.hstack(weights))
        return rows, dict(zip(names, np.split(sums, max(len(names), 1)), strict=False))

    def _in_content(self, own: FloatArray, asked: Mapping[str, FloatArray]) -> FloatArray:
        """`own` carried to items with few events or none, and what is `asked` of content.

        All that is linear in content takes one pass over it, and one over its rows in `Transfer.rest`.
        """
        content, rest = self.features.content, self.transfer.rest
        some = self._of_rest(own, asked) if len(rest) else own[:, rest]
        total = own
        for part, vectors in asked.items():
            answer = content @ vectors[0]
            total[0] += answer if part == ALIKE else self.lengths * answer
            some[0] += answer[rest] if part == ALIKE else self.lengths[rest] * answer[rest]
        for row, values in zip(total, some, strict=True):
            row[rest] = values
        return total

    def _of_rest(self, own: FloatArray, asked: Mapping[str, FloatArray]) -> FloatArray:
        """The same for the items in `Transfer.rest`, but what the first mixture asks of content."""
        rest, mixtures = self.transfer.rest, len(own)
        some = self.transfer.joined(own)
        if mixtures > 1 and asked:
            vectors = np.vstack([vectors[1:] for vectors in asked.values()])
            answers = tall_product(self.features.content, vectors, rest)
            later = answers.reshape(len(asked), mixtures - 1, len(rest))
            for part, answer in zip(asked, later, strict=True):
                some[1:] += answer if part == ALIKE else self.lengths[rest] * answer
        return some

    def _asked(self, positions: IntArray, part: str, units: FloatArray) -> FloatArray:
        """What a history asks of content: shape (mixtures, content dim)."""
        if part == ALIKE:
            return units.T @ self.features.content[positions]
        said = (units * self.lengths[positions, None]).T @ self.features.content[positions]
        return np.asarray((said @ self.projection) @ self.projection.T, dtype=np.float32)

    def pairwise(
        self, positions: IntArray, units: Mapping[str, FloatArray], items: IntArray
    ) -> dict[str, FloatArray]:
        """What each history item adds to each of `items` in each part: shape (history, items, mixtures)."""
        if not len(positions):
            return {}
        content, texts, voices = self.features.content, self.features.tfidf, self.transfer.voices[positions]
        found = {
            name: self.transfer.reach_rows((voices @ self.tables[name]).T.tocsr(), items).T
            for name in TABLES
            if name in units
        }
        sides = (
            self.lengths[rows, None] * (content[rows] @ self.projection) for rows in (positions, items)
        )
        found[PROJECTION] = next(sides) @ next(sides).T
        for name, space in self.spaces.items():
            found[name] = (voices @ space.left) @ space.reached[items].T
        found[WORDS] = (texts[positions] @ texts[items].T).toarray()
        found[ALIKE] = content[positions] @ content[items].T
        return {
            name: units[name][:, None, :] * shares[:, :, None]
            for name, shares in found.items()
            if name in units
        }

    def put(self, positions: IntArray, size: int) -> None:
        """Take in items whose features are there already, in a catalogue that now has `size` items."""
        self.transfer.put(self.features, positions, size)
        self.tables = {name: _grown(table, size) for name, table in self.tables.items()}
        for space in self.spaces.values():
            space.put(self.transfer, positions, size)
        self.lengths = np.pad(self.lengths, (0, size - len(self.lengths)))
        self.lengths[positions] = _lengths(self.features.content[positions], self.projection)
        self.popularity.put(self.features, positions, size)
        self.later.put(self.features, positions, size)
        self._priors = None

    def get_state(self) -> State:
        """Everything but the features, as a tree that can be saved."""
        return {
            "tables": self.tables,
            "transfer": self.transfer.get_state(),
            "spaces": {n: {k: getattr(s, k) for k in _FACTORS} for n, s in self.spaces.items()},
            "projection": self.projection,
            "lengths": self.lengths,
            "popularity": self.popularity.get_state(),
            "later": self.later.get_state(),
            "norms": self.norms,
        }

    @classmethod
    def from_state(cls, state: State, features: ItemFeatures) -> Self:
        """Take back what `get_state` gave."""
        own: dict[str, Any] = dict(state)
        transfer = Transfer.from_state(own.pop("transfer"), features)
        spaces = {name: FactorSpace(**space) for name, space in own.pop("spaces").items()}
        popularity, later = (PopularityPrior(**own.pop(name)) for name in ("popularity", "later"))
        return cls(
            features=features, transfer=transfer, spaces=spaces, popularity=popularity, later=later, **own
        )


def _lengths(content: FloatArray, projection: FloatArray) -> FloatArray:
    """One over the length of each row under the projection; zero for one without content."""
    norms = np.linalg.norm(content @ projection, axis=1)
    inverse: FloatArray = np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 1e-6)
    return inverse.astype(np.float32)


def _grown(table: sparse.csr_matrix, size: int) -> sparse.csr_matrix:
    """The same table in a larger catalogue, without a copy of its entries."""
    missing = size - table.shape[0]
    if not missing:
        return table
    indptr = np.concatenate([table.indptr, np.full(missing, table.indptr[-1], dtype=table.indptr.dtype)])
    return sparse.csr_matrix((table.data, table.indices, indptr), shape=(size, size))


def _head(prior: FloatArray, depth: int) -> float:
    """How far the most popular items stand out, in standard deviations."""
    return float(-np.sort(-prior)[:depth].mean()) if len(prior) else 0.0
