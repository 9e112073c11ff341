"""What really is so in the simulated shop: what each shopper wants, and what answers each query."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from warmstart.core.errors import UnknownIdError
from warmstart.core.linear import IntArray, top_positions
from warmstart.data.simulator.products import Array, Goods, columns
from warmstart.data.simulator.searches import Need, grades
from warmstart.data.simulator.sessions import season_height
from warmstart.data.simulator.settings import SimulatorSettings
from warmstart.data.simulator.shoppers import Shoppers
from warmstart.data.simulator.vocabulary import vocabulary


def rows_of(goods: Goods, item_ids: Sequence[str] | None) -> IntArray:
    """Rows of these products, or of the catalogue of the last day.

    Errors: `UnknownIdError` for an item that is neither in the catalogue nor upcoming.
    """
    if item_ids is None:
        return np.arange(goods.n_items)
    unknown = [item_id for item_id in item_ids if item_id not in goods.places]
    if unknown:
        raise UnknownIdError(
            expected="items of the simulated shop (its dataset or its upcoming ones)",
            found=f"{len(unknown)} unknown, such as {unknown[0]!r}",
            todo="The truth is only known for what the simulator made.",
        )
    return np.array([goods.places[item_id] for item_id in item_ids], dtype=np.int64)


def utility_at(goods: Goods, taste: Array, rows: IntArray, at: float | None) -> Array:
    """Utility of these products for one taste; with a time, the season counts too."""
    utility = np.round(goods.factors[rows] @ taste, 6)
    if at is not None:
        utility = utility + season_height(np.array([at]))[0, goods.style[rows]]
    return np.asarray(utility, dtype=np.float64)


def best_of(
    goods: Goods, taste: Array, n: int, *, exclude: Collection[str], at: float | None
) -> tuple[str, ...]:
    """The `n` available products of highest utility, best first."""
    rows = np.arange(goods.n_items)
    utility = utility_at(goods, taste, rows, at)
    hidden = ~goods.available[rows] | np.isin(rows, [goods.places.get(i, -1) for i in exclude])
    if at is not None:
        hidden |= goods.created_at[rows] > at
    ranked = top_positions(np.where(hidden, -np.inf, utility), n)
    return tuple(goods.item_ids[i] for i in ranked)


def interests_of(taste: Array) -> dict[str, float]:
    """A taste in terms of interests, strongest first; those above a tenth."""
    keys = [interest.key for interest in vocabulary().interests]
    loved = {key: float(x) for key, x in zip(keys, taste[columns("interest")], strict=True) if x > 0.1}
    return dict(sorted(loved.items(), key=lambda pair: -pair[1]))


@dataclass(frozen=True, kw_only=True)
class Truth:
    """The hidden side of a `SimulatedShop`; nothing of it is in the dataset.

    Use it to measure regret, to judge lists without held-out events, and to explain a demo. A model
    must never see it.
    """

    settings: SimulatorSettings
    goods: Goods
    shoppers: Shoppers
    needs: Mapping[str, Need]

    def utility(
        self, user_id: str, item_ids: Sequence[str] | None = None, *, at: float | None = None
    ) -> Array:
        """How much a user would like each item, shape (n_items,), in units of log-odds of opening it.

        Without `item_ids`, the whole catalogue in the dataset's order; upcoming items may be asked for
        by id. `at` (Unix seconds) adds the season. Errors: `UnknownIdError`.
        """
        return utility_at(self.goods, self._taste(user_id), rows_of(self.goods, item_ids), at)

    def ideal_items(
        self, user_id: str, n: int = 20, *, exclude: Collection[str] = (), at: float | None = None
    ) -> tuple[str, ...]:
        """The list nobody can beat: available items of highest utility, best first.

        `exclude` leaves out what the user owns already; `at` adds the season and leaves out what had
        not arrived yet.
        """
        return best_of(self.goods, self._taste(user_id), n, exclude=exclude, at=at)

    def archetype(self, user_id: str) -> str:
        """The archetype that a user mostly is."""
        return vocabulary().archetypes[int(self.shoppers.archetype[self._row(user_id)])].key

    def sentence(self, user_id: str) -> str:
        """How the user would describe themselves in a sentence, in the shop's language."""
        archetype = vocabulary().archetypes[int(self.shoppers.archetype[self._row(user_id)])]
        return archetype.says[int(self.settings.language != "en")]

    def interests(self, user_id: str) -> dict[str, float]:
        """What the user is into, strongest first, in units of utility."""
        return interests_of(self._taste(user_id))

    def relevance(self, query: str) -> dict[str, int]:
        """Items that answer a query, by grade 1 to 3; all others are 0.

        Known for the judged queries, for everything the simulated users typed, slips included, and for
        plain ones such as "ultralight tent" or "超轻帐篷".
        Errors: `UnknownIdError` for other texts.
        """
        if query not in self.needs:
            raise UnknownIdError(
                expected="a query that the simulator made",
                found=repr(query),
                todo="Take one from dataset.queries or from the search events.",
            )
        grade = grades(self.needs[query], self.goods)[: self.goods.n_items]
        return {self.goods.item_ids[i]: int(grade[i]) for i in np.flatnonzero(grade > 0)}

    def goes_with(self, item_id: str) -> tuple[str, ...]:
        """Items that complement an item, whether or not the shop's graph knows."""
        partners = self.goods.partners[rows_of(self.goods, [item_id])[0]]
        return tuple(self.goods.item_ids[i] for i in partners if i >= 0)

    def _row(self, user_id: str) -> int:
        if user_id not in self.shoppers.places:
            raise UnknownIdError(
                expected="a user of the simulated shop",
                found=repr(user_id),
                todo="For someone new, ask the shop for a shopper(archetype, seed).",
            )
        return self.shoppers.places[user_id]

    def _taste(self, user_id: str) -> Array:
        return np.asarray(self.shoppers.tastes[self._row(user_id)], dtype=np.float64)
