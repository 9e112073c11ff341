"""Run a protocol: every method, every seed, the same cases."""

from __future__ import annotations

import os
import platform
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from warmstart.core.errors import ConfigError, MissingExtraError
from warmstart.core.memory import peak_rss_mb
from warmstart.core.progress import track
from warmstart.data.dataset import Dataset
from warmstart.data.guards import suspicious_attributes
from warmstart.evaluate import protocols
from warmstart.evaluate.bootstrap import RESAMPLES
from warmstart.evaluate.evaluation import Cost, Evaluation
from warmstart.evaluate.methods import encoder_name, name_of, without_library
from warmstart.evaluate.parts import Part, Parts, code_fingerprint, fingerprint, key_of
from warmstart.evaluate.protocols.base import AnyMethod, CutWarning, Protocol, Times
from warmstart.evaluate.summary import summarise
from warmstart.evaluate.tuning import allowed_trials, check_tuner, tune
from warmstart.roles.encoder import Encoder

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, kw_only=True)
class _Unit:
    """One method on one seed: what a worker process is given."""

    dataset: Dataset
    protocol: str
    cut: str
    method: AnyMethod
    seed: int
    encoder: Encoder | str
    sample: int | None
    trials: int


def evaluate(
    dataset: Dataset,
    protocol: str,
    *,
    seeds: Sequence[int] | None = None,
    methods: Sequence[AnyMethod] | None = None,
    encoder: Encoder | str = "auto",
    cut: str = protocols.RANDOM_CUT,
    trials: int = 0,
    command: str = "",
    sample: int | None = None,
    workers: int = 1,
    focus: str | None = None,
    resamples: int = RESAMPLES,
    parts: Path | None = None,
) -> Evaluation:
    """Measure `methods` on `dataset` by a protocol of `evaluate.protocols`.

    `seeds` are the protocol's own when None. `methods` are names (see `evaluate.methods`), components or
    `Method` objects; None means the protocol's own list, as far as the libraries are installed. `focus`
    is compared with the others; when None it is the protocol's own or, where that does not take part,
    the last method. `cut` "temporal" takes the newest users and items instead of random ones. With
    `trials` each method is tuned by so many trials on an inner split (see `evaluate.tuning`); 0 measures
    the defaults. `sample` asks only that many users (or judged queries) of each seed, the same for all
    methods; leave it out for numbers that are to be kept. `resamples` is the number of bootstrap samples
    behind each interval.

    With `workers` above 1 each method and seed runs in a process of its own with one thread; a script
    that asks for this needs the usual `if __name__ == "__main__"` guard. Otherwise all run here.
    `parts` is a folder where finished methods and seeds are kept until all are there: after a crash the
    same call goes on where it stood. They stay until `Parts(folder=parts).remove()`, which is for when the
    result is safe.

    Errors: `InputError` when the shop has no cases for the protocol, `ConfigError` for unknown names,
    `MissingExtraError` for methods or trials whose library is not installed, `LeakageError` when a cut
    would let a method see what it is asked.
    """
    chosen = protocols.get(protocol, cut)
    absent = without_library(chosen.methods) if methods is None else {}
    named = [name for name in chosen.methods if name not in absent] if methods is None else methods
    asked = chosen.seeds if seeds is None else tuple(seeds)
    wanted = _check(chosen, named, asked)
    compared = _focus(chosen, [name_of(method) for method in wanted], focus)
    if any(allowed_trials(chosen.build(method), trials) > 1 for method in wanted):
        check_tuner()
    used = asked if chosen.seeded else asked[:1]
    questions, told = _prepared(chosen, dataset, used, sample)
    units = [
        _Unit(
            dataset=dataset,
            protocol=protocol,
            cut=cut,
            method=method,
            seed=seed,
            encoder=encoder,
            sample=sample,
            trials=trials,
        )
        for seed, method in product(used, wanted)
    ]
    results = _run(units, Parts(folder=parts), workers, questions)
    measured = _measured(chosen, questions, results, focus=compared, resamples=resamples)
    return replace(
        measured,
        dataset=dataset.name,
        warnings=(*told, *_suspicions(dataset), *_left_out(absent)),
        cut=cut,
        fingerprint=key_of(fingerprint(dataset), protocol, cut, used, sample, resamples),
        environment=_environment(dataset)
        | {
            "encoder": encoder_name(encoder),
            "workers": workers,
            "sample": sample,
            "resamples": resamples,
            "trials": trials,
        },
        command=command,
    )


def _measured(
    protocol: Protocol[Any],
    questions: Mapping[int, Any],
    results: Sequence[Part],
    *,
    focus: str,
    resamples: int,
) -> Evaluation:
    """All that follows from the answers."""
    by_method: dict[str, list[Part]] = {}
    for part in results:
        by_method.setdefault(part.method, []).append(part)
    given = {name: {part.seed: part.answers for part in found} for name, found in by_method.items()}
    blocks = protocol.measure(questions, given)
    summary = summarise(blocks, primary=protocol.primary, focus=focus, resamples=resamples)
    details = protocol.details(questions, given, summary.chosen)
    return Evaluation(
        protocol=protocol.name,
        dataset="",
        rows=summary.rows,
        cost=tuple(_cost(name, found) for name, found in by_method.items()),
        comparisons=summary.comparisons,
        tunings=tuple(tuning for part in results for tuning in part.tunings),
        replicates=summary.replicates,
        exposures=details.exposures,
        reliability=details.reliability,
        stories=details.stories,
    )


def _prepared(
    protocol: Protocol[Any], dataset: Dataset, seeds: Sequence[int], sample: int | None
) -> tuple[dict[int, Any], tuple[str, ...]]:
    """The questions of each seed, and what is to be known about the cut."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CutWarning)
        questions = {seed: protocol.prepare(dataset, seed, sample) for seed in seeds}
    for warning in caught:
        if not issubclass(warning.category, CutWarning):
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    about = [str(warning.message) for warning in caught if issubclass(warning.category, CutWarning)]
    return questions, tuple(dict.fromkeys(about))


def _check(protocol: Protocol[Any], methods: Sequence[AnyMethod], seeds: Sequence[int]) -> list[AnyMethod]:
    """Unknown and repeated names and missing libraries are told before anything long begins."""
    names = [name_of(method) for method in methods]
    if not names or not seeds or len(set(names)) < len(names) or len(set(seeds)) < len(seeds):
        raise ConfigError(
            expected="at least one method and one seed, each once",
            found=f"methods {', '.join(names) or 'none'}; seeds {', '.join(map(str, seeds)) or 'none'}",
            todo="Give two settings of one scorer different names with ScorerMethod(name=...).",
        )
    for method in methods:
        protocol.build(method)
    for name, extra in without_library([method for method in methods if isinstance(method, str)]).items():
        raise MissingExtraError(name, extra)
    return list(methods)


def _run(units: Sequence[_Unit], parts: Parts, workers: int, questions: Mapping[int, Any]) -> list[Part]:
    """The parts of all units, those that are kept already without running them again."""
    keys = _keys(units) if parts.folder is not None else [str(i) for i in range(len(units))]
    found = {key: part for key in keys if (part := parts.read(key)) is not None}
    missing = [(key, unit) for key, unit in zip(keys, units, strict=True) if key not in found]
    done = (
        _in_processes(missing, workers)
        if workers > 1
        else ((key, _ask(unit, questions[unit.seed])) for key, unit in missing)
    )
    for key, part in done:
        parts.write(key, part)
        found[key] = part
    return [found[key] for key in keys]


def _keys(units: Sequence[_Unit]) -> list[str]:
    shop, code = fingerprint(units[0].dataset), code_fingerprint()
    return [
        key_of(
            shop,
            code,
            unit.protocol,
            unit.cut,
            repr(unit.method),
            unit.seed,
            encoder_name(unit.encoder),
            unit.sample,
            unit.trials,
        )
        for unit in units
    ]


def _ask(unit: _Unit, questions: Any) -> Part:
    """Tune and answer fold by fold; the costs are those of all folds."""
    protocol = protocols.get(unit.protocol, unit.cut)
    method = protocol.build(unit.method, unit.encoder, unit.seed)
    tuned = allowed_trials(method, unit.trials) > 1
    times, given, tunings = Times(), [], []
    for fold in protocol.folds(questions) if tuned else [questions]:
        fitted, tuning = tune(protocol, fold, method, seed=unit.seed, trials=unit.trials)
        answers, took = protocol.answer(fold, fitted, f"{method.name}, seed {unit.seed}")
        given.append(answers)
        tunings += [tuning] if tuning else []
        times.fit_s = took.fit_s
        times.query_ms += took.query_ms
        times.update_ms += took.update_ms
    return Part(
        method=method.name,
        seed=unit.seed,
        answers=protocol.merge(questions, given) if len(given) > 1 else given[0],
        times=times,
        tunings=tuple(tunings),
        peak_rss_mb=peak_rss_mb(),
    )


def _run_unit(unit: _Unit) -> Part:
    protocol = protocols.get(unit.protocol, unit.cut)
    questions, _ = _prepared(protocol, unit.dataset, (unit.seed,), unit.sample)
    return _ask(unit, questions[unit.seed])


def _in_processes(units: Sequence[tuple[str, _Unit]], workers: int) -> Iterator[tuple[str, Part]]:
    """A fresh process per unit, so that peak memory is the unit's own; parts come as they are done."""
    context = get_context("spawn")
    with (
        _one_thread_each(),
        ProcessPoolExecutor(workers, mp_context=context, max_tasks_per_child=1) as executor,
    ):
        futures = {executor.submit(_run_unit, unit): key for key, unit in units}
        try:
            for future in track(as_completed(futures), "Evaluating", total=len(futures)):
                yield futures[future], future.result()
        finally:  # after an error, do not wait for units that have not begun
            executor.shutdown(cancel_futures=True)


def _focus(protocol: Protocol[Any], names: Sequence[str], focus: str | None) -> str:
    """The method that is compared: the one named, the protocol's own, or the last where that is missing."""
    if focus is not None and focus not in names:
        raise ConfigError(
            expected=f"a focus among the methods: {', '.join(names)}",
            found=repr(focus),
            todo="Add it to the methods, or name another.",
        )
    return focus or (protocol.focus if protocol.focus in names else names[-1])


def _left_out(absent: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(
        f"Left out for want of the extra '{extra}' (pip install 'warmstart[{extra}]'): "
        f"{', '.join(name for name, wanted in absent.items() if wanted == extra)}."
        for extra in dict.fromkeys(absent.values())
    )


def _suspicions(dataset: Dataset) -> tuple[str, ...]:
    return tuple(
        f"The item attribute '{name}' follows the number of events (rank correlation {value:+.2f}): if it "
        "was counted from them, it tells methods that read attributes what was withheld."
        for name, value in suspicious_attributes(dataset).items()
    )


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


def _cost(name: str, results: Sequence[Part]) -> Cost:
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


def _environment(dataset: Dataset) -> dict[str, Any]:
    sizes: Mapping[str, int] = {
        "items": len(dataset.items),
        "events": len(dataset.interactions),
        "judgments": len(dataset.judgments),
        "labels": len(dataset.labels),
    }
    return {
        "warmstart": version("warmstart"),
        "python": platform.python_version(),
        **{name: version(name) for name in ("numpy", "scipy", "polars")},
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        **{name: size for name, size in sizes.items() if size},
    }
