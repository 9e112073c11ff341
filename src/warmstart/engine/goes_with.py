"""What goes with a cart, and what goes with one item without being the same thing again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.core.linear import BoolArray, top_positions
from warmstart.data.item_list import ItemList, Reason
from warmstart.data.query import Query
from warmstart.engine.explaining import by_evidence
from warmstart.engine.listing import explained, listed
from warmstart.recommend.complement.scorer import ComplementScorer, Relation
from warmstart.recommend.fused.parts import KNN, POPULARITY

SAME_AGAIN: Final = 0.7
"""From this likeness of texts on (half the encoder's cosine, half that of the words) an item is taken to
be the same thing again."""

_TELLING: Final = 1.1  # a lift below this is no reason: such an item is there because many want it


@dataclass(frozen=True)
class Beside:
    """What goes with the anchors of a query, with at most `most` reasons for each item.

    With `beyond_likeness` by what goes with them more than things alike do.
    """

    scorer: ComplementScorer
    titles: Mapping[str, str]
    most: int
    beyond_likeness: bool

    def listed(self, query: Query, allowed: BoolArray, n: int) -> ItemList:
        """The `n` best items that are `allowed`."""
        scorer, beyond = self.scorer, self.beyond_likeness
        scores = scorer.beyond_likeness(query) if beyond else scorer.score(query)
        scores = np.where(allowed, scores, np.float32("nan"))
        items = listed(scorer.item_ids_, top_positions(scores, n), scores)
        related = scorer.relate(query, items.item_ids, beyond_likeness=beyond)
        parts = [
            tuple(_reasons(relations, self.titles, new=not scorer.has_events(item_id)))
            for item_id, relations in zip(items.item_ids, related, strict=True)
        ]
        return explained(items, parts, [_told(found, self.most) for found in parts], ())


def _told(parts: Sequence[Reason], most: int) -> tuple[Reason, ...]:
    by_item = {part.item_id: part for part in parts}
    return tuple(by_item[reason.item_id] for reason in by_evidence(parts, most))


def same_thing_again(scorer: ComplementScorer, items: pl.DataFrame, item_id: str) -> tuple[str, ...]:
    """The variants of an item among `items`: of its group, or described nearly alike."""
    position = scorer.positions([item_id])
    if not len(position):
        return ()
    same = scorer.features.similarities(position, np.arange(len(scorer.item_ids_)))[0] >= SAME_AGAIN
    group = items[c.GROUP_ID][int(position[0])]
    if group is not None:
        same |= (items[c.GROUP_ID] == group).fill_null(value=False).to_numpy()
    return tuple(scorer.item_ids_[i] for i in np.flatnonzero(same))


def _reasons(relations: Sequence[Relation], titles: Mapping[str, str], *, new: bool) -> Iterator[Reason]:
    """One reason per item of the cart, and one for all of those that only say how popular the item is."""
    popular = 0.0
    for relation in relations:
        if relation.lift < _TELLING:
            popular += relation.share
            continue
        tie = "often chosen with" if relation.met else "things alike go with"
        text = f"{tie} {titles.get(relation.item_id) or relation.item_id}"
        yield Reason(kind=KNN, value=relation.share, item_id=relation.item_id, text=text)
    if popular:
        text = "likely to be liked by many" if new else "liked by many"
        yield Reason(kind=POPULARITY, value=popular, text=text)
