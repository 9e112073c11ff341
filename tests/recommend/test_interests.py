"""Every interest of a history is found and served, and one interest changes nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.core.linear import top_positions, unit_rows
from warmstart.recommend.interests import (
    Interests,
    grouped,
    interest_list,
    room_for_all,
    serving_all,
)

TOYS, TOOLS, BOOKS = np.eye(3, dtype=np.float32)


def near(direction, n, seed=0):
    noise = np.random.default_rng(seed).normal(0, 0.1, (n, 3))
    return unit_rows(direction + noise)


def test_a_history_of_toys_and_a_drill_has_two_interests():
    vectors = np.vstack([near(TOYS, 3), near(TOOLS, 1)])
    found = Interests.of(vectors, np.ones(4, dtype=np.float32))
    assert found.shares.tolist() == [0.75, 0.25]
    assert found.nearest(np.stack([TOOLS, TOYS])).tolist() == [1, 0]


def test_what_speaks_against_an_item_makes_no_interest():
    found = Interests.of(np.stack([TOYS, TOOLS]), np.array([1.0, -1.0], dtype=np.float32))
    assert len(found) == 1


def test_at_most_four_groups_and_none_of_nothing():
    assert len(grouped(np.eye(9, dtype=np.float32), np.ones(9, dtype=np.float32), likeness=0.5)) == 4
    assert grouped(np.zeros((0, 3), dtype=np.float32), np.zeros(0, dtype=np.float32), likeness=0.5) == []
    assert len(Interests.of(np.zeros((0, 3), dtype=np.float32), np.zeros(0, dtype=np.float32))) == 0


@given(st.lists(st.sampled_from([0, 1, 2]), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_groups_do_not_depend_on_the_order_of_the_history(kinds, random):
    vectors = np.eye(3, dtype=np.float32)[kinds]
    order = list(range(len(kinds)))
    random.shuffle(order)
    groups = grouped(vectors[order], np.ones(len(kinds), dtype=np.float32), likeness=0.5)
    assert {frozenset(order[i] for i in rows) for rows in groups} == {
        frozenset(np.flatnonzero(np.array(kinds) == kind).tolist()) for kind in set(kinds)
    }


@given(
    labels=st.lists(st.integers(0, 2), min_size=1, max_size=40),
    shares=st.lists(st.floats(0.05, 1.0), min_size=3, max_size=3),
    n=st.integers(1, 20),
)
def test_a_list_is_full_in_order_and_keeps_what_was_promised(labels, shares, n):
    labels = np.array(labels)
    shares = np.sort(np.array(shares) / sum(shares))[::-1]
    shown = serving_all(labels, shares, n)
    assert len(shown) == min(n, len(labels))
    assert (np.diff(shown) > 0).all()
    if n >= 3:
        there = set(labels.tolist())
        assert set(labels[shown].tolist()) == there
        for interest in there:
            promised = max(1, int(0.5 * shares[interest] * n))
            assert (labels[shown] == interest).sum() >= min(promised, (labels == interest).sum())


@given(n=st.integers(0, 12), labels=st.lists(st.just(0), max_size=20))
def test_one_interest_leaves_the_list_as_it_is(n, labels):
    assert serving_all(np.array(labels, dtype=np.int64), [1.0], n).tolist() == list(
        range(min(n, len(labels)))
    )


@pytest.fixture
def shop():
    """Forty toys score above ten tools; the user has two toys and a tool."""
    content = np.vstack([near(TOYS, 40), near(TOOLS, 10), near(BOOKS, 5)])
    scores = np.linspace(1, 0, 55).astype(np.float32)
    history = np.array([0, 1, 40]), np.ones(3, dtype=np.float32)
    scores[history[0]] = np.nan
    return scores, content, history


def test_the_drill_gets_its_places_among_the_toys(shop):
    scores, content, history = shop
    shown = interest_list(scores, content, history, 12)
    assert shown.tolist() == [*range(2, 12), 41, 42]
    assert Interests.of(content[history[0]], history[1]).covered(content[shown]) == 1.0


def test_room_is_made_by_taking_the_others_out(shop):
    scores, content, history = shop
    allowed = room_for_all(scores, content, history, 12)
    best = top_positions(np.where(allowed, scores, np.nan), 12)
    assert best.tolist() == interest_list(scores, content, history, 12).tolist()
    assert allowed[43:].all()


@pytest.mark.parametrize("n", [0, 5])
def test_without_a_history_or_a_catalogue_nothing_changes(shop, n):
    scores, content, _ = shop
    nothing = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
    assert interest_list(scores, content, nothing, n).tolist() == top_positions(scores, n).tolist()
    unknown = np.full(55, np.nan, dtype=np.float32)
    assert not room_for_all(unknown, content, nothing, n).any()
