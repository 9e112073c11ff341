"""The promise of exposure: the share asked for, in every list, with the true propensity."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.core.errors import ConfigError
from warmstart.core.linear import top_positions
from warmstart.data.dataset import Dataset
from warmstart.data.item_list import ItemList
from warmstart.data.query import Query
from warmstart.data.records import Event, Item
from warmstart.policy.chance import nth_probability
from warmstart.policy.deserved import Spectrum
from warmstart.policy.exposure import EXPOSURE, ExposurePolicy

OLD = [f"old {i}" for i in range(40)]
NEW = [f"new {i}" for i in range(10)]


def bought(item_id: str, times: int = 1) -> list[Event]:
    return [Event(user_id=f"user {i}", item_id=item_id, event_type="purchase") for i in range(times)]


SHOP = Dataset.from_records(
    [Item(item_id=item_id) for item_id in (*OLD, *NEW)],
    [event for item_id in OLD for event in bought(item_id, 8)],
)


def policy(share: float | None = 0.1, **settings) -> ExposurePolicy:
    return ExposurePolicy(share=share, **settings).fit(SHOP)


def ranked(*item_ids: str) -> ItemList:
    return ItemList(item_ids=item_ids, scores=np.arange(len(item_ids), 0, -1, dtype=np.float32))


ALL_NEW_LAST = ranked(*OLD, *NEW)
shuffled = st.permutations([*OLD[:14], *NEW]).map(lambda ids: ranked(*ids))
shares = st.floats(0, 1, allow_nan=False)
users = st.text(max_size=5).map(lambda name: Query(user_id=name or None))


def new_in(items: ItemList) -> int:
    return sum(item_id in NEW for item_id in items.item_ids)


# -- the share ------------------------------------------------------------------------------------


@given(items=shuffled, share=st.floats(0.001, 1), n=st.integers(0, 24), query=users, exact=st.booleans())
def test_no_list_is_off_by_one_item_or_more(
    items: ItemList, share: float, n: int, query: Query, exact: bool
):
    shown = policy(share, exact=exact).rerank(query, items, n)
    natural = 0 if exact else new_in(items.take(range(n)))
    least, most = max(0, n - 14), min(n, len(NEW))  # what there is to fill the list with
    wanted = min(max(share * n, natural, least), most)
    assert abs(new_in(shown) - wanted) < 1 - 1e-6
    assert new_in(shown) >= natural
    assert len(set(shown.item_ids)) == len(shown) == n


@pytest.mark.parametrize(("share", "n"), [(0.1, 20), (0.13, 10), (0.05, 5), (0.5, 7), (0.03, 20)])
def test_the_expected_share_is_the_share_asked_for(share: float, n: int):
    own = policy(share)
    found = [new_in(own.rerank(Query(user_id=f"u{i}"), ALL_NEW_LAST, n)) for i in range(2000)]
    assert np.mean(found) == pytest.approx(share * n, abs=4 * 0.5 / np.sqrt(2000))


@given(items=shuffled, n=st.integers(0, 24), query=users)
def test_a_share_of_nothing_leaves_the_list_as_it_is(items: ItemList, n: int, query: Query):
    shown = policy(0.0).rerank(query, items, n)
    assert shown.item_ids == items.item_ids[:n]
    np.testing.assert_array_equal(shown.scores, items.scores[:n])
    assert shown.propensities is not None
    assert (shown.propensities == 1).all()
    assert EXPOSURE not in shown.sources


@given(items=shuffled, share=shares, n=st.integers(0, 24), query=users)
def test_both_kinds_keep_their_own_order_and_the_best_go_first(
    items: ItemList, share: float, n: int, query: Query
):
    shown = policy(share).rerank(query, items, n)
    for kind in (set(NEW), set(OLD)):
        own = [item_id for item_id in items.item_ids if item_id in kind]
        listed = [item_id for item_id in shown.item_ids if item_id in kind]
        assert listed == own[: len(listed)]


def test_what_ranks_high_on_merit_keeps_its_place_and_counts():
    items = ranked("new 0", *OLD[:5], "new 1", *OLD[5:], *NEW[2:])
    shown = policy(0.1).rerank(Query(), items, 20)
    assert shown.item_ids == items.item_ids[:20]
    three = policy(0.15).rerank(Query(), items, 20)
    assert [three.item_ids.index(item_id) for item_id in NEW[:3]] == [0, 6, 19]
    assert three.sources[19] == EXPOSURE
    assert three.sources[0] == three.sources[6] == ""


def test_more_than_the_share_stay_on_merit_only_where_no_share_was_asked_for():
    items = ranked(*NEW[:6], *OLD)
    assert new_in(policy(0.1).rerank(Query(), items, 20)) == 2
    assert new_in(policy(0.1, exact=False).rerank(Query(), items, 20)) == 6
    assert new_in(policy(None).rerank(Query(), items, 20)) == 6
    held = policy(0.1).rerank(Query(), items, 20)
    assert held.item_ids == (*NEW[:2], *OLD[:18])
    assert EXPOSURE not in held.sources


def test_places_are_spread_over_the_list_and_depth_moves_them():
    for depth, places in ((0.0, [0, 10]), (0.5, [4, 14]), (1.0, [9, 19])):
        shown = policy(0.1, depth=depth).rerank(Query(), ALL_NEW_LAST, 20)
        assert [i for i, item_id in enumerate(shown.item_ids) if item_id in NEW] == places


@given(share=st.sampled_from([0.05, 0.1, 0.2, 0.25, 0.5]), n=st.integers(1, 20))
def test_a_part_of_the_list_has_its_part_of_the_share(share: float, n: int):
    shown = policy(share).rerank(Query(), ALL_NEW_LAST, 20)
    assert int(n * share) <= new_in(shown.take(range(n))) <= n * share + 1


@given(
    scores=st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0, float("nan")]), min_size=50, max_size=50),
    share=st.sampled_from([None, 0.1, 0.5, 1.0]),
    n=st.integers(0, 30),
    sold=st.sets(st.sampled_from(NEW)),
)
def test_the_shortlist_holds_all_that_the_list_needs(
    scores: list[float], share: float | None, n: int, sold: set[str]
):
    own = policy(share)
    for item_id in sorted(sold):
        own.update(bought(item_id))
    values = np.array(scores, dtype=np.float32)
    everything = top_positions(values, 50)
    short = own.shortlist(values, n)
    lists = [
        own.rerank(Query(), ItemList(item_ids=tuple((OLD + NEW)[i] for i in some), scores=values[some]), n)
        for some in (short, everything)
    ]
    assert lists[0].item_ids == lists[1].item_ids
    np.testing.assert_array_equal(lists[0].propensities, lists[1].propensities)


# -- who qualifies --------------------------------------------------------------------------------


def test_an_item_stops_being_new_when_somebody_touches_it():
    own = policy(0.5)
    assert own.qualifies(["new 0", "old 0", "never heard of"]).tolist() == [True, False, True]
    own.update([Event(user_id="a", item_id="new 0", event_type="impression")])
    assert own.qualifies(["new 0"]).all()
    own.update(bought("new 0"))
    assert not own.qualifies(["new 0"]).any()


def test_thin_items_qualify_up_to_the_number_asked_for():
    own = policy(0.5, thin_below=3)
    for times, thin in ((1, True), (2, True), (3, False)):
        own.update(bought("new 0"))
        assert own.qualifies(["new 0"]).tolist() == [thin], times
    assert not own.qualifies(["old 0"]).any()


def test_thin_items_can_have_the_places_to_themselves():
    own = policy(0.5, thin_below=3, at_least=1)
    own.update(bought("new 0", 2))
    assert own.qualifies(["new 0", "new 1", "old 0"]).tolist() == [True, False, False]
    assert new_in(own.rerank(Query(), ALL_NEW_LAST, 20)) == 1
    assert policy(None, thin_below=3, at_least=1).asked == 0.0


def test_by_default_the_share_is_what_they_deserve_within_bounds():
    own = policy(None)
    assert own.asked == own.most < 0.1
    assert policy(None, most=0.3).asked == pytest.approx(10 / 50)
    for item_id in NEW[:9]:
        own.update(bought(item_id, 5))
    assert own.asked == pytest.approx(1 / 50)
    own.update(bought(NEW[9], 5))
    assert own.asked == 0.0
    assert ExposurePolicy().fit(Dataset.from_records([])).asked == 0.0


def test_stock_that_nobody_took_is_no_reason_for_room():
    tail = [event for i, item_id in enumerate(NEW) for event in bought(item_id, i % 3)]
    items = [Item(item_id=item_id) for item_id in (*OLD, *NEW)]
    events = [event for item_id in OLD for event in bought(item_id, 8)] + tail
    own = ExposurePolicy(most=0.2).fit(Dataset.from_records(items, events))
    # Four items without events, three with one, three with two: 3 * 2 / (2 * 4) of the four by chance.
    assert own.asked == pytest.approx((4 - 0.75) / 50 + 3 / 329)


@given(counts=st.lists(st.integers(0, 6), min_size=1, max_size=30), below=st.integers(1, 5), data=st.data())
def test_the_spectrum_follows_every_event(counts: list[int], below: int, data: st.DataObject):
    spectrum = Spectrum.of(np.array(counts), below)
    for place in data.draw(st.lists(st.integers(0, len(counts) - 1), max_size=10)):
        spectrum.moved(counts[place])
        counts[place] += 1
    again = Spectrum.of(np.array(counts), below)
    assert spectrum.items.tolist() == again.items.tolist()
    assert spectrum.n_events == again.n_events == sum(counts)
    assert 0.0 <= spectrum.deserved(below=below) <= 1.0


@pytest.mark.parametrize("settings", [{"share": -0.1}, {"share": 1.5}, {"most": 2.0}, {"depth": -1.0}])
def test_a_share_that_is_none_is_refused(settings: dict[str, Any]):
    with pytest.raises(ConfigError, match="between 0 and 1"):
        ExposurePolicy(**settings)
    with pytest.raises(ConfigError, match="between 0 and 1"):
        policy().asking(1.01)


def test_another_share_for_one_question_changes_nothing_else():
    own = policy(0.1)
    assert new_in(own.asking(0.5).rerank(Query(), ALL_NEW_LAST, 20)) == 10
    assert new_in(own.rerank(Query(), ALL_NEW_LAST, 20)) == 2


# -- chance ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "n", "rest"), [(0.13, 10, 0.0), (0.37, 5, 0.0), (0.1, 20, 0.4), (0.37, 5, 0.3)]
)
def test_the_logged_propensity_is_how_often_an_item_stands_there(share: float, n: int, rest: float):
    own = policy(share, rest=rest)
    stood: Counter[tuple[int, str]] = Counter()
    logged: dict[tuple[int, str], float] = {}
    trials = 2000
    for i in range(trials):
        for place, item in enumerate(own.rerank(Query(user_id=f"u{i}"), ALL_NEW_LAST, n)):
            stood[place, item.item_id] += 1
            assert logged.setdefault((place, item.item_id), item.propensity) == item.propensity
    for key, propensity in logged.items():
        assert stood[key] / trials == pytest.approx(propensity, abs=4 * 0.5 / np.sqrt(trials))
    for place in range(n):  # in every place something stands
        assert sum(p for (where, _), p in logged.items() if where == place) == pytest.approx(
            1, abs=1e-6 if rest == 0 else 0.01
        )


@given(size=st.integers(1, 8), rest=st.floats(0, 0.9))
def test_every_item_comes_somewhere_and_something_comes_first_second_and_third(size: int, rest: float):
    chances = np.array(
        [[nth_probability(r, k, size, rest) for k in range(1, size + 1)] for r in range(1, size + 1)]
    )
    np.testing.assert_allclose(chances.sum(axis=0), 1.0, atol=1e-9)
    np.testing.assert_allclose(chances.sum(axis=1), 1.0, atol=1e-9)


def test_with_rest_more_items_get_their_turn():
    for rest, at_least in ((0.0, 2), (0.5, 6)):
        own = policy(0.1, rest=rest)
        lists = [own.rerank(Query(user_id=f"u{i}"), ALL_NEW_LAST, 20) for i in range(100)]
        assert all(new_in(shown) == 2 for shown in lists)
        assert len({i for shown in lists for i in shown.item_ids if i in NEW}) >= at_least


def test_the_same_question_has_the_same_answer_and_users_differ():
    def answers(own: ExposurePolicy) -> list[tuple[str, ...]]:
        asked = [Query(user_id=f"u{i}") for i in range(50)]
        return [own.rerank(query, ALL_NEW_LAST, 5).item_ids for query in asked]

    first = answers(policy(0.1))
    assert first == answers(policy(0.1))
    assert len(set(first)) == 2
    assert first != answers(policy(0.1, seed=1))


def test_more_evidence_draws_again():
    own = policy(0.1)
    known = [Query(user_id="u", events=tuple(bought("old 0", k))) for k in range(40)]
    assert len({own.rerank(query, ALL_NEW_LAST, 5).item_ids for query in known}) == 2
