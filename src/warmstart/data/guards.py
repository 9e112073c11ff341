"""Guards against leakage: what a test asks for must not have been seen in training.

A split that lets one withheld event through makes every method look better, the one that memorises most
of all, and nothing in a table of numbers shows it. So each cut is checked before anything is fitted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from warmstart.core import columns as c
from warmstart.core.errors import WarmstartError
from warmstart.data.dataset import Dataset
from warmstart.data.splits import Split

Values = npt.NDArray[np.float64]
FOLLOWS: Final = 0.8
"""Rank correlation with the number of events from which an item attribute is suspected."""
_ENOUGH: Final = 0.5
_PEOPLE: Final = ("events", "reviews", "judgments", "withheld")
_PAIRED: Final = ("events", "reviews", "withheld")
"""Tables whose rows are of a user and an item, at a time."""


class LeakageError(WarmstartError, AssertionError):
    """Training knows something that the test asks for."""


def check_split(split: Split, dataset: Dataset) -> None:
    """Raise `LeakageError` unless `split` is a fair cut of `dataset`.

    Training may hold no event, review, rating or judgment of a withheld item, nothing of a withheld user,
    nothing from after a temporal cut, and no target of anybody; no target may be in its own history, and
    a history may hold no more events than it says.
    """
    _no_rows(split.train, _PEOPLE, c.ITEM_ID, split.new_items, "withheld items")
    tables = (*_PAIRED, "queries", "users")
    _no_rows(split.train, tables, c.USER_ID, split.new_users, "withheld users")
    _nothing_later(split)
    _no_target(split.train, split)
    for episode in split.episodes:
        known = {event.item_id for event in episode.history}
        if known.intersection(episode.targets):
            raise _leak(
                "targets outside the history", f"user {episode.user_id!r} is asked for what is given"
            )
        if episode.shots is not None and len(episode.history) > episode.shots:
            raise _leak(
                f"at most {episode.shots} revealed events",
                f"{len(episode.history)} of user {episode.user_id!r}",
            )
    if split.train.item_ids != dataset.item_ids:
        raise _leak("the whole catalogue in training", "another one")


def check_inner(inner: Split, outer: Split) -> None:
    """Raise `LeakageError` when settings tuned on `inner` could have seen a test case of `outer`.

    The events of the inner split, training and targets alike, must be training events of the outer one.
    """
    allowed = _pairs(outer.train)
    asked = _targets(inner)
    strangers = asked.join(allowed, on=[c.USER_ID, c.ITEM_ID], how="anti")
    beyond = _pairs(inner.train).join(allowed, on=[c.USER_ID, c.ITEM_ID], how="anti")
    if len(strangers) or len(beyond):
        raise _leak(
            "an inner split made of training events alone",
            f"{len(strangers)} targets and {len(beyond)} training events from outside",
        )


def check_texts(asked: Iterable[str], seen: Iterable[str]) -> list[int]:
    """Positions of the `asked` texts that also stand among the `seen` ones, white space and case aside.

    >>> check_texts(["Where is  my card?", "new"], ["where is my card?"])
    [0]
    """
    known = {_normal(text) for text in seen}
    return [i for i, text in enumerate(asked) if _normal(text) in known]


def suspicious_attributes(dataset: Dataset) -> dict[str, float]:
    """Numeric item attributes whose ranks follow the number of events, with the correlation.

    A catalogue often carries counts (reviews, sales rank) that were made from the very events a test
    withholds: text and filters then know what new items will sell. To be asked about, not an error.
    """
    counts = dict(dataset.interactions[c.ITEM_ID].value_counts().iter_rows())
    events = np.array([counts.get(item_id, 0) for item_id in dataset.item_ids], dtype=np.float64)
    found = {}
    for name, values in _numbers(dataset).items():
        given = np.flatnonzero(np.isfinite(values))
        if len(given) >= max(_ENOUGH * len(values), 10):
            correlation = _rank_correlation(values[given], events[given])
            if abs(correlation) >= FOLLOWS:
                found[name] = round(correlation, 3)
    return found


def _numbers(dataset: Dataset) -> dict[str, Values]:
    """Each numeric attribute over all items, NaN where it is missing."""
    found: dict[str, Values] = {}
    for i, text in enumerate(dataset.items[c.ATTRIBUTES].to_list()):
        for name, value in (json.loads(text) if text else {}).items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                found.setdefault(name, np.full(len(dataset.items), np.nan))[i] = value
    return found


def _rank_correlation(a: Values, b: Values) -> float:
    ranks = [pl.Series(values).rank("average").cast(pl.Float64()).to_numpy() for values in (a, b)]
    if min(float(r.std()) for r in ranks) == 0.0:
        return 0.0
    return float(np.corrcoef(np.stack(ranks))[0, 1])


def _no_rows(
    train: Dataset, tables: Iterable[str], column: str, withheld: frozenset[str], what: str
) -> None:
    for table in tables:
        frame: pl.DataFrame = getattr(train, table)
        count = int(frame[column].is_in(list(withheld)).sum())
        if count:
            raise _leak(f"nothing of {what} in training", f"{count} rows of {table}")


def _nothing_later(split: Split) -> None:
    if split.before is None:
        return
    for table in _PAIRED:
        frame: pl.DataFrame = getattr(split.train, table)
        late = frame.filter(pl.col(c.TIMESTAMP) >= split.before)
        if len(late):
            raise _leak(f"{table} from before the cut alone in training", f"{len(late)} later ones")


def _no_target(train: Dataset, split: Split) -> None:
    targets = _targets(split)
    for table in _PAIRED:
        known = targets.join(getattr(train, table), on=[c.USER_ID, c.ITEM_ID], how="semi")
        if len(known):
            raise _leak(f"no target among the training {table}", f"{len(known)}")


def _targets(split: Split) -> pl.DataFrame:
    pairs = [(episode.user_id, target) for episode in split.episodes for target in episode.targets]
    schema = {c.USER_ID: pl.String(), c.ITEM_ID: pl.String()}
    return pl.DataFrame(pairs, schema=schema, orient="row").unique()


def _pairs(dataset: Dataset) -> pl.DataFrame:
    return dataset.interactions.select(c.USER_ID, c.ITEM_ID).unique()


def _normal(text: str) -> str:
    return " ".join(text.casefold().split())


def _leak(expected: str, found: str) -> LeakageError:
    return LeakageError(
        expected=expected, found=found, todo="Mend the cut; numbers from this one would be worthless."
    )
