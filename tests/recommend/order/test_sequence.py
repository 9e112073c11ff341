"""Order: tables of what comes after what, and the scorer on top of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.records import Event, Item
from warmstart.recommend.baselines.neighbours import ItemKnnScorer
from warmstart.recommend.evidence import interaction_matrix
from warmstart.recommend.order import sequence as q
from warmstart.recommend.order.sequence import SequenceScorer
from warmstart.recommend.tables import item_knn, rp3

N = 6
orders = st.lists(
    st.lists(st.integers(0, N - 1), unique=True, max_size=N).map(lambda row: np.array(row, dtype=np.int64)),
    max_size=12,
)


def brute(sequences: list[np.ndarray], reach: int, exponent: float) -> np.ndarray:
    table = np.zeros((N, N))
    for sequence in sequences:
        for i, first in enumerate(sequence):
            for later in sequence[i + 1 : i + 1 + reach]:
                table[first, later] += len(sequence) ** -exponent
    return table


def matrix(sequences: list[np.ndarray]) -> sparse.csr_matrix:
    dense = np.zeros((max(len(sequences), 1), N), dtype=np.float32)
    for row, sequence in enumerate(sequences):
        dense[row, sequence] = 1.0
    return sparse.csr_matrix(dense)


def dense(table: sparse.csr_matrix) -> np.ndarray:
    return np.asarray(table.todense())


@given(orders, st.integers(1, N), st.sampled_from([0.0, 0.4]))
def test_forward_counts_equal_a_loop_over_all_pairs(sequences, reach, exponent):
    found = q.forward_counts(sequences, N, reach=reach, user_exponent=exponent)
    np.testing.assert_allclose(dense(found), brute(sequences, reach, exponent), rtol=1e-5)


@given(orders)
def test_counting_in_small_chunks_changes_nothing(sequences):
    whole = q.forward_counts(sequences, N)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(q, "_CHUNK", 1)
        np.testing.assert_array_equal(dense(q.forward_counts(sequences, N)), dense(whole))


@given(orders, st.floats(0, 1))
def test_the_tilt_moves_weight_between_both_directions_and_makes_none(sequences, direction):
    interactions, forward = matrix(sequences), q.forward_counts(sequences, N)
    for tilted, plain in (
        (q.directed_knn(interactions, forward, direction=direction), item_knn(interactions)),
        (
            q.directed_walk(interactions, sequences, direction=direction, item_exponent=0.0),
            rp3(interactions, item_exponent=0.0),
        ),
    ):
        table, other = dense(tilted), dense(plain)
        np.testing.assert_allclose(table + table.T, other + other.T, atol=1e-5)
        assert table.min() >= -1e-5


@given(orders)
def test_without_direction_the_tables_are_those_without_order(sequences):
    interactions, forward = matrix(sequences), q.forward_counts(sequences, N)
    knn = q.directed_knn(interactions, forward, direction=0.0)
    np.testing.assert_allclose(dense(knn), dense(item_knn(interactions)), rtol=1e-6)
    walk = q.directed_walk(interactions, sequences, direction=0.0)
    np.testing.assert_allclose(dense(walk), dense(rp3(interactions)), rtol=1e-6)


def test_what_is_reached_late_is_late_and_what_nobody_met_with_others_is_usual():
    sequences = [np.array([0, 1, 2])] * 30
    late = q.lateness(q.forward_counts(sequences, 4))
    assert late[0] < late[1] < late[2]
    assert late[1] == late[3] == 1.0
    assert q.lateness(q.forward_counts([], 4)).tolist() == [1.0] * 4


ITEMS = [
    Item(item_id=name, title=text)
    for name, text in zip("abcd", ("茶 壶", "tea", "cup", "teapot"), strict=True)
]


def shop(*orders_of_items: str) -> Dataset:
    events = [Event(user_id=f"u{u}", item_id=i) for u, order in enumerate(orders_of_items) for i in order]
    return Dataset.from_records(ITEMS, events)


def test_sequences_hold_what_the_interaction_matrix_holds():
    events = [
        Event(user_id="v", item_id="c"),
        Event(user_id="u", item_id="b"),
        Event(user_id="u", item_id="d", event_type="impression"),
        Event(user_id="v", item_id="a", event_type="rate", value=1.0),
        Event(user_id="u", item_id="a"),
        Event(user_id="u", item_id="b"),
        Event(user_id="u", item_id="nowhere"),
        Event(user_id="v", query="tea"),
    ]
    dataset = Dataset.from_records(ITEMS, events)
    sequences = q.item_sequences(dataset)
    assert [sequence.tolist() for sequence in sequences] == [[1, 0], [2, 0]]
    held = interaction_matrix(dataset)
    for row, sequence in enumerate(sequences):
        assert sorted(held[row].indices.tolist()) == sorted(sequence.tolist())
    assert q.item_sequences(Dataset.from_records(ITEMS)) == []


def test_what_comes_after_scores_above_what_came_before_however_often():
    dataset = shop("abc", "abc", "abd")
    query = Query(events=(Event(user_id="x", item_id="b"),))
    before, _, after, _ = SequenceScorer().fit(dataset).score(query)
    assert after > before
    before, _, after, _ = ItemKnnScorer().fit(dataset).score(query)
    assert after < before


def test_the_latest_item_weighs_most():
    scorer = SequenceScorer(half_life=1.0).fit(shop("ac", "bd"))
    for order, nearer in (("ab", 3), ("ba", 2)):
        scores = scorer.score(Query(events=tuple(Event(user_id="x", item_id=i) for i in order)))
        assert int(np.argmax(scores[2:])) + 2 == nearer
    even = scorer.score(Query(events=(Event(user_id="x", item_id="a"),)))
    faded = scorer.score(Query(events=tuple(Event(user_id="x", item_id=i) for i in "ab")))
    np.testing.assert_allclose(faded[2], even[2] / 2, rtol=1e-6)


def test_without_direction_and_fading_it_is_item_knn():
    dataset = shop("abcd", "ba", "dc", "cab")
    query = Query(events=tuple(Event(user_id="x", item_id=i) for i in "ac"))
    plain = ItemKnnScorer().fit(dataset).score(query)
    found = SequenceScorer(direction=0.0, half_life=1e9).fit(dataset).score(query)
    np.testing.assert_allclose(found, plain, rtol=1e-6)
