"""What a context says, as a few named values: the hour as a part of the day, an age as a range."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from warmstart.core.component import State
from warmstart.core.errors import InputError

TIME: Final = "time"
"""The key of a context that holds the moment: Unix seconds, or text such as 2026-11-22T09:30."""

_PARTS: Final = ("night", "morning", "afternoon", "evening")
_SEASONS: Final = ("winter", "spring", "summer", "autumn")

Scene = dict[str, tuple[str, ...]]
"""Values by feature. Most features have one; a list, such as declared interests, has several."""


@dataclass
class ContextValues:
    """The features that a shop's contexts have, and the values of each that are worth a table.

    `rows` gives each value of a feature its row in the tables of lifts; `edges` are where numbers about
    users, such as an age, are cut into ranges.
    """

    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    edges: dict[str, list[float]] = field(default_factory=dict)

    def scene(self, context: Mapping[str, Any], user: Mapping[str, Any] | None = None) -> Scene:
        """What is known of a question; what the context says goes before what the user's profile says.

        >>> known = ContextValues({"device": {"mobile": 0}, "part of day": {"morning": 0}})
        >>> known.scene({"time": "2026-11-22T09:30", "device": "mobile", "mood": "good"})
        {'part of day': ('morning',), 'device': ('mobile',)}
        """
        said = {**(user or {}), **context}
        moment = said.pop(TIME, None)
        found = {} if moment is None else time_scene(seconds_of(moment))
        found |= {
            name: texts_of(value, self.edges.get(name)) for name, value in said.items() if name in self.rows
        }
        known = {
            name: tuple(value for value in values if value in self.rows.get(name, ()))
            for name, values in found.items()
        }
        return {name: values for name, values in known.items() if values}

    def get_state(self) -> State:
        """Everything, as a tree that can be saved."""
        return {"rows": self.rows, "edges": self.edges}


def seconds_of(moment: Any) -> float:
    """Unix seconds of a moment given as a number, a datetime or ISO text; without a zone it is UTC.

    Errors: `InputError` for anything else.

    >>> seconds_of("1970-01-01T00:01"), seconds_of(60)
    (60.0, 60.0)
    """
    if isinstance(moment, int | float) and not isinstance(moment, bool) and np.isfinite(moment):
        return float(moment)
    try:
        when = moment if isinstance(moment, datetime) else datetime.fromisoformat(moment)
    except (TypeError, ValueError) as error:
        raise InputError(
            expected=f"Unix seconds or a date such as 2026-11-22T09:30 as '{TIME}' of the context",
            found=repr(moment),
            todo="Give the moment of the question, or leave it out.",
        ) from error
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def time_scene(seconds: float) -> Scene:
    """The features of one moment, by the clock (UTC) of the shop's events.

    >>> time_scene(1_795_000_000.0)
    {'part of day': ('morning',), 'day': ('weekday',), 'month': ('11',), 'season': ('autumn',)}
    """
    when = datetime.fromtimestamp(seconds, tz=UTC)
    return {
        "part of day": (_PARTS[when.hour // 6],),
        "day": ("weekend" if when.weekday() > 4 else "weekday",),
        "month": (f"{when.month:02d}",),
        "season": (_SEASONS[when.month % 12 // 3],),
    }


def texts_of(value: Any, edges: list[float] | None = None) -> tuple[str, ...]:
    """A value as texts: a number as its range between `edges`, a list as each of its entries.

    >>> texts_of(24, [20.0, 30.0]), texts_of(["hiking", "tea"]), texts_of(None)
    (('20 to 30',), ('hiking', 'tea'), ())
    """
    if value is None or isinstance(value, Mapping):
        return ()
    if isinstance(value, list | tuple):
        return tuple(dict.fromkeys(text for one in value for text in texts_of(one)))
    if edges is not None:
        return _range(value, edges)
    text = f"{value:g}" if isinstance(value, float) else str(value).strip()
    return (text,) if text else ()


def _range(value: Any, edges: list[float]) -> tuple[str, ...]:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return ()
    place = int(np.searchsorted(edges, number, side="right"))
    if place == 0:
        return (f"below {edges[0]:g}",)
    above = f"{edges[place - 1]:g}"
    return (f"{above} or more",) if place == len(edges) else (f"{above} to {edges[place]:g}",)
