"""Lifts by context: found where they are, dropped where they are not, and adding up."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.core import columns as c
from warmstart.core.errors import InputError
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.records import Event, Item
from warmstart.data.simulator import SimulatorSettings, simulate
from warmstart.encoders.catalogue import CatalogueEncoder
from warmstart.recommend.context.lifts import LiftModel, centred, shares_of
from warmstart.recommend.context.prior import ContextPrior, ContextScorer
from warmstart.recommend.context.sightings import read_contexts, read_profiles
from warmstart.recommend.context.values import TIME, seconds_of, texts_of
from warmstart.recommend.features import ItemFeatures

WINTER, SUMMER = "2025-01-15T12:00", "2025-07-15T12:00"
WORDS = {"en": ("ski", "swim"), "zh": ("滑雪", "游泳")}


def purchase(user: int, item_id: str, when: str, context: dict[str, object]) -> Event:
    return Event(user_id=f"user-{user:03d}", item_id=item_id, timestamp=seconds_of(when), context=context)


def seasonal_shop(language: str = "en", users: int = 120, seed: int = 0) -> Dataset:
    """Winter and summer things, bought mostly in their season; devices and ages that mean nothing."""
    rng = np.random.default_rng(seed)
    items = [
        Item(item_id=f"{kind}{i}", title=f"{word} {'abcdefgh'[i]}{'xyzuvwpq'[i]}")
        for kind, word in zip("ws", WORDS[language], strict=True)
        for i in range(8)
    ]
    events = []
    for user in range(users):
        for season in "ws":
            kind = season if rng.random() < 0.85 else "ws".replace(season, "")
            for i in rng.choice(7, size=3, replace=False):
                context = {"device": str(rng.choice(["mobile", "desktop"])), "amount": float(i)}
                when = SUMMER if season == "s" else WINTER.replace("2025", str(2025 + user % 2))
                events += [purchase(user, f"{kind}{i}", when, context)]
    shop = Dataset.from_records(items, events)
    ages = [f'{{"age": {int(age)}}}' for age in rng.integers(18, 70, users)]
    profiles = pl.DataFrame({c.USER_ID: [f"user-{u:03d}" for u in range(users)], c.ATTRIBUTES: ages})
    return Dataset(items=shop.items, events=shop.events, users=profiles)


def fitted(shop: Dataset) -> tuple[ContextPrior, ItemFeatures]:
    features = ItemFeatures.fit(shop.item_texts, CatalogueEncoder().fit(shop.item_texts))
    return ContextPrior.fit(shop, features), features


@pytest.fixture(scope="module")
def prior() -> ContextPrior:
    return fitted(seasonal_shop())[0]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_season_lifts_its_items_and_new_ones_that_read_like_them(language):
    shop = seasonal_shop(language)
    lift = fitted(shop)[0].lift({TIME: WINTER})
    winter = np.array([item_id.startswith("w") for item_id in shop.item_ids])
    assert lift[winter].min() > 0.1 > -0.1 > lift[~winter].max()  # w7 and s7 have no events


def test_what_means_nothing_is_dropped(prior):
    assert set(prior.weights) <= {"month", "season"}
    assert not prior.lift({"device": "mobile"}, {"age": 30}).any()


@pytest.mark.parametrize("context", [{}, {"mood": "good"}, {TIME: None}, {"season": None}])
def test_without_a_known_context_nothing_is_lifted(prior, context):
    assert not prior.speaks(context)
    assert not prior.lift(context).any()


@given(month=st.integers(1, 12), device=st.sampled_from(["mobile", "desktop", "fridge", None]))
def test_contributions_add_up_to_the_lift(prior, month, device):
    context = {TIME: f"2025-{month:02d}-11", "device": device}
    positions = np.array([0, 3, 11])
    parts = prior.contributions(context, None, positions)
    np.testing.assert_allclose(
        sum(parts.values(), np.zeros(3)), prior.lift(context)[positions], rtol=1e-5, atol=1e-6
    )


def test_a_lift_leaves_the_sum_of_shares_at_one():
    counts = np.array([[8.0, 1.0, 0.0], [2.0, 5.0, 4.0]])
    model = LiftModel.of(counts, None)
    popularity = shares_of(counts)
    lifts = centred(model.lifts(model.by_text(model.map(1.0)), 3.0), popularity)
    np.testing.assert_allclose(np.exp(lifts) @ popularity, 1.0)


@given(strength=st.floats(0.1, 1e4), scale=st.integers(1, 50))
def test_shrinkage_pulls_every_lift_towards_zero_and_evidence_pulls_it_back(strength, scale):
    counts = np.array([[6.0, 1.0], [2.0, 5.0]])
    plain, shrunk, more = (
        LiftModel.of(counts * n, None).lifts(np.zeros((2, 2)), m)
        for n, m in ((1, 1e-9), (1, strength), (scale, strength))
    )
    assert np.all(np.abs(shrunk) <= np.abs(plain) + 1e-9)
    assert np.all(np.abs(more) >= np.abs(shrunk) - 1e-9)


def test_the_order_of_rows_and_of_users_does_not_matter(prior):
    shop = seasonal_shop()
    shuffled = Dataset(
        items=shop.items,
        events=shop.events.sample(fraction=1.0, shuffle=True, seed=3),
        users=shop.users.reverse(),
    )
    other = fitted(shuffled)[0]
    assert other.weights == pytest.approx(prior.weights, abs=0.05)
    np.testing.assert_allclose(other.lift({TIME: WINTER}), prior.lift({TIME: WINTER}), atol=0.05)


def test_an_added_item_is_lifted_by_its_text():
    shop = seasonal_shop()
    prior, features = fitted(shop)
    new = Dataset.from_records([Item(item_id="new", title="ski gx"), Item(item_id="odd", title="lamp")])
    positions = np.array([16, 17])
    features.put(new.items, positions, 18)
    prior.put(features, positions, 18)
    lift = prior.lift({TIME: WINTER})
    assert lift.shape == (18,)
    assert lift[16] > 0.3 > abs(lift[17])


def test_what_is_saved_answers_the_same():
    prior, _ = fitted(seasonal_shop())
    again = ContextPrior.from_state(prior.get_state())
    np.testing.assert_array_equal(again.lift({TIME: SUMMER}), prior.lift({TIME: SUMMER}))


def test_without_text_new_items_are_left_alone():
    shop = seasonal_shop()
    lift = ContextPrior.fit(shop, None).lift({TIME: WINTER})
    assert lift[0] > 0.1
    assert lift[7] == lift[15]


def test_a_scorer_without_context_is_popularity(prior):
    shop = seasonal_shop()
    scorer = ContextScorer().fit(shop, CatalogueEncoder().fit(shop.item_texts))
    winter = scorer.score(Query(context={TIME: WINTER}))
    plain = scorer.score(Query())
    np.testing.assert_allclose(winter - plain, scorer.prior.lift({TIME: WINTER}), atol=1e-5)
    assert scorer.score(Query(user_id="user-000")) == pytest.approx(plain)


def test_a_short_history_has_no_seasons_and_amounts_are_no_scenes():
    shop = seasonal_shop()
    first = shop.events[c.TIMESTAMP].min()
    spring = Dataset(items=shop.items, events=shop.events.filter(pl.col(c.TIMESTAMP) == first))
    assert set(read_contexts(spring).values.rows) == {"device"}
    assert "amount" not in read_contexts(shop).values.rows


def test_ages_become_ranges_of_equal_size():
    seen = read_contexts(seasonal_shop())
    sizes = np.bincount(seen.sightings["age"].values)
    assert len(sizes) == 5
    assert sizes.max() < 2 * sizes.min()


def test_the_simulated_shop_gives_up_what_was_planted_in_it():
    shop = simulate(SimulatorSettings(n_items=200, n_users=900, n_days=60)).dataset
    found = fitted(shop)[0]
    assert {"campaign", "interests"} <= set(found.weights)
    assert not {"device", "channel", "city"} & set(found.weights)
    interests = read_profiles(shop.users)["u00001"].get("interests", ["hiking"])
    assert not found.speaks({"interests": ["nothing known"]})
    assert isinstance(interests, list)


def test_a_list_counts_each_of_its_values():
    assert texts_of(["a", "b", "a", None]) == ("a", "b")
    assert texts_of({"a": 1}) == ()
    assert texts_of("old", [20.0]) == ()
    assert [texts_of(age, [20.0, 30.0])[0] for age in (3, 20, 31)] == ["below 20", "20 to 30", "30 or more"]


@pytest.mark.parametrize("moment", ["yesterday", True, float("nan"), [1]])
def test_a_moment_that_is_none_is_an_error(moment):
    with pytest.raises(InputError, match="Unix seconds"):
        seconds_of(moment)
