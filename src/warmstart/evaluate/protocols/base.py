"""What every protocol does: prepare questions, have a method answer them, measure the answers."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Self, TypeVar

import numpy as np
import numpy.typing as npt

from warmstart.core.component import Component
from warmstart.core.errors import ConfigError, InputError
from warmstart.data.dataset import Dataset
from warmstart.evaluate.blocks import Block, Chosen
from warmstart.evaluate.evaluation import Exposure, Reliability, Story
from warmstart.evaluate.methods import ENGINE, Method, build
from warmstart.roles.encoder import Encoder

Questions = TypeVar("Questions")
Answer = TypeVar("Answer")
Answers = dict[str, npt.NDArray[Any]]
"""What one method gave to the questions of one seed: named arrays, so that they can be kept on disk."""
AnyMethod = str | Component | Method


@dataclass(kw_only=True)
class Times:
    """Wall-clock times of one method: seconds to fit, milliseconds of each question and each update."""

    fit_s: float = 0.0
    query_ms: list[float] = field(default_factory=list)
    update_ms: list[float] = field(default_factory=list)


INNER: Final = 1000
"""Added to the seed for an inner cut, so that it never withholds by the same hash as the outer one."""


class CutWarning(UserWarning):
    """Something about a cut that whoever reads the numbers has to know; it goes into the result."""


def timed(into: list[float], call: Callable[[], Answer]) -> Answer:
    """Run `call` and append its milliseconds."""
    start = time.perf_counter()
    answer = call()
    into.append((time.perf_counter() - start) * 1e3)
    return answer


def check_numbers(answers: Answers, method: str) -> Answers:
    """The answers, all of them numbers: one NaN would spread to every mean. Errors: `InputError`."""
    for name, values in answers.items():
        missing = int(np.isnan(values).sum())
        if missing:
            raise InputError(
                expected=f"a number for everything asked, from method '{method}'",
                found=f"{missing} of {values.size} that are NaN ({name})",
                todo="Mend the method: where it knows nothing it gives the prior.",
            )
    return answers


@dataclass(frozen=True, kw_only=True)
class Details:
    """What a report shows beside the rows."""

    exposures: tuple[Exposure, ...] = ()
    reliability: tuple[Reliability, ...] = ()
    stories: tuple[Story, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Protocol(ABC, Generic[Questions]):
    """A fixed way to measure.

    `kinds` says which components its method names mean first, `primary` the metrics that comparisons
    are made on, the first of which is what tuning looks at, `focus` the method that is compared with the
    others unless told otherwise. `seeded` is False when nothing is drawn, so
    that one seed is enough.
    """

    name: str
    methods: tuple[str, ...]
    kinds: tuple[str, ...]
    primary: tuple[str, ...]
    seeded: bool = True
    focus: str = ENGINE
    seeds: tuple[int, ...] = (0, 1, 2)
    """The seeds that are run unless told otherwise."""

    @abstractmethod
    def prepare(self, dataset: Dataset, seed: int, sample: int | None) -> Questions:
        """Cut the shop and write down the questions, those of at most `sample` users when given.

        Errors: `InputError` when there is none to ask.
        """

    def by_time(self) -> Self:
        """The same protocol with a temporal cut. Errors: `ConfigError` where there is none."""
        raise ConfigError(
            expected="a protocol that can cut by time: new-items, new-users or new-both",
            found=self.name,
            todo="Leave --cut out.",
        )

    def folds(self, questions: Questions) -> Sequence[Questions]:
        """The questions in parts that are tuned for and answered one by one; all at once by default."""
        return [questions]

    def merge(self, questions: Questions, parts: Sequence[Answers]) -> Answers:
        """The answers to all questions from those to the folds."""
        return parts[0]

    def inner(self, questions: Questions, seed: int, sample: int) -> Questions:
        """Questions of the same kind cut from the training side of `questions`, for tuning.

        Errors: `InputError` when the training side is too small for that.
        """
        raise InputError(
            expected=f"a protocol with an inner cut, to tune by {sample} cases of seed {seed}",
            found=self.name,
            todo="Measure without tuning.",
        )

    def build(self, method: AnyMethod, encoder: Encoder | str = "auto", seed: int = 0) -> Method:
        """An unfitted method for a name, a component, or a method, which is copied."""
        return build(method, kinds=self.kinds, encoder=encoder, seed=seed)

    @abstractmethod
    def answer(self, questions: Questions, method: Method, label: str) -> tuple[Answers, Times]:
        """Fit the method on what may be seen, and ask it everything."""

    @abstractmethod
    def measure(
        self, questions: Mapping[int, Questions], given: Mapping[str, Mapping[int, Answers]]
    ) -> Sequence[Block]:
        """Blocks of cases from the answers of each method to the questions of each seed."""

    def details(
        self,
        questions: Mapping[int, Questions],
        given: Mapping[str, Mapping[int, Answers]],
        chosen: Sequence[Chosen],
    ) -> Details:
        """What is worth showing beside the rows; `chosen` are the cases worth telling."""
        return Details()
