"""A few of the old examples, kept fairly while more go by than can be kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from warmstart.core.component import State
from warmstart.core.errors import ConfigError


@dataclass
class ReplayBuffer:
    """A sample of everything that was added, each example with the same chance (Vitter 1985, algorithm R).

    Examples are JSON values, such as pairs of texts. `forget` takes out those that a test holds of, as when
    a user asks to be forgotten; what was forgotten never comes back.

    >>> buffer = ReplayBuffer(2, seed=1)
    >>> buffer.add(["a", "b", "c", "d"])
    >>> len(buffer.examples), buffer.seen
    (2, 4)
    """

    capacity: int
    seed: int = 0
    examples: list[Any] = field(default_factory=list)
    seen: int = 0

    def __post_init__(self) -> None:
        if self.capacity < 1:
            raise ConfigError(
                expected="'capacity' of ReplayBuffer at least 1", found=str(self.capacity), todo="Raise it."
            )

    def add(self, examples: Iterable[Any]) -> None:
        """Take in examples, each of which may take the place of one that is there."""
        for example in examples:
            place = self.seen
            if place >= self.capacity:
                place = int(np.random.default_rng([self.seed, self.seen]).integers(self.seen + 1))
            self.seen += 1
            if len(self.examples) < self.capacity:
                self.examples.append(example)
            elif place < self.capacity:
                self.examples[place] = example

    def forget(self, gone: Any) -> int:
        """Take out the examples of which `gone` is true; how many there were."""
        kept = [example for example in self.examples if not gone(example)]
        count = len(self.examples) - len(kept)
        self.examples = kept
        return count

    def get_state(self) -> State:
        """All of it as JSON values."""
        return {"capacity": self.capacity, "seed": self.seed, "seen": self.seen, "examples": self.examples}

    @classmethod
    def from_state(cls, state: State) -> Self:
        """The buffer that `get_state` described."""
        return cls(state["capacity"], state["seed"], list(state["examples"]), state["seen"])
