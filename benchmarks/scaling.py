"""What a question costs as the catalogue grows, beside floors of the same run; writes results/scaling.json.

    python benchmarks/scaling.py [SIZE ...]        default: 10,000 to a million items, and beauty under
                                                   $WARMSTART_DATA; the results of other sizes are kept

Simulated catalogues have the shape of `beauty` with a long tail: content vectors as long as those of the
default encoder, as many pairs an item, a tenth of the items new and a fifth with 1 to 4
events. Times are medians of calls that take turns with the floor that they are divided by: compare the
ratios, not the milliseconds. A million items take 10 GB of memory.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from warmstart.core.linear import FloatArray, IntArray, top_positions, unit_rows
from warmstart.core.vocabulary import Vocabulary
from warmstart.encoders.catalogue import CatalogueEncoder
from warmstart.recommend.features import ItemFeatures
from warmstart.recommend.fused.pairs import Pairs, index_type
from warmstart.recommend.fused.parts import (
    DRIFT,
    LATE,
    PARTS,
    POPULARITY,
    PRIORS,
    PROJECTION,
    TABLES,
    TASTE,
    FittedParts,
    PartSettings,
)
from warmstart.recommend.fused.prior_weights import prior_weights
from warmstart.recommend.fused.scorer import FusedScorer
from warmstart.recommend.fused.spaces import FactorSpace, ItemRows
from warmstart.recommend.fused.transfer import Transfer, TransferSettings
from warmstart.recommend.fused.weighing import blend_weights
from warmstart.recommend.popularity import PopularityPrior

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("WARMSTART_DATA", HERE.parent.parent / "shared" / "data"))
RESULTS = HERE / "results" / "scaling.json"
SIZES = (10_000, 20_000, 100_000, 1_000_000)
EVENTS = (1, 10, 100)
ENCODED, TOPICS, FACTORS, TERMS, WORDS = 128, 128, 64, 20_000, 24
ROW = 179
"""Mean pairs of an item on `beauty`, before rows are cut to `PartSettings.most_pairs`."""
NEIGHBOURS, NEW, THIN, BLOCK = 50, 0.1, 0.2, 100_000
Timed = Mapping[str, Callable[[int], Any]]


def in_turn(calls: Timed, rounds: int) -> dict[str, float]:
    """Median milliseconds of each of some calls that take turns."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for i in range(-2, rounds):  # what is built on first use is not what a question costs
        for name, call in calls.items():
            begun = time.perf_counter()
            call(i)
            if i >= 0:
                taken[name].append(1000 * (time.perf_counter() - begun))
    return {name: float(np.median(times)) for name, times in taken.items()}


# -- catalogues of any size ---------------------------------------------------------------------------


def simulated(size: int, seed: int = 0) -> tuple[FusedScorer, IntArray]:
    """A scorer fitted to nothing, with arrays like those of a shop; and its items, the popular first."""
    rng = np.random.default_rng(seed)
    counts, order = _counts(size, rng)
    features = _features(size, rng)
    transfer = _transfer(features, counts, order, rng)
    popularity = np.log1p(counts)
    vectors = {name: _random(size, FACTORS, rng) for name in (TASTE, DRIFT)}
    vectors |= {PROJECTION: unit_rows(_random(size, 128, rng))}
    vectors |= dict.fromkeys((POPULARITY, LATE), popularity[:, None])
    leaves = _random(size, FACTORS, rng)
    parts = FittedParts(
        features=features,
        pairs=_pairs(counts, order, rng),
        transfer=transfer,
        spaces={
            TASTE: FactorSpace.of(vectors[TASTE], None, transfer),
            DRIFT: FactorSpace.of(vectors[DRIFT], leaves, transfer),
        },
        projection=_random(ENCODED + TOPICS, 128, rng),
        popularity=PopularityPrior(popularity, np.zeros(0, dtype=np.float32)),
        later=PopularityPrior(popularity.copy(), np.zeros(0, dtype=np.float32)),
        rows=ItemRows.of(vectors, transfer.order),
        norms=dict.fromkeys((*PARTS, *PRIORS), 1.0),
    )
    scorer = FusedScorer()
    scorer._parts = parts
    scorer._slots = blend_weights(prior_weights(), None).weights
    return scorer, order


def _random(rows: int, columns: int, rng: np.random.Generator) -> FloatArray:
    return rng.standard_normal((rows, columns), dtype=np.float32)


def _counts(size: int, rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
    """Events of each item, and the items from the most to the least popular."""
    order = rng.permutation(size)
    new, thin = int(NEW * size), int(THIN * size)
    hot = np.sort(5 + np.floor(rng.lognormal(1.8, 1.1, size - new - thin)))[::-1]
    counts = np.zeros(size, dtype=np.float32)
    counts[order[: len(hot)]] = hot
    counts[order[len(hot) : len(hot) + thin]] = rng.integers(1, 5, thin)
    return counts, order


def _features(size: int, rng: np.random.Generator) -> ItemFeatures:
    content = unit_rows(_random(size, ENCODED + TOPICS, rng))
    words = np.floor(TERMS * rng.random(size * WORDS) ** 2.5).astype(np.int32)
    tfidf = sparse.csr_matrix(
        (np.full(len(words), WORDS**-0.5, dtype=np.float32), words, np.arange(size + 1) * WORDS),
        shape=(size, TERMS),
    )
    none = np.zeros(0, dtype=np.float32)
    return ItemFeatures(
        encoder=CatalogueEncoder(),
        vocabulary=Vocabulary([]),
        idf=none,
        topics=np.zeros((TOPICS, 0), dtype=np.float32),
        centre=np.zeros(content.shape[1], dtype=np.float32),
        lengths=np.ones(size, dtype=np.float32),
        tfidf=tfidf,
        content=content,
    )


def _transfer(
    features: ItemFeatures, counts: FloatArray, order: IntArray, rng: np.random.Generator
) -> Transfer:
    settings = TransferSettings()
    size, thin = len(counts), np.flatnonzero(counts < settings.thin_below)
    own = np.where(counts < settings.thin_below, counts / (counts + settings.strength), 1.0)
    indptr = np.concatenate([[0], np.cumsum(np.where(counts < settings.thin_below, NEIGHBOURS, 0))])
    donors = order[rng.integers(0, int((counts > 0).sum()), NEIGHBOURS * len(thin))]
    weights = rng.random(len(donors), dtype=np.float32) ** 2 / np.float32(NEIGHBOURS)
    near = sparse.csr_matrix((weights, donors, indptr), shape=(size, size))
    dim = features.content.shape[1]
    solved = np.eye(dim, dtype=np.float32)
    mean = np.zeros(dim, dtype=np.float32)
    return Transfer(settings, counts, own.astype(np.float32), near, mean, solved, features)


def _pairs(counts: FloatArray, order: IntArray, rng: np.random.Generator) -> Pairs:
    """Rows that grow with the root of an item's events up to the cut, columns mostly popular items."""
    root = np.sqrt(counts)
    known = int((counts > 0).sum())
    lengths = np.floor(root * np.float32(ROW * len(root) / root.sum())).astype(np.int64)
    indptr = np.concatenate([[0], np.cumsum(np.minimum(lengths, PartSettings().most_pairs))])
    indices = np.empty(indptr[-1], dtype=index_type(len(root)))
    for start in range(0, len(indices), 50 * BLOCK):
        block = indices[start : start + 50 * BLOCK]
        block[:] = order[np.floor(known * rng.random(len(block), dtype=np.float32) ** 2).astype(int)]
    levels = rng.integers(0, 256, (len(indices), len(TABLES)), dtype=np.uint8)
    scales = np.full((len(root), len(TABLES)), 1 / 255, dtype=np.float32)
    return Pairs(TABLES, indptr, indices, levels, scales)


def array_bytes(value: Any, seen: set[int]) -> int:
    """Bytes of all arrays below a value, each counted once."""
    if isinstance(value, np.ndarray):
        base = value
        while isinstance(base.base, np.ndarray):
            base = base.base
        fresh = id(base) not in seen
        seen.add(id(base))
        return base.nbytes if fresh else 0
    if isinstance(value, sparse.csr_matrix):
        return sum(array_bytes(part, seen) for part in (value.data, value.indices, value.indptr))
    inner = value.values() if isinstance(value, dict) else getattr(value, "__dict__", {}).values()
    return sum(array_bytes(part, seen) for part in inner)


def measure_size(size: int, rounds: int) -> dict[str, Any]:
    """Time of a question and memory at one size of catalogue."""
    scorer, order = simulated(size)
    rng = np.random.default_rng(1)
    content = scorer._parts.features.content
    asked = _random(rounds + 2, content.shape[1], rng)
    histories = {n: [_history(n, order, rng) for _ in range(rounds + 2)] for n in EVENTS}

    def question(n: int) -> Callable[[int], Any]:
        ones = np.ones(n, dtype=np.float32)
        return lambda i: top_positions(scorer._score_history(histories[n][i], ones), 20)

    calls: dict[str, Callable[[int], Any]] = {"product": lambda i: content @ asked[i]}
    times = in_turn(calls | {str(n): question(n) for n in EVENTS}, rounds)
    held = array_bytes(scorer._parts, set())
    raw = content.nbytes + size * len("B00012345X")
    return {
        "items": size,
        "product_ms": round(times["product"], 3),
        "question_ms": {n: round(times[str(n)], 3) for n in EVENTS},
        "ratio": {n: round(times[str(n)] / times["product"], 2) for n in EVENTS},
        "memory_mb": round(held / 1e6, 1),
        "raw_mb": round(raw / 1e6, 1),
        "memory_ratio": round(held / raw, 2),
        "tables_mb": round(array_bytes(scorer._parts.pairs, set()) / 1e6, 1),
    }


def _history(n: int, order: IntArray, rng: np.random.Generator) -> IntArray:
    """Different items, the popular ones more often."""
    places = np.unique(np.floor(len(order) * rng.random(2 * n + 8) ** 2).astype(np.int64))
    chosen: IntArray = order[rng.permutation(places)[:n]]
    return chosen


# -- a real shop --------------------------------------------------------------------------------------


def measure_beauty(rounds: int = 40) -> dict[str, Any]:
    """Fit beside ALS, `observe` beside `recommend`, and one new item, on `beauty`."""
    from warmstart import Engine, read_shop

    dataset, _ = read_shop(DATA / "beauty")
    fits, als = [], []
    engine = Engine()
    for _ in range(2):
        als.append(_als_seconds(dataset))
        begun = time.perf_counter()
        engine = Engine().fit(dataset, encoder="catalogue")
        fits.append(time.perf_counter() - begun)
    als.append(_als_seconds(dataset))
    fit_s, als_s = float(np.median(fits)), float(np.median(als))
    return {
        "fit_s": round(fit_s, 1),
        "als_s": round(als_s, 2),
        "fit_ratio": round(fit_s / als_s, 2),
        **_observed(engine, dataset.item_ids, rounds),
        **_added(engine, dataset.item_ids, rounds),
    }


def _als_seconds(dataset: Any) -> float:
    from implicit.als import AlternatingLeastSquares

    from warmstart.recommend.evidence import interaction_matrix

    begun = time.perf_counter()
    model = AlternatingLeastSquares(factors=64, iterations=15, num_threads=1, random_state=0)
    model.fit(interaction_matrix(dataset), show_progress=False)
    return time.perf_counter() - begun


def _observed(engine: Any, item_ids: Any, rounds: int) -> dict[str, Any]:
    """A user with 100 events: one more event, and the question after it."""
    from warmstart import Event

    rng = np.random.default_rng(2)
    chosen = [item_ids[i] for i in rng.permutation(len(item_ids))[: 100 + 2 * rounds]]
    engine.observe(Event(user_id="long", item_id=item_id) for item_id in chosen[:100])
    times = in_turn(
        {
            "observe": lambda i: engine.observe(Event(user_id="long", item_id=chosen[100 + i + 2])),
            "recommend": lambda _: engine.recommend("long", n=20),
        },
        rounds,
    )
    return {
        "observe_ms": round(times["observe"], 4),
        "recommend_ms": round(times["recommend"], 2),
        "observe_ratio": round(times["observe"] / times["recommend"], 4),
    }


def _added(engine: Any, item_ids: Any, rounds: int) -> dict[str, Any]:
    """One new item: milliseconds of `add`, and until it was searched for, compared and asked about."""
    from warmstart import Event, Item

    taken, added = [], []
    for i in range(rounds):
        title = (engine.item(item_ids[i]) or Item(item_id="x")).title
        new, word = f"new-{i}", f"word{i}"
        begun = time.perf_counter()
        engine.add(Item(item_id=new, title=f"{title} {word}"))
        added.append(1000 * (time.perf_counter() - begun))
        found = engine.search(f"{title} {word}", n=20).item_ids
        engine.similar(new, n=20)
        engine.recommend(events=[Event(user_id="u", item_id=item_ids[i])], n=20)
        taken.append(1000 * (time.perf_counter() - begun))
        if new not in found:
            raise RuntimeError(f"{new} was not found by its title")
    return {
        "add_ms": round(float(np.median(added)), 1),
        "add_and_ask_ms": round(float(np.median(taken)), 1),
    }


def main() -> None:
    """Measure each size in a process of its own, then beauty, and write the results."""
    if len(sys.argv) == 3 and sys.argv[1] == "--one":
        size = int(sys.argv[2])
        print(json.dumps(measure_size(size, 30 if size > 200_000 else 60) if size else measure_beauty()))
        return
    sizes = [int(name) for name in sys.argv[1:]] or [*SIZES, 0]
    report = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {"rows": []}
    rows = {row["items"]: row for row in report["rows"]}
    for size in sizes:
        command = [sys.executable, __file__, "--one", str(size)]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        print(json.dumps(found))
        if size:
            rows[size] = found
        else:
            report["beauty"] = found
    report |= {
        "command": "python benchmarks/scaling.py",
        "cpu_count": os.cpu_count(),
        "load": os.getloadavg(),
        "rows": [rows[size] for size in sorted(rows)],
    }
    RESULTS.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
