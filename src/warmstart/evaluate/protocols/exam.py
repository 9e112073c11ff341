"""The questions of a recommendation protocol: who is asked, what is struck out, what counts as found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from warmstart.core import columns as c
from warmstart.core.linear import BoolArray, IntArray
from warmstart.data.query import Query
from warmstart.data.splits import Episode, Split, hash_order
from warmstart.evaluate.ranks import Pool

N: Final = 20


@dataclass(frozen=True, kw_only=True)
class View:
    """One way to read the same scores: `candidates` is its label in the rows."""

    candidates: str
    ranked: Literal["new items", "all items"]
    targets: Literal["new items", "all items"]


COLD: Final = View(candidates="cold", ranked="new items", targets="new items")
ALL_NEW: Final = View(candidates="all", ranked="all items", targets="new items")
ALL: Final = View(candidates="all", ranked="all items", targets="all items")
SHOP: Final = View(candidates="shop", ranked="all items", targets="all items")


@dataclass(kw_only=True)
class Cases:
    """The cases of one number of shots and one view, in the order of the questions."""

    view: View
    pool: Pool
    users: list[str] = field(default_factory=list)
    histories: list[IntArray] = field(default_factory=list)
    targets: list[IntArray] = field(default_factory=list)


Key = tuple[int | None, str]
"""Shots and candidates: what tells one set of cases of a seed from another."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One call of a method: the query, what must not be listed, and the targets in each set of cases."""

    query: Query
    struck: IntArray
    targets: Mapping[Key, IntArray]


@dataclass(frozen=True, kw_only=True)
class Exam:
    """All questions of one seed.

    `new` marks the withheld items, `counts` how many training events an item has, in catalogue order.
    """

    split: Split
    new: BoolArray
    counts: IntArray
    cases: Mapping[Key, Cases]
    asks: Sequence[Ask]


def make_exam(split: Split, views: Sequence[View]) -> Exam:
    """Questions and cases of a split; views without a target are left out."""
    place = {item_id: i for i, item_id in enumerate(split.train.item_ids)}
    new = np.zeros(len(place), dtype=np.bool_)
    new[_positions(sorted(split.new_items), place)] = True
    # Ties are broken by hash: the order of a catalogue often tells what sold.
    everything = _positions(hash_order(place, f"{split.seed}:tie"), place)
    pools = {
        "new items": Pool.of(everything[new[everything]], len(place)),
        "all items": Pool.of(everything, len(place)),
    }
    shots = dict.fromkeys(episode.shots for episode in split.episodes)
    cases = {
        (k, view.candidates): Cases(view=view, pool=pools[view.ranked]) for k in shots for view in views
    }
    asks = [_ask(episode, cases, place, new) for episode in split.episodes]
    return Exam(
        split=split,
        new=new,
        counts=_counts(split, place),
        cases={key: group for key, group in cases.items() if group.users},
        asks=[ask for ask in asks if ask.targets],
    )


def _counts(split: Split, place: Mapping[str, int]) -> IntArray:
    items = split.train.interactions[c.ITEM_ID].to_list()
    return np.bincount(_positions(items, place), minlength=len(place)).astype(np.int64)


def _ask(episode: Episode, cases: Mapping[Key, Cases], place: Mapping[str, int], new: BoolArray) -> Ask:
    """The question of an episode, entered in the cases of every view that has a target for it."""
    targets = _positions(episode.targets, place)
    struck = _positions([event.item_id for event in episode.history], place)
    used: dict[Key, IntArray] = {}
    for key, group in cases.items():
        wanted = targets[new[targets]] if group.view.targets == "new items" else targets
        if key[0] == episode.shots and len(wanted):
            group.users.append(episode.user_id)
            group.histories.append(struck)
            group.targets.append(wanted)
            used[key] = wanted
    return Ask(query=_query(episode), struck=struck, targets=used)


def _query(episode: Episode) -> Query:
    """All evidence travels with the question, so that every method knows the same.

    Users are asked for by name: a method may know whose events it was trained on, but what it remembers of
    them must not count besides the events that come with the question.
    """
    return Query(user_id=episode.user_id, events=episode.history)


def _positions(item_ids: Iterable[str | None], place: Mapping[str, int]) -> IntArray:
    """Catalogue positions; an item that is in no catalogue can neither be listed nor found."""
    return np.array([place[i] for i in item_ids if i is not None and i in place], dtype=np.int64)


def arrays_of(key: Key, answers: Sequence[tuple[IntArray, IntArray]]) -> dict[str, npt.NDArray[Any]]:
    """The answers to one set of cases as named arrays: ranks of all targets on end, and the lists."""
    return {
        array_name(key, "ranks"): np.concatenate([ranks for ranks, _ in answers]),
        array_name(key, "top"): np.stack([top for _, top in answers]),
    }


def array_name(key: Key, what: Literal["ranks", "top"]) -> str:
    """The name of an array of the answers.

    >>> array_name((3, "cold"), "top")
    '3/cold/top'
    """
    shots = "-" if key[0] is None else str(key[0])
    return f"{shots}/{key[1]}/{what}"
