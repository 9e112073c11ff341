"""Test sets for search that are made by clicking, and how the running model does on them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from warmstart.core.gain import ndcg
from warmstart.engine.engine import Engine
from warmstart.roles.store import Record, Store

JUDGMENTS: Final = "judgments"
N: Final = 10


@dataclass(frozen=True)
class Judged:
    """A query of a test set, with the grade (0 to 3) of each item that somebody judged."""

    name: str
    query: str
    grades: dict[str, int]


class TestSets:
    """The test sets of a shop, kept in its store: one record for each query of a set.

    >>> from warmstart.store import open_store
    >>> sets = TestSets(open_store("memory://"))
    >>> _ = sets.judge("mine", "green tea", "sencha", 3)
    >>> sets.judge("mine", "green tea", "mug", 0)
    {'sencha': 3, 'mug': 0}
    >>> sets.judge("mine", "green tea", "mug", None)
    {'sencha': 3}
    """

    __test__ = False

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> list[Judged]:
        """Every query of every set, by set and query."""
        found = [_judged(record) for record in self._store.scan(JUDGMENTS)]
        return sorted(found, key=lambda judged: (judged.name, judged.query))

    def grades(self, name: str, query: str) -> dict[str, int]:
        """What was judged for a query of a set; nothing where nobody did."""
        record = self._store.get(JUDGMENTS, _key(name, query))
        return {} if record is None else _judged(record).grades

    def judge(self, name: str, query: str, item_id: str, grade: int | None) -> dict[str, int]:
        """Note a grade, or with None take it back; the grades of the query now."""
        grades = self.grades(name, query)
        grades.pop(item_id, None)
        if grade is not None:
            grades[item_id] = grade
        key = _key(name, query)
        if grades:
            value = {"set": name, "query": query, "grades": grades}
            self._store.put(JUDGMENTS, [Record(key=key, value=value)])
        else:
            self._store.delete(JUDGMENTS, [key])
        return grades


def measured(engine: Engine, judged: Judged) -> dict[str, Any]:
    """nDCG@10 (gain 2^g - 1) of the running model for one query; unjudged items count 0.

    None where no judged item is relevant. `judged_share` says how many of the first ten places somebody
    looked at: where it is small, the value says little.
    """
    listed = engine.search(judged.query, n=N).item_ids
    grades = [judged.grades.get(item_id, float("nan")) for item_id in listed]
    value = ndcg(grades, list(judged.grades.values()), N, "exponential")
    seen = sum(item_id in judged.grades for item_id in listed)
    return {
        "query": judged.query,
        "ndcg": None if math.isnan(value) else round(value, 4),
        "judged": len(judged.grades),
        "judged_share": round(seen / len(listed), 4) if listed else 0.0,
    }


def mean_of(rows: Iterable[dict[str, Any]]) -> float | None:
    """The mean nDCG@10 of the queries that have one."""
    known = [row["ndcg"] for row in rows if row["ndcg"] is not None]
    return round(sum(known) / len(known), 4) if known else None


def _key(name: str, query: str) -> str:
    return hashlib.sha256(f"{name}\n{query}".encode()).hexdigest()


def _judged(record: Record) -> Judged:
    return Judged(record.value["set"], record.value["query"], dict(record.value["grades"]))
