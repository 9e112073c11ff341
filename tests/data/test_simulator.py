"""The simulated shop as data: equal seeds, sound tables, files."""

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.simulated import CONSUMED, shop
from warmstart.core import columns as c
from warmstart.core.errors import ConfigError
from warmstart.data.reader import read_shop
from warmstart.data.schema import EVENT_TYPES, TABLES
from warmstart.data.simulator import SimulatedShop, SimulatorSettings, simulate

FILLED = ("items", "users", "events", "reviews", "queries", "judgments", "graph")


def check(simulated: SimulatedShop) -> None:
    """What holds for every simulated shop."""
    data, asked = simulated.dataset, simulated.settings
    assert (len(data.items), len(data.users)) == (asked.n_items, asked.n_users)
    events = data.events
    assert set(events[c.EVENT_TYPE]) <= set(EVENT_TYPES)
    assert events[c.TIMESTAMP].is_sorted()
    assert events[c.TIMESTAMP].is_between(asked.start, asked.end, closed="left").all()
    assert set(events[c.ITEM_ID].drop_nulls()) <= set(data.items[c.ITEM_ID])
    assert set(events[c.USER_ID]) <= set(data.users[c.USER_ID])
    pure_search = events[c.ITEM_ID].is_null()
    assert (pure_search == (events[c.EVENT_TYPE] == "search")).all()
    assert events.filter(pure_search)[c.QUERY].is_not_null().all()
    seen = data.interactions.join(data.items.select(c.ITEM_ID, c.CREATED_AT), on=c.ITEM_ID)
    assert (seen[c.TIMESTAMP] >= seen[c.CREATED_AT]).all()
    assert (data.items[c.CREATED_AT] < asked.end).all()
    assert all(item.created_at is not None and item.created_at > asked.end for item in simulated.upcoming)


def purchases(simulated: SimulatedShop) -> pl.DataFrame:
    return simulated.dataset.events.filter(pl.col(c.EVENT_TYPE) == "purchase")


def test_equal_settings_give_equal_bytes(tmp_path):
    first = simulate(SimulatorSettings(n_items=80, n_users=40)).write(tmp_path / "a")
    second = simulate(SimulatorSettings(n_items=80, n_users=40)).write(tmp_path / "b")
    names = sorted(path.name for path in first.iterdir())
    assert len(names) == len(FILLED)
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_another_seed_gives_another_shop():
    assert not shop().dataset.items.equals(shop(seed=1).dataset.items)
    assert not shop().dataset.events.equals(shop(seed=1).dataset.events)


@pytest.mark.parametrize("language", ["zh", "mixed"])
def test_language_changes_words_and_leaves_what_people_do(language):
    plain = [c.USER_ID, c.ITEM_ID, c.EVENT_TYPE, c.TIMESTAMP, c.SESSION_ID]
    assert shop().dataset.events.select(plain).equals(shop(language=language).dataset.events.select(plain))


def test_more_users_leave_the_catalogue_as_it_is():
    assert shop().dataset.items.equals(shop(n_users=100).dataset.items)


def test_every_table_is_filled_and_typed():
    for name in FILLED:
        table = getattr(shop().dataset, name)
        assert len(table) > 0
        assert dict(table.schema) == TABLES[name]


@pytest.mark.parametrize("language", ["en", "zh", "mixed"])
def test_the_default_shop_is_sound(language):
    check(shop(language=language))


@settings(max_examples=15, deadline=None)
@given(
    n_items=st.integers(1, 60),
    n_users=st.integers(1, 30),
    n_days=st.integers(1, 40),
    seed=st.integers(0, 10_000),
    language=st.sampled_from(["en", "zh", "mixed"]),
    impressions=st.booleans(),
    new_item_share=st.sampled_from([0.0, 0.3, 1.0]),
    search_share=st.sampled_from([0.0, 0.5, 1.0]),
)
def test_a_shop_of_any_size_is_sound(**asked):
    check(simulate(SimulatorSettings(**asked)))


def test_items_and_users_arrive_while_the_shop_is_open():
    asked, data = shop().settings, shop().dataset
    new_items = (data.items[c.CREATED_AT] >= asked.start).mean()
    joined = [json.loads(row)["joined_at"] for row in data.users[c.ATTRIBUTES]]
    new_users = sum(moment >= asked.start for moment in joined) / len(joined)
    assert new_items == pytest.approx(asked.new_item_share, abs=0.07)
    assert new_users == pytest.approx(asked.new_user_share, abs=0.07)


def test_nobody_comes_before_they_join():
    data = shop().dataset
    joined = dict(zip(data.users[c.USER_ID], map(json.loads, data.users[c.ATTRIBUTES]), strict=True))
    first = data.events.group_by(c.USER_ID).agg(pl.col(c.TIMESTAMP).min())
    assert all(moment >= joined[user]["joined_at"] for user, moment in first.iter_rows())


def test_what_is_bought_was_put_into_the_cart_in_the_same_session():
    carts = shop().dataset.events.filter(pl.col(c.EVENT_TYPE) == "add_to_cart")
    keys = [c.USER_ID, c.ITEM_ID, c.SESSION_ID]
    assert len(purchases(shop()).join(carts, on=keys, how="anti")) == 0


def test_only_what_runs_out_is_bought_twice():
    bought = purchases(shop(n_users=2000)).join(shop(n_users=2000).dataset.items, on=c.ITEM_ID)
    repeated = bought.filter(pl.struct(c.USER_ID, c.ITEM_ID).is_duplicated())
    assert {row[-1] for row in repeated[c.CATEGORIES]} == CONSUMED


def test_a_purchase_carries_its_price_and_a_rating_its_stars():
    data = shop().dataset
    priced = purchases(shop()).join(data.items.select(c.ITEM_ID, c.PRICE), on=c.ITEM_ID)
    assert priced[c.VALUE].equals(priced[c.PRICE].alias(c.VALUE))
    stars = data.events.filter(pl.col(c.EVENT_TYPE) == "rate")[c.VALUE]
    assert set(stars) <= {1.0, 2.0, 3.0, 4.0, 5.0}
    assert stars.n_unique() >= 4


def test_impressions_are_kept_only_when_asked_for():
    without, with_ = shop(n_users=100), shop(n_users=100, impressions=True)
    assert "impression" not in set(without.dataset.events[c.EVENT_TYPE])
    rest = with_.dataset.events.filter(pl.col(c.EVENT_TYPE) != "impression")
    assert len(with_.dataset.events) > 1.4 * len(rest)
    plain = [c.USER_ID, c.ITEM_ID, c.EVENT_TYPE, c.TIMESTAMP]
    assert rest.select(plain).equals(without.dataset.events.select(plain))


@pytest.mark.parametrize("language", ["en", "zh", "mixed"])
def test_the_written_folder_reads_back(tmp_path, language):
    simulated = shop(language=language)
    data, report = read_shop(simulated.write(tmp_path / "shop"))
    assert report.issues == ()
    for name in FILLED:
        written, back = getattr(simulated.dataset, name), getattr(data, name)
        kept = [column for column in written.columns if column not in {c.POSITION, c.IMAGE, c.TAGS}]
        assert back.select(kept).equals(written.select(kept)), name
    assert [row or [] for row in data.items[c.TAGS].to_list()] == simulated.dataset.items[c.TAGS].to_list()


def test_the_files_are_plain_csv_with_canonical_columns(tmp_path):
    folder = shop(n_items=50, n_users=20).write(tmp_path)
    for name in FILLED:
        path = folder / (f"{name}.csv.gz" if name == "events" else f"{name}.csv")
        frame = pl.read_csv(path, infer_schema=False)
        assert frame.columns == list(TABLES[name])
        assert len(frame) == len(getattr(shop(n_items=50, n_users=20).dataset, name))


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_items": 0},
        {"n_users": 2.5},
        {"n_days": True},
        {"language": "fr"},
        {"new_item_share": 1.2},
        {"typo_share": float("nan")},
        {"events_per_user": 0.0},
        {"first_day": "yesterday"},
        {"seed": -1},
    ],
)
def test_impossible_settings_are_refused_by_name(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        SimulatorSettings(**wrong)
