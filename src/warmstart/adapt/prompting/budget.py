"""Limits on what a language model may be used for: calls, tokens, money, time."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from warmstart.core.analysis import is_cjk
from warmstart.roles.language_model import BudgetError, Usage

_CHARACTERS_PER_TOKEN = 4
_MILLION = 1_000_000


class Clock(Protocol):
    """Time and waiting, so that tests need neither."""

    def now(self) -> float:
        """Seconds since some moment."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


def estimated_tokens(text: str) -> int:
    """About how many tokens a text has: one per Chinese character, one per four others.

    >>> estimated_tokens("a red kettle"), estimated_tokens("红色水壶")
    (3, 4)
    """
    chinese = sum(map(is_cjk, text))
    return chinese + -(-(len(text) - chinese) // _CHARACTERS_PER_TOKEN)


@dataclass
class Meter:
    """Counts use and refuses what would pass a limit, also with several calls at the same time.

    A call is first reserved with what it may cost at most, then settled with what it cost, so that the
    limits hold as far as the estimate of a prompt's tokens does. Prices are per million tokens. An
    infinite limit is none.
    """

    usage: Usage
    max_calls: float = math.inf
    max_tokens: float = math.inf
    max_cost: float = math.inf
    max_seconds: float = math.inf
    prices: tuple[float, float] = (0.0, 0.0)
    clock: Clock = field(default_factory=SystemClock)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._reserved = (0, 0)
        self._since: float | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Time counts for as long as this lasts."""
        self._since = self.clock.now()
        try:
            yield
        finally:
            self.usage.seconds = self.seconds
            self._since = None

    @property
    def seconds(self) -> float:
        """Time spent asking."""
        return self.usage.seconds + (0.0 if self._since is None else self.clock.now() - self._since)

    def reserve(self, prompt_tokens: int, answer_tokens: int) -> None:
        """Begin a call that costs at most so much. Errors: `BudgetError`."""
        self.check_time()
        with self._lock:
            usage, (reading, writing) = self.usage, self._reserved
            reading, writing = reading + prompt_tokens, writing + answer_tokens
            _check("calls", usage.calls + 1, self.max_calls)
            _check("tokens", usage.tokens + reading + writing, self.max_tokens)
            _check("cost", usage.cost + self._price(reading, writing), self.max_cost)
            self._reserved = (reading, writing)
            usage.calls += 1

    def settle(self, reserved: tuple[int, int], used: tuple[int, int]) -> None:
        """End the call: so much was used of what was reserved."""
        with self._lock:
            self._reserved = (self._reserved[0] - reserved[0], self._reserved[1] - reserved[1])
            self.usage.prompt_tokens += used[0]
            self.usage.answer_tokens += used[1]
            self.usage.cost += self._price(*used)

    def check_time(self, ahead: float = 0.0) -> None:
        """Whether so many seconds more are allowed. Errors: `BudgetError`."""
        _check("seconds", self.seconds + ahead, self.max_seconds)

    def _price(self, reading: int, writing: int) -> float:
        return (reading * self.prices[0] + writing * self.prices[1]) / _MILLION


def _check(what: str, value: float, limit: float) -> None:
    if value > limit:
        raise BudgetError(
            expected=f"at most {limit:g} {what} of the language model",
            found=f"{value:.6g} with the next call",
            todo=f"Raise its limit of {what}, ask less, or cache the answers.",
        )
