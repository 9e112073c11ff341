"""Are limits in a sentence kept, and what is a sentence worth to a stranger? Writes results/sentence.json.

    python benchmarks/sentence.py                    both shops, as in docs/benchmarks.md
    python benchmarks/sentence.py --inner            beauty on a cut of its training part; nothing written

icecat: each judged query becomes sentences with a limit made from facts of its own relevant products: the
brand most of them have ("no HP"), their commonest colour ("without black"), their median price ("under
52", in the shop's unit), and all three at once, in English and in Chinese. A product that breaks a limit
by the facts has grade 0, for the list and for the ideal, so that a list is not blamed for what the limit
takes away. "by hand" is the same query with the limits set as filters on the facts: what a perfect reader
would get from the same ranking.

beauty: strangers and thin histories of protocol new-users. The wish is the category path of the first item
of the user's later history, "makeup nails nail polish", and never a word of a title. What was wished for
are the later items of that category, "the rest" is all else that they took later: a list that follows
a wish serves the rest less. The wish is told by an oracle: read the numbers as what a true sentence
is worth, not as what visitors will type.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import polars as pl

from warmstart import read_shop
from warmstart.core import columns as c
from warmstart.core.linear import FloatArray
from warmstart.data.item_list import ItemList
from warmstart.data.query import Query
from warmstart.data.splits import Episode, Split, new_users
from warmstart.engine.engine import Engine
from warmstart.engine.wish import Wished
from warmstart.evaluate import metrics
from warmstart.evaluate.bootstrap import Pieces, interval, resample
from warmstart.evaluate.metrics import TargetRanks, Values
from warmstart.evaluate.protocols.base import INNER
from warmstart.evaluate.ranks import Pool

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("WARMSTART_DATA", HERE.parent.parent / "shared" / "data"))
RESULT = HERE / "results" / "sentence.json"
SEEDS = (0, 1, 2)
SHOTS = (0, 1, 5)
SAMPLE = 500
"""Users asked per seed on beauty."""
DEPTH = 10
COLOUR = "product_colour"
WISHED, REST = "what was wished for", "the rest"
Row = dict[str, Any]
Parts = dict[tuple[str, int, str], list[Values]]
Pieced = dict[tuple[str, int], list[tuple[Any, Any, Any]]]


# -- icecat: are limits kept? ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Limits:
    """What must not be and may cost, by the facts of the shop."""

    brand: str = ""
    colour: str = ""
    price: float | None = None

    def filters(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.brand:
            found[c.BRAND] = {"not": [self.brand]}
        if self.colour:
            found[COLOUR] = {"not": [self.colour]}
        if self.price is not None:
            found[c.PRICE] = {"lt": self.price}
        return found

    def broken(self, facts: Mapping[str, Any]) -> bool:
        dear = self.price is not None and facts["price"] >= self.price
        return dear or self.brand == facts["brand"] or bool(self.colour and self.colour == facts["colour"])

    def said(self, query: str) -> str:
        words = [f"no {self.brand}"] if self.brand else []
        words += [f"without {self.colour.lower()}"] if self.colour else []
        words += [f"under {self.price:g}"] if self.price is not None else []
        return ", ".join([query, *words])

    def said_in_chinese(self, query: str) -> str:
        words = [f"不要{thing}" for thing in (self.brand, self.colour) if thing]
        words += [f"低于{self.price:g}元"] if self.price is not None else []
        return "，".join([query, *words])


METHODS = (
    "the query alone",
    "the sentence as a query",
    "filters by hand",
    "search, sentence",
    "recommend, text",
)


def ask(engine: Engine, method: str, query: str, said: str, limits: Limits) -> ItemList:
    """A hundred products for a query with limits, asked for in one of the ways."""
    if method == "filters by hand":
        return engine.search(query, n=100, filters=limits.filters())
    if method == "recommend, text":
        return engine.recommend(text=said, n=100)
    return engine.search(query if method == "the query alone" else said, n=100, sentence="," in method)


def icecat() -> list[Row]:
    """Broken limits and relevance of each way to ask, for each kind of limit."""
    dataset, _ = read_shop(DATA / "icecat")
    engine = Engine().fit(dataset, encoder="catalogue")
    facts = facts_of(dataset.items)
    cases: dict[str, list[Row]] = {}
    for (query,), judged in dataset.judgments.group_by(c.QUERY, maintain_order=True):
        grades = dict(judged.select(c.ITEM_ID, c.GRADE).iter_rows())
        for kind, limits, said in sentences(str(query), grades, facts):
            kept = {i: 0.0 if limits.broken(facts[i]) else g for i, g in grades.items()}
            if any(kept.values()):
                found = {
                    name: measured(ask(engine, name, str(query), said, limits), limits, kept, facts)
                    for name in METHODS
                }
                cases.setdefault(kind, []).append(found)
    return [row for kind, found in cases.items() for row in summary(kind, found)]


def facts_of(items: pl.DataFrame) -> dict[str, Row]:
    """Brand, colour and price of each product."""
    found = {}
    for row in items.select(c.ITEM_ID, c.BRAND, c.PRICE, c.ATTRIBUTES).iter_rows(named=True):
        colour = json.loads(row[c.ATTRIBUTES] or "{}").get(COLOUR, "")
        found[row[c.ITEM_ID]] = {"brand": row[c.BRAND], "price": row[c.PRICE], "colour": colour}
    return found


def sentences(
    query: str, grades: Mapping[str, float], facts: Mapping[str, Row]
) -> list[tuple[str, Limits, str]]:
    """The sentences made from a query: what kind, the limits, and how they are said."""
    relevant = [facts[item] for item, grade in grades.items() if grade > 0]
    if not relevant:
        return []
    brand = commonest([fact["brand"] for fact in relevant if fact["brand"].lower() not in query.lower()])
    colour = commonest([fact["colour"] for fact in relevant if fact["colour"]])
    price = float(round(median(fact["price"] for fact in relevant)))
    every = Limits(brand, colour, price)
    made = {
        "brand": Limits(brand=brand),
        "colour": Limits(colour=colour),
        "price": Limits(price=price),
        "all": every,
    }
    found = [(kind, limits, limits.said(query)) for kind, limits in made.items() if limits != Limits()]
    return [*found, ("all, Chinese", every, every.said_in_chinese(query))]


def commonest(values: Sequence[str]) -> str:
    """The commonest value that is a word or two; empty without any."""
    counts = Counter(value for value in values if value and len(value.split()) <= 2 and "," not in value)
    return min(counts, key=lambda value: (-counts[value], value)) if counts else ""


def measured(
    answer: ItemList, limits: Limits, grades: Mapping[str, float], facts: Mapping[str, Row]
) -> dict[str, float]:
    """Share of broken limits among the first ten, and relevance of what was allowed."""
    shown = answer.item_ids
    listed = [grades.get(item, float("nan")) for item in shown]
    judged = list(grades.values())
    return {
        "broken@10": sum(limits.broken(facts[i]) for i in shown[:DEPTH]) / max(len(shown[:DEPTH]), 1),
        "nDCG@10 e": metrics.ndcg(listed, judged, DEPTH, "exponential"),
        "nDCG@10 c": metrics.ndcg(metrics.condensed(listed), judged, DEPTH, "exponential"),
        "Judged@10": metrics.judged_share(listed, DEPTH),
    }


def summary(kind: str, cases: Sequence[Mapping[str, Mapping[str, float]]]) -> list[Row]:
    """Means over queries with intervals."""
    size = len(cases)
    pieces = Pieces(user=np.arange(size), item=np.full(size, -1), share=np.ones(size))
    rows = []
    for method in METHODS:
        for metric in cases[0][method]:
            values = np.array([case[method][metric] for case in cases])
            rows.append(
                {"shop": "icecat", "limit": kind, "method": method, "metric": metric, "cases": size}
                | mean_of(pieces, values)
            )
    return rows


def mean_of(pieces: Pieces, parts: Values) -> Row:
    """A mean and its interval."""
    low, high = interval(resample(pieces, parts[:, None]))
    return {
        "value": round(float(pieces.mean(parts)), 4),
        "low": round(float(low[0]), 4),
        "high": round(float(high[0]), 4),
    }


# -- beauty: what is a sentence worth? --------------------------------------------------------------------


def beauty(inner: bool) -> list[Row]:
    """nDCG@20 with the history alone, the words alone, and both, for each number of shots."""
    dataset, _ = read_shop(DATA / "beauty")
    parts: Parts = {}
    pieces: Pieced = {}
    for seed in SEEDS:
        split = new_users(dataset, seed)
        split = new_users(split.train, seed + INNER) if inner else split
        ask_beauty(split.sample(SAMPLE), parts, pieces)
    rows = []
    for (targets, shots, method), found in parts.items():
        user, item, share = (np.concatenate(column) for column in zip(*pieces[targets, shots], strict=True))
        whole = Pieces(user=np.unique(user, return_inverse=True)[1], item=item, share=share)
        rows.append(
            {"shop": "beauty", "targets": targets, "shots": shots, "method": method, "metric": "nDCG@20"}
            | {"cases": round(float(share.sum()))}
            | mean_of(whole, np.concatenate(found))
        )
    return rows


def ask_beauty(split: Split, parts: Parts, pieces: Pieced) -> None:
    """Fit once, ask every episode in every way; adds to `parts` and `pieces`."""
    engine = Engine().fit(split.train, encoder="catalogue")
    place = {item: i for i, item in enumerate(split.train.item_ids)}
    paths = dict(split.train.items.select(c.ITEM_ID, c.CATEGORIES).iter_rows())
    pool = Pool.of(np.arange(len(place)), len(place))
    for episode in split.episodes:
        wished = paths.get(episode.targets[0])
        if episode.shots not in SHOTS or not wished:
            continue
        kinds = {
            WISHED: [item for item in episode.targets if paths.get(item) == wished],
            REST: [item for item in episode.targets if paths.get(item) != wished],
        }
        struck = [place[e.item_id] for e in episode.history if e.item_id]
        given = scored(engine, episode, " ".join(wished[1:]))
        for kind, items in kinds.items():
            if not items:
                continue
            targets = np.array([place[item] for item in items])
            ones = np.ones(len(targets))
            users = np.full(len(targets), episode.user_id)
            pieces.setdefault((kind, episode.shots), []).append((users, targets, ones / len(targets)))
            for method, scores in given.items():
                scores[struck] = np.nan
                ranks, _ = pool.answer(scores, targets, 20)
                found = metrics.ndcg_parts(TargetRanks(np.zeros_like(targets), ranks, 1), 20)
                parts.setdefault((kind, episode.shots, method), []).append(found)


def scored(engine: Engine, episode: Episode, wish: str) -> dict[str, FloatArray]:
    """The scores of the whole catalogue from history, words, and both."""
    query = Query(user_id=episode.user_id, events=episode.history)
    stages = engine._stages
    wished = Wished.of(engine._shelves, wish, query, stages, engine.settings)
    return {
        "history or popularity alone": np.array(engine.score(query)),
        "the words alone": np.array(stages.retriever.score(Query(text=wish))),
        "recommend, text": np.array(wished.scores),
    }


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--inner", action="store_true")
    inner = parser.parse_args().inner
    rows = beauty(inner) + ([] if inner else icecat())
    for row in rows:
        print(row, flush=True)
    if not inner:
        report = {
            "command": "python benchmarks/sentence.py",
            "seeds": SEEDS,
            "sample": SAMPLE,
            "rows": rows,
        }
        RESULT.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
