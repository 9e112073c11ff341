"""The simulated shop as an experiment: the laws that make it worth learning from."""

from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.simulated import CONSUMED, shop
from warmstart.core import columns as c
from warmstart.core.analysis import terms
from warmstart.core.errors import InputError, UnknownIdError
from warmstart.data.simulator import SimulatedShop


def words_of(simulated: SimulatedShop) -> dict[str, set[str]]:
    rows = simulated.dataset.items.select(c.ITEM_ID, c.TITLE, c.DESCRIPTION).iter_rows()
    return {item_id: set(terms(f"{title} {description}")) for item_id, title, description in rows}


def mean_overlap(words: dict[str, set[str]], item_ids: tuple[str, ...]) -> float:
    pairs = combinations(item_ids, 2)
    return float(np.mean([len(words[a] & words[b]) / len(words[a] | words[b]) for a, b in pairs]))


def leaf_of(simulated: SimulatedShop) -> dict[str, str]:
    rows = simulated.dataset.items.select(c.ITEM_ID, pl.col(c.CATEGORIES).list.last()).iter_rows()
    return dict(rows)


def counts(simulated: SimulatedShop, column: str) -> np.ndarray:
    return np.sort(simulated.dataset.interactions.group_by(column).len()["len"].to_numpy())[::-1]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_fifth_of_the_items_holds_nearly_half_of_the_events(seed):
    per_item = counts(shop(seed=seed), c.ITEM_ID)
    assert per_item[: shop().settings.n_items // 5].sum() > 0.45 * per_item.sum()


def test_a_larger_catalogue_has_a_longer_tail():
    large = shop(n_items=3000, n_users=2000)
    per_item = counts(large, c.ITEM_ID)
    assert per_item[:600].sum() > 0.6 * per_item.sum()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_most_users_do_little_and_a_few_do_a_lot(seed):
    per_user = counts(shop(seed=seed), c.USER_ID)
    assert len(per_user) == shop().settings.n_users
    assert 0.3 < (per_user <= 5).mean() < 0.6
    assert 0.02 < (per_user >= 50).mean() < 0.12
    assert per_user.mean() == pytest.approx(shop().settings.events_per_user, rel=0.3)


@settings(max_examples=30, deadline=None)
@given(user=st.integers(0, 799), n=st.integers(1, 50), n_excluded=st.integers(0, 5))
def test_no_list_beats_the_ideal_one(user, n, n_excluded):
    truth, items = shop().truth, shop().dataset.items
    user_id = shop().dataset.users[c.USER_ID][user]
    exclude = truth.ideal_items(user_id, n_excluded)
    ideal = truth.ideal_items(user_id, n, exclude=exclude)
    assert len(set(ideal)) == n
    utility = truth.utility(user_id, ideal)
    assert (np.diff(utility) <= 0).all()
    allowed = items.filter(pl.col(c.AVAILABLE) & ~pl.col(c.ITEM_ID).is_in(exclude))[c.ITEM_ID].to_list()
    assert set(ideal) <= set(allowed)
    assert utility.min() >= truth.utility(user_id, [i for i in allowed if i not in ideal]).max()


def test_utility_is_the_same_asked_for_all_or_for_some():
    truth, ids = shop().truth, shop().dataset.item_ids
    some = [ids[5], ids[0], ids[-1]]
    assert truth.utility("u00001", some) == pytest.approx(truth.utility("u00001")[[5, 0, -1]])
    assert truth.utility("u00001").shape == (len(ids),)


def test_an_ideal_list_of_the_past_holds_only_what_had_arrived():
    middle = (shop().settings.start + shop().settings.end) / 2
    created = dict(shop().dataset.items.select(c.ITEM_ID, c.CREATED_AT).iter_rows())
    ideal = shop().truth.ideal_items("u00001", 600, at=middle)
    assert max(created[item_id] for item_id in ideal) <= middle < max(created.values())


def test_text_tells_taste():
    simulated, rng = shop(), np.random.default_rng(0)
    words, ids = words_of(simulated), simulated.dataset.item_ids
    users = simulated.dataset.users[c.USER_ID][:60]
    ideal = np.mean([mean_overlap(words, simulated.truth.ideal_items(user, 10)) for user in users])
    chance = np.mean([mean_overlap(words, tuple(rng.choice(ids, 10, replace=False))) for _ in users])
    assert ideal > 1.6 * chance


def test_people_buy_what_they_like():
    simulated = shop()
    bought = simulated.dataset.events.filter(pl.col(c.EVENT_TYPE) == "purchase")
    ranks = []
    for user_id, item_id in bought.select(c.USER_ID, c.ITEM_ID).head(300).iter_rows():
        everything = simulated.truth.utility(user_id)
        ranks.append((everything < simulated.truth.utility(user_id, [item_id])[0]).mean())
    assert np.mean(ranks) > 0.85


def test_what_goes_with_an_item_is_bought_with_it_and_reads_differently():
    simulated = shop(n_users=3000)
    leaf, words = leaf_of(simulated), words_of(simulated)
    pairs = {(i, j) for i in simulated.dataset.item_ids for j in simulated.truth.goes_with(i)}
    assert all(leaf[i] != leaf[j] for i, j in pairs)
    purchases = simulated.dataset.events.filter(pl.col(c.EVENT_TYPE) == "purchase")
    bought = purchases.unique([c.USER_ID, c.ITEM_ID])
    baskets = bought.group_by(c.USER_ID).agg(c.ITEM_ID)[c.ITEM_ID].to_list()
    share = dict(bought.group_by(c.ITEM_ID).agg(pl.len() / len(baskets)).iter_rows())
    expected = sum(share.get(i, 0) * share.get(j, 0) for i, j in pairs) * len(baskets)
    together = sum((i, j) in pairs for basket in baskets for i in basket for j in basket)
    assert together > 4 * expected
    sisters = [(i, j) for i, j in combinations(simulated.dataset.item_ids[:200], 2) if leaf[i] == leaf[j]]
    alike = np.mean([mean_overlap(words, pair) for pair in pairs])
    assert alike < 0.7 * np.mean([mean_overlap(words, pair) for pair in sisters])


def test_the_graph_knows_most_but_not_all_of_what_goes_together():
    simulated = shop()
    pairs = {(i, j) for i in simulated.dataset.item_ids for j in simulated.truth.goes_with(i)}
    noted = simulated.dataset.graph.filter(pl.col(c.RELATION) == "goes_with")
    known = set(noted.select(c.HEAD, c.TAIL).iter_rows())
    assert known < pairs
    assert len(known) == pytest.approx(0.7 * len(pairs), rel=0.1)


def test_archetypes_shop_in_their_departments():
    simulated = shop(n_users=2000)
    department = pl.col(c.CATEGORIES).list.first().alias("department")
    seen = simulated.dataset.interactions.join(
        simulated.dataset.items.select(c.ITEM_ID, department), on=c.ITEM_ID
    )
    theirs: list[bool] = []
    others: list[bool] = []
    for user_id, name in seen.select(c.USER_ID, "department").iter_rows():
        (theirs if simulated.truth.archetype(user_id) == "cat_owner" else others).append(name == "Pets")
    assert np.mean(theirs) > 2.5 * np.mean(others)


def test_summer_sells_sunscreen():
    def share(first_day: str) -> float:
        simulated = shop(n_users=1500, n_days=30, first_day=first_day)
        seen = simulated.dataset.interactions.join(simulated.dataset.items, on=c.ITEM_ID)
        return float(np.mean(seen[c.CATEGORIES].list.last().to_numpy() == "Sunscreens"))

    assert share("2025-07-01") > 2 * share("2025-01-01")


def test_upcoming_items_are_new_and_their_truth_is_known():
    simulated = shop()
    ids = [item.item_id for item in simulated.upcoming]
    assert len(ids) >= 6
    assert not set(ids) & set(simulated.dataset.item_ids)
    assert np.isfinite(simulated.truth.utility("u00001", ids)).all()
    assert simulated.truth.goes_with(ids[0])
    hiker = simulated.shopper("ultralight_hiker", seed=3)
    tent, cat_tree = hiker.utility([ids[0], ids[4]])
    assert tent > cat_tree + 1


def test_what_the_simulator_did_not_make_is_an_error():
    truth = shop().truth
    for ask in (
        lambda: truth.utility("nobody"),
        lambda: truth.archetype("nobody"),
        lambda: truth.utility("u00001", ["p00001", "nothing"]),
        lambda: truth.relevance("a query nobody typed"),
        lambda: shop().shopper("astronaut"),
        lambda: shop().shopper("gamer").react(["nothing"], at=0.0),
    ):
        with pytest.raises(UnknownIdError):
            ask()


def test_the_same_stranger_reacts_the_same_way():
    lists = [shop().dataset.item_ids[i : i + 10] for i in range(0, 200, 10)]
    runs = []
    for seed in (4, 4, 5):
        stranger = shop().shopper("home_barista", seed=seed)
        runs.append([stranger.react(shown, at=1e9 + 60 * k) for k, shown in enumerate(lists)])
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_good_lists_earn_more_than_random_ones():
    rng, ids = np.random.default_rng(0), shop().dataset.item_ids
    earned = {"ideal": 0, "random": 0}
    for seed in range(30):
        stranger = shop().shopper("gamer", seed=seed)
        chance = tuple(rng.choice(ids, 10, replace=False))
        for name, shown in (("ideal", stranger.ideal_items(10)), ("random", chance)):
            events = shop().shopper("gamer", seed=seed).react(shown, at=1e9)
            earned[name] += sum(event.event_type == "click" for event in events)
    assert earned["ideal"] > 4 * max(earned["random"], 1)


def test_higher_places_are_looked_at_more():
    clicks = np.zeros(20)
    for seed in range(150):
        stranger = shop().shopper("commuter", seed=seed)
        shown = np.random.default_rng(seed).permutation(stranger.ideal_items(20)).tolist()
        for event in stranger.react(shown, at=1e9):
            clicks[event.context["slot"]] += event.event_type == "click"
    assert clicks[:5].sum() > 1.8 * clicks[-5:].sum()


def test_a_reaction_is_a_funnel_in_order():
    stranger = shop().shopper("new_parent", seed=2)
    shown = stranger.ideal_items(40)
    events = [event for k in range(20) for event in stranger.react(shown, at=1e9 + 1000 * k)]
    kinds: dict[tuple[str | None, str | None], list[str]] = {}
    for event in events:
        assert event.item_id == shown[event.context["slot"]]
        assert (event.value is not None) == (event.event_type == "purchase")
        kinds.setdefault((event.session_id, event.item_id), []).append(event.event_type)
    ladder = ["click", "add_to_cart", "purchase"]
    assert all(steps == ladder[: len(steps)] for steps in kinds.values())
    assert {len(steps) for steps in kinds.values()} == {1, 2, 3}
    lasting = {item for item, leaf in leaf_of(shop()).items() if leaf not in CONSUMED}
    bought = [item for (_, item), steps in kinds.items() if len(steps) == 3 and item in lasting]
    assert len(bought) == len(set(bought)) > 5


def test_a_list_may_be_empty_but_not_repeat():
    stranger = shop().shopper("gamer")
    assert stranger.react([], at=0.0) == []
    with pytest.raises(InputError, match="repeated"):
        stranger.react(["p00001", "p00001"], at=0.0)


@pytest.mark.parametrize("language", ["en", "zh", "mixed"])
def test_a_stranger_can_search_for_what_they_like(language):
    stranger = shop(language=language).shopper("cat_owner", seed=1)
    queries = {stranger.search() for _ in range(20)}
    assert len(queries) > 5
    assert any("cat" in query or "猫" in query for query in queries)
    assert stranger.interests
    assert next(iter(stranger.interests)) == "cats"
