"""The states of ratings: who is asked what, and that nothing asked is in training."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from warmstart.core import columns as c
from warmstart.data.dataset import Dataset
from warmstart.data.guards import LeakageError
from warmstart.data.rating_states import ASKED, RatingSplit, cut_states, rating_states, ratings_of
from warmstart.data.reader import read_shop
from warmstart.data.splits import choose_items, choose_users


def shop(n_users: int = 60, n_items: int = 100, seed: int = 0) -> Dataset:
    """Everybody rates most items; some events are no ratings."""
    rng = np.random.default_rng(seed)
    pairs = [(u, i) for u in range(n_users) for i in range(n_items) if rng.random() < 0.8]
    events = pl.DataFrame(
        {
            c.USER_ID: [f"u{u}" for u, _ in pairs],
            c.ITEM_ID: [f"i{i}" for _, i in pairs],
            c.EVENT_TYPE: ["rate" if rng.random() < 0.95 else "view" for _ in pairs],
            c.VALUE: rng.integers(1, 6, len(pairs)).astype(float),
        }
    )
    return Dataset(items=pl.DataFrame({c.ITEM_ID: [f"i{i}" for i in range(n_items)]}), events=events)


SHOP = shop()
CUT = cut_states(SHOP, 0)


def test_each_state_asks_its_part_of_the_table_and_training_is_the_rest():
    users, items = choose_users(SHOP, 0), choose_items(SHOP, 0)
    wanted = {"new users": (True, False), "new items": (False, True), "both": (True, True)}
    assert CUT.states == tuple(wanted)
    for case in CUT.cases:
        for user_id, item_id in case.pairs():
            assert (user_id in users, item_id in items) == wanted[case.state]
    left = ratings_of(CUT.train)
    assert not set(left[c.USER_ID]) & users
    assert not set(left[c.ITEM_ID]) & items


def test_ten_ratings_are_asked_and_all_others_are_support():
    values = {(u, i): v for u, i, v in ratings_of(SHOP).iter_rows()}
    for case in CUT.cases:
        assert len(case.item_ids) == ASKED
        assert 13 <= len(case.support) + ASKED <= 100
        assert len(set(case.pairs())) == len(case.support) + ASKED
        assert case.ratings == tuple(values[case.user_id, item_id] for item_id in case.item_ids)
        assert all(values[case.user_id, e.item_id] == e.value for e in case.support)


def test_the_order_of_the_rows_changes_nothing_and_the_seed_does():
    rows = np.random.default_rng(1).permutation(len(SHOP.events))
    shuffled = replace(SHOP, events=SHOP.events[rows])
    assert cut_states(shuffled, 0).cases == CUT.cases
    assert cut_states(SHOP, 1).cases != CUT.cases


def test_only_ratings_are_asked_and_the_last_of_two_counts():
    twice = SHOP.with_events(SHOP.events.filter(pl.col(c.EVENT_TYPE) == "rate").head(1))
    changed = twice.events.with_columns(
        pl.when(pl.int_range(pl.len()) == len(twice.events) - 1).then(3.5).otherwise(c.VALUE).alias(c.VALUE)
    )
    found = ratings_of(replace(SHOP, events=changed))
    assert len(found) == int((SHOP.events[c.EVENT_TYPE] == "rate").sum())
    assert found.filter(pl.col(c.VALUE) == 3.5).height == 1


def given() -> Dataset:
    """A shop that brings its own states: its last ten users, and a state of another name."""
    late = pl.col(c.USER_ID).is_in([f"u{u}" for u in range(50, 60)])
    rows = SHOP.events.filter(late & (pl.col(c.EVENT_TYPE) == "rate"))
    state = pl.when(pl.col(c.USER_ID) == "u50").then(pl.lit("late")).otherwise(pl.lit("new users"))
    withheld = rows.select(c.USER_ID, c.ITEM_ID, c.VALUE, state.alias(c.SPLIT))
    return replace(SHOP, events=SHOP.events.filter(~late), withheld=withheld)


def test_states_that_the_shop_brings_are_asked_as_they_are():
    split = rating_states(given(), 0)
    assert split.states == ("new users", "late")
    assert {case.user_id for case in split.cases if case.state == "late"} == {"u50"}
    assert len(split.train.events) == len(given().events)
    assert not len(split.train.withheld)


def test_a_planted_leak_is_caught_in_events_and_in_reviews():
    case = CUT.cases[0]
    pair = {c.USER_ID: [case.user_id], c.ITEM_ID: [case.item_ids[0]]}
    leaky = CUT.train.with_events(pl.DataFrame(pair))
    told = replace(CUT.train, reviews=pl.DataFrame(pair | {c.TEXT: ["I gave it 4"]}))
    for train in (leaky, told):
        with pytest.raises(LeakageError, match="such as user"):
            RatingSplit(seed=0, train=train, cases=CUT.cases)
    both = replace(given(), events=SHOP.events)
    with pytest.raises(LeakageError, match="trained on"):
        rating_states(both, 0)


def test_a_sample_keeps_so_many_users_of_each_state():
    sample = CUT.sample(2)
    assert all(case in CUT.cases for case in sample.cases)
    assert [sum(case.state == state for case in sample.cases) for state in CUT.states] == [2, 2, 2]


def test_the_states_of_melu_have_the_papers_users(shared_data):
    split = rating_states(read_shop(shared_data("ml1m_melu"))[0], 0)
    counts = [sum(case.state == state for case in split.cases) for state in split.states]
    assert dict(zip(split.states, counts, strict=True)) == {
        "new users": 668,
        "new items": 2863,
        "both": 723,
    }
