"""One additive score from everything that is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

import numpy as np

from warmstart.core.component import State
from warmstart.core.linear import FloatArray, IntArray
from warmstart.data.dataset import Dataset
from warmstart.data.item_list import Reason
from warmstart.data.query import Query
from warmstart.recommend.context.part import ContextPart
from warmstart.recommend.evidence import interaction_matrix, left_alone
from warmstart.recommend.fused.cold_starts import cut_lessons
from warmstart.recommend.fused.lessons import Lessons
from warmstart.recommend.fused.parts import LATE, POPULARITY, PRIORS, FittedParts, PartSettings, amount
from warmstart.recommend.fused.prior_weights import prior_weights
from warmstart.recommend.fused.regulars import Regulars
from warmstart.recommend.fused.transfer import TransferSettings
from warmstart.recommend.fused.weighing import Learned, blend_weights, learn_weights
from warmstart.recommend.fused.weights import SlotWeights, Table
from warmstart.recommend.history import HistoryScorer
from warmstart.recommend.order.sequence import item_sequences
from warmstart.roles.encoder import Encoder

IMPRESSION: Final = "impression"
"""The kind of the reason that an item was shown to the user and left alone."""


@dataclass(kw_only=True)
class FusedScorer(HistoryScorer):
    """A weighted sum of co-purchase, order, taste, content and popularity, for every amount of evidence.

    The score of item j for history H is a sum over h in H, each with its evidence weight, of co-occurrence
    (shrunk item-kNN and a random walk), of what comes later and next, of collaborative factors, and of
    likeness of content (words, vectors, and a projection under which co-chosen items are alike), plus
    popularity as the prior, lifted by what is chosen more in the question's context
    (`context.ContextPrior`). Each part is read over the whole history and over its recent end. Weights
    depend on how much evidence there is (`weights.SlotWeights`), so that one formula serves no event, one
    and a hundred. Items with few events or none take part through `transfer.Transfer`. `contributions`
    takes a score apart exactly.

    Weights start from what other shops taught (`prior_weights`), in equal parts, or from `weights` (for
    items with events) and `new_weights` (for those without; between the two a blend) where they are given;
    `without_teachers` leaves some of those shops out, to measure one of them as if nobody had seen it.
    With `learn` and enough users, cold starts cut from the shop's own history tell which teachers it
    resembles (`weighing.blend_weights`), and whether other weights serve it better still
    (`weighing.learn_weights`); `weights_` and `new_weights_` are the ones in use. `strength` says how many
    events weigh as much as what an item's text predicts. An item that was shown to the user and left alone
    loses up to `impression_discount` of what an item at the top of every part would score (impression
    discounting, Lee et al., 2014; `evidence.left_alone`); what is like it loses nothing.

    Use it by default. In a shop without any event its parts about co-occurrence are silent and it ranks
    by content; with neither events nor a history it has no opinion (NaN).
    """

    needs_encoder: ClassVar[bool] = True

    weights: Table = field(default_factory=dict)
    new_weights: Table = field(default_factory=dict)
    without_teachers: tuple[str, ...] = ()
    learn: bool = True
    strength: float = 1.0
    impression_discount: float = 0.3
    popularity_ridge: float = 30.0
    projection_dim: int = 128
    taste_dim: int = 64
    questions: int = 400
    seed: int = 0

    def _fit_tables(self, dataset: Dataset) -> None:
        settings = self._part_settings()
        self._parts = FittedParts.fit(
            self._text(), interaction_matrix(dataset), item_sequences(dataset), settings
        )
        self._saved_parts: State | None = None
        self._context = ContextPart.fit(dataset, self._text(), self.seed)
        self._regulars = Regulars.of(dataset)
        self._slots = self._learned_weights(self.lessons(dataset, self.questions) if self.learn else None)
        self.weights_, self.new_weights_ = self._slots.as_tables()
        self._slots = SlotWeights.of(self.weights_, self.new_weights_)  # rounded, as when loaded

    def lessons(self, dataset: Dataset, questions: int) -> Lessons | None:
        """Cold starts cut from a shop with these items, at most so many of each kind; None without any."""
        return cut_lessons(self._text(), self.histories(dataset), self._part_settings(), questions)

    def _learned_weights(self, lessons: Lessons | None) -> SlotWeights:
        """From what other shops taught, or from given `weights`, to what this shop teaches."""
        blend = blend_weights(self._teachers(), lessons)
        learned = learn_weights(lessons, blend.weights) if lessons else Learned(blend.weights, 0, 0.0, 0.0)
        self.learning_: State = {
            "shares": {name: list(shares) for name, shares in blend.shares.items()},
            "steps": learned.steps,
            "before": learned.before,
            "after": learned.after,
            "guarded": list(learned.guarded),
        }
        return learned.weights

    def _teachers(self) -> Mapping[str, SlotWeights]:
        if self.weights or self.new_weights:
            return {"given": SlotWeights.of(self.weights, self.new_weights)}
        return prior_weights(self.without_teachers)

    @property
    def weights_from(self) -> str:
        """Where the weights in use come from, in words."""
        shares = {name: sum(own) / len(own) for name, own in self.learning_["shares"].items()}
        start = ", ".join(f"{share:.0%} {name}" for name, share in shares.items())
        start = start if "given" in shares else f"other shops: {start}"
        steps = self.learning_["steps"]
        return start + (f"; then {steps} steps on this shop's cold starts" if steps else "")

    def _part_settings(self) -> PartSettings:
        return PartSettings(
            transfer=TransferSettings(strength=self.strength),
            popularity_ridge=self.popularity_ridge,
            projection_dim=self.projection_dim,
            taste_dim=self.taste_dim,
            seed=self.seed,
        )

    def _score_history(self, positions: IntArray, weights: FloatArray, seen: float = 0.0) -> FloatArray:
        return self._parts.mix(positions, *self._units(weights, None, seen))

    def _seen(self, query: Query, positions: IntArray) -> float:
        """How much of a history the tables were learned from."""
        return self._regulars.share(query.user_id, len(positions))

    def _blend(self, scores: FloatArray) -> FloatArray:
        """The two scores of each item, as a known and as a new one, by how far it is known."""
        own = self._parts.transfer.own
        blended: FloatArray = own * scores[:, 0] + (1.0 - own) * scores[:, 1]
        return blended

    def _score(self, query: Query) -> FloatArray:
        positions, weights = self.history(query)
        if self._is_silent(positions):
            return np.full(len(self.item_ids_), np.nan, dtype=np.float32)
        seen = self._seen(query, positions)
        scores = self._score_history(positions, weights, seen)
        if self._context.speaks(query.context):
            lift = self._context.lift(query.context, len(scores))
            scores = scores + self._blend(lift[:, None] * self._lift_units(weights, seen))
        if shown := self._shown(query):
            left = self.positions(list(shown))
            scores[left] += self._discounts(shown, weights, seen, left)
        return scores

    def _is_silent(self, positions: IntArray) -> bool:
        """Whether nothing is known: no history, and a shop without events."""
        return not len(positions) and not self._parts.knows_popularity

    def _shown(self, query: Query) -> dict[str, float]:
        """The items of the catalogue that were shown to the user in vain, and how far."""
        found = left_alone(query.events) if self.impression_discount else {}
        return {item_id: share for item_id, share in found.items() if item_id in self._place}

    def _discounts(
        self, shown: Mapping[str, float], weights: FloatArray, seen: float, items: IntArray
    ) -> FloatArray:
        """What having been shown in vain takes from each of `items`; none gains by it."""
        own = self._parts.transfer.own[items]
        best = np.column_stack([own, 1.0 - own]) @ self._slots.at(amount(weights), seen).sum(axis=0)
        shares = [shown.get(self.item_ids_[item], 0.0) for item in items]
        return np.asarray(-self.impression_discount * best * np.array(shares), dtype=np.float32)

    def _lift_units(self, weights: FloatArray, seen: float) -> FloatArray:
        """What a unit of log-popularity weighs after this history, for known and for new items."""
        units = self._slots.prior_units(amount(weights), self._parts.norms, seen)
        known, late = self._parts.popularity.scale, self._parts.later.scale
        return units[POPULARITY] / np.float32(known) + units[LATE] / np.float32(late)

    def score_with(self, query: Query, mixing: Mapping[str, float]) -> FloatArray:
        """Scores under one weight for each part, for questions other than "what next"."""
        positions, weights = self.history(query)
        return self._parts.mix(positions, *self._units(weights, mixing))

    def taste(self, query: Query) -> FloatArray:
        """What the history alone says of every item: the score without popularity."""
        positions, weights = self.history(query)
        return self._parts.mix(positions, self._units(weights, None, self._seen(query, positions))[0])

    def _units(
        self, weights: FloatArray, mixing: Mapping[str, float] | None, seen: float = 0.0
    ) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
        """What each history item weighs in each part, and each prior, a column for each mixture.

        With `mixing` there is one mixture; without it are two, for items with events and for new ones.
        """
        norms = self._parts.norms
        if mixing is None:
            return self._slots.units(weights, norms, seen), self._slots.prior_units(
                amount(weights), norms, seen
            )
        own = {name: np.float32(weight / norms[name]) for name, weight in mixing.items() if weight}
        units = {name: unit * weights[:, None] for name, unit in own.items() if name not in PRIORS}
        return units, {name: np.array([own[name]]) for name in PRIORS if name in own}

    def refit(self, dataset: Dataset) -> None:
        """Learn the tables again from other events on the same items; text features stay."""
        self._check_fitted()
        self._take_scale(dataset)
        self._fit_tables(dataset)

    def contributions(
        self,
        query: Query,
        item_ids: Sequence[str],
        mixing: Mapping[str, float] | None = None,
        joined: Mapping[str, str] | None = None,
    ) -> list[tuple[Reason, ...]]:
        """For each item what each piece of evidence adds to its score, largest first.

        The values of one item sum to its score under `mixing` (by default the scorer's own weights). Parts
        that have the same name in `joined` are summed: fewer reasons, which is quicker where they are many.
        """
        items = np.array([self._place[item_id] for item_id in item_ids], dtype=np.int64)
        positions, weights = self.history(query)
        seen = self._seen(query, positions)
        evidence = [self.item_ids_[position] for position in positions]
        units, prior_units = self._units(weights, mixing, seen)
        own = self._parts.transfer.own[items]
        blend = np.column_stack([own, 1.0 - own] if mixing is None else [np.ones_like(own)])
        shares = self._shares(positions, units, items, blend, joined or {})
        priors = {POPULARITY: self._believed(prior_units, items, blend)}
        if mixing is None:
            priors |= self._lifts(query, self._lift_units(weights, seen), items)
            shown = {} if self._is_silent(positions) else self._shown(query)
            priors[IMPRESSION] = self._discounts(shown, weights, seen, items)
        return [
            tuple(sorted(_reasons(evidence, shares, priors, column), key=_by_size))
            for column in range(len(items))
        ]

    def _lifts(self, query: Query, lift_units: FloatArray, items: IntArray) -> dict[str, FloatArray]:
        """What each value of the question's context adds to each of `items`."""
        own = self._parts.transfer.own[items]
        worth = np.column_stack([own, 1.0 - own]) @ lift_units
        lifts = self._context.contributions(query.context, items)
        return {kind: worth * lift for kind, lift in lifts.items()}

    def _shares(
        self,
        positions: IntArray,
        units: Mapping[str, FloatArray],
        items: IntArray,
        blend: FloatArray,
        joined: Mapping[str, str],
    ) -> dict[str, FloatArray]:
        """What each history item adds to each of `items` in each part: shape (history, items)."""
        found: dict[str, FloatArray] = {}
        for part, said in self._parts.pairwise(positions, units, items).items():
            name, own = joined.get(part, part), (units[part] @ blend.T) * said
            found[name] = found[name] + own if name in found else own
        return found

    def _believed(self, units: Mapping[str, FloatArray], items: IntArray, blend: FloatArray) -> FloatArray:
        """What the priors add to each of `items` together."""
        priors, found = self._parts.priors(), np.zeros(len(items), dtype=np.float32)
        for name, unit in units.items():
            found += priors[name][items] * (blend * unit).sum(axis=1)
        return found

    def has_events(self, item_id: str) -> bool:
        """Whether anyone had touched an item when the tables were fitted."""
        position, counts = self._place.get(item_id), self._parts.transfer.counts
        return position is not None and position < len(counts) and bool(counts[position] > 0)

    def _put(self, positions: IntArray) -> None:
        self._parts.put(positions, len(self.item_ids_))
        self._context.put(self._text(), positions, len(self.item_ids_))

    def get_state(self) -> State:
        """What was learned, as a tree that can be saved."""
        own = {
            "parts": self._parts.get_state(),
            "context": self._context.get_state(),
            "regulars": self._regulars.get_state(),
        }
        return super().get_state() | own

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave; `use_encoder` must follow before the first query."""
        own = dict(state)
        self._saved_parts = own.pop("parts")
        self._context = ContextPart.from_state(own.pop("context"))
        self._regulars = Regulars(**own.pop("regulars"))
        super().set_state(own)
        self._slots = SlotWeights.of(self.weights_, self.new_weights_)

    def use_encoder(self, encoder: Encoder | None) -> None:
        """Give a loaded scorer back the encoder that it was fitted with."""
        super().use_encoder(encoder)
        if encoder is not None and self._saved_parts is not None:
            self._parts = FittedParts.from_state(self._saved_parts, self._text())
            self._saved_parts = None


def _reasons(
    evidence: Sequence[str],
    shares: Mapping[str, FloatArray],
    priors: Mapping[str, FloatArray],
    column: int,
) -> Iterator[Reason]:
    for name, values in priors.items():
        if name == POPULARITY or values[column]:
            yield Reason(kind=name, value=float(values[column]))
    for name, matrix in shares.items():
        for item_id, share in zip(evidence, matrix[:, column].tolist(), strict=True):
            if share:
                yield Reason(kind=name, value=share, item_id=item_id)


def _by_size(reason: Reason) -> float:
    return -abs(reason.value)
