"""The parts of the fused score, fitted: what each piece of evidence says about each item."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any, Final, Self

import numpy as np
from scipy import sparse

from warmstart.core.component import State
from warmstart.core.linear import FloatArray, IntArray, principal_directions, unit_rows
from warmstart.recommend.features import ItemFeatures
from warmstart.recommend.fused.pairs import Pairs
from warmstart.recommend.fused.products import heard_rows, history_matrix
from warmstart.recommend.fused.spaces import FactorSpace, ItemRows
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
    most_pairs: int = 500
    seed: int = 0


@dataclass
class FittedParts:
    """Co-occurrence, order, taste, content and popularity of one shop.

    Each part gives every item of the catalogue a number for a weighted history, a sum over what the history
    holds. `pairs` say what goes with what among items with events, `spaces` are low-rank factors of the
    same; `projection` is the map of content under which co-chosen items are alike. `transfer` carries
    tables and factors to items with few events or none. `rows` holds what answers by a product: projected
    content, factors and priors. `norms` are the parts' mean top scores over one-item histories; divided by
    them the parts mean the same in every shop.
    """

    features: ItemFeatures
    pairs: Pairs
    transfer: Transfer
    spaces: dict[str, FactorSpace]
    projection: FloatArray
    popularity: PopularityPrior
    later: PopularityPrior
    rows: ItemRows
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
        tables = {
            KNN: item_knn(interactions),
            WALK: rp3(interactions),
            FORWARD: forward_knn(forward, counts),
            NEXT: near_after(sequences, counts),
        }
        reached = counts * np.where(counts > 0, lateness(forward), 0.0)
        priors = {
            name: PopularityPrior.fit(known.astype(np.float32), features, ridge=settings.popularity_ridge)
            for name, known in ((POPULARITY, counts), (LATE, reached))
        }
        vectors = {
            PROJECTION: unit_rows(features.content @ projection),
            TASTE: transfer.carried(np.array(factors.T)).T,
            DRIFT: transfer.carried(np.array(comes.T)).T,
            **{name: prior.standard()[:, None] for name, prior in priors.items()},
        }
        parts = cls(
            features=features,
            pairs=Pairs.of(tables, most=settings.most_pairs),
            transfer=transfer,
            spaces={
                TASTE: FactorSpace.of(factors, None, transfer),
                DRIFT: FactorSpace.of(comes, leaves, transfer),
            },
            projection=projection,
            popularity=priors[POPULARITY],
            later=priors[LATE],
            rows=ItemRows.of(vectors, transfer.order),
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
        history, transfer = history_matrix(positions, weights, self.size), self.transfer
        alone = history @ sparse.diags(transfer.own * (transfer.counts > 0))
        spoken = sparse.csr_matrix(alone + history @ sparse.diags(1.0 - transfer.own) @ transfer.loud)
        content, texts = self.features.content, self.features.tfidf
        ways = {name: partial(self._in_space, spoken, name) for name in self.spaces} | {
            WORDS: lambda: (history @ texts @ texts.T).toarray().astype(np.float32),
            PROJECTION: lambda: self._in_rows(
                PROJECTION, history[:, transfer.order] @ self.rows.part(PROJECTION)
            ),
            ALIKE: lambda: (history @ content) @ content.T,
        }
        found = self._in_tables(spoken, [name for name in TABLES if name in names])
        return found | {name: way() for name, way in ways.items() if name in names}

    def _in_rows(self, name: str, asked: FloatArray) -> FloatArray:
        """Products with the vectors of one kind, in catalogue order."""
        found = np.asarray(asked, dtype=np.float32) @ self.rows.part(name).T
        return np.take(found, self.transfer.place, axis=1)

    def _in_space(self, spoken: sparse.csr_matrix, name: str) -> FloatArray:
        heard = np.unique(spoken.indices).astype(np.int64)
        own = self.spaces[name].speakers(heard, self.rows.part(name), self.transfer)
        return self._in_rows(name, spoken[:, heard] @ own)

    def _in_tables(self, spoken: sparse.csr_matrix, names: Sequence[str]) -> dict[str, FloatArray]:
        """What the tables say to each history, carried to all items."""
        found = np.zeros((len(names), spoken.shape[0], self.size), dtype=np.float32)
        each = np.array([[name == table for name in names] for table in TABLES], dtype=np.float32)
        for i, (start, stop) in enumerate(pairwise(spoken.indptr.tolist())):
            units = np.multiply.outer(spoken.data[start:stop], each)
            found[:, i] = self.pairs.sums(spoken.indices[start:stop].astype(np.int64), units, self.size)
        return {name: self.transfer.carried(own) for name, own in zip(names, found, strict=True)}

    @property
    def size(self) -> int:
        """How many items there are."""
        return len(self.transfer.own)

    def mix(
        self,
        positions: IntArray,
        units: Mapping[str, FloatArray],
        priors: Mapping[str, FloatArray] | None = None,
    ) -> FloatArray:
        """The sum of the parts for one history, and of the priors: shape (items,).

        `units` has for each part the weights of the items of the history, shape (history, mixtures), and
        `priors` a weight for each mixture. There is one mixture, or one for items with events and one for
        new ones; each item gets a blend of both (`Group.blend`). One product over `rows` does most of it.
        """
        weights = [*units.values(), *(priors or {}).values()]
        mixtures = weights[0].shape[-1] if weights else 1
        said, own = self._said(positions, units if len(positions) else {}, mixtures)
        believed = {name: unit[:, None] for name, unit in (priors or {}).items()}
        asked = self.rows.asking(said | believed, mixtures)
        learned, around = self.transfer.slopes(own), self.transfer.around(own)
        total = np.empty(self.size, dtype=np.float32)
        for group in self.transfer.groups:
            blend = group.blend(mixtures)
            found = self.rows.matrix[group.start : group.stop] @ (blend @ asked)
            if len(own):
                found += self.transfer.joined(group, blend, own, around, learned)
            total[group.items] = found
        return total + self._of_text(positions, units) if len(positions) else total

    def _said(
        self, positions: IntArray, units: Mapping[str, FloatArray], mixtures: int
    ) -> tuple[dict[str, FloatArray], FloatArray]:
        """What a history asks of the rows; what the tables say of items with events, (mixtures, items)."""
        said: dict[str, FloatArray] = {}
        if PROJECTION in units:
            vectors = self.rows.part(PROJECTION)[self.transfer.place[positions]]
            said[PROJECTION] = units[PROJECTION].T @ vectors
        speakers, heard = self._heard(positions, units)
        for name, space in self.spaces.items():
            if name in heard:
                said[name] = heard[name] @ space.speakers(speakers, self.rows.part(name), self.transfer)
        tables = [heard.get(name, np.zeros((mixtures, len(speakers)), dtype=np.float32)) for name in TABLES]
        if not any(name in heard for name in TABLES):
            return said, np.zeros((0, self.size), dtype=np.float32)
        return said, self.pairs.sums(speakers, np.stack(tables).transpose(2, 0, 1), self.size)

    def _heard(
        self, positions: IntArray, units: Mapping[str, FloatArray]
    ) -> tuple[IntArray, dict[str, FloatArray]]:
        """Which items speak for a history, and how loud in each part: shape (mixtures, speakers)."""
        names = [name for name in (*TABLES, *self.spaces) if name in units]
        if not names:
            return positions[:0], {}
        if (self.transfer.own[positions] >= 1.0).all() and (self.transfer.counts[positions] > 0).all():
            return positions, {name: units[name].T for name in names}  # each speaks for itself
        rows, sums = heard_rows(self.transfer.voices(positions), np.hstack([units[name] for name in names]))
        return rows, dict(zip(names, np.split(sums, len(names)), strict=True))

    def _of_text(self, positions: IntArray, units: Mapping[str, FloatArray]) -> FloatArray:
        """What items share with a history in words, and in content as it is."""
        found = np.zeros((1, self.size), dtype=np.float32)
        if WORDS in units:
            found = self.features.words(positions, units[WORDS])
        if ALIKE in units:
            asked = units[ALIKE].T @ self.features.content[positions]
            found = found + np.array([self.features.content @ vector for vector in asked])
        own = self.transfer.own
        blended: FloatArray = found[0] if len(found) == 1 else found[1] + own * (found[0] - found[1])
        return blended

    def pairwise(
        self, positions: IntArray, names: Container[str], items: IntArray
    ) -> dict[str, FloatArray]:
        """What each history item says of each of `items` in each part, before norms: (history, items)."""
        if not len(positions):
            return {}
        content, texts, place = self.features.content, self.features.tfidf, self.transfer.place
        voices = self.transfer.voices(positions)
        speakers = np.unique(voices.indices).astype(np.int64)
        voices = voices[:, speakers]
        vectors = self.rows.part(PROJECTION)
        found: dict[str, FloatArray] = {}
        if WORDS in names:
            found[WORDS] = (texts[positions] @ texts[items].T).toarray()
        if ALIKE in names:
            found[ALIKE] = content[positions] @ content[items].T
        if PROJECTION in names:
            found[PROJECTION] = vectors[place[positions]] @ vectors[place[items]].T
        for name in (name for name in self.spaces if name in names):
            right = self.rows.part(name)
            own = self.spaces[name].speakers(speakers, right, self.transfer)
            # np.dot, as matmul warns where a kernel looks at numbers beyond the few that there are.
            found[name] = np.dot(voices @ own, right[place[items]].T)
        if any(name in names for name in TABLES):
            said = self.pairs.products(speakers, lambda donors: self.transfer.shares(donors, items))
            for name, own in zip(self.pairs.names, said, strict=True):
                found[name] = voices @ own
        return {name: shares for name, shares in found.items() if name in names}

    def put(self, positions: IntArray, size: int) -> None:
        """Take in items whose features are there already, in a catalogue that now has `size` items."""
        self.transfer.put(self.features, positions, size)
        self.popularity.put(self.features, positions, size)
        self.later.put(self.features, positions, size)
        self._priors = None
        vectors = {name: prior[positions, None] for name, prior in self.priors().items()}
        vectors[PROJECTION] = unit_rows(self.features.content[positions] @ self.projection)
        self.rows.put(vectors, positions, self.transfer.order)
        for name, space in self.spaces.items():
            reached = space.carried(positions, self.rows.part(name), self.transfer)
            self.rows.part(name)[self.transfer.place[positions]] = reached

    def get_state(self) -> State:
        """Everything but the features, as a tree that can be saved."""
        return {
            "pairs": self.pairs.get_state(),
            "transfer": self.transfer.get_state(),
            "spaces": {name: space.get_state() for name, space in self.spaces.items()},
            "projection": self.projection,
            "popularity": self.popularity.get_state(),
            "later": self.later.get_state(),
            "rows": {"columns": self.rows.columns, "matrix": self.rows.matrix},
            "norms": self.norms,
        }

    @classmethod
    def from_state(cls, state: State, features: ItemFeatures) -> Self:
        """Take back what `get_state` gave."""
        own: dict[str, Any] = dict(state)
        transfer = Transfer.from_state(own.pop("transfer"), features)
        spaces = {name: FactorSpace.from_state(space) for name, space in own.pop("spaces").items()}
        popularity, later = (PopularityPrior(**own.pop(name)) for name in ("popularity", "later"))
        return cls(
            features=features,
            pairs=Pairs.from_state(own.pop("pairs")),
            transfer=transfer,
            spaces=spaces,
            popularity=popularity,
            later=later,
            rows=ItemRows(order=transfer.order, **own.pop("rows")),
            **own,
        )


def _head(prior: FloatArray, depth: int) -> float:
    """How far the most popular items stand out, in standard deviations."""
    return float(-np.sort(-prior)[:depth].mean()) if len(prior) else 0.0
