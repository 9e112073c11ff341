"""What every protocol does: prepare questions, have a method answer them, measure the answers."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from warmstart.data.dataset import Dataset
from warmstart.evaluate.methods import Method
from warmstart.evaluate.summary import Block

Questions = TypeVar("Questions")
Given = TypeVar("Given")
Answer = TypeVar("Answer")


@dataclass(kw_only=True)
class Times:
    """Wall-clock times of one method: seconds to fit, milliseconds of each question and each update."""

    fit_s: float = 0.0
    query_ms: list[float] = field(default_factory=list)
    update_ms: list[float] = field(default_factory=list)


def timed(into: list[float], call: Callable[[], Answer]) -> Answer:
    """Run `call` and append its milliseconds."""
    start = time.perf_counter()
    answer = call()
    into.append((time.perf_counter() - start) * 1e3)
    return answer


@dataclass(frozen=True, kw_only=True)
class Protocol(ABC, Generic[Questions, Given]):
    """A fixed way to measure.

    `kinds` says which components its method names mean first, `primary` the metrics that comparisons
    are made on. `seeded` is False when nothing is drawn, so that one seed is enough.
    """

    name: str
    methods: tuple[str, ...]
    kinds: tuple[str, ...]
    primary: tuple[str, ...]
    seeded: bool = True

    @abstractmethod
    def prepare(self, dataset: Dataset, seed: int, sample: int | None) -> Questions:
        """Cut the shop and write down the questions, those of at most `sample` users when given.

        Errors: `InputError` when there is none to ask.
        """

    @abstractmethod
    def answer(self, questions: Questions, method: Method, label: str) -> tuple[Given, Times]:
        """Fit the method on what may be seen, and ask it everything."""

    @abstractmethod
    def measure(
        self, questions: Mapping[int, Questions], given: Mapping[str, Mapping[int, Given]]
    ) -> Sequence[Block]:
        """Blocks of cases from the answers of each method to the questions of each seed."""
