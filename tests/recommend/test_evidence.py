"""How much each event says."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.data.dataset import Dataset
from warmstart.data.records import Event, Item
from warmstart.data.schema import EVENT_TYPES
from warmstart.recommend.evidence import (
    EVENT_WEIGHTS,
    SHOWN,
    RatingScale,
    interaction_matrix,
    item_weights,
    left_alone,
)

events = st.lists(
    st.builds(
        Event,
        user_id=st.sampled_from(["u", "v", "w"]),
        item_id=st.sampled_from(["a", "b", "c", "ghost"]),
        event_type=st.sampled_from(EVENT_TYPES),
        value=st.none() | st.floats(-3, 12) | st.just(float("nan")),
    ),
    max_size=12,
)
SHOP = [Item(item_id=item_id) for item_id in "abc"]


def did(event_type: str, item_id: str = "a", value: float | None = None, user_id: str = "u") -> Event:
    return Event(user_id=user_id, item_id=item_id, event_type=event_type, value=value)


def test_every_event_type_has_a_weight_between_minus_one_and_one():
    assert EVENT_WEIGHTS.keys() == set(EVENT_TYPES)
    assert all(-1 <= weight <= 1 for weight in EVENT_WEIGHTS.values())


@given(events)
def test_weights_are_bounded_whatever_happened(some: list[Event]):
    for weight in item_weights(some, RatingScale()).values():
        assert -1 <= weight <= 1
        assert weight != 0


@given(events)
def test_saying_it_again_adds_nothing(some: list[Event]):
    assert item_weights([*some, *some], RatingScale()) == item_weights(some, RatingScale())


@pytest.mark.parametrize(
    ("happened", "weight"),
    [
        (["view"] * 10, 0.6),
        (["view", "purchase"], 1.0),
        (["purchase", "return"], pytest.approx(0.2)),
        (["dislike"], -1.0),
        (["purchase", "dislike"], None),
        (["impression", "ad_impression"], None),
    ],
)
def test_the_strongest_for_and_against_count(happened: list[str], weight: float | None):
    assert item_weights([did(kind) for kind in happened], RatingScale()).get("a") == weight


@given(events)
def test_only_what_was_shown_and_never_touched_was_left_alone(some: list[Event]):
    touched = {event.item_id for event in some if EVENT_WEIGHTS[event.event_type]}
    shown = {event.item_id for event in some if event.event_type in SHOWN}
    found = left_alone(some)
    assert found.keys() == shown - touched
    assert all(0 < share <= 1 for share in found.values())
    assert left_alone([*some, *(did("purchase", item_id) for item_id in found)]) == {}


def test_a_showing_counts_half_after_a_month():
    month = 30 * 86_400.0
    shown = [
        Event(user_id="u", item_id=i, event_type="impression", timestamp=at * month)
        for i, at in (("a", 0), ("b", 1))
    ]
    assert left_alone(shown) == {"a": pytest.approx(1 - 0.5**0.5), "b": 0.5}


def test_items_stand_in_the_order_of_their_last_event():
    some = [did("view", "a"), did("view", "b"), did("click", "a"), Event(user_id="u", query="lamp")]
    assert list(item_weights(some, RatingScale())) == ["b", "a"]


@pytest.mark.parametrize(
    ("value", "weight"), [(1.0, -1.0), (3.0, 0.0), (5.0, 1.0), (9.0, 1.0), (None, 1.0)]
)
def test_a_rating_counts_by_its_place_on_the_scale(value: float | None, weight: float):
    assert RatingScale(1, 5).weight("rate", value) == weight


def test_the_scale_is_that_of_the_shop():
    rated = [did("rate", value=2.0), did("rate", value=10.0), did("view", value=99.0)]
    assert RatingScale.of(Dataset.from_records(SHOP, rated)) == RatingScale(2.0, 10.0)
    assert RatingScale.of(Dataset.from_records(SHOP, rated[:1])) == RatingScale(1.0, 5.0)
    assert RatingScale.of(Dataset.from_records(SHOP)) == RatingScale(1.0, 5.0)


@given(events)
def test_the_matrix_is_one_where_somebody_chose_something(some: list[Event]):
    matrix = interaction_matrix(Dataset.from_records(SHOP, some)).toarray()
    chosen = {
        (e.user_id, e.item_id) for e in some if EVENT_WEIGHTS[e.event_type] > 0 and e.item_id != "ghost"
    }
    users = sorted({user for user, _ in chosen})
    expected = [[float((user, item) in chosen) for item in "abc"] for user in users]
    assert sorted(matrix.tolist()) == sorted(expected)


def test_events_of_no_stated_type_are_interactions():
    plain = pl.DataFrame({"user_id": ["u", "u"], "item_id": ["a", "c"]})
    shop = Dataset(items=Dataset.from_records(SHOP).items, events=plain)
    assert interaction_matrix(shop).toarray().tolist() == [[1.0, 0.0, 1.0]]
