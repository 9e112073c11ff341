"""Less memory for more time: activations computed again instead of kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from warmstart.core.errors import ConfigError

_NAMES: Final = ("activation_checkpointing", "gradient_checkpointing")
"""What transformers has called it since its version 5, and before."""


@contextmanager
def recomputing(model: Any, *, wanted: bool) -> Iterator[None]:
    """For as long as this lasts the blocks of the network keep no activations (gradient checkpointing).

    Errors: `ConfigError` for a network that cannot; those of the library transformers can.
    """
    if not wanted:
        yield
        return
    name, able = _able(model)
    getattr(able, f"{name}_enable")(**{f"{name}_kwargs": {"use_reentrant": False}})
    try:
        yield
    finally:
        getattr(able, f"{name}_disable")()


def _able(model: Any) -> tuple[str, Any]:
    """The part of a network that can, and what it calls it."""
    for name in _NAMES:
        for part in model.modules():
            if hasattr(part, f"{name}_enable"):
                return name, part
    raise ConfigError(
        expected="gradient checkpointing for a network that has it",
        found=type(model).__name__,
        todo="Leave it out; `accumulate` saves memory too.",
    )
