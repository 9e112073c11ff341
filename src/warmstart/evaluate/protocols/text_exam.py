"""Labelled texts cut into examples and questions."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.core.analysis import normalise
from warmstart.core.errors import InputError
from warmstart.core.linear import IntArray
from warmstart.data.splits import hash_order
from warmstart.evaluate.protocols.base import CutWarning

SHOTS: Final = (1, 2, 4, 8, 16, 64)
INNER_SHOTS: Final = (4,)
ASKED: Final = ("test", "dev", "val", "valid", "validation")
"""Splits that can be asked; the first that is there is."""
NO_LABEL: Final = ("oos", "out_of_scope", "out-of-scope", "outofscope")
TEST_SHARE: Final = 0.3
"""Of the texts of each label, where there are no splits."""


class StruckWarning(CutWarning):
    """Questions that cannot be asked fairly were struck: they can be learned by heart, or not at all."""


@dataclass(frozen=True, kw_only=True)
class TextExam:
    """Examples and questions of one seed.

    `examples` gives, for each number of shots, positions in `texts`, which have `labels`; more shots add
    to the examples of fewer. `questions` have `answers`, and `outside` belong to no label. Labels are
    positions in `classes`.
    """

    seed: int
    classes: tuple[str, ...]
    texts: Sequence[str]
    labels: IntArray
    examples: Mapping[int, IntArray]
    unlabelled: Sequence[str]
    questions: Sequence[str]
    answers: IntArray
    outside: Sequence[str]


def make_exam(labels: pl.DataFrame, unlabelled: Sequence[str], seed: int, sample: int | None) -> TextExam:
    """Cut the tables of a shop: questions are the same for each seed, examples are drawn by it.

    Errors: `InputError` when there is nothing to learn from or nothing to ask.
    """
    train, asked, outside = _cut(labels)
    _check(train, asked, labels)
    known = {_bare(text) for text in (*train[c.TEXT], *unlabelled)}
    asked, outside = _strike(asked, known), _strike(outside, known)
    asked = _with_examples(asked, set(train[c.LABEL]))
    if not len(asked):
        raise _nothing("texts to ask that are not among those to learn from", f"{len(labels)} texts")
    classes = tuple(sorted(set(train[c.LABEL])))
    codes = _codes(train[c.LABEL], classes)
    questions, answers = _sampled(asked, classes, sample)
    return TextExam(
        seed=seed,
        classes=classes,
        texts=train[c.TEXT].to_list(),
        labels=codes,
        examples=draw(codes, seed, SHOTS),
        unlabelled=unlabelled,
        questions=questions,
        answers=answers,
        outside=hash_order(set(outside[c.TEXT]), "outside")[:sample],
    )


def make_inner(exam: TextExam, seed: int, sample: int) -> TextExam:
    """Questions about training texts that are no examples there, to compare settings by.

    The settings so found rest on more labels than the examples: somebody with n labels has no others
    to tune by. Read results with tuned settings as what the method can do.
    """
    examples = draw(exam.labels, seed, INNER_SHOTS)
    taken = np.concatenate(list(examples.values()) or [np.zeros(0, dtype=np.int64)])
    rest = np.setdiff1d(np.arange(len(exam.texts)), taken)
    if not len(rest):
        raise _nothing("training texts beyond the examples to tune by", f"{len(exam.texts)} texts")
    kept = np.sort(np.random.default_rng(seed).permutation(rest)[:sample])
    return TextExam(
        seed=seed,
        classes=exam.classes,
        texts=exam.texts,
        labels=exam.labels,
        examples=examples,
        unlabelled=exam.unlabelled,
        questions=[exam.texts[i] for i in kept],
        answers=exam.labels[kept],
        outside=(),
    )


def draw(codes: IntArray, seed: int, shots: Iterable[int]) -> dict[int, IntArray]:
    """Positions of the first n examples of each label in one random order, for each n.

    A label with fewer than n gives what it has; an n that no label has is left out, the smallest aside.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(codes))
    place = np.zeros(len(codes), dtype=np.int64)
    seen: dict[int, int] = defaultdict(int)
    for i in order.tolist():
        place[i] = seen[int(codes[i])]
        seen[int(codes[i])] += 1
    most = max(seen.values())
    return {n: np.sort(order[place[order] < n]) for n in shots if n <= most or n == min(shots)}


def _cut(labels: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Texts to learn from, to ask, and to ask though they belong to no label."""
    split = pl.col(c.SPLIT).str.to_lowercase().fill_null("")
    strange = split.str.starts_with("oos") | pl.col(c.LABEL).str.to_lowercase().is_in(NO_LABEL)
    inside, outside = labels.filter(~strange), labels.filter(strange)
    present = set(labels.select(split)[c.SPLIT])
    asked = next((name for name in ASKED if name in present), None)
    if asked is None:
        return *_by_hash(inside), _by_hash(outside)[1]
    learned = (split == "train") | (split == "")
    return inside.filter(learned), inside.filter(split == asked), outside.filter(split.str.ends_with(asked))


def _by_hash(table: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A fixed share of the texts of each label apart, equal texts together."""
    asked: set[str] = set()
    for _, group in table.group_by(c.LABEL):
        texts = hash_order(set(group[c.TEXT]), "text")
        asked.update(texts[: round(TEST_SHARE * len(texts))])
    chosen = pl.col(c.TEXT).is_in(list(asked))
    return table.filter(~chosen), table.filter(chosen)


def _strike(asked: pl.DataFrame, known: set[str]) -> pl.DataFrame:
    """Without the texts that can be learned by heart."""
    seen = [_bare(text) in known for text in asked[c.TEXT]]
    if any(seen):
        example = asked[c.TEXT][seen.index(True)]
        warnings.warn(
            f"{sum(seen)} of {len(seen)} texts to be asked also stand among those to learn from, such as "
            f"{example[:60]!r}; they are not asked",
            StruckWarning,
            stacklevel=2,
        )
    return asked.filter(~pl.Series(seen, dtype=pl.Boolean))


def _with_examples(asked: pl.DataFrame, classes: set[str]) -> pl.DataFrame:
    """Without the texts of labels that nobody can learn."""
    unknown = sorted(set(asked[c.LABEL]) - classes)
    if unknown:
        warnings.warn(
            f"no example has the label of some texts to be asked ({', '.join(unknown[:5])}); they are not "
            "asked",
            StruckWarning,
            stacklevel=2,
        )
    return asked.filter(~pl.col(c.LABEL).is_in(unknown))


def _bare(text: str) -> str:
    """The form in which texts are compared: case, accents, width and spaces aside."""
    return " ".join(normalise(text).split())


def _sampled(asked: pl.DataFrame, classes: Sequence[str], sample: int | None) -> tuple[list[str], IntArray]:
    texts = asked[c.TEXT].to_list()
    kept = set(hash_order({str(i) for i in range(len(texts))}, "question")[:sample])
    chosen = [i for i in range(len(texts)) if str(i) in kept]
    return [texts[i] for i in chosen], _codes(asked[c.LABEL], classes)[chosen]


def _codes(labels: pl.Series, classes: Sequence[str]) -> IntArray:
    place = {label: i for i, label in enumerate(classes)}
    return np.array([place[label] for label in labels], dtype=np.int64)


def _check(train: pl.DataFrame, asked: pl.DataFrame, labels: pl.DataFrame) -> None:
    if train[c.LABEL].n_unique() < 2 or not len(asked):
        splits = ", ".join(sorted({name or "(none)" for name in labels[c.SPLIT]})) or "none"
        raise _nothing(
            "labelled texts with at least two labels, some to learn from and some to ask",
            f"{len(train)} and {len(asked)} of {len(labels)} labelled texts; splits: {splits}",
        )


def _nothing(expected: str, found: str) -> InputError:
    return InputError(
        expected=expected,
        found=found,
        todo="Add a labels file with the columns text, label and, where the test is fixed, split.",
    )
