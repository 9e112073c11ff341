"""Less memory for more time: activations computed again instead of kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from warmstart.core.errors import ConfigError


@contextmanager
def recomputing(model: Any, *, wanted: bool) -> Iterator[None]:
    """For as long as this lasts the blocks of the network keep no activations (gradient checkpointing).

    Errors: `ConfigError` for a network that cannot; those of the library transformers can.
    """
    if not wanted:
        yield
        return
    able = next((part for part in model.modules() if hasattr(part, "gradient_checkpointing_enable")), None)
    if able is None:
        raise ConfigError(
            expected="gradient checkpointing for a network that has it",
            found=type(model).__name__,
            todo="Leave it out; `accumulate` saves memory too.",
        )
    able.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    try:
        yield
    finally:
        able.gradient_checkpointing_disable()
