"""Evaluations written by hand, so that it is known what a page must say."""

from dataclasses import replace

import numpy as np

from warmstart.evaluate.evaluation import (
    Comparison,
    Cost,
    Evaluation,
    Exposure,
    Listed,
    Reliability,
    Replicates,
    Row,
    Story,
    Tuning,
)

SHOTS = (0, 1, 5)


def row(method: str, value: float, *, shots: int | None = None, **changes: object) -> Row:
    """A pooled row of nDCG@20 with an interval of .01 to each side."""
    made = Row(
        method=method,
        seed="all",
        shots=shots,
        candidates="all",
        metric="nDCG@20",
        value=value,
        low=max(value - 0.01, 0.0),
        high=value + 0.01,
        cases=100,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def cost(method: str, fit_s: float = 1.0, query_ms: float = 1.0) -> Cost:
    return Cost(
        method=method,
        fit_s=fit_s,
        query_ms_p50=query_ms,
        query_ms_p99=2 * query_ms,
        update_ms_p50=None,
        update_ms_p99=None,
        peak_rss_mb=100.0,
    )


def comparison(kind: str, shots: int | None = 1, **changes: object) -> Comparison:
    sign = {"better": 1, "tie": 0, "worse": -1}[kind]
    made = Comparison(
        method="engine",
        against="rp3",
        strongest=True,
        shots=shots,
        candidates="all",
        metric="nDCG@20",
        difference=0.01 * sign,
        relative=0.1 * sign,
        low=0.0,
        high=0.0,
        p=0.01,
        p_holm=0.02,
        verdict=kind,  # type: ignore[arg-type]
        effect=0.1 * sign,
        wins=6,
        ties=3,
        losses=5,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def story(kind: str, name: str, **changes: object) -> Story:
    made = Story(
        kind=kind,  # type: ignore[arg-type]
        seed=0,
        shots=1,
        candidates="all",
        metric="nDCG@20",
        name=name,
        asked=("red shoe",),
        wanted=("blue shoe",),
        values={"engine": 0.0, "rp3": 1.0},
        lists={
            "rp3": (Listed(title="blue shoe", gain=1.0), Listed(title="grey shoe", gain=None)),
            "engine": (Listed(title="red hat", gain=0.0),),
        },
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def crowd(n_methods: int) -> Evaluation:
    """Many methods over three numbers of shots; method i is the i-th best, engine the third."""
    names = ["engine", "random", *(f"method {i}" for i in range(n_methods - 2))]
    strength = {name: 0.3 / (i + 3) for i, name in enumerate(names)}
    strength |= {"method 0": 0.4, "method 1": 0.35, "random": 0.001}
    rows = [row(name, strength[name] * (1 + k / 10), shots=k) for name in names for k in SHOTS]
    return Evaluation(
        protocol="new-users",
        dataset="shop",
        rows=tuple(rows),
        cost=tuple(cost(name, fit_s=10.0**-i, query_ms=0.1 * (i + 1)) for i, name in enumerate(names)),
    )


def full(seed: int = 0, shift: float = 0.0) -> Evaluation:
    """Two methods with everything that a page can show; `shift` is added to what the engine finds."""
    rng = np.random.default_rng(seed)
    means = {"engine": 0.2 + shift, "rp3": 0.19, "random": 0.01}
    rows, replicates = [], []
    for method, mean in means.items():
        for k in SHOTS:
            value = mean + 0.02 * k
            rows += [row(method, value, shots=k), row(method, value, shots=k, seed=0)]
            rows.append(row(method, 0.5, shots=k, metric="Coverage@20", low=None, high=None))
            noise = np.random.default_rng((k, len(method))).normal(0, 0.004, 50)
            values = tuple(np.round(value + noise, 6).tolist())
            replicates.append(
                Replicates(method=method, shots=k, candidates="all", metric="nDCG@20", values=values)
            )
    return Evaluation(
        protocol="new-users",
        dataset="shop",
        rows=tuple(rows),
        cost=(cost("engine", 9.0, 3.0), cost("rp3", 1.0, 0.2), cost("random", 0.0, 0.0)),
        comparisons=tuple(comparison("tie", k) for k in SHOTS),
        tunings=(
            Tuning(
                method="rp3",
                seed=0,
                metric="nDCG@20",
                trials=8,
                seconds=21.0,
                default_score=0.06,
                score=0.0614,
                settings={"beta": 0.4},
            ),
        ),
        replicates=tuple(replicates),
        exposures=tuple(
            Exposure(
                method=method,
                shots=1,
                candidates="all",
                facet="brand",
                value=value,
                shown=float(rng.random() / 4),
                wanted=0.2,
            )
            for method in ("engine", "rp3")
            for value in ("Acme & Söhne", "华为", "(others)")
        ),
        reliability=(
            Reliability(method="engine", shots=1, confidence=0.9, accuracy=0.7, cases=30),
            Reliability(method="engine", shots=1, confidence=0.5, accuracy=0.5, cases=10),
        ),
        stories=(
            story("win", "user 3"),
            story("worst", "user 2", values={"engine": 0.0, "rp3": 0.0}),
            story("loss", "user 1", asked=("<script>alert(1)</script>", "红色连衣裙 夏季新款")),
        ),
        warnings=("The attribute 'rank' tells & tells.",),
        fingerprint="f",
        environment={"items": 10, "trials": 8, "encoder": "catalogue"},
        command="warmstart evaluate shop",
    )
