"""The judgments that came with a shop: a test set that is read and never changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

import polars as pl

from warmstart.core import columns as c
from warmstart.engine.engine import Engine
from warmstart.serve.shop import LiveShop
from warmstart.web.console.judgments import Judged

IMPORTED: Final = "imported"
"""The name of their set, under which nobody can keep grades of their own."""
MOST: Final = 300
"""So many queries are shown and measured of a shop that has more: at some ms each, a few seconds."""


@dataclass(frozen=True)
class Imported:
    """The grades of each query that was judged before the shop came here.

    >>> rows = {"query": ["tea", "tea", "mug"], "item_id": ["a", "b", "c"], "grade": [3.0, None, 1.0]}
    >>> imported = Imported.of(pl.DataFrame(rows))
    >>> imported.of_query("tea"), imported.of_query("pot"), len(imported.sample)
    ({'a': 3.0}, {}, 2)
    """

    grades: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, judgments: pl.DataFrame) -> Self:
        """Read the table of a shop; of an item that was judged twice for a query the last grade counts."""
        found: dict[str, dict[str, float]] = {}
        rows = judgments.select(c.QUERY, c.ITEM_ID, c.GRADE).drop_nulls().iter_rows()
        for query, item_id, grade in rows:
            found.setdefault(query, {})[item_id] = grade
        return cls(found)

    def of_query(self, query: str) -> Mapping[str, float]:
        """What was judged for a query, by item; nothing where nobody did."""
        return self.grades.get(query, {})

    @property
    def sample(self) -> list[Judged]:
        """At most `MOST` queries, by chance but always the same ones, in alphabetical order."""
        chosen = sorted(self.grades, key=_chance)[:MOST]
        return [Judged(IMPORTED, query, self.grades[query]) for query in sorted(chosen)]


async def imported_of(shop: LiveShop) -> Imported:
    """Those of a live shop; read once for each model, beside the answers."""
    if not shop.has_model:
        return Imported()
    return await shop.derived("imported judgments", _judgments, Imported.of)


def _judgments(engine: Engine) -> pl.DataFrame:
    return engine.dataset.judgments


def _chance(query: str) -> bytes:
    return hashlib.sha256(query.encode("utf-8", "surrogatepass")).digest()
