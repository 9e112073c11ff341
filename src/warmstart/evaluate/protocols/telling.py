"""What a recommendation protocol shows beside its numbers: exposure, and single cases in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.core.linear import IntArray
from warmstart.data.dataset import Dataset
from warmstart.evaluate.blocks import Chosen
from warmstart.evaluate.evaluation import Exposure, Listed, Story
from warmstart.evaluate.metrics import Values
from warmstart.evaluate.protocols.base import Answers
from warmstart.evaluate.protocols.exam import Exam, Key, array_name

SHOWN: Final = 10
"""Values per facet, places per list and items per history that are told."""
OTHERS: Final = "(others)"
UNKNOWN: Final = "(none)"

FACETS: Final[Mapping[str, Callable[[Dataset], list[str]]]] = {
    "brand": lambda dataset: _named(dataset.items[c.BRAND]),
    "category": lambda dataset: _named(_finest_categories(dataset.items)),
}


def _named(values: pl.Series) -> list[str]:
    return [value or UNKNOWN for value in values.to_list()]


def _finest_categories(items: pl.DataFrame) -> pl.Series:
    """The finest level of each item's category; a department that holds half the shop says little."""
    return items[c.CATEGORIES].list.last()


def exposures(
    questions: Mapping[int, Exam], given: Mapping[str, Mapping[int, Answers]]
) -> tuple[Exposure, ...]:
    """For each facet the share of all places in the lists that its greatest values get, over all seeds.

    The greatest are those most wanted: `wanted` is the share among the targets. Facets with a single
    value are left out.
    """
    exams = list(questions.values())
    found: list[Exposure] = []
    for facet, read in FACETS.items():
        names, codes = np.unique(read(exams[0].split.train), return_inverse=True)
        if len(names) < 2:
            continue
        for key in dict.fromkeys(key for exam in exams for key in exam.cases):
            lists = {
                method: np.concatenate(
                    [
                        by_seed[seed][array_name(key, "top")].ravel()
                        for seed, exam in questions.items()
                        if key in exam.cases
                    ]
                )
                for method, by_seed in given.items()
            }
            targets = [target for exam in exams if key in exam.cases for target in exam.cases[key].targets]
            wanted = _shares(codes[np.concatenate(targets)], len(names))
            for method, shown in lists.items():
                shares = _shares(codes[shown[shown >= 0]], len(names))
                found += _greatest(method, key, facet, names=names.tolist(), shown=shares, wanted=wanted)
    return tuple(found)


def _greatest(
    method: str, key: Key, facet: str, *, names: Sequence[str], shown: Values, wanted: Values
) -> list[Exposure]:
    """The values most wanted, and all others as one."""
    greatest = np.argsort(-wanted, kind="stable")[:SHOWN].tolist()
    rest = np.delete(np.arange(len(names)), greatest)
    pairs = [(names[i], shown[i], wanted[i]) for i in greatest]
    pairs += [(OTHERS, shown[rest].sum(), wanted[rest].sum())] if len(rest) else []
    return [
        Exposure(
            method=method,
            shots=key[0],
            candidates=key[1],
            facet=facet,
            value=value,
            shown=round(float(share), 6),
            wanted=round(float(due), 6),
        )
        for value, share, due in pairs
    ]


def _shares(codes: IntArray, size: int) -> Values:
    counts = np.bincount(codes, minlength=size)
    return np.asarray(counts / max(counts.sum(), 1))


def stories(
    questions: Mapping[int, Exam],
    given: Mapping[str, Mapping[int, Answers]],
    chosen: Sequence[Chosen],
) -> tuple[Story, ...]:
    """The chosen cases with titles: what the user had touched, what they went on to, both lists."""
    titles = {seed: _titles(exam.split.train) for seed, exam in questions.items()}
    return tuple(_story(questions[case.seed], given, case, titles[case.seed]) for case in chosen)


def _titles(dataset: Dataset) -> list[str]:
    named = zip(dataset.items[c.TITLE].to_list(), dataset.item_ids, strict=True)
    return [title or item_id for title, item_id in named]


def _story(
    exam: Exam, given: Mapping[str, Mapping[int, Answers]], chosen: Chosen, titles: Sequence[str]
) -> Story:
    key = (chosen.shots, chosen.candidates)
    cases = exam.cases[key]
    targets = frozenset(cases.targets[chosen.case].tolist())
    history = cases.histories[chosen.case].tolist()
    return Story(
        kind=chosen.kind,
        seed=chosen.seed,
        shots=chosen.shots,
        candidates=chosen.candidates,
        metric=chosen.metric,
        name=cases.users[chosen.case],
        asked=tuple(titles[i] for i in history[-SHOWN:]),
        wanted=tuple(titles[i] for i in cases.targets[chosen.case].tolist()[:SHOWN]),
        values=chosen.values,
        lists={
            method: tuple(
                Listed(title=titles[i], gain=float(i in targets))
                for i in given[method][chosen.seed][array_name(key, "top")][chosen.case, :SHOWN].tolist()
                if i >= 0
            )
            for method in chosen.methods
        },
    )
