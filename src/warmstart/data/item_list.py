"""The one thing that travels between stages and out to the shop: a ranked list of items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from warmstart.core.errors import InputError
from warmstart.core.linear import FloatArray


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """One piece of evidence behind a score.

    `kind` names the part of the score, `item_id` the evidence it came from (empty for a prior), and
    `value` what it added: the values of all reasons sum to the score.
    """

    kind: str
    value: float
    item_id: str = ""
    text: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoredItem:
    """One entry of an `ItemList`."""

    item_id: str
    score: float
    source: str
    propensity: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, eq=False)
class ItemList:
    """Items with scores, best first. NaN means "no opinion".

    `sources` names what put each item there, `propensities` the probability that it was shown in its
    place (1 when nothing was random), `reasons` why, and `warnings` the signals that were missing.
    """

    item_ids: tuple[str, ...]
    scores: FloatArray
    sources: tuple[str, ...] = ()
    propensities: FloatArray | None = None
    reasons: tuple[tuple[Reason, ...], ...] = ()
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n = len(self.item_ids)
        object.__setattr__(self, "item_ids", tuple(self.item_ids))
        object.__setattr__(self, "scores", np.asarray(self.scores, dtype=np.float32))
        for name in ("scores", "sources", "propensities", "reasons"):
            value = getattr(self, name)
            if value is not None and len(value) not in ({n} if name == "scores" else {0, n}):
                raise InputError(
                    expected=f"{n} {name}, one per item", found=str(len(value)), todo="Pass one each."
                )

    def __len__(self) -> int:
        return len(self.item_ids)

    def __getitem__(self, position: int) -> ScoredItem:
        return ScoredItem(
            item_id=self.item_ids[position],
            score=float(self.scores[position]),
            source=self.sources[position] if self.sources else "",
            propensity=1.0 if self.propensities is None else float(self.propensities[position]),
            reasons=self.reasons[position] if self.reasons else (),
        )

    def __iter__(self) -> Iterator[ScoredItem]:
        return (self[position] for position in range(len(self)))

    def take(self, positions: Sequence[int]) -> Self:
        """The same list with only these positions, in this order."""
        pick = list(positions)
        return replace(
            self,
            item_ids=tuple(self.item_ids[i] for i in pick),
            scores=self.scores[pick],
            sources=tuple(self.sources[i] for i in pick) if self.sources else (),
            propensities=None if self.propensities is None else self.propensities[pick],
            reasons=tuple(self.reasons[i] for i in pick) if self.reasons else (),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON; unknown scores become null."""
        return {
            "items": [
                {
                    "item_id": item.item_id,
                    "score": None if np.isnan(item.score) else round(item.score, 6),
                    "source": item.source,
                    "propensity": item.propensity,
                    "reasons": [
                        {"kind": r.kind, "item_id": r.item_id, "value": round(r.value, 6), "text": r.text}
                        for r in item.reasons
                    ],
                }
                for item in self
            ],
            "warnings": list(self.warnings),
        }
