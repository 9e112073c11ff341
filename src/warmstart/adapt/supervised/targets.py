"""What is to be told of a text: one of several classes, any of several labels, or a number.

Targets are always a matrix with one row per text, so that examples can be mixed: one-hot, several ones, or
one column of numbers. What a network says of a text is a row of the same width.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from scipy.special import expit, log_softmax, softmax

from warmstart.adapt.supervised.linear_head import Numbers, by_sigmoid, by_softmax, by_square
from warmstart.core.linear import FloatArray, IntArray


@dataclass(frozen=True, kw_only=True)
class Target(ABC):
    """A kind of answer: its loss, its linear start, and how good answers are. `width` numbers each."""

    width: int

    @abstractmethod
    def link(self, told: Numbers, wanted: Numbers) -> tuple[Numbers, Numbers]:
        """The loss of each text in numpy, and its slope by what was told, for the linear start."""

    @abstractmethod
    def losses(self, torch: ModuleType, told: Any, wanted: Any) -> Any:
        """The loss of each text, shape (texts,)."""

    @abstractmethod
    def divergence(self, torch: ModuleType, one: Any, other: Any) -> Any:
        """How far apart two answers to the same texts are, for R-Drop."""

    @abstractmethod
    def answers(self, told: FloatArray) -> FloatArray:
        """What the network says, in the form that is handed out: probabilities, or numbers."""

    @abstractmethod
    def quality(self, told: FloatArray, wanted: FloatArray) -> float:
        """How good the answers to held-out texts are; more is better."""


class Classes(Target):
    """One of `width` classes, by softmax and cross-entropy."""

    def link(self, told: Numbers, wanted: Numbers) -> tuple[Numbers, Numbers]:
        """See `linear_head.by_softmax`."""
        return by_softmax(told, wanted)

    def losses(self, torch: ModuleType, told: Any, wanted: Any) -> Any:
        """Cross-entropy, which takes mixed targets."""
        return -(wanted * torch.nn.functional.log_softmax(told, dim=-1)).sum(dim=-1)

    def divergence(self, torch: ModuleType, one: Any, other: Any) -> Any:
        """Symmetric Kullback-Leibler divergence."""
        first, second = (torch.nn.functional.log_softmax(told, dim=-1) for told in (one, other))
        return ((first.exp() - second.exp()) * (first - second)).sum(dim=-1).mean() / 2

    def answers(self, told: FloatArray) -> FloatArray:
        """Probabilities."""
        return np.asarray(softmax(told.astype(np.float64), axis=1), dtype=np.float32)

    def quality(self, told: FloatArray, wanted: FloatArray) -> float:
        """The share told right; of equals the one that finds the truth likelier (worth half a text)."""
        right = float((told.argmax(axis=1) == wanted.argmax(axis=1)).mean())
        said = log_softmax(told.astype(np.float64), axis=1)
        return right + float(np.exp((said * wanted).sum(axis=1).mean())) / (2 * len(told))


class Labels(Target):
    """Any of `width` labels at once, each by a sigmoid and binary cross-entropy."""

    def link(self, told: Numbers, wanted: Numbers) -> tuple[Numbers, Numbers]:
        """See `linear_head.by_sigmoid`."""
        return by_sigmoid(told, wanted)

    def losses(self, torch: ModuleType, told: Any, wanted: Any) -> Any:
        """Binary cross-entropy, the sum over labels."""
        loss = torch.nn.functional.binary_cross_entropy_with_logits
        return loss(told, wanted, reduction="none").sum(dim=-1)

    def divergence(self, torch: ModuleType, one: Any, other: Any) -> Any:
        """Symmetric Kullback-Leibler divergence of each label's coin, the sum over labels."""
        return ((one.sigmoid() - other.sigmoid()) * (one - other)).sum(dim=-1).mean() / 2

    def answers(self, told: FloatArray) -> FloatArray:
        """A probability for each label."""
        return np.asarray(expit(told.astype(np.float64)), dtype=np.float32)

    def quality(self, told: FloatArray, wanted: FloatArray) -> float:
        """Minus the mean binary cross-entropy."""
        return -float((np.logaddexp(0.0, told) - wanted * told).mean())


class Values(Target):
    """A number, by squared error. Standardise numbers first: the network starts near zero."""

    def link(self, told: Numbers, wanted: Numbers) -> tuple[Numbers, Numbers]:
        """See `linear_head.by_square`."""
        return by_square(told, wanted)

    def losses(self, torch: ModuleType, told: Any, wanted: Any) -> Any:
        """Squared error."""
        return ((told - wanted) ** 2).sum(dim=-1)

    def divergence(self, torch: ModuleType, one: Any, other: Any) -> Any:
        """Squared distance."""
        return ((one - other) ** 2).sum(dim=-1).mean()

    def answers(self, told: FloatArray) -> FloatArray:
        """The numbers themselves."""
        return told

    def quality(self, told: FloatArray, wanted: FloatArray) -> float:
        """Minus the mean squared error."""
        return -float(((told - wanted) ** 2).mean())


def one_hot(codes: IntArray, width: int) -> FloatArray:
    """Targets of classes.

    >>> one_hot(np.array([1, 0]), 3).tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    """
    wanted = np.zeros((len(codes), width), dtype=np.float32)
    wanted[np.arange(len(codes)), codes] = 1.0
    return wanted


def balanced_weights(wanted: FloatArray, balance: float) -> FloatArray:
    """Weights of texts by how frequent their class is, in proportion to count ** -balance, mean one.

    0 leaves texts as they come, 1 gives every class the same say; between lies a long tail that is heard
    without taking over.

    >>> balanced_weights(one_hot(np.array([0, 0, 1]), 2), 1.0).tolist()
    [0.75, 0.75, 1.5]
    """
    counts = np.maximum(wanted.sum(axis=0), 1.0)
    weights = (wanted @ counts**-balance) / np.maximum(wanted.sum(axis=1), 1e-12)
    return np.asarray(weights / weights.mean(), dtype=np.float32)


def choose_thresholds(probabilities: FloatArray, wanted: FloatArray) -> FloatArray:
    """For each label the probability from which it is given, so that F1 is best on held-out texts.

    A label that none of them has keeps one half, as do equals.

    >>> choose_thresholds(np.array([[0.5], [0.25], [0.0]]), np.array([[1], [1], [0]])).tolist()
    [0.125]
    """
    found = [_threshold(p, y) for p, y in zip(probabilities.T, wanted.T, strict=True)]
    return np.array(found, dtype=np.float32)


def _threshold(probabilities: FloatArray, wanted: FloatArray) -> float:
    if not wanted.any():
        return 0.5
    values = np.unique(probabilities.astype(np.float64))
    cuts = np.concatenate([[0.5], (values[1:] + values[:-1]) / 2])
    given = probabilities[None, :] >= cuts[:, None]
    f1 = 2 * (given & (wanted > 0)).sum(axis=1) / (given.sum(axis=1) + wanted.sum())
    best = np.flatnonzero(f1 == f1.max())
    return float(cuts[best[np.abs(cuts[best] - 0.5).argmin()]])
