"""The base of every part that can be chosen, configured, fitted and saved.

A component is a keyword-only dataclass. Its fields are its hyperparameters, written once: settings
files, JSON schema and `repr` all come from them. What it learns is kept in attributes whose names end
in an underscore, as in scikit-learn, and travels through `get_state` and `set_state`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from warmstart.core.errors import ConfigError, NotFittedError

State = dict[str, Any]
"""A tree of JSON values, numpy arrays and scipy CSR matrices: all that a saved component may hold."""


@dataclass(kw_only=True)
class Component:
    """A configurable part. Subclass with `@dataclass(kw_only=True)` and give each field a default."""

    # Without this pydantic accepts unknown keys of a standard dataclass in silence.
    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        """Build one from plain values, checking names and types.

        Errors: `ConfigError` names the field, what was expected and what was found.
        """
        from pydantic import TypeAdapter, ValidationError

        try:
            return TypeAdapter(cls).validate_python(dict(settings))
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"]) or cls.__name__
            known = ", ".join(f.name for f in dataclasses.fields(cls))
            raise ConfigError(
                expected=f"a valid value for '{field}' of {cls.__name__} ({first['msg']})",
                found=repr(first["input"]),
                todo=f"Known fields: {known or 'none'}.",
            ) from error

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """The JSON schema of the hyperparameters."""
        from pydantic import TypeAdapter

        return TypeAdapter(cls).json_schema()

    def settings(self) -> dict[str, Any]:
        """The hyperparameters as plain values; `from_settings` takes them back."""
        return dataclasses.asdict(self)

    def unfitted(self) -> Self:
        """A new component with the same hyperparameters that has learned nothing."""
        return self.from_settings(self.settings())

    def get_state(self) -> State:
        """What was learned, as a tree that can be saved. Empty for a component that learns nothing."""
        return {name: value for name, value in vars(self).items() if name.endswith("_")}

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave."""
        vars(self).update(state)

    @property
    def is_fitted(self) -> bool:
        """Whether anything has been learned yet."""
        return any(name.endswith("_") for name in vars(self))

    def _check_fitted(self) -> None:
        if not self.is_fitted:
            raise NotFittedError(type(self).__name__)
