"""What another encoder changes in a shop's search, by its own judged queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import polars as pl

from warmstart.core import columns as c
from warmstart.data.dataset import Dataset
from warmstart.data.schema import empty_table
from warmstart.data.splits import hash_order
from warmstart.roles.encoder import Encoder
from warmstart.search.hybrid import HybridRetriever
from warmstart.search.weights import (
    FEWEST,
    Change,
    Grades,
    WeightTable,
    change_of,
    shop_evidence,
    weight_table,
)

MOST_ITEMS: Final = 2000
Verdict = Literal["better", "worse", "not certainly better"]


@dataclass(frozen=True, kw_only=True)
class EncoderChange:
    """nDCG@10 of hybrid search with the old encoder and with the new one, on the same queries.

    `changes` holds "e" (unjudged = 0) and "c" (among judged items only), each with the paired interval of
    its gain. `items` is how many there were to search among.
    """

    queries: int
    items: int
    changes: Mapping[str, Change]

    @property
    def verdict(self) -> Verdict:
        """Better where one certainly rises and none certainly falls, worse where one certainly falls."""
        if any(change.high < 0 for change in self.changes.values()):
            return "worse"
        return (
            "better" if any(change.low > 0 for change in self.changes.values()) else "not certainly better"
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        changes = {name: vars(change) for name, change in self.changes.items()}
        return {"queries": self.queries, "items": self.items, "verdict": self.verdict, "changes": changes}


def compare_encoders(
    old: Encoder, new: Encoder, shop: Dataset, *, most: int = MOST_ITEMS
) -> EncoderChange | None:
    """Ask a shop's judged queries of hybrid search with each encoder; None where fewer than ten are judged.

    Of a large catalogue all judged items are searched and others drawn by chance, `most` in all: then the
    values are higher than in the whole shop, and only their difference counts. The judgments reach
    neither encoder here; whether one has learned from them before is for the caller to know.
    *Cost*: both encoders read `most` items.
    """
    grades, kind = shop_evidence(shop)
    if kind != "judgments" or len(grades) < FEWEST:
        return None
    part = _part(shop, grades, most)
    before, after = (_asked(own, part, grades) for own in (old, new))
    changes = {"e": change_of(before.e[:, 0], after.e[:, 0])}
    if before.c is not None and after.c is not None:
        changes["c"] = change_of(before.c[:, 0], after.c[:, 0])
    return EncoderChange(queries=len(grades), items=len(part.items), changes=changes)


def _asked(encoder: Encoder, part: Dataset, grades: Grades) -> WeightTable:
    """The measures at the encoder's own weight."""
    retriever = HybridRetriever().fit(part, encoder.fit(part.item_texts))
    return weight_table(retriever, grades, kind="judgments", weights=())


def _part(shop: Dataset, grades: Grades, most: int) -> Dataset:
    """All judged items and others by chance, in catalogue order, without judgments."""
    judged = {item_id for found in grades.values() for item_id in found}
    others = hash_order(set(shop.item_ids) - judged, "encoder change")[: max(most - len(judged), 0)]
    items = shop.items.filter(pl.col(c.ITEM_ID).is_in([*judged, *others]))
    return replace(shop, items=items, events=empty_table("events"), judgments=empty_table("judgments"))
