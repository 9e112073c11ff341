"""Hyperparameters that say themselves within which limits they are worth trying."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from warmstart.core.errors import ConfigError

Value = TypeVar("Value", int, float, str, bool, float | None)
_KEY = "warmstart.tunable"


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """The values worth trying: those from `low` to `high` (both included), or one of `choices`.

    With `log` the orders of magnitude are tried evenly, as suits regularisation strengths.
    """

    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        bounded = self.low is not None and self.high is not None and self.low < self.high
        if bounded == bool(self.choices) or (self.log and (self.low or 0) <= 0):
            raise ConfigError(
                expected="either choices, or low < high (above 0 with log)",
                found=repr(self),
                todo="State one of the two.",
            )


def tunable(
    default: Value,
    *,
    low: Value | None = None,
    high: Value | None = None,
    log: bool = False,
    choices: tuple[Value, ...] = (),
) -> Any:
    """A dataclass field with this default and the range that a tuner may search.

    >>> from warmstart.core.component import Component
    >>> @dataclass(kw_only=True)
    ... class Shrunk(Component):
    ...     shrinkage: float = tunable(10.0, low=1.0, high=1000.0, log=True)
    >>> Shrunk().shrinkage, ranges(Shrunk)["shrinkage"].high
    (10.0, 1000.0)
    """
    limits = Range(low=low, high=high, log=log, choices=choices)  # type: ignore[arg-type]
    return dataclasses.field(default=default, metadata={_KEY: limits})


def ranges(component: type[Any]) -> Mapping[str, Range]:
    """The tunable fields of a component class, by name, in the order of the fields."""
    return {f.name: f.metadata[_KEY] for f in dataclasses.fields(component) if _KEY in f.metadata}
