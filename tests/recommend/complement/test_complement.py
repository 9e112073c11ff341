"""What goes with what: baskets, the lift that content foretells, relations, and the scorer on top."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from warmstart.core.artifact import read_state, write_state
from warmstart.core.linear import empty_sparse
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.records import Event, Item, items_frame
from warmstart.recommend.baselines.content import ContentScorer
from warmstart.recommend.complement import lifts
from warmstart.recommend.complement.baskets import BACKWARD, FAR, Baskets
from warmstart.recommend.complement.lifts import ContentLift
from warmstart.recommend.complement.relations import Relations, RelationSettings
from warmstart.recommend.complement.scorer import ComplementScorer
from warmstart.recommend.evidence import interaction_matrix
from warmstart.recommend.mixture import ItemMixture
from warmstart.testing.toys import WordEncoder

TENTS = [f"tent {word}" for word in ("red", "blue", "green", "grey", "pink", "brown")]
BAGS = [f"睡袋 sleeping bag {word}" for word in ("down", "wool", "silk", "warm", "thin", "short")]
CUPS = [f"cup {word}" for word in ("tall", "small", "wide", "round", "flat", "deep")]


def camping(n_users: int = 300, seed: int = 0) -> Dataset:
    """A shop where tents are bought with sleeping bags of no particular kind, and cups alone.

    The last tent and the last bag are new.
    """
    rng = np.random.default_rng(seed)
    items = [
        Item(item_id=f"{text.split()[0]} {k}", title=text) for k, text in enumerate(TENTS + BAGS + CUPS)
    ]
    names = [item.item_id for item in items]
    events = []
    for user in range(n_users):
        tent, bag, cup = (int(rng.integers(5)) + 6 * kind for kind in range(3))
        events += [
            Event(user_id=f"{who} {user}", item_id=names[item], event_type="purchase", session_id="1")
            for who, item in (("camper", tent), ("camper", bag), ("drinker", cup))
        ]
    return Dataset.from_records(items, events)


@pytest.fixture(scope="module")
def shop() -> Dataset:
    return camping()


@pytest.fixture(scope="module")
def encoder(shop: Dataset) -> WordEncoder:
    return WordEncoder().fit(shop.item_texts)


@pytest.fixture(scope="module")
def scorer(shop: Dataset, encoder: WordEncoder) -> ComplementScorer:
    return ComplementScorer().fit(shop, encoder)


def cart(*item_ids: str) -> Query:
    return Query(anchors=item_ids)


def best(scores: np.ndarray, item_ids: tuple[str, ...], without: str = "") -> list[str]:
    order = np.argsort(-np.nan_to_num(scores, nan=-1.0))
    return [item_ids[i] for i in order if item_ids[i] != without]


# -- baskets --------------------------------------------------------------------------------------


def bought(*groups: tuple[str, str | None, str]) -> Dataset:
    items = [Item(item_id=name) for name in "abcdef"]
    events = [
        Event(user_id=user, item_id=item_id, session_id=session)
        for user, session, chosen in groups
        for item_id in chosen
    ]
    return Dataset.from_records(items, events)


def dense(table: sparse.csr_matrix) -> np.ndarray:
    return np.asarray(table.todense())


def test_a_basket_is_a_session_and_has_no_order():
    baskets = Baskets.of(bought(("u", "1", "ab"), ("u", "2", "cd"), ("v", "1", "ba")))
    assert not baskets.ordered
    assert sorted(group.tolist() for group in baskets.groups) == [[0, 1], [1, 0], [2, 3]]
    pairs = dense(baskets.pairs(6))
    np.testing.assert_allclose(pairs, pairs.T)
    assert pairs[0, 1] == pytest.approx(2 + 2 * FAR)
    assert pairs[0, 2] == pytest.approx(FAR)


def test_without_sessions_what_is_near_in_a_users_order_is_together():
    baskets = Baskets.of(bought(("u", None, "abcdef")))
    assert baskets.ordered
    pairs = dense(baskets.pairs(6))
    assert pairs[0, 1] == pytest.approx(1 + FAR)
    assert pairs[1, 0] == pytest.approx(BACKWARD + FAR)
    assert pairs[0, 5] == pairs[5, 0] == pytest.approx(FAR)


def test_a_few_sessions_do_not_make_a_log_of_baskets():
    assert Baskets.of(bought(("u", "1", "ab"), *((f"v{k}", None, "abcdef") for k in range(10)))).ordered
    assert not Baskets.of(bought(("u", "1", "ab"), ("v", None, "cdef"))).ordered


users = st.lists(
    st.tuples(
        st.sampled_from(["u", "v", "w", "x"]),
        st.sampled_from([None, "1", "2"]),
        st.text("abcdef", max_size=5),
    ),
    max_size=8,
)


@given(users)
def test_leaving_users_out_is_a_log_without_them(groups):
    dataset = bought(*groups)
    baskets = Baskets.of(dataset)
    for place in range(len(baskets.histories)):
        fewer = baskets.without(np.array([place]))
        assert len(fewer.histories) == len(baskets.histories) - 1
        assert len(fewer.groups) == np.count_nonzero(baskets.owners != place)
        for group, owner in zip(fewer.groups, fewer.owners, strict=True):
            assert set(group) <= set(fewer.histories[owner])


@given(users, st.randoms(use_true_random=False))
def test_nothing_depends_on_the_names_of_users(groups, random):
    names = dict(zip("uvwx", random.sample(["k", "l", "m", "n"], 4), strict=True))
    renamed = [(names[user], session, chosen) for user, session, chosen in groups]
    one, other = Baskets.of(bought(*groups)), Baskets.of(bought(*renamed))
    assert [group.tolist() for group in one.histories] == [group.tolist() for group in other.histories]
    np.testing.assert_allclose(dense(one.pairs(6)), dense(other.pairs(6)))


def test_a_log_of_nothing_has_no_baskets():
    baskets = Baskets.of(bought())
    assert baskets.groups == baskets.histories == []
    assert baskets.pairs(6).nnz == 0
    assert baskets.questions(np.zeros(0, dtype=np.int64), np.random.default_rng(0)) == []


def test_a_question_asks_for_another_item_of_the_same_group():
    rng = np.random.default_rng(0)
    for dataset in (bought(("u", "1", "abc"), ("v", "1", "def")), bought(("u", None, "abcdef"))):
        baskets = Baskets.of(dataset)
        asked = baskets.questions(np.arange(len(baskets.histories)), rng)
        assert len(asked) == len(baskets.groups)
        for one, other in asked:
            assert one != other
            assert any({one, other} <= set(group.tolist()) for group in baskets.groups)


# -- the law of the formula -----------------------------------------------------------------------


def relations(shop: Dataset, *, strength: float, exponent: float) -> Relations:
    counts = np.asarray(interaction_matrix(shop).sum(axis=0), dtype=np.float32).ravel()
    mixture = ItemMixture.fit(None, counts, strength=0.0)
    chosen = RelationSettings(learn=False, strength=strength, exponent=exponent)
    return Relations.fit(None, Baskets.of(shop), counts, mixture, chosen)


def test_without_content_the_score_is_the_shrunk_ratio_of_counted_to_expected(shop: Dataset):
    fitted = relations(shop, strength=2.0, exponent=0.5)
    pairs = dense(fitted.pairs)
    expected = np.outer(pairs.sum(axis=1), pairs.sum(axis=0)) / pairs.sum()
    taken = np.maximum(np.asarray(interaction_matrix(shop).sum(axis=0)).ravel(), 0.5)
    wanted = (pairs + 2.0) / (expected + 2.0) * np.sqrt(taken)
    one = np.ones(1, dtype=np.float32)
    for position in (0, 3, 7):
        found = fitted.scores(np.array([position]), one)
        np.testing.assert_allclose(found, wanted[position], rtol=1e-4)


def test_the_more_the_prediction_weighs_the_less_the_counts_do(shop: Dataset):
    one = np.ones(1, dtype=np.float32)
    spreads = [
        relations(shop, strength=strength, exponent=0.0).scores(np.array([0]), one).std()
        for strength in (0.1, 10.0, 1e6)
    ]
    assert spreads[0] > spreads[1] > spreads[2]
    assert spreads[2] == pytest.approx(0.0, abs=1e-2)


@given(st.lists(st.integers(0, 17), min_size=1, max_size=4, unique=True), st.data())
def test_the_shares_of_a_cart_sum_to_the_score(scorer: ComplementScorer, positions: list[int], data):
    weights = np.array(
        data.draw(
            st.lists(st.sampled_from([1.0, 0.5, -1.0]), min_size=len(positions), max_size=len(positions))
        ),
        dtype=np.float32,
    )
    items = np.array([0, 5, 11, 17])
    fitted = scorer._relations
    for beyond in (False, True):
        shares = fitted.pairwise(np.array(positions), weights, items, beyond_likeness=beyond).shares
        whole = fitted.scores(np.array(positions), weights, beyond_likeness=beyond)
        np.testing.assert_allclose(shares.sum(axis=0), whole[items], rtol=1e-3, atol=1e-4)


# -- what it is for -------------------------------------------------------------------------------


def test_a_tent_asks_for_a_sleeping_bag_and_not_for_another_tent(
    shop: Dataset, encoder: WordEncoder, scorer: ComplementScorer
):
    alike = ContentScorer().fit(shop, encoder)
    for tent in shop.item_ids[:6]:
        found = best(scorer.score(cart(tent)), shop.item_ids, without=tent)
        assert {name.split()[0] for name in found[:5]} == {"睡袋"}
        assert best(alike.score(cart(tent)), shop.item_ids, without=tent)[0].startswith("tent")


def test_a_new_item_goes_with_what_its_kind_goes_with(shop: Dataset, scorer: ComplementScorer):
    new_tent, new_bag = shop.item_ids[5], shop.item_ids[11]
    scores = dict(zip(shop.item_ids, scorer.score(cart(shop.item_ids[0])), strict=True))
    assert scores[new_bag] > max(scores[name] for name in shop.item_ids[:6] + shop.item_ids[12:])
    found = best(scorer.score(cart(new_tent)), shop.item_ids, without=new_tent)
    assert found[0].startswith("睡袋")


def test_an_item_added_later_is_scored_as_one_that_was_there(shop: Dataset, encoder: WordEncoder):
    late = shop.item_ids[11]
    before = replace(shop, items=shop.items.filter(shop.items["item_id"] != late))
    grown = ComplementScorer(learn=False).fit(before, encoder)
    grown.add(items_frame([Item(item_id=late, title=BAGS[5])]))
    scores = dict(zip(grown.item_ids_, grown.score(cart(shop.item_ids[0])), strict=True))
    assert scores[late] > max(score for name, score in scores.items() if not name.startswith("睡袋"))
    again = dict(zip(grown.item_ids_, grown.score(cart(late)), strict=True))
    assert max(again, key=lambda name: -1.0 if name == late else again[name]).startswith("tent")


def test_learning_chooses_what_serves_held_back_baskets(shop: Dataset, encoder: WordEncoder):
    many = camping(1200)
    learned = ComplementScorer(strength=1e6, exponent=1.0).fit(many, encoder)
    assert learned._relations.strength < 1e6
    kept = ComplementScorer(strength=7.0, exponent=0.3, learn=False).fit(many, encoder)
    assert (kept._relations.strength, kept._relations.exponent) == (7.0, 0.3)
    few = ComplementScorer(strength=7.0, exponent=0.3).fit(shop, encoder)
    assert few._relations.strength == 7.0


def test_it_comes_back_from_disk(shop: Dataset, encoder: WordEncoder, scorer: ComplementScorer, tmp_path):
    write_state(tmp_path / "s", scorer.get_state())
    loaded = ComplementScorer()
    loaded.set_state(read_state(tmp_path / "s"))
    loaded.use_encoder(encoder)
    query = cart(shop.item_ids[0], shop.item_ids[13])
    np.testing.assert_array_equal(loaded.score(query), scorer.score(query))


# -- the lift that content foretells --------------------------------------------------------------


@pytest.fixture
def any_log_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifts, "_FEWEST_PAIRS", 1)
    monkeypatch.setattr(lifts, "_RIDGE", 1.0)


@pytest.mark.usefixtures("any_log_is_large")
def test_the_curve_says_that_likes_are_not_bought_together_here(shop: Dataset, encoder: WordEncoder):
    features = ComplementScorer(learn=False).fit(shop, encoder)._text()
    pairs = Baskets.of(shop).pairs(len(shop.item_ids))
    lift = ContentLift.fit(features, pairs, seed=0)
    alike = float(features.content[0] @ features.content[1])
    assert lift.alike(np.array([alike], dtype=np.float32))[0] < 0.5
    rows = lift.block(np.array([0, 5]), np.arange(18))
    assert rows[:, 6:12].min() > rows[:, :6].max()
    np.testing.assert_allclose(lift.row(5), rows[1], rtol=1e-4)


@pytest.mark.usefixtures("any_log_is_large")
def test_the_lift_is_directed(encoder: WordEncoder, shop: Dataset):
    features = ComplementScorer(learn=False).fit(shop, encoder)._text()
    forward = np.zeros((18, 18), dtype=np.float32)
    forward[:5, 6:11], forward[6:11, 12:17], forward[12:17, :5] = 20.0, 20.0, 20.0
    lift = ContentLift.fit(features, sparse.csr_matrix(forward), seed=0)
    there, back = lift.block(np.arange(6), np.arange(6, 12)), lift.block(np.arange(6, 12), np.arange(6))
    assert there.min() > back.max()


def test_where_nothing_was_counted_the_lift_is_one(shop: Dataset, encoder: WordEncoder):
    features = ComplementScorer(learn=False).fit(shop, encoder)._text()
    lift = ContentLift.fit(features, empty_sparse(18, 18), seed=0)
    np.testing.assert_array_equal(lift.row(3), np.ones(18, dtype=np.float32))
