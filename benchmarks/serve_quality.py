"""How well the service and its peers answer the visitors of a real shop, and how long that takes.

A part of benchmarks/serve.py. The shop is beauty, the cuts are those of the protocols: *regulars* (warm:
the last event of each is asked for) and *visitors* (new-both: neither they nor a fifth of the items were
there in training; asked before their first event, after one and after five, for what follows the fifth).
Service and peers stand behind the same framework, learn from the same part and get the same questions in
turn: a user's id, or a visitor's events. The engine starts from weights that beauty taught nothing. ALS and
neighbours of `implicit` have settings chosen on an inner cut of the same kind.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
from common import DATA
from serve_load import measure
from serve_peers import Listing
from serve_servers import clicks_of, peer, service

from warmstart.data import splits
from warmstart.data.dataset import Dataset
from warmstart.data.reader import read_shop
from warmstart.data.splits import Episode, Split
from warmstart.engine.engine import Engine
from warmstart.engine.settings import EngineSettings
from warmstart.evaluate.bootstrap import Pieces, interval, resample
from warmstart.evaluate.metrics import TargetRanks, ndcg_parts, recall_parts
from warmstart.evaluate.protocols.base import INNER
from warmstart.recommend.fused.scorer import FusedScorer
from warmstart.serve.run import take_model
from warmstart.serve.settings import ServeSettings

SHOP: Final = "beauty"
PATH: Final = "/v1/recommend"
SEED, N, CHUNK = 0, 10, 250
REGULARS: Final = "regulars"
VISITORS: Final = {
    0: "visitors before their first event",
    1: "visitors after one event",
    5: "visitors after five events",
}
SAMPLE, INNER_SAMPLE = 1000, 500
GRID: Final[Mapping[str, Sequence[tuple[str, Mapping[str, Any]]]]] = {
    "als": [
        ("als", {"factors": dim, "regularization": ridge, "alpha": alpha, "iterations": 15})
        for dim, ridge, alpha in product((64, 128, 256), (0.01, 1.0, 30.0), (10.0, 40.0, 100.0))
    ],
    "neighbours": [(kind, {"K": k}) for kind, k in product(("cosine", "tfidf", "bm25"), (100, 500, 2000))],
}
"""What is tried for each peer."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One question and the items that count as found."""

    kind: str
    user_id: str
    body: Mapping[str, Any]
    targets: tuple[str, ...]


def cases_of(split: Split) -> list[Case]:
    """The questions of a cut; a regular is asked by name, a visitor brings what they did."""
    return [
        Case(
            kind=REGULARS if episode.shots is None else VISITORS[episode.shots],
            user_id=episode.user_id,
            body=_body(episode),
            targets=episode.targets,
        )
        for episode in split.episodes
        if episode.shots is None or episode.shots in VISITORS
    ]


def _body(episode: Episode) -> dict[str, Any]:
    if episode.shots is None:
        return {"user_id": episode.user_id, "n": N}
    events = [{"visitor_id": "visitor", "item_id": event.item_id} for event in episode.history]
    return {"events": events, "n": N}


# -- settings of the peers -----------------------------------------------------------------------------


def choose(name: str, inner: Split) -> dict[str, Any]:
    """The setting of a peer that answers best on an inner cut."""
    clicks = clicks_of(inner.train)
    cases = [case for case in cases_of(inner) if case.kind != VISITORS[0]]
    tried = [
        {"model": name, "kind": kind, "settings": settings, "inner": _inner(kind, settings, clicks, cases)}
        for kind, settings in GRID[name]
    ]
    return max(tried, key=lambda one: float(one["inner"]))


def _inner(
    kind: str, settings: Mapping[str, Any], clicks: Mapping[str, Any], cases: Sequence[Case]
) -> float:
    listing = Listing(clicks, kind, settings)
    lists = [[item_id for item_id, _ in listing.answer(case.body)] for case in cases]
    return float(ndcg_parts(ranks_of(cases, lists), N).sum() / len(cases))


# -- answers ---------------------------------------------------------------------------------------------


@contextmanager
def standing(train: Dataset, chosen: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, int]]:
    """Service and peers, fitted on the same part of a shop; their ports."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="warmstart-quality-")))
        settings = EngineSettings(scorer=FusedScorer(without_teachers=(SHOP,)))
        engine = Engine(settings).fit(train, encoder="catalogue")
        take_model(ServeSettings(home=folder / "home", encoder="catalogue"), engine)
        np.savez(folder / "clicks.npz", **clicks_of(train))
        ports = {"service": stack.enter_context(service(folder / "home", 1))[0]}
        for one in chosen:
            started = peer(one["kind"], folder / "clicks.npz", **one["settings"])
            ports[one["model"]] = stack.enter_context(started)[0]
        yield ports


def ask_all(
    ports: Mapping[str, int], cases: Sequence[Case]
) -> tuple[dict[str, list[list[str]]], dict[str, list[float]]]:
    """What each of them lists for each question, and in how many seconds; they take turns."""
    lists: dict[str, list[list[str]]] = {who: [] for who in ports}
    seconds: dict[str, list[float]] = {who: [] for who in ports}
    for at in range(0, len(cases), CHUNK):
        questions = [(PATH, dict(case.body)) for case in cases[at : at + CHUNK]]
        for who, port in ports.items():
            found = measure(port, questions, 1)
            seconds[who] += found["seconds"]
            lists[who] += [
                [item["item_id"] for item in json.loads(body)["items"]] for body in found["bodies"]
            ]
    return lists, seconds


# -- figures ---------------------------------------------------------------------------------------------


def ranks_of(cases: Sequence[Case], lists: Sequence[Sequence[str]]) -> TargetRanks:
    """Where each target stands in the list that was given, 0 where it does not."""
    places = [{item_id: n for n, item_id in enumerate(ids, 1)} for ids in lists]
    found = [
        (i, place.get(target, 0))
        for i, (case, place) in enumerate(zip(cases, places, strict=True))
        for target in case.targets
    ]
    case, rank = np.array(found, dtype=np.int64).T
    return TargetRanks(case, rank, len(cases))


def rows_of(
    cases: Sequence[Case],
    lists: Mapping[str, Sequence[Sequence[str]]],
    seconds: Mapping[str, Sequence[float]],
) -> list[dict[str, Any]]:
    """Figures of each of them for one kind of question."""
    ranks = [ranks_of(cases, found) for found in lists.values()]
    scores = {
        name: compared(cases, [parts(found, N) for found in ranks]) for name, parts in METRICS.items()
    }
    return [
        {"asked": cases[0].kind, "who": who, "cases": len(cases)}
        | {"answered": float(np.mean([bool(ids) for ids in lists[who]]))}
        | {f"p{share}": 1000 * float(np.percentile(seconds[who], share)) for share in (50, 95)}
        | {name: found[i] for name, found in scores.items()}
        for i, who in enumerate(lists)
    ]


METRICS: Final[Mapping[str, Callable[[TargetRanks, int], Any]]] = {
    "ndcg": ndcg_parts,
    "recall": recall_parts,
}


def compared(cases: Sequence[Case], parts: Sequence[Any]) -> list[dict[str, float]]:
    """Each mean with its interval and its difference from the first, by bootstrap over users and items."""
    sizes = np.array([len(case.targets) for case in cases])
    targets = [target for case in cases for target in case.targets]
    pieces = Pieces(
        user=np.repeat(np.arange(len(cases)), sizes),
        item=np.unique(targets, return_inverse=True)[1],
        share=np.repeat(1.0 / sizes, sizes),
    )
    columns = np.column_stack(parts)
    values, drawn = pieces.mean(columns), resample(pieces, columns)
    differences = interval(drawn - drawn[:, [0]])
    table = np.column_stack([values, *interval(drawn), values - values[0], *differences])
    names = ("value", "low", "high", "difference", "difference_low", "difference_high")
    return [dict(zip(names, row, strict=True)) for row in table.tolist()]


def only_new(cases: Sequence[Case], new_items: frozenset[str]) -> list[int]:
    """Which cases have a target that is a new item."""
    return [i for i, case in enumerate(cases) if new_items.intersection(case.targets)]


# -- the run ---------------------------------------------------------------------------------------------


def of_cut(split: Split, inner: Split) -> dict[str, Any]:
    """Everything about one cut."""
    chosen = [choose(name, inner) for name in GRID]
    cases = cases_of(split)
    rows = []
    with standing(split.train, chosen) as ports:
        ask_all(ports, cases[:CHUNK])  # the first questions after a start take longer
        for kind in dict.fromkeys(case.kind for case in cases):
            own = [case for case in cases if case.kind == kind]
            lists, seconds = ask_all(ports, own)
            rows += rows_of(own, lists, seconds)
            if own[0].body.get("events") and (some := only_new(own, split.new_items)):
                rows += rows_of(
                    [_wanting(own[i], split.new_items) for i in some],
                    {who: [found[i] for i in some] for who, found in lists.items()},
                    {who: [found[i] for i in some] for who, found in seconds.items()},
                )
    return {
        "cut": split.name,
        "users": len({case.user_id for case in cases}),
        "peers": chosen,
        "rows": rows,
    }


def _wanting(case: Case, items: frozenset[str]) -> Case:
    kept = tuple(target for target in case.targets if target in items)
    return replace(case, kind=f"{case.kind}, new items", targets=kept)


def quality(sample: int = SAMPLE, inner_sample: int = INNER_SAMPLE) -> dict[str, Any]:
    """Regulars and visitors of the shop, `sample` users of each."""
    shop, _ = read_shop(DATA / SHOP)
    regulars, visitors = splits.warm(shop, SEED), splits.new_both(shop, SEED, every_target=True)
    inner = (splits.warm(regulars.train, SEED + INNER), splits.new_users(visitors.train, SEED + INNER))
    cuts = [
        of_cut(split.sample(sample), chosen_on.sample(inner_sample))
        for split, chosen_on in zip((regulars, visitors), inner, strict=True)
    ]
    return {"shop": SHOP, "items": len(shop.items), "seed": SEED, "n": N, "cuts": cuts}
