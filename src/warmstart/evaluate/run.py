"""Run a protocol: every method, every seed, the same cases."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from warmstart.core.errors import ConfigError
from warmstart.core.progress import track
from warmstart.data.dataset import Dataset
from warmstart.evaluate import protocols
from warmstart.evaluate.bootstrap import RESAMPLES
from warmstart.evaluate.evaluation import Cost, Evaluation
from warmstart.evaluate.methods import ENGINE, Method, build, encoder_name, name_of
from warmstart.evaluate.protocols.base import Protocol, Times
from warmstart.evaluate.summary import summarise
from warmstart.roles.encoder import Encoder
from warmstart.roles.scorer import Scorer

AnyMethod = str | Scorer | Method
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, kw_only=True)
class _Unit:
    """One method on one seed: what a worker process is given."""

    dataset: Dataset
    protocol: str
    method: AnyMethod
    seed: int
    encoder: Encoder | str
    sample: int | None


@dataclass(frozen=True, kw_only=True)
class _Result:
    method: str
    seed: int
    given: Any
    times: Times
    peak_rss_mb: float | None


def evaluate(
    dataset: Dataset,
    protocol: str,
    *,
    seeds: Sequence[int] = (0, 1, 2),
    methods: Sequence[AnyMethod] | None = None,
    encoder: Encoder | str = "auto",
    command: str = "",
    sample: int | None = None,
    workers: int = 1,
    focus: str = ENGINE,
    resamples: int = RESAMPLES,
) -> Evaluation:
    """Measure `methods` on `dataset` by a protocol of `evaluate.protocols`.

    `methods` are names (see `evaluate.methods`) or `Scorer` objects, the protocol's own list when None.
    `focus` is compared with the best of the others. `sample` asks only that many users (or judged
    queries) of each seed, the same for all methods; leave it out for numbers that are to be kept.
    `resamples` is the number of bootstrap samples behind each interval; no p-value gets below
    2 / (resamples + 1) times the number of comparisons, so do not save much on it.

    With `workers` above 1 each method and seed runs in a process of its own with one thread; a script
    that asks for this needs the usual `if __name__ == "__main__"` guard. Otherwise all run here.

    Errors: `InputError` when the shop has no cases for the protocol, `ConfigError` for unknown names.
    """
    chosen = protocols.get(protocol)
    wanted = _check(chosen, chosen.methods if methods is None else methods, seeds)
    used = tuple(seeds) if chosen.seeded else tuple(seeds)[:1]
    questions = {seed: chosen.prepare(dataset, seed, sample) for seed in used}
    if workers > 1:
        units = [
            _Unit(
                dataset=dataset,
                protocol=protocol,
                method=method,
                seed=seed,
                encoder=encoder,
                sample=sample,
            )
            for seed, method in product(used, wanted)
        ]
        results = _in_processes(units, workers)
    else:
        pairs = product(used, wanted)
        results = [_ask(chosen, questions[seed], method, seed, encoder) for seed, method in pairs]
    given = {
        name_of(method): {r.seed: r.given for r in results if r.method == name_of(method)}
        for method in wanted
    }
    rows, comparisons = summarise(
        chosen.measure(questions, given), primary=chosen.primary, focus=focus, resamples=resamples
    )
    return Evaluation(
        protocol=protocol,
        dataset=dataset.name,
        rows=rows,
        cost=tuple(_cost(name, [r for r in results if r.method == name]) for name in given),
        comparisons=comparisons,
        environment=_environment(dataset, encoder, sample, workers, resamples),
        command=command,
    )


def _check(
    protocol: Protocol[Any, Any], methods: Sequence[AnyMethod], seeds: Sequence[int]
) -> list[AnyMethod]:
    """Unknown and repeated names are told before anything long begins."""
    names = [name_of(method) for method in methods]
    if not names or not seeds or len(set(names)) < len(names) or len(set(seeds)) < len(seeds):
        raise ConfigError(
            expected="at least one method and one seed, each once",
            found=f"methods {', '.join(names) or 'none'}; seeds {', '.join(map(str, seeds)) or 'none'}",
            todo="Give two settings of one scorer different names with ScorerMethod(name=...).",
        )
    for method in methods:
        build(method, kinds=protocol.kinds)
    return list(methods)


def _ask(
    protocol: Protocol[Any, Any],
    questions: Any,
    method: AnyMethod,
    seed: int,
    encoder: Encoder | str,
) -> _Result:
    built = build(method, kinds=protocol.kinds, encoder=encoder, seed=seed)
    given, times = protocol.answer(questions, built, f"{built.name}, seed {seed}")
    return _Result(method=built.name, seed=seed, given=given, times=times, peak_rss_mb=_peak_rss_mb())


def _run_unit(unit: _Unit) -> _Result:
    protocol = protocols.get(unit.protocol)
    questions = protocol.prepare(unit.dataset, unit.seed, unit.sample)
    return _ask(protocol, questions, unit.method, unit.seed, unit.encoder)


def _in_processes(units: Sequence[_Unit], workers: int) -> list[_Result]:
    """A fresh process per unit, so that peak memory is the unit's own."""
    context = get_context("spawn")
    with (
        _one_thread_each(),
        ProcessPoolExecutor(workers, mp_context=context, max_tasks_per_child=1) as executor,
    ):
        futures = [executor.submit(_run_unit, unit) for unit in units]
        try:
            done = track(as_completed(futures), "Evaluating", total=len(units))
            return [future.result() for future in done]
        finally:  # after an error, do not wait for units that have not begun
            executor.shutdown(cancel_futures=True)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Children read the environment when they start: threads of several workers would fight."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _cost(name: str, results: Sequence[_Result]) -> Cost:
    queries = np.concatenate([result.times.query_ms for result in results])
    updates = np.concatenate([result.times.update_ms for result in results])
    peaks = [result.peak_rss_mb for result in results if result.peak_rss_mb is not None]
    return Cost(
        method=name,
        fit_s=float(np.mean([result.times.fit_s for result in results])),
        query_ms_p50=float(np.quantile(queries, 0.5)),
        query_ms_p99=float(np.quantile(queries, 0.99)),
        update_ms_p50=float(np.quantile(updates, 0.5)) if len(updates) else None,
        update_ms_p99=float(np.quantile(updates, 0.99)) if len(updates) else None,
        peak_rss_mb=max(peaks) if peaks else None,
    )


def _peak_rss_mb() -> float | None:
    """Peak resident memory of this process in MB.

    Linux's VmHWM starts anew with each program; `ru_maxrss` would carry over the parent's.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024


def _environment(
    dataset: Dataset, encoder: Encoder | str, sample: int | None, workers: int, resamples: int
) -> dict[str, Any]:
    sizes: Mapping[str, int] = {
        "items": len(dataset.items),
        "events": len(dataset.interactions),
        "judgments": len(dataset.judgments),
    }
    return {
        "warmstart": version("warmstart"),
        "python": platform.python_version(),
        **{name: version(name) for name in ("numpy", "scipy", "polars")},
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "workers": workers,
        "encoder": encoder_name(encoder),
        "sample": sample,
        "resamples": resamples,
        **sizes,
    }
