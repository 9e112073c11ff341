"""A planted leak is caught."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from tests.evaluate.toys import two_tastes
from warmstart.core import columns as c
from warmstart.core.errors import InputError
from warmstart.data import splits, temporal
from warmstart.data.dataset import Dataset
from warmstart.data.guards import LeakageError, check_inner, check_split, check_texts, suspicious_attributes
from warmstart.data.splits import Split

SHOP = two_tastes()
TIMED = replace(
    SHOP, events=SHOP.events.with_columns(pl.int_range(pl.len()).cast(pl.Float64()).alias(c.TIMESTAMP))
)
CUTS: dict[str, Callable[[], Split]] = {
    "new-items": lambda: splits.new_items(SHOP, 0),
    "new-users": lambda: splits.new_users(SHOP, 0),
    "new-both": lambda: splits.new_both(SHOP, 0, every_target=True),
    "warm": lambda: splits.warm(SHOP),
}
TIMED_CUTS: dict[str, Callable[[], Split]] = {
    "new-items": lambda: temporal.new_items(TIMED),
    "new-users": lambda: temporal.new_users(TIMED),
    "new-both": lambda: temporal.new_both(TIMED, every_target=True),
}


def with_rows(split: Split, table: str, rows: dict[str, list[Any]]) -> Split:
    frame: pl.DataFrame = getattr(split.train, table)
    more = pl.DataFrame(rows, schema={name: frame.schema[name] for name in rows})
    tables: dict[str, Any] = {table: pl.concat([frame, more], how="diagonal")}
    return replace(split, train=replace(split.train, **tables))


@pytest.mark.parametrize("name", CUTS)
def test_honest_cuts_pass(name: str):
    check_split(CUTS[name](), SHOP)


@pytest.mark.parametrize("name", TIMED_CUTS)
def test_honest_temporal_cuts_pass_and_ask_something(name: str):
    split = TIMED_CUTS[name]()
    check_split(split, TIMED)
    assert split.before is not None
    assert split.train.events[c.TIMESTAMP].max() < split.before  # type: ignore[operator]


def test_the_new_of_a_temporal_cut_are_those_that_came_last():
    split = temporal.new_users(TIMED)
    firsts = dict(TIMED.events.group_by(c.USER_ID).agg(pl.col(c.TIMESTAMP).min()).iter_rows())
    assert {user for user, first in firsts.items() if first >= (split.before or 0)} == split.new_users
    assert len(split.new_users) == 12  # a fifth of 60
    assert split.episodes


def test_a_temporal_cut_of_a_shop_without_times_is_refused():
    with pytest.raises(Exception, match="timestamp on every event"):
        temporal.new_items(SHOP)


@pytest.mark.parametrize("cut", [temporal.new_items, temporal.new_users, temporal.new_both])
def test_a_temporal_cut_that_leaves_nothing_to_learn_from_is_refused(cut: Callable[[Dataset], Split]):
    at_once = replace(SHOP, events=SHOP.events.with_columns(pl.lit(1.0).alias(c.TIMESTAMP)))
    with pytest.raises(InputError, match="none before the moment"):
        cut(at_once)


@pytest.mark.parametrize("name", CUTS)
def test_one_target_left_in_training_is_caught(name: str):
    split = CUTS[name]()
    episode = split.episodes[0]
    leaky = with_rows(split, "events", {c.USER_ID: [episode.user_id], c.ITEM_ID: [episode.targets[0]]})
    with pytest.raises(LeakageError):
        check_split(leaky, SHOP)


@pytest.mark.parametrize("table", ["reviews", "withheld"])
def test_what_somebody_said_of_their_target_is_cut_away_and_caught_if_it_is_not(table: str):
    episode = CUTS["warm"]().episodes[0]
    pair = {c.USER_ID: [episode.user_id, "u1"], c.ITEM_ID: [episode.targets[0], "ghost"]}
    told: dict[str, Any] = {
        table: pl.DataFrame(pair | ({c.TEXT: ["fits"] * 2} if table == "reviews" else {}))
    }
    split = splits.warm(replace(SHOP, **told))
    check_split(split, SHOP)
    assert len(getattr(split.train, table)) == 1
    with pytest.raises(LeakageError, match=f"no target among the training {table}"):
        check_split(replace(split, train=replace(split.train, **told)), SHOP)


@pytest.mark.parametrize("name", CUTS)
def test_ratings_that_the_shop_kept_back_leave_training_with_their_users_and_items(name: str):
    kept_back = SHOP.events.select(c.USER_ID, c.ITEM_ID)
    cut = {"new-items": splits.new_items, "new-users": splits.new_users, "new-both": splits.new_both}
    split = cut.get(name, splits.warm)(replace(SHOP, withheld=kept_back), 0)
    check_split(split, SHOP)
    assert 0 < len(split.train.withheld) < len(kept_back)


@pytest.mark.parametrize("table", ["reviews", "withheld"])
def test_a_review_or_rating_from_after_a_temporal_cut_is_caught(table: str):
    split = temporal.new_items(TIMED)
    rows: dict[str, list[Any]] = {c.USER_ID: ["u0"], c.ITEM_ID: ["i0"], c.TIMESTAMP: [1e9]}
    with pytest.raises(LeakageError, match=f"{table} from before the cut"):
        check_split(with_rows(split, table, rows), TIMED)


@pytest.mark.parametrize("table", ["events", "reviews", "withheld"])
def test_anything_that_people_said_of_a_withheld_item_is_caught(table: str):
    split = splits.new_items(SHOP, 0)
    rows = {c.ITEM_ID: [min(split.new_items)], c.USER_ID: ["somebody else"]}
    with pytest.raises(LeakageError, match=f"1 rows of {table}"):
        check_split(with_rows(split, table, rows), SHOP)


@pytest.mark.parametrize("table", ["events", "reviews", "withheld", "users"])
def test_anything_of_a_withheld_user_is_caught(table: str):
    split = splits.new_users(SHOP, 0)
    rows: dict[str, list[Any]] = {c.USER_ID: [min(split.new_users)]} | (
        {} if table == "users" else {c.ITEM_ID: ["i0"]}
    )
    with pytest.raises(LeakageError, match=f"1 rows of {table}"):
        check_split(with_rows(split, table, rows), SHOP)


def test_an_event_from_after_a_temporal_cut_is_caught():
    split = temporal.new_users(TIMED)
    rows: dict[str, list[Any]] = {c.USER_ID: ["u0"], c.ITEM_ID: ["i0"], c.TIMESTAMP: [1e9]}
    with pytest.raises(LeakageError, match="1 later"):
        check_split(with_rows(split, "events", rows), TIMED)


def test_a_target_that_is_given_away_is_caught():
    split = splits.new_users(SHOP, 0)
    i = next(i for i, episode in enumerate(split.episodes) if episode.history)
    told = replace(split.episodes[i], targets=(str(split.episodes[i].history[0].item_id),))
    with pytest.raises(LeakageError, match="what is given"):
        check_split(replace(split, episodes=(told,)), SHOP)


def test_more_evidence_than_stated_is_caught():
    split = splits.new_users(SHOP, 0)
    longest = max(split.episodes, key=lambda episode: len(episode.history))
    with pytest.raises(LeakageError, match="at most 1"):
        check_split(replace(split, episodes=(replace(longest, shots=1),)), SHOP)


def test_an_inner_split_of_the_whole_shop_is_caught():
    outer = splits.new_users(SHOP, 0)
    check_inner(splits.new_users(outer.train, 1000), outer)
    with pytest.raises(LeakageError, match="from outside"):
        check_inner(splits.new_users(SHOP, 1000), outer)


def test_texts_that_stand_in_both_halves_are_found_whatever_case_and_space():
    assert check_texts(["A  b", "c", "订单 在哪"], ["a B", "订单 在哪"]) == [0, 2]


def counted(values: list[float | None]) -> Dataset:
    attributes = [
        None if v is None else f'{{"reviews": {v}, "weight": {i % 5}}}' for i, v in enumerate(values)
    ]
    return replace(SHOP, items=SHOP.items.with_columns(pl.Series(c.ATTRIBUTES, attributes)))


def test_an_attribute_counted_from_the_events_is_suspected_and_others_are_not():
    counts = dict(SHOP.interactions[c.ITEM_ID].value_counts().iter_rows())
    found = suspicious_attributes(counted([3.0 * counts.get(item, 0) for item in SHOP.item_ids]))
    assert found == {"reviews": 1.0}
    assert suspicious_attributes(counted([float(i * 7 % 11) for i in range(len(SHOP.items))])) == {}
    assert suspicious_attributes(SHOP) == {}
