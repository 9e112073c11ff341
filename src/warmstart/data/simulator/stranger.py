"""A shopper nobody has seen before, who reacts to lists one at a time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property

import numpy as np

from warmstart.core.errors import InputError
from warmstart.data.records import Event
from warmstart.data.simulator.behaviour import buy_probability, cart_probability, click_probability
from warmstart.data.simulator.products import (
    Array,
    Goods,
    columns,
    leaf_of_style,
    price_in_dollars,
    style_loadings,
)
from warmstart.data.simulator.searches import need_for, query_text, search_languages
from warmstart.data.simulator.settings import SimulatorSettings
from warmstart.data.simulator.shoppers import draw_tastes
from warmstart.data.simulator.truth import best_of, interests_of, rows_of, utility_at
from warmstart.data.simulator.vocabulary import vocabulary
from warmstart.data.simulator.wording import shelf_price


class Shopper:
    """A stranger with a taste of their own, for bandits, A/B tests and demos.

    Get one from `SimulatedShop.shopper(archetype, seed)`. The same archetype, seed and lists give the
    same reactions. The shopper remembers what they bought and does not buy a durable thing twice.
    """

    def __init__(self, settings: SimulatorSettings, goods: Goods, archetype: int, seed: int) -> None:
        self._settings, self._goods, self._place = settings, goods, archetype
        self._rng = np.random.default_rng([seed, archetype, settings.seed, 7])
        ones = np.array([archetype])
        other = self._rng.integers(0, len(vocabulary().archetypes), 1)
        self._taste = draw_tastes(self._rng, ones, other, np.array([0.85]))[0]
        self._owned: set[int] = set()
        self._visits = 0
        self.user_id = f"stranger-{vocabulary().archetypes[archetype].key}-{seed}"

    @property
    def archetype(self) -> str:
        """Key of the archetype."""
        return vocabulary().archetypes[self._place].key

    @cached_property
    def sentence(self) -> str:
        """How the shopper would describe themselves, in the shop's language."""
        says = vocabulary().archetypes[self._place].says
        return says[0 if self._settings.language == "en" else 1]

    @property
    def interests(self) -> dict[str, float]:
        """What the shopper is into, strongest first, in units of utility."""
        return interests_of(self._taste)

    def utility(self, item_ids: Sequence[str] | None = None, *, at: float | None = None) -> Array:
        """As `Truth.utility`, for this shopper."""
        return utility_at(self._goods, self._taste, rows_of(self._goods, item_ids), at)

    def ideal_items(
        self, n: int = 20, *, exclude: Collection[str] = (), at: float | None = None
    ) -> tuple[str, ...]:
        """As `Truth.ideal_items`, for this shopper."""
        return best_of(self._goods, self._taste, n, exclude=exclude, at=at)

    def search(self) -> str:
        """A query this shopper would type now: for something they like."""
        loadings = style_loadings() @ self._taste[columns("interest")]
        sold = np.isin(leaf_of_style(), self._goods.leaf[: self._goods.n_items])
        wish = np.where(sold, loadings, -np.inf) + self._rng.gumbel(0, 1, len(loadings))
        rows = np.flatnonzero(self._goods.leaf[: self._goods.n_items] == leaf_of_style()[np.argmax(wish)])
        same = rows[self._goods.style[rows] == np.argmax(wish)]
        model = int(self._rng.choice(same if len(same) else rows))
        need = need_for(model, self._goods, int(self._rng.integers(0, 6)), float(self._rng.random()))
        language = search_languages(self._settings, 1, f"{self.user_id} {self._visits}")[0]
        return query_text(self._settings, need, language)

    def react(self, item_ids: Sequence[str], at: float) -> list[Event]:
        """What the shopper does with a list shown at a time: clicks, carts and purchases, oldest first.

        Items they ignore leave no event; an empty answer means that nothing appealed. `context` holds
        the slot, from 0. Higher places are looked at more. Errors: `UnknownIdError` for items the
        simulator did not make, `InputError` for a list with an item twice.
        """
        if len(set(item_ids)) < len(item_ids):
            raise InputError(
                expected="each item once in a list", found="a repeated item", todo="Drop repetitions."
            )
        rows = rows_of(self._goods, item_ids)
        utility = utility_at(self._goods, self._taste, rows, at)
        dice = self._rng.random((len(rows), 3))
        self._visits += 1
        seen = click_probability(utility, np.arange(len(rows), dtype=np.float64))
        seen = np.where([row in self._owned for row in rows.tolist()], 0.0, seen)
        carted = cart_probability(utility)
        bought = buy_probability(utility)
        events: list[Event] = []
        for slot in np.flatnonzero(dice[:, 0] < seen).tolist():
            n_steps = 1 + int(dice[slot, 1] < carted[slot])
            n_steps += int(n_steps == 2 and dice[slot, 2] < bought[slot])
            events += self._steps(int(rows[slot]), slot, n_steps, at + 30.0 * len(events))
        return events

    def _steps(self, row: int, slot: int, n_steps: int, at: float) -> list[Event]:
        kinds = ("click", "add_to_cart", "purchase")[:n_steps]
        product = self._goods.products[row]
        if n_steps == 3 and vocabulary().leaf_of(product.style).repeat_days is None:
            self._owned.add(row)
        price = shelf_price(price_in_dollars(product), in_yuan=self._settings.language != "en")
        return [
            Event(
                user_id=self.user_id,
                item_id=self._goods.item_ids[row],
                event_type=kind,
                timestamp=at + 20.0 * step,
                value=price if kind == "purchase" else None,
                session_id=f"{self.user_id}-{self._visits}",
                context={"slot": slot},
            )
            for step, kind in enumerate(kinds)
        ]
