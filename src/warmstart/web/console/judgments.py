"""Test sets for search that are made by clicking, and how the running model does on them."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final

from warmstart.core.gain import ndcg
from warmstart.engine.engine import Engine
from warmstart.roles.store import Record, Store

JUDGMENTS: Final = "judgments"
N: Final = 10


@dataclass(frozen=True)
class Judged:
    """A query of a test set, with the grade (0 to 3, as a rule) of each item that somebody judged."""

    name: str
    query: str
    grades: Mapping[str, float]


class TestSets:
    """The test sets of a shop, kept in its store: one record for each grade.

    So two who judge the same query at once, on whatever workers, write over no grade of each other.

    >>> from warmstart.store import open_store
    >>> sets = TestSets(open_store("memory://"))
    >>> _ = sets.judge("mine", "green tea", "sencha", 3)
    >>> sets.judge("mine", "green tea", "mug", 0)
    {'mug': 0, 'sencha': 3}
    >>> sets.judge("mine", "green tea", "mug", None)
    {'sencha': 3}
    """

    __test__ = False

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> list[Judged]:
        """Every query of every set, by set and query."""
        found: dict[tuple[str, str], dict[str, int]] = {}
        for record in self._store.scan(JUDGMENTS):
            said = record.value
            found.setdefault((said["set"], said["query"]), {})[said["item"]] = said["grade"]
        return [Judged(name, query, grades) for (name, query), grades in sorted(found.items())]

    def grades(self, name: str, query: str) -> dict[str, int]:
        """What was judged for a query of a set, by item; nothing where nobody did."""
        begin = _digest(name, query)
        found = takewhile(lambda one: one.key.startswith(begin), self._store.scan(JUDGMENTS, after=begin))
        return dict(sorted((record.value["item"], record.value["grade"]) for record in found))

    def judge(self, name: str, query: str, item_id: str, grade: int | None) -> dict[str, int]:
        """Note a grade, or with None take it back; the grades of the query now."""
        key = f"{_digest(name, query)}/{_digest(item_id)}"
        if grade is None:
            self._store.delete(JUDGMENTS, [key])
        else:
            value = {"set": name, "query": query, "item": item_id, "grade": grade}
            self._store.put(JUDGMENTS, [Record(key=key, value=value)])
        return self.grades(name, query)


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


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
