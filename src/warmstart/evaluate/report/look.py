"""Who is drawn how: with twenty methods on a chart only a few can have a colour."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Final

from warmstart.core.page.slots import CHANCE, FOCUS, REST, colour
from warmstart.core.page.svg import marker
from warmstart.evaluate.evaluation import Evaluation, Row
from warmstart.evaluate.methods import ENGINE, RANDOM
from warmstart.evaluate.metrics import lower_is_better
from warmstart.evaluate.wording import Place, best_first, places_of

GUESSING: Final = (RANDOM, "prior")
"""Methods that know nothing of the question."""
COLOURED: Final = 5
"""How many others than the method in focus have a colour and a marker of their own."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """The method in focus, and a slot for every method.

    Slots 1 to `COLOURED` are the strongest others, `CHANCE` is random guessing, `REST` is grey.
    """

    focus: str
    slots: dict[str, int]

    def colour(self, method: str) -> str:
        """The CSS variable of its colour."""
        return colour(self.slots.get(method, REST))

    @property
    def coloured(self) -> tuple[str, ...]:
        """The methods that stand out, the one in focus first."""
        kept = [(slot, method) for method, slot in self.slots.items() if slot >= FOCUS]
        return tuple(method for _, method in sorted(kept))

    @property
    def rival(self) -> str | None:
        """The strongest of the others, all places taken together."""
        return next((method for method, slot in self.slots.items() if slot == 1), None)

    def ordered(self) -> list[str]:
        """All methods: focus, the strongest, chance, then the rest in their order."""
        plain = [m for m, slot in self.slots.items() if slot < FOCUS]
        return [*self.coloured, *sorted(plain, key=lambda m: -self.slots[m])]


def legend(look: Look, methods: Iterable[str], extra: str = "") -> str:
    """The markers of some methods with their names."""
    chips = [
        f'<span><svg class="chip" viewBox="-7 -7 14 14" aria-hidden="true">'
        f"<title>{escape(method)}</title>{marker(look.slots[method], 0.0, 0.0)}</svg>"
        f"{escape(method)}</span>"
        for method in methods
    ]
    return f"<p class='legend'>{''.join(chips)}{extra}</p>"


def look_of(evaluation: Evaluation) -> Look:
    """Ranks the others by their mean place on the main metric, those that won somewhere first."""
    focus = focus_of(evaluation)
    order = by_strength(evaluation)
    rivals = {comparison.against for comparison in evaluation.verdicts}
    others = [m for m in order if m not in {focus, *GUESSING}]
    others.sort(key=lambda m: m not in rivals)  # stable: strength decides within
    slots = {m: i + 1 if i < COLOURED else REST for i, m in enumerate(others)}
    slots = dict.fromkeys(GUESSING, CHANCE) | slots | {focus: FOCUS}
    return Look(focus=focus, slots={m: slots[m] for m in evaluation.methods})


def focus_of(evaluation: Evaluation) -> str:
    """The method that was compared with the others; the engine or the strongest where none was."""
    if evaluation.comparisons:
        return evaluation.comparisons[0].method
    order = by_strength(evaluation)
    return ENGINE if ENGINE in order or not order else order[0]


def by_strength(evaluation: Evaluation) -> list[str]:
    """The methods by their mean rank on the main metric over all places."""
    ranks: dict[str, list[int]] = {method: [] for method in evaluation.methods}
    for place in places_of(evaluation):
        for rank, row in enumerate(main_rows(evaluation, place)):
            ranks[row.method].append(rank)
    means = {m: sum(found) / len(found) if found else float(len(ranks)) for m, found in ranks.items()}
    return sorted(ranks, key=lambda method: means[method])


def main_rows(evaluation: Evaluation, place: Place) -> list[Row]:
    """The pooled rows of the main metric at a place, best first."""
    candidates, shots = place
    metric = evaluation.metrics[0]
    return best_first(evaluation.select(candidates=candidates, shots=shots, metric=metric))


def direction(metric: str) -> str:
    """A note for captions where less is better.

    >>> direction("MAE"), direction("nDCG@20")
    (' (less is better)', '')
    """
    return " (less is better)" if lower_is_better(metric) else ""
