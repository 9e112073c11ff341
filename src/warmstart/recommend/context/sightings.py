"""Which values of which features a shop's events were seen with."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any, Final

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.core.linear import BoolArray, IntArray
from warmstart.data.dataset import Dataset
from warmstart.recommend.context.values import TIME, ContextValues, Scene, texts_of, time_scene
from warmstart.recommend.evidence import EVENT_WEIGHTS

_SEASONAL: Final = ("month", "season")
_SEASONAL_SECONDS: Final = 300 * 86_400.0
_BINS, _FEW_NUMBERS = 5, 12
_MOST_VALUES, _FEWEST_USERS = 32, 5
_HOUR: Final = 3600.0

Source = tuple[list[Scene], IntArray]
"""Distinct scenes, and for each event which of them it had, -1 for none."""


@dataclass(frozen=True)
class Sightings:
    """Distinct observations of one feature: `users[i]` turned to `items[i]` under value `values[i]`."""

    values: IntArray
    items: IntArray
    users: IntArray

    def of_users(self, chosen: BoolArray) -> Sightings:
        """Only those of some users."""
        kept = chosen[self.users]
        return Sightings(self.values[kept], self.items[kept], self.users[kept])


@dataclass(frozen=True)
class SeenContexts:
    """All that a shop's events say about contexts.

    `users` and `items` number the user (in the order of their ids) and the item of each event, where
    `hot` are the catalogue positions of the items that have any; `sources` are the event's moment, its
    context and its user's profile.
    """

    values: ContextValues
    sightings: dict[str, Sightings]
    users: IntArray
    items: IntArray
    sources: tuple[Source, ...]
    hot: IntArray

    @property
    def n_items(self) -> int:
        """How many items have events."""
        return len(self.hot)

    @property
    def n_users(self) -> int:
        """How many users have events."""
        return int(self.users.max(initial=-1)) + 1

    def rows_of(self, event: int) -> dict[str, tuple[int, ...]]:
        """The rows of an event's values, by feature."""
        scenes = [scenes[which[event]] for scenes, which in self.sources if which[event] >= 0]
        found: dict[str, tuple[int, ...]] = {}
        for scene in reversed(scenes):
            for name in scene.keys() & self.values.rows.keys():
                rows = self.values.rows[name]
                found[name] = tuple(rows[value] for value in scene[name] if value in rows)
        return {name: rows for name, rows in found.items() if rows}


def read_contexts(dataset: Dataset) -> SeenContexts:
    """Read a shop's events that speak for an item, with their moments, contexts and users' profiles.

    A value is kept when at least 5 users were seen with it (at most 32 of a feature, the most frequent),
    a feature when two of its values are. A number in a profile that takes more than a dozen values is
    cut at the shop's quintiles. Numbers in the context of events are left out: shops log amounts there,
    which are outcomes and not scenes. Month and season are left out when the events span less than 300
    days, where a season cannot be told from a trend.
    """
    events = _events(dataset)
    users = events["user"].to_numpy().astype(np.int64)
    hot, items = np.unique(events["item"].to_numpy().astype(np.int64), return_inverse=True)
    profiles = read_profiles(dataset.users)
    edges = _edges(profiles.values())
    values, sightings = ContextValues(edges=edges), {}
    sources = (
        _moments(events[c.TIMESTAMP]),
        _contexts(events[c.CONTEXT]),
        _of_users(profiles, edges, events[c.USER_ID]),
    )
    for scenes, which in sources:
        for name in dict.fromkeys(name for scene in scenes for name in scene):
            rows = {} if name in values.rows else _rows(name, scenes, which, users)
            if len(rows) > 1:
                values.rows[name] = rows
                sightings[name] = _sightings(name, rows, (scenes, which), users, items)
    return SeenContexts(values, sightings, users, items, sources, hot)


def read_profiles(users: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """What the users table says of each user.

    >>> read_profiles(pl.DataFrame({"user_id": ["ann"], "attributes": ['{"age": 24}']}))
    {'ann': {'age': 24}}
    """
    known = users.filter(pl.col(c.ATTRIBUTES).is_not_null()).select(c.USER_ID, c.ATTRIBUTES)
    return {user_id: json.loads(text) for user_id, text in known.iter_rows()}


def _events(dataset: Dataset) -> pl.DataFrame:
    place = pl.DataFrame({c.ITEM_ID: dataset.item_ids, "item": np.arange(len(dataset.item_ids))})
    weight = pl.col(c.EVENT_TYPE).replace_strict(EVENT_WEIGHTS, return_dtype=pl.Float64)
    known = dataset.interactions.filter(weight > 0).join(
        place, on=c.ITEM_ID, how="inner", maintain_order="left"
    )
    return known.with_columns((pl.col(c.USER_ID).rank("dense").cast(pl.Int64) - 1).alias("user"))


def _edges(profiles: Iterable[Mapping[str, Any]]) -> dict[str, list[float]]:
    """Quintiles of the numbers in profiles that take many values."""
    numbers: dict[str, list[float]] = {}
    for profile in profiles:
        for name, value in profile.items():
            if isinstance(value, Real) and not isinstance(value, bool):
                numbers.setdefault(name, []).append(float(value))
    cuts = np.linspace(0, 1, _BINS + 1)[1:-1]
    return {
        name: np.unique(np.quantile(found, cuts)).tolist()
        for name, found in numbers.items()
        if len(set(found)) > _FEW_NUMBERS
    }


def _moments(timestamps: pl.Series) -> Source:
    seconds = timestamps.to_numpy().astype(np.float64)
    known = np.isfinite(seconds)
    if not known.any():
        return [], np.full(len(seconds), -1)
    hours, inverse = np.unique(np.floor(seconds[known] / _HOUR), return_inverse=True)
    seasonal = np.ptp(seconds[known]) >= _SEASONAL_SECONDS
    scenes = [
        {
            name: found
            for name, found in time_scene(hour * _HOUR).items()
            if seasonal or name not in _SEASONAL
        }
        for hour in hours.tolist()
    ]
    which = np.full(len(seconds), -1)
    which[known] = inverse
    return scenes, which


def _contexts(contexts: pl.Series) -> Source:
    place: dict[str, int] = {}
    scenes: list[Scene] = []
    known: dict[tuple[tuple[str, tuple[str, ...]], ...], int] = {}
    for text in contexts.unique().drop_nulls().sort().to_list():  # amounts make most of them distinct
        scene = _named(json.loads(text))
        place[text] = known.setdefault(tuple(scene.items()), len(scenes))
        if place[text] == len(scenes):
            scenes.append(scene)
    return scenes, np.array([place.get(text, -1) for text in contexts.to_list()], dtype=np.int64)


def _named(context: Mapping[str, Any]) -> Scene:
    """The named values of an event's context: no numbers."""
    named = {
        name: texts_of(value)
        for name, value in context.items()
        if name != TIME and not isinstance(value, float) and type(value) is not int
    }
    return {name: found for name, found in named.items() if found}


def _of_users(
    profiles: Mapping[str, Mapping[str, Any]], edges: Mapping[str, list[float]], user_ids: pl.Series
) -> Source:
    place = {user_id: i for i, user_id in enumerate(profiles)}
    scenes = [
        {name: texts_of(value, edges.get(name)) for name, value in profile.items() if name != TIME}
        for profile in profiles.values()
    ]
    return scenes, np.array([place.get(user_id, -1) for user_id in user_ids.to_list()], dtype=np.int64)


def _rows(name: str, scenes: list[Scene], which: IntArray, users: IntArray) -> dict[str, int]:
    """The row of each value of a feature that is worth one, in the order of the values."""
    known = which >= 0
    pairs = np.unique(np.column_stack([which[known], users[known]]), axis=0)
    seen = {(value, user) for scene, user in pairs.tolist() for value in scenes[scene].get(name, ())}
    counts = Counter(value for value, _ in seen)
    frequent = sorted((-n, value) for value, n in counts.items() if n >= _FEWEST_USERS)
    return {value: row for row, value in enumerate(sorted(value for _, value in frequent[:_MOST_VALUES]))}


def _sightings(
    name: str, rows: Mapping[str, int], source: Source, users: IntArray, items: IntArray
) -> Sightings:
    scenes, which = source
    codes = [[rows[value] for value in scene.get(name, ()) if value in rows] for scene in scenes]
    lengths = np.array([len(code) for code in codes] + [0])
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    flat = np.array([row for code in codes for row in code], dtype=np.int64)
    repeat = lengths[which]
    event = np.repeat(np.arange(len(which)), repeat)
    within = np.arange(len(event)) - np.repeat(np.cumsum(repeat) - repeat, repeat)
    value = flat[starts[which[event]] + within]
    n_items, n_users = int(items.max(initial=0)) + 1, int(users.max(initial=0)) + 1
    found = np.unique((value * n_items + items[event]) * n_users + users[event])
    return Sightings(found // (n_items * n_users), found // n_users % n_items, found % n_users)
