"""What kinds of events are worth: found where it was planted, the hand-set weights where nothing speaks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.data.dataset import Dataset
from warmstart.data.records import Event, Item
from warmstart.recommend.event_weights import EventWeights, aged_item_weights, learn_event_weights
from warmstart.recommend.evidence import EVENT_WEIGHTS, RATED, RatingScale, item_weights

DAY = 86_400.0
KINDS = sorted(EVENT_WEIGHTS)


def visit(user: int, item_id: str, event_type: str, at: float | None, value: float | None) -> Event:
    return Event(
        user_id=f"user-{user:03d}", item_id=item_id, event_type=event_type, timestamp=at, value=value
    )


def shop(visits, users: int = 300, seed: int = 0, order: int = 1) -> Dataset:
    """Two kinds of 20 items; `visits` gives each user's events as (kind of item, type, day, value).

    Every second user of each kind is steady: the same visits, all to items of their own kind.
    """
    rng = np.random.default_rng(seed)
    items = [Item(item_id=f"{kind}{i:02d}", title=f"{kind} {i}") for kind in "ab" for i in range(20)]
    events = []
    for user in range(users):
        kinds = {"own": "ab"[user % 2], "other": "ba"[user % 2]}
        own = []
        for (which, event_type, day, value), i in zip(visits, rng.permutation(20), strict=False):
            kind = kinds.get(which if user % 4 > 1 else "own", "ab"[rng.integers(2)])
            at = None if day is None else day * DAY
            own += [visit(user, f"{kind}{i:02d}", event_type, at, value)]
        events.append(own)
    return Dataset.from_records(items, [event for own in events[::order] for event in own])


NOISY = [
    (which, event_type, None, None)
    for which, event_type in [("other", "view"), ("other", "view"), ("own", "click"), ("own", "purchase")]
    * 5
]


def test_a_kind_of_event_that_misleads_loses_its_weight():
    learned = learn_event_weights(shop(NOISY))
    assert learned.gain > 0
    assert learned.weights["view"] < 0.5 * learned.weights["click"]  # by hand .86


def test_the_order_of_users_does_not_matter():
    assert learn_event_weights(shop(NOISY, order=-1)) == learn_event_weights(shop(NOISY))


def test_old_events_of_people_who_changed_lose_their_weight():
    early = [("other", "purchase", 0.0, None)] * 6
    late = [("own", "purchase", 400.0 + day, None) for day in range(10)]
    learned = learn_event_weights(shop(early + late))
    assert learned.half_life < 400
    assert learned.unit == "days"


def test_without_dates_age_is_counted_in_events():
    visits = [("other", "purchase", None, None)] * 8 + [("own", "purchase", None, None)] * 8
    assert learn_event_weights(shop(visits)).unit == "events"


def test_low_ratings_count_for_an_item_where_people_go_on_in_its_kind():
    visits = [("own", "rate", None, value) for value in (1.0, 5.0, 2.0, 4.0, 3.0, 1.0, 5.0, 2.0)]
    learned = learn_event_weights(shop(visits))
    assert learned.weight("rate", place=-1.0) > 0.2


@pytest.mark.parametrize("users", [0, 10])
def test_a_small_shop_keeps_the_hand_set_weights(users):
    learned = learn_event_weights(shop(NOISY, users=users))
    assert learned == EventWeights(
        weights={kind: EVENT_WEIGHTS[kind] for kind in ("click", "purchase", "view")[: 3 * bool(users)]},
        unit=learned.unit,
    )


def test_a_steady_shop_of_one_kind_keeps_the_hand_set_weights():
    learned = learn_event_weights(shop([("own", "purchase", 0.0, None)] * 8))
    assert (learned.weights, learned.half_life) == ({"purchase": 1.0}, float("inf"))


EVENTS = st.lists(
    st.builds(
        Event,
        user_id=st.just("ann"),
        item_id=st.sampled_from(["a", "b", "c"]),
        event_type=st.sampled_from([kind for kind in KINDS if kind != "rate"]),
        timestamp=st.floats(0, 1e9),
    ),
    max_size=8,
)


@given(events=EVENTS)
def test_without_ageing_the_hand_set_weights_give_what_they_always_gave(events):
    hand_set = EventWeights(weights={})
    assert aged_item_weights(events, RatingScale(), hand_set) == item_weights(events, RatingScale())


@given(kind=st.sampled_from(KINDS), age=st.floats(0, 1e4), later=st.floats(0, 1e4))
def test_weights_only_fade(kind, age, later):
    learned = EventWeights(weights={}, half_life=30.0)
    assert abs(learned.weight(kind, age=age + later)) <= abs(learned.weight(kind, age=age)) + 1e-12


@given(stars=st.floats(1, 5))
def test_hand_set_ratings_are_those_of_the_scale(stars):
    hand_set = EventWeights(weights={"rate": 0.0, RATED: 1.0})
    rated = Event(user_id="ann", item_id="a", event_type="rate", value=stars)
    found = aged_item_weights([rated], RatingScale(), hand_set)
    assert found.get("a", 0.0) == pytest.approx(RatingScale().weight("rate", stars))


def test_ages_count_from_the_last_event_or_from_now():
    events = [Event(user_id="ann", item_id=i, timestamp=at * DAY) for i, at in (("a", 0), ("b", 30))]
    learned = EventWeights(weights={}, half_life=30.0)
    assert aged_item_weights(events, RatingScale(), learned) == {"a": 0.5, "b": 1.0}
    assert aged_item_weights(events, RatingScale(), learned, now=60 * DAY) == {"a": 0.25, "b": 0.5}
    by_order = EventWeights(weights={}, half_life=1.0, unit="events")
    assert aged_item_weights(events, RatingScale(), by_order) == {"a": 0.5, "b": 1.0}
