"""Fit a model again, and put the new one in force only when it is not worse than the one that runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.core.artifact import write_json
from warmstart.core.errors import InputError
from warmstart.core.linear import FloatArray
from warmstart.core.progress import track
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.records import item_from_row
from warmstart.data.splits import Episode, Split, events_by_user, hash_order
from warmstart.engine import persistence
from warmstart.engine.engine import Engine
from warmstart.evaluate.bootstrap import Pieces, interval, resample
from warmstart.evaluate.ranks import rank_targets
from warmstart.recommend.evidence import SHOWN

N: Final = 20
FEWEST: Final = 50
"""So many questions are needed for a verdict."""
VERDICT_FILE: Final = "verdict.json"
_ROW, _UNTIL = "row", "until"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How a candidate did beside the model that runs, on the same questions.

    `running` and `candidate` are nDCG@20, `gain` their difference with its 95 % interval (paired bootstrap
    over users and items). `promoted` says whether the candidate was put in force, `why` in a sentence.
    """

    cases: int
    running: float | None = None
    candidate: float | None = None
    gain: float | None = None
    low: float | None = None
    high: float | None = None
    promoted: bool = False
    why: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def refit(
    model: Path,
    shop: Dataset | None = None,
    *,
    tolerance: float = 0.02,
    sample: int = 1000,
    force: bool = False,
    notes: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Verdict:
    """Fit the model in a folder again, judge the new one, and save it there unless it is worse.

    `shop` is the shop as it is now; without it what the model holds is taken, with all that was observed
    since the fit. What up to `sample` users last did something new with is held out, where the running
    model has not learned of it; both models are asked for it with everything before it as evidence, the
    running one with the new items added, as it would have them. The candidate is promoted when it is not
    certainly worse and its loss is at most `tolerance` of the running model's nDCG@20. What is saved has
    then learned from all events. The version before stays: `core.artifact.roll_back` puts it back in force.

    With fewer than 50 questions there is no verdict and nothing is saved, unless `force`, which saves in
    any case. `notes` are kept with the new model (`Engine.save`).

    Errors: `ArtifactError`; `InputError` where `shop` lacks events that the model has observed, which
    would be lost, unless `force`.
    """
    saved = persistence.load(model)
    if shop is not None and not force:
        _check_nothing_is_lost(saved.since, shop)
    now = shop or saved.shop()
    split = held_out(_learned(saved), now, sample, seed)
    found = _judge(model, saved, split, tolerance, seed)
    if not (found.promoted or force):
        return found
    if force and not found.promoted:
        found = replace(found, promoted=True, why=f"{found.why}; put in force because that was asked")
    version = _fitted(saved, now).save(model, notes=saved.notes if notes is None else notes)
    write_json(version / VERDICT_FILE, found.as_dict())
    return found


def _check_nothing_is_lost(since: pl.DataFrame, shop: Dataset) -> None:
    """Errors: `InputError` where something was observed that the shop does not hold."""
    held = set(shop.events.select(c.USER_ID, c.ITEM_ID).iter_rows())
    lost = sum(pair not in held for pair in since.select(c.USER_ID, c.ITEM_ID).iter_rows())
    if lost:
        raise InputError(
            expected="a shop that holds what the model has observed since its fit",
            found=f"{lost:,} of {len(since):,} such events missing",
            todo="Add them to the shop's events, refit without a shop, or force it and lose them.",
        )


def _learned(saved: persistence.Saved) -> pl.DataFrame:
    """The events that the running model's tables were learned from."""
    return saved.dataset.events if saved.log is None else saved.log.frame()


def held_out(learned: pl.DataFrame, now: Dataset, sample: int, seed: int = 0) -> Split:
    """What users last did something new with, as far as the running model has not `learned` of it.

    An item that was only shown to them before is new to them, and an item that they looked at and then
    bought is one item: all that they have with it is held out, and what they did before it is the evidence.
    """
    rows = now.events.with_row_index(_ROW).filter(pl.col(c.ITEM_ID).is_not_null())
    deeds = _deeds(rows).unique([c.USER_ID, c.ITEM_ID], keep="first", maintain_order=True)
    last = deeds.filter(
        (pl.len().over(c.USER_ID) > 1) & (pl.col(_ROW) == pl.col(_ROW).max().over(c.USER_ID))
    )
    fresh = last.join(_deeds(learned), on=[c.USER_ID, c.ITEM_ID], how="anti")
    chosen = hash_order(set(fresh[c.USER_ID]), f"{seed}:refit")[:sample]
    asked = fresh.filter(pl.col(c.USER_ID).is_in(chosen)).sort(c.USER_ID)
    events, reviews, withheld = (
        table.join(asked, on=[c.USER_ID, c.ITEM_ID], how="anti", maintain_order="left")
        for table in (now.events, now.reviews, now.withheld)
    )
    until = asked.select(c.USER_ID, pl.col(_ROW).alias(_UNTIL))
    before = (
        rows.join(until, on=c.USER_ID, maintain_order="left")
        .filter(pl.col(_ROW) < pl.col(_UNTIL))
        .drop(_ROW, _UNTIL)
    )
    before = before.join(asked, on=[c.USER_ID, c.ITEM_ID], how="anti", maintain_order="left")
    past = events_by_user(replace(now, events=before))
    return Split(
        name="refit",
        seed=seed,
        train=replace(now, events=events, reviews=reviews, withheld=withheld),
        new_items=frozenset(),
        new_users=frozenset(),
        episodes=tuple(
            Episode(user_id=user, shots=None, history=past[user], targets=(item,))
            for user, item in asked.select(c.USER_ID, c.ITEM_ID).iter_rows()
        ),
    )


def _deeds(events: pl.DataFrame) -> pl.DataFrame:
    """What users did, without what they were only shown."""
    return events.filter(~pl.col(c.EVENT_TYPE).is_in(SHOWN))


def _judge(model: Path, saved: persistence.Saved, split: Split, tolerance: float, seed: int) -> Verdict:
    cases = len(split.episodes)
    if cases < FEWEST:
        who = "one user" if cases == 1 else f"{cases} users"
        why = f"{who} did something new, and {FEWEST} are needed for a verdict"
        return Verdict(cases=cases, why=why)
    running = Engine.load(model)
    _add_new_items(running, split.train)
    engines = {"running": running, "new": _fitted(saved, split.train)}
    gains = np.column_stack([_gains(engine, split.episodes, name) for name, engine in engines.items()])
    users = np.arange(cases, dtype=np.int64)
    _, items = np.unique([episode.targets[0] for episode in split.episodes], return_inverse=True)
    pieces = Pieces(user=users, item=items.astype(np.int64), share=np.ones(cases))
    replicates = resample(pieces, gains.astype(np.float64), seed=seed)
    low, high = interval(replicates[:, 1:] - replicates[:, :1])
    before, after = gains.mean(axis=0).tolist()
    return _verdict(
        Verdict(
            cases=cases,
            running=before,
            candidate=after,
            gain=after - before,
            low=float(low[0]),
            high=float(high[0]),
        ),
        tolerance,
    )


def _verdict(found: Verdict, tolerance: float) -> Verdict:
    """Whether to promote, from the numbers."""
    gain, high, running = found.gain or 0.0, found.high or 0.0, found.running or 0.0
    if high < 0:
        return replace(found, why="the new model is certainly worse")
    if gain < -tolerance * running:
        return replace(found, why=f"the new model loses more than {tolerance:.0%}")
    better = "certainly better" if (found.low or 0.0) > 0 else "not worse"
    return replace(found, promoted=True, why=f"the new model is {better}")


def _add_new_items(running: Engine, shop: Dataset) -> None:
    """What a running model is told of between two fits."""
    known = set(running.dataset.item_ids)
    fresh = shop.items.filter(~pl.col(c.ITEM_ID).is_in(known))
    if len(fresh):
        running.add([item_from_row(row) for row in fresh.iter_rows(named=True)])


def _fitted(saved: persistence.Saved, shop: Dataset) -> Engine:
    """A new engine with the settings and the kind of encoder of the saved one."""
    return Engine(saved.settings).fit(shop, encoder=saved.stages.encoder.unfitted())


def _gains(engine: Engine, episodes: Sequence[Episode], name: str) -> FloatArray:
    """Discounted gain of the held-out item in each list of twenty."""
    ids = engine.dataset.item_ids
    place = {item_id: position for position, item_id in enumerate(ids)}
    found = np.zeros(len(episodes), dtype=np.float32)
    for row, episode in enumerate(track(episodes, f"asking the {name} model", total=len(episodes))):
        target = place.get(episode.targets[0])
        if target is None:
            continue
        query = Query(user_id=episode.user_id, events=episode.history)
        scores = np.array(engine.ranking(query, N), dtype=np.float32)
        scores[[place[e.item_id] for e in episode.history if e.item_id in place]] = np.nan
        rank = int(rank_targets(scores, np.array([target]))[0])
        found[row] = 1.0 / np.log2(rank + 1.0) if 1 <= rank <= N else 0.0
    return found


def check_shop(shop: Dataset) -> None:
    """Errors: `InputError` for a shop without items."""
    if not len(shop.items):
        raise InputError(
            expected="a shop with at least one item", found="none", todo="Check the items file."
        )
