"""A handful of examples in, answers for all other vectors out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from warmstart.core.component import Component
from warmstart.core.errors import InputError

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """Examples of one subject: `vectors` (n, dim), `targets` (n,) and `weights` (n,), all float64.

    A weight is a precision: an example of weight 2 says as much as the same example twice.

    >>> Evidence.of([[1.0, 0.0]], [1.0]).weights.tolist()
    [1.0]
    """

    vectors: Values
    targets: Values
    weights: Values

    @classmethod
    def of(
        cls, vectors: npt.ArrayLike, targets: npt.ArrayLike, weights: npt.ArrayLike | None = None
    ) -> Self:
        """From anything array-like; weights are 1 where none are given.

        Errors: `InputError` for shapes that do not fit, numbers that are not finite, and weights that
        are not above zero.
        """
        rows, wanted = np.asarray(vectors, dtype=np.float64), np.asarray(targets, dtype=np.float64)
        given = np.ones(len(wanted)) if weights is None else np.asarray(weights, dtype=np.float64)
        if rows.ndim != 2 or wanted.shape != rows.shape[:1] or given.shape != wanted.shape:
            raise InputError(
                expected="vectors of shape (n, dim) with n targets and n weights",
                found=f"shapes {rows.shape}, {wanted.shape} and {given.shape}",
                todo="Pass one row, one target and one weight per example.",
            )
        if not (np.isfinite(rows).all() and np.isfinite(wanted).all() and np.isfinite(given).all()):
            raise InputError(
                expected="finite numbers", found="NaN or infinity", todo="Leave such examples out."
            )
        if (given <= 0).any():
            raise InputError(
                expected="weights above zero",
                found=f"{given.min():g}",
                todo="Leave out what says nothing; what speaks against is a lower target.",
            )
        return cls(vectors=rows + 0.0, targets=wanted + 0.0, weights=given)

    @classmethod
    def none(cls, dim: int) -> Self:
        """No examples of vectors of this length."""
        return cls(vectors=np.zeros((0, dim)), targets=np.zeros(0), weights=np.zeros(0))

    def __len__(self) -> int:
        return len(self.targets)

    def joined(self, other: Evidence) -> Evidence:
        """These examples and then the others."""
        return Evidence(
            vectors=np.vstack([self.vectors, other.vectors]),
            targets=np.concatenate([self.targets, other.targets]),
            weights=np.concatenate([self.weights, other.weights]),
        )

    def first(self, n: int) -> Evidence:
        """The first `n` examples."""
        return Evidence(vectors=self.vectors[:n], targets=self.targets[:n], weights=self.weights[:n])


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """One subject to learn from: a few examples to learn with, and others to be answered."""

    support: Evidence
    query: Evidence

    @property
    def whole(self) -> Evidence:
        """Support and query together."""
        return self.support.joined(self.query)


@dataclass(kw_only=True)
class FewShotHead(Component, ABC):
    """Learns from many tasks how to learn from few examples, then answers for a new subject at once.

    The same head serves tastes of shoppers, intents, sentiments and click rates: whatever has vectors, a
    number per vector, and many subjects with a few examples each. `belief` makes the state of one
    subject, a small value that takes examples in and gives them back.

    A new head writes `_fit` and `_mean`, `_variance` when it knows how sure it is (`has_variance`), and
    `_contributions` when its answer is a sum over examples by nature. What it learns are arrays.
    """

    has_variance: ClassVar[bool] = False

    def fit(self, tasks: Sequence[Task]) -> Self:
        """Learn from tasks whose vectors all have one length; their order means nothing.

        Errors: `InputError` when there are none.
        """
        if not tasks:
            raise InputError(
                expected="tasks to learn from", found="none", todo="Cut some from the users of a shop."
            )
        widths = {part.vectors.shape[1] for task in tasks for part in (task.support, task.query)}
        if len(widths) > 1:
            raise InputError(
                expected="vectors of one length in all tasks",
                found=f"lengths {sorted(widths)}",
                todo="Bring them into one space first.",
            )
        self.dim_ = widths.pop()
        self._fit(sorted(tasks, key=_content))
        return self

    def belief(self, evidence: Evidence | None = None) -> Belief:
        """What is believed of a subject after this evidence; of a stranger when there is none."""
        self._check_fitted()
        return Belief.of(self, Evidence.none(self.dim_) if evidence is None else evidence)

    def predict(self, evidence: Evidence, vectors: npt.ArrayLike) -> tuple[Values, Values]:
        """Mean and variance of the answer for each vector, shapes (m,) and (m,), after the evidence.

        The variance is that of the true answer, without the noise of single examples. It is NaN from
        heads that do not know how sure they are.
        """
        rows = self._rows(vectors, evidence)
        mean = self._mean(rows, evidence)
        return mean, self._variance(rows, evidence) if self.has_variance else np.full(len(mean), np.nan)

    def contributions(self, evidence: Evidence, vectors: npt.ArrayLike) -> Values:
        """What the prior and each example add to the mean, shape (m, 1 + n): rows add up to the mean.

        The first column is the prior's, the others follow the order of the evidence.
        """
        return self._contributions(self._rows(vectors, evidence), evidence)

    def _rows(self, vectors: npt.ArrayLike, evidence: Evidence) -> Values:
        self._check_fitted()
        rows = np.asarray(vectors, dtype=np.float64)
        if rows.ndim != 2 or {rows.shape[1], evidence.vectors.shape[1]} != {self.dim_}:
            raise InputError(
                expected=f"vectors of shape (m, {self.dim_}) and evidence of that length",
                found=f"shapes {rows.shape} and {evidence.vectors.shape}",
                todo="Use the space that the head was fitted in.",
            )
        return rows

    @abstractmethod
    def _fit(self, tasks: Sequence[Task]) -> None: ...

    @abstractmethod
    def _mean(self, vectors: Values, evidence: Evidence) -> Values:
        """The answer for each vector; `evidence` may be empty."""

    def _variance(self, vectors: Values, evidence: Evidence) -> Values:
        raise NotImplementedError(f"{type(self).__name__} has no variance")

    def _contributions(self, vectors: Values, evidence: Evidence) -> Values:
        """By default what each example changed when it was added after those before it."""
        steps = [self._mean(vectors, evidence.first(n)) for n in range(len(evidence) + 1)]
        return np.diff(np.column_stack([np.zeros(len(vectors)), *steps]), axis=1)


@dataclass(frozen=True, eq=False)
class Belief:
    """What is believed of one subject: a value that `update`, `forget` and `merge` turn into another.

    It is the evidence itself, in an order that depends on nothing but the examples. So the order in which
    they came does not matter, forgetting one gives to the last bit the state of never having seen it, and
    merging two beliefs is the sum of their evidence. Made by `FewShotHead.belief`; to keep one, keep
    `evidence`.
    """

    head: FewShotHead
    _rows: Values
    _keys: tuple[bytes, ...]

    @classmethod
    def of(cls, head: FewShotHead, evidence: Evidence) -> Belief:
        """From examples in any order."""
        rows = np.column_stack([evidence.vectors, evidence.targets, evidence.weights]) + 0.0
        keys = [row.tobytes() for row in rows]
        order = sorted(range(len(keys)), key=keys.__getitem__)
        return cls(head, rows[order], tuple(keys[i] for i in order))

    @property
    def evidence(self) -> Evidence:
        """The examples, in the order of the columns of `contributions`."""
        return Evidence(vectors=self._rows[:, :-2], targets=self._rows[:, -2], weights=self._rows[:, -1])

    def __len__(self) -> int:
        return len(self._keys)

    def update(self, vector: npt.ArrayLike, target: float, weight: float = 1.0) -> Belief:
        """The belief after one more example. Errors: `InputError` for what cannot be one."""
        row, key, place = self._place(vector, target, weight)
        keys = (*self._keys[:place], key, *self._keys[place:])
        return Belief(self.head, np.insert(self._rows, place, row, axis=0), keys)

    def forget(self, vector: npt.ArrayLike, target: float, weight: float = 1.0) -> Belief:
        """The belief as if this example had never come; of equal ones one goes.

        Errors: `InputError` when there is no such example.
        """
        _, key, place = self._place(vector, target, weight)
        if self._keys[place : place + 1] != (key,):
            raise InputError(
                expected="an example that was taken in",
                found=f"another one (target {target:g}, weight {weight:g})",
                todo="Forget it with the vector, target and weight of its update.",
            )
        keys = self._keys[:place] + self._keys[place + 1 :]
        return Belief(self.head, np.delete(self._rows, place, axis=0), keys)

    def merge(self, other: Belief) -> Belief:
        """The belief after the evidence of both: an anonymous session and the account it turns out to be.

        Errors: `InputError` when they are beliefs of different heads.
        """
        if other.head is not self.head:
            raise InputError(
                expected="two beliefs of one head", found="beliefs of two", todo="Make both with one head."
            )
        return Belief.of(self.head, self.evidence.joined(other.evidence))

    def predict(self, vectors: npt.ArrayLike) -> tuple[Values, Values]:
        """Mean and variance of the answer for each vector: see `FewShotHead.predict`."""
        return self.head.predict(self.evidence, vectors)

    def contributions(self, vectors: npt.ArrayLike) -> Values:
        """What the prior and each example add to the mean: see `FewShotHead.contributions`."""
        return self.head.contributions(self.evidence, vectors)

    def _place(self, vector: npt.ArrayLike, target: float, weight: float) -> tuple[Values, bytes, int]:
        one = Evidence.of(np.asarray(vector, dtype=np.float64)[None], [target], [weight])
        if one.vectors.shape[1] != self._rows.shape[1] - 2:
            raise InputError(
                expected=f"a vector of length {self._rows.shape[1] - 2}",
                found=f"one of length {one.vectors.shape[1]}",
                todo="Use the space that the head was fitted in.",
            )
        row = np.concatenate([one.vectors[0], one.targets, one.weights])
        key = row.tobytes()
        return row, key, bisect_left(self._keys, key)


def _content(task: Task) -> tuple[float, ...]:
    """What a task says in numbers, to put tasks in an order that hangs on nothing else.

    Rounded, so that noise in the last digits of a vector does not reorder them.
    """
    parts = (task.support, task.query)
    sums = [float(value) for part in parts for value in np.round(part.vectors.sum(axis=0), 4)]
    return (len(task.support), len(task.query), *sums)
