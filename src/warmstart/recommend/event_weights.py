"""How much each kind of event, at each age, says about what a user wants next: learned from the shop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from warmstart.core import columns as c
from warmstart.core.linear import BoolArray, FloatArray, IntArray
from warmstart.data.dataset import Dataset
from warmstart.data.records import Event
from warmstart.recommend.evidence import EVENT_WEIGHTS, RATED, RatingScale
from warmstart.recommend.tables import item_knn

Values = npt.NDArray[np.float64]
_Table = sparse.csr_matrix | FloatArray

HALF_LIVES: Final[Mapping[str, tuple[float, ...]]] = {
    "days": (float("inf"), 365.0, 90.0, 30.0, 7.0),
    "events": (float("inf"), 20.0, 10.0, 5.0, 2.0),
}
"""By the unit of age; infinite where age does not matter."""
_TRUSTS: Final = (0.1, 0.25, 0.5, 1.0)
"""How far weights may lie from the hand-set ones: standard deviations, as a share of a weight of one."""
_STRONG: Final = ("purchase", "rate", "like", "interaction", "review", "add_to_cart", "click", "view")
_FEWEST = 200
_LEAST_ERRORS: Final = 3.0
_QUESTIONS, _OTHERS, _PER_USER, _HISTORY = 1_500, 50, 5, 100
_SHRINKAGE, _DAY, _DENSE = 20.0, 86_400.0, 4_096


@dataclass(frozen=True, kw_only=True)
class EventWeights:
    """Weights by event type, and after how many days, or later events of the user, an event counts half.

    `gain` is how much better than the hand-set weights they rank later choices among other items, as a
    share, on users they were not learned from; 0 where the hand-set ones stay.
    """

    weights: Mapping[str, float]
    half_life: float = float("inf")
    unit: str = "days"
    gain: float = 0.0

    def weight(self, event_type: str, place: float | None = None, age: float = 0.0) -> float:
        """Weight of one event; `place` of a rating on the shop's scale from -1 to 1, `age` in `unit`.

        >>> learned = EventWeights(weights={"click": 0.8, "rate": 0.5, RATED: 0.4}, half_life=30.0)
        >>> learned.weight("click", age=30), round(learned.weight("rate", place=-1.0), 2)
        (0.4, 0.1)
        """
        weight = self.weights.get(event_type, EVENT_WEIGHTS[event_type])
        if event_type == "rate":
            graded = place is not None and RATED in self.weights
            weight = weight + self.weights[RATED] * place if graded and place is not None else 1.0
        return float(weight * 0.5 ** (age / self.half_life))


def learn_event_weights(dataset: Dataset, *, seed: int = 0) -> EventWeights:
    """Weights under which a user's history best tells what they turn to later from what they do not.

    The question is the same for every kind of event: how much more does an item that was touched in this
    way have in common (co-occurrence, learned from other users) with a strong choice of the user's later
    on, an item never touched before, than with 50 others drawn by popularity? Least squares on these
    differences, one weight per kind, shrunk to the hand-set weights (a Gaussian prior around them),
    answers for all kinds at once, so that rare kinds borrow from frequent ones. The strong choice is
    the first of purchase, rating, like ... that the shop has 200 of. Shown and left alone (impressions)
    counts as its own kind, discounted by the chance that its place was looked at when the event's
    context has a `slot`. Age is in days, or in later events where the shop has no timestamps.

    Learned on one half of the users and judged on the other, both ways, by the rank of the choice:
    first the weights, then the half-life; each is kept when its gain is three standard errors above
    zero. Otherwise the hand-set weights stay, as they do where the shop has one kind of event.
    Deterministic; seconds.

    Beware of impressions: where a shop shows people what suits them, being shown speaks *for* an item.
    """
    kinds, events = _kinds_and_events(dataset)
    unit = "days" if events["day"].null_count() < len(events) / 2 else "events"
    prior = np.array([_prior(kind, kinds) for kind in kinds])
    strong = _strong_type(dataset)
    hand_set = EventWeights(weights=dict(zip(kinds, prior.tolist(), strict=True)))
    if strong is None:
        return hand_set
    users = np.random.default_rng(seed).permutation(int(events["user"].max()) + 1)  # type: ignore[arg-type]
    events = events.drop("day") if unit == "events" else events
    halves = [_Questions.of(events, kinds, strong, users % 2 == half, seed) for half in (0, 1)]
    if min(len(half.near) for half in halves) < _FEWEST:
        return hand_set
    return _best(halves, prior, kinds, unit)


def _prior(kind: str, kinds: Sequence[str]) -> float:
    if kind == RATED:
        return 1.0
    return 0.0 if kind == "rate" and RATED in kinds else EVENT_WEIGHTS[kind]


def _strong_type(dataset: Dataset) -> str | None:
    counts = dict(dataset.interactions[c.EVENT_TYPE].value_counts().iter_rows())
    return next((kind for kind in _STRONG if counts.get(kind, 0) >= _FEWEST), None)


def _kinds_and_events(dataset: Dataset) -> tuple[list[str], pl.DataFrame]:
    """The kinds of events with items, and the events as numbers in the order of each user."""
    scale = RatingScale.of(dataset)
    middle, half = (scale.low + scale.high) / 2, (scale.high - scale.low) / 2
    place = pl.DataFrame({c.ITEM_ID: dataset.item_ids, "item": np.arange(len(dataset.item_ids))})
    slot = pl.col(c.CONTEXT).str.json_path_match("$.slot").cast(pl.Float64, strict=False).fill_null(0.0)
    events = dataset.interactions.join(place, on=c.ITEM_ID, how="inner", maintain_order="left").select(
        (pl.col(c.USER_ID).rank("dense").cast(pl.Int64) - 1).alias("user"),
        "item",
        pl.col(c.EVENT_TYPE).alias("type"),
        ((pl.col(c.VALUE) - middle) / half).clip(-1.0, 1.0).alias("place"),
        (pl.col(c.TIMESTAMP) / _DAY).alias("day"),
        (1.0 / (2.0 + slot.clip(0.0)).log(2.0)).alias("looked_at"),
    )
    kinds = sorted(events["type"].unique().to_list())
    rated = events.filter(pl.col("type") == "rate")["place"]
    return [*kinds, *([RATED] if rated.drop_nulls().len() else [])], events.sort(
        "user", maintain_order=True
    )


@dataclass(frozen=True)
class _Questions:
    """What the history has in common with the later choice (first) and with others, by half-life and kind.

    `near` has shape (questions, half-lives, 1 + others, kinds).
    """

    near: Values

    @classmethod
    def of(
        cls, events: pl.DataFrame, kinds: Sequence[str], strong: str, asked: BoolArray, seed: int
    ) -> _Questions:
        """Questions to the users `asked`; what goes with what is learned from all others."""
        rng = np.random.default_rng(seed)
        n_items = int(events["item"].max()) + 1  # type: ignore[arg-type]
        table, popularity = _relations(events.filter(~pl.Series(asked[events["user"].to_numpy()])), n_items)
        edges = np.cumsum(popularity) / max(popularity.sum(), 1.0)
        half_lives = np.array(HALF_LIVES["days" if "day" in events.columns else "events"])
        found = []
        for history, wanted, known in _ask(events, kinds, strong, asked, rng):
            drawn = np.minimum(np.searchsorted(edges, rng.random(2 * _OTHERS)), n_items - 1)
            others = drawn[~np.isin(drawn, known)][:_OTHERS]
            if len(others) == _OTHERS:
                near = _between(table, history.items, np.concatenate([[wanted], others]))
                decay = 0.5 ** (history.ages / half_lives[:, None])
                found.append(np.einsum("ij,hi,ik->hjk", near, decay, history.kinds))
        empty = np.zeros((0, len(half_lives), 1 + _OTHERS, len(kinds)))
        return cls(np.array(found) if found else empty)

    def gains(self, row: int, weights: Values) -> Values:
        """For each question 1 / log2(1 + rank) of the later choice; ties count half."""
        scores = self.near[:, row] @ weights
        own, others = scores[:, :1], scores[:, 1:]
        ranks = 1.0 + (others > own).sum(axis=1) + 0.5 * (others == own).sum(axis=1)
        return np.asarray(1.0 / np.log2(1.0 + ranks))

    def fit(self, row: int, prior: Values, trust: float) -> Values:
        """Weights for margins of one: least squares around the prior, as large a spread as under it."""
        near = self.near[:, row]
        size = np.sqrt(np.mean(np.abs(near).sum(axis=2) ** 2, axis=1))
        margins = (near[:, :1] - near[:, 1:]) / np.maximum(size, 1e-12)[:, None, None]
        mean = margins.mean(axis=(0, 1))
        square = np.einsum("qok,qol->kl", margins, margins) / (margins.shape[0] * margins.shape[1])
        spread = float(prior @ square @ prior)
        of_prior, of_any = (_slope(mean, square, weights) for weights in (prior, np.ones(len(prior))))
        if max(of_prior, of_any) <= 0 or spread <= 0:
            return prior
        noise = max(1.0 - float(mean @ prior) * of_prior, 1e-3) / len(near)
        ridge = noise / (trust * max(of_prior, of_any)) ** 2 * np.eye(len(prior))
        found = np.linalg.solve(square + ridge, mean + ridge @ (max(of_prior, 0.0) * prior))
        return np.asarray(found * np.sqrt(spread / max(float(found @ square @ found), 1e-12)))


def _slope(mean: Values, square: Values, weights: Values) -> float:
    """By how much to multiply weights for margins nearest to one."""
    return float(mean @ weights) / max(float(weights @ square @ weights), 1e-12)


def _best(halves: Sequence[_Questions], prior: Values, kinds: Sequence[str], unit: str) -> EventWeights:
    """The weights, then the half-life, that gain on the other half; the hand-set ones otherwise."""
    together = _Questions(np.concatenate([half.near for half in halves]))
    plain = together.gains(0, prior)
    crossed = (tuple(halves), tuple(reversed(halves)))
    fitted = [
        np.concatenate([judge.gains(0, learner.fit(0, prior, trust)) for judge, learner in crossed])
        for trust in _TRUSTS
    ]
    chosen = _surest([plain, *fitted], plain)
    weights = together.fit(0, prior, _TRUSTS[chosen - 1]) if chosen else prior
    aged = [together.gains(row, weights) for row in range(len(HALF_LIVES[unit]))]
    row = _surest(aged, aged[0])
    reached = (fitted[chosen - 1] if chosen else plain).mean() + (aged[row] - aged[0]).mean()
    return EventWeights(
        weights={kind: round(float(weight), 4) for kind, weight in zip(kinds, weights, strict=True)},
        half_life=HALF_LIVES[unit][row],
        unit=unit,
        gain=round(float(reached / plain.mean()) - 1.0, 4),
    )


def _surest(values: Sequence[Values], plain: Values) -> int:
    """The one with the best mean, when its gain is three standard errors; the first otherwise."""
    best = max(range(len(values)), key=lambda place: float(values[place].mean()))
    gains = values[best] - plain
    error = float(gains.std()) / np.sqrt(len(gains))
    return best if float(gains.mean()) > _LEAST_ERRORS * error else 0


def _between(table: _Table, rows: IntArray, columns: IntArray) -> Values:
    if isinstance(table, sparse.csr_matrix):
        return np.asarray(table[rows][:, columns].todense(), dtype=np.float64)
    return np.asarray(table[np.ix_(rows, columns)], dtype=np.float64)


def _relations(events: pl.DataFrame, n_items: int) -> tuple[_Table, Values]:
    chosen = events.filter(pl.col("type").replace_strict(EVENT_WEIGHTS, return_dtype=pl.Float64) > 0)
    pairs = chosen.select("user", "item").unique(maintain_order=True)
    users, items = pairs["user"].to_numpy(), pairs["item"].to_numpy()
    ones = np.ones(len(users), dtype=np.float32)
    matrix = sparse.csr_matrix((ones, (users, items)), shape=(int(users.max(initial=-1)) + 1, n_items))
    table = item_knn(matrix, _SHRINKAGE)
    return table.toarray() if n_items <= _DENSE else table, np.bincount(items, minlength=n_items).astype(
        np.float64
    )


@dataclass(frozen=True)
class _History:
    """Touched items, how each was touched (items, kinds), and how many days before the question."""

    items: IntArray
    kinds: Values
    ages: Values


def _ask(
    events: pl.DataFrame,
    kinds: Sequence[str],
    strong: str,
    asked: BoolArray,
    rng: np.random.Generator,
) -> Iterator[tuple[_History, int, IntArray]]:
    """Histories, the strong choice that followed each, and all items of the user."""
    number = {kind: i for i, kind in enumerate(kinds)}
    left = _QUESTIONS
    frames = events.filter(pl.Series(asked[events["user"].to_numpy()])).partition_by("user")
    for place in rng.permutation(len(frames)).tolist():
        frame = frames[place]
        items = frame["item"].to_numpy()
        _, first = np.unique(items, return_index=True)
        chosen = items[(frame["type"] == strong).to_numpy()]
        cuts = [cut for cut in first.tolist() if cut > 0 and items[cut] in chosen]
        for first_touch in rng.permutation(cuts)[:_PER_USER].tolist():
            cut = int(rng.integers(1, first_touch + 1))
            before = frame[max(0, cut - _HISTORY) : cut]
            yield _history(before, number, _ages(before)), int(items[first_touch]), items
            left -= 1
        if left <= 0:
            return


def _ages(frame: pl.DataFrame) -> Values:
    """How long before the last row each one was: days, or events where no day is known."""
    if "day" not in frame.columns:
        return np.arange(len(frame), dtype=np.float64)[::-1]
    day = frame["day"].to_numpy().astype(np.float64)
    return np.asarray(np.maximum(np.nan_to_num(day[-1] - day), 0.0))


def _history(before: pl.DataFrame, number: Mapping[str, int], ages: Values) -> _History:
    """Each item by the strongest event for it and the strongest against it, as `item_weights` does."""
    found: dict[int, dict[int, float]] = {}
    last: dict[int, float] = {}
    strength: dict[int, float] = {}
    positive = {place for kind, place in number.items() if kind == RATED or EVENT_WEIGHTS[kind] >= 0}
    rows = before.select("item", "type", "place", "looked_at").iter_rows()
    for (item, kind, place, looked_at), age in zip(rows, ages.tolist(), strict=True):
        own, weight = found.setdefault(item, {}), EVENT_WEIGHTS[kind]
        last[item] = age
        if weight < 0:
            own[number[kind]] = 1.0
        elif weight >= strength.get(item, -1.0):
            strength[item] = weight
            found[item] = own = {k: value for k, value in own.items() if k not in positive}
            own[number[kind]] = looked_at if kind == "impression" else 1.0
            if kind == "rate" and place is not None:
                own[number[RATED]] = place
    table = np.zeros((len(found), len(number)))
    for row, own in enumerate(found.values()):
        table[row, list(own)] = list(own.values())
    return _History(np.fromiter(found, dtype=np.int64), table, np.fromiter(last.values(), dtype=np.float64))


def aged_item_weights(
    events: Sequence[Event], scale: RatingScale, learned: EventWeights, now: float | None = None
) -> dict[str, float]:
    """What a user's events say about each item they touched, as `evidence.item_weights`, with age.

    `now` is the moment of the question in Unix seconds, by default that of the last event, so that who
    comes back after a year is not taken for a stranger. What was only shown is no evidence here either.
    """
    known = [event for event in events if event.item_id is not None and EVENT_WEIGHTS[event.event_type]]
    moments = [event.timestamp for event in known if event.timestamp is not None]
    now = max(moments, default=0.0) if now is None else now
    best: dict[str, tuple[float, float]] = {}
    for back, event in zip(range(len(known) - 1, -1, -1), known, strict=True):
        days = max(0.0, now - event.timestamp) / _DAY if event.timestamp is not None else 0.0
        age = days if learned.unit == "days" else float(back)
        weight = learned.weight(event.event_type, _place(event.value, scale), age)
        high, low = best.pop(str(event.item_id), (0.0, 0.0))
        best[str(event.item_id)] = (max(high, weight), min(low, weight))
    return {item_id: high + low for item_id, (high, low) in best.items() if high + low != 0.0}


def _place(value: float | None, scale: RatingScale) -> float | None:
    """Where a rating stands on the shop's scale, from -1 to 1."""
    if value is None:
        return None
    middle, half = (scale.low + scale.high) / 2, (scale.high - scale.low) / 2
    return float(np.clip((value - middle) / half, -1.0, 1.0))
