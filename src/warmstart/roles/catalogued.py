"""Parts that number a catalogue."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from warmstart.core.component import Component, State
from warmstart.core.errors import InputError
from warmstart.core.ids import Ids


@dataclass(kw_only=True)
class Catalogued(Component, ABC):
    """Base of what gives every item of a catalogue a place."""

    @property
    def item_ids_(self) -> Ids:
        """The items in the order of their places."""
        return self._ids

    @property
    def _place(self) -> Mapping[str, int]:
        return self._ids.places

    def _take_ids(self, item_ids: Iterable[str]) -> None:
        self._ids = Ids(item_ids)

    def share_ids(self, ids: Ids) -> None:
        """Hold these ids in place of equal ones of its own: the parts of an engine need them only once.

        Errors: `InputError` where they are not equal.
        """
        self._check_fitted()
        if self._ids is not ids and self._ids != ids:
            raise InputError(
                expected=f"the {len(self._ids)} items that {type(self).__name__} was fitted to",
                found=f"{len(ids)} others",
                todo="Fit all parts of an engine to the same shop.",
            )
        self._ids = ids

    @property
    def is_fitted(self) -> bool:
        """Whether anything has been learned yet."""
        return "_ids" in vars(self) or super().is_fitted

    def get_state(self) -> State:
        """What was learned, as a tree that can be saved."""
        return super().get_state() | {"item_ids_": list(self._ids)}

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave."""
        own = dict(state)
        self._take_ids(own.pop("item_ids_"))
        super().set_state(own)
