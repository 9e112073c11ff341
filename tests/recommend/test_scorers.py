"""Who may like what: laws of the scorers that read a history."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmstart.core.artifact import read_state, write_state
from warmstart.core.errors import ConfigError, NotFittedError
from warmstart.core.linear import top_positions
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.records import Event, Item, items_frame
from warmstart.data.schema import EVENT_TYPES
from warmstart.recommend.baselines.content import ContentScorer
from warmstart.recommend.baselines.neighbours import ItemKnnScorer, Rp3Scorer
from warmstart.recommend.evidence import SHOWN
from warmstart.recommend.fused.parts import (
    KNN,
    PARTS,
    POPULARITY,
    PRIORS,
    RECENT,
    SLOTS,
    amount,
    part_of,
    recent,
)
from warmstart.recommend.fused.scorer import IMPRESSION, FusedScorer
from warmstart.recommend.fused.weights import damping
from warmstart.recommend.history import HistoryScorer
from warmstart.recommend.popularity import PopularityScorer
from warmstart.testing.toys import NEW_ITEMS, Checkerboard, WordEncoder, checkerboard

HISTORY_SCORERS: list[type[HistoryScorer]] = [ContentScorer, FusedScorer, ItemKnnScorer, Rp3Scorer]


@pytest.fixture(scope="module")
def toy() -> Checkerboard:
    return checkerboard("zh", crowd=True)


@pytest.fixture(scope="module")
def encoder(toy: Checkerboard) -> WordEncoder:
    return WordEncoder().fit(toy.texts)


@pytest.fixture(scope="module")
def fused(toy: Checkerboard, encoder: WordEncoder) -> FusedScorer:
    return FusedScorer().fit(toy.dataset, encoder)


def touched(*item_ids: str, kind: str = "purchase") -> Query:
    return Query(events=tuple(Event(user_id="u", item_id=item_id, event_type=kind) for item_id in item_ids))


item_ids = st.sampled_from([*checkerboard().dataset.item_ids, "an unknown item"])
queries = st.builds(
    Query,
    events=st.lists(
        st.builds(
            Event,
            user_id=st.just("u"),
            item_id=item_ids,
            event_type=st.sampled_from(EVENT_TYPES),
            value=st.none() | st.floats(1, 5),
        ),
        max_size=15,
    ).map(tuple),
    anchors=st.lists(item_ids, max_size=3).map(tuple),
)
mixings = st.none() | st.fixed_dictionaries({name: st.sampled_from([0.0, 0.1, 0.7]) for name in PARTS})


@given(queries, mixings)
def test_contributions_sum_to_the_score(fused: FusedScorer, query: Query, mixing: dict[str, float] | None):
    scores = fused.score(query) if mixing is None else fused.score_with(query, mixing)
    taken_apart = fused.contributions(query, fused.item_ids_, mixing)
    sums = [sum(reason.value for reason in reasons) for reasons in taken_apart]
    np.testing.assert_allclose(sums, scores, rtol=1e-4, atol=1e-4)
    for reasons in taken_apart:
        sizes = [abs(reason.value) for reason in reasons]
        assert sizes == sorted(sizes, reverse=True)


@given(queries)
def test_every_reason_names_its_evidence_or_is_the_prior(fused: FusedScorer, query: Query):
    evidence = {event.item_id for event in query.events} | set(query.anchors)
    for reason in fused.contributions(query, fused.item_ids_[:3])[0]:
        assert reason.item_id in evidence or reason.kind in {POPULARITY, IMPRESSION}


@given(queries)
def test_many_histories_at_once_are_scored_like_one(fused: FusedScorer, query: Query):
    parts, (positions, weights) = fused._parts, fused.history(query)
    read = {"": parts.raw([positions], [weights]), RECENT: parts.raw([positions], [recent(weights)])}
    pairs = zip(SLOTS, fused._slots.at(amount(weights)), strict=True)
    total = np.zeros((len(fused.item_ids_), 2))
    for slot, pair in pairs:
        part, tempo = part_of(slot), RECENT if slot.endswith(RECENT) else ""
        known = part in PRIORS
        values = parts.priors()[part] if known else read[tempo][part][0] * damping(amount(weights))
        total += np.multiply.outer(values / parts.norms[part], pair)
    own = parts.transfer.own
    expected = own * total[:, 0] + (1 - own) * total[:, 1]
    touched_only = replace(query, events=tuple(e for e in query.events if e.event_type not in SHOWN))
    np.testing.assert_allclose(expected, fused.score(touched_only), rtol=1e-3, atol=1e-3)


@given(queries)
def test_having_been_shown_is_no_evidence(fused: FusedScorer, query: Query):
    touched_only = replace(query, events=tuple(e for e in query.events if e.event_type not in SHOWN))
    for known, expected in zip(fused.history(query), fused.history(touched_only), strict=True):
        np.testing.assert_array_equal(known, expected)


@pytest.mark.parametrize("kind", ["dislike", "return", "remove_from_cart"])
def test_evidence_against_an_item_speaks_against_it_and_what_is_like_it(
    fused: FusedScorer, toy: Checkerboard, kind: str
):
    taste = fused.taste(touched(toy.item_id(0, 3), kind=kind))
    assert np.all(taste[toy.groups == 0] < 0)
    assert taste[toy.groups == 0].max() < taste[toy.groups == 1].min()


@pytest.mark.parametrize("scorer", HISTORY_SCORERS)
def test_only_the_last_items_of_a_long_history_count(
    scorer: type[HistoryScorer], toy: Checkerboard, encoder: WordEncoder
):
    fitted = scorer(max_history=3).fit(toy.dataset, encoder)
    long = touched(*[toy.item_id(0, k) for k in range(8)])
    short = touched(*[toy.item_id(0, k) for k in (5, 6, 7)])
    np.testing.assert_array_equal(fitted.score(long), fitted.score(short))
    with_ghosts = touched(*[toy.item_id(0, k) for k in (5, 6, 7)], "ghost 1", "ghost 2")
    np.testing.assert_array_equal(fitted.score(with_ghosts), fitted.score(short))


@given(query=queries, seed=st.integers(0, 3))
@settings(max_examples=20)
def test_scores_know_neither_the_order_of_items_nor_that_of_users(
    toy: Checkerboard, encoder: WordEncoder, fused: FusedScorer, query: Query, seed: int
):
    rng = np.random.default_rng(seed)
    items = toy.dataset.items[rng.permutation(len(toy.dataset.items))]
    events = toy.dataset.events.sort("user_id", descending=bool(seed % 2), maintain_order=True)
    shuffled = FusedScorer().fit(Dataset(items=items, events=events), encoder)
    np.testing.assert_allclose(
        shuffled.score(query, fused.item_ids_), fused.score(query), rtol=1e-2, atol=2e-3
    )


def scorers_of(toy: Checkerboard, encoder: WordEncoder) -> list[HistoryScorer | PopularityScorer]:
    chosen: list[type[HistoryScorer | PopularityScorer]] = [*HISTORY_SCORERS, PopularityScorer]
    return [scorer().fit(toy.dataset, encoder) for scorer in chosen]


def test_a_twin_added_later_scores_like_the_item_that_it_repeats(toy: Checkerboard, encoder: WordEncoder):
    """The law of `add`: vocabulary, weights and tables stay those of the fit.

    So an added item is scored like an item of the same text without events that was there at the fit.
    It is not what a new fit would say, which would count its words too.
    """
    for scorer in scorers_of(toy, encoder):
        for original in sorted(NEW_ITEMS):
            rows = toy.dataset.items.filter(toy.dataset.items["item_id"] == original)
            twin = f"twin of {original}"
            scorer.add(rows.with_columns(item_id=items_frame([Item(item_id=twin)])["item_id"]))
            for query in (Query(), toy.user_query(0, 3), toy.user_query(1)):
                pair = scorer.score(query, [original, twin])
                np.testing.assert_allclose(pair[0], pair[1], rtol=1e-4, atol=1e-5)


def test_adding_items_as_they_stand_changes_nothing(toy: Checkerboard, encoder: WordEncoder):
    for scorer in scorers_of(toy, encoder):
        before = scorer.score(toy.user_query(0, 3))
        scorer.add(toy.dataset.items[3:9])
        scorer.add(toy.dataset.items[:0])
        np.testing.assert_allclose(scorer.score(toy.user_query(0, 3)), before, rtol=1e-4, atol=1e-5)


def test_a_loaded_scorer_answers_the_same_and_still_learns(
    toy: Checkerboard, encoder: WordEncoder, tmp_path: Path
):
    for scorer in scorers_of(toy, encoder):
        folder = tmp_path / type(scorer).__name__
        write_state(folder, scorer.get_state())
        loaded = type(scorer)()
        loaded.set_state(read_state(folder))
        loaded.use_encoder(encoder)
        new = items_frame([Item(item_id="new", title=toy.texts[0]), Item(item_id="bare")])
        for query in (Query(), toy.user_query(0, 3)):
            np.testing.assert_array_equal(loaded.score(query), scorer.score(query))
        for one in (scorer, loaded):
            one.add(new)
        np.testing.assert_array_equal(loaded.score(toy.user_query(0)), scorer.score(toy.user_query(0)))


def test_giving_a_fitted_scorer_its_encoder_again_loses_nothing(toy: Checkerboard, encoder: WordEncoder):
    for scorer in scorers_of(toy, encoder):
        scorer.add(items_frame([Item(item_id="new", title=toy.texts[0])]))
        before = scorer.score(toy.user_query(0, 2))
        scorer.use_encoder(encoder)
        np.testing.assert_array_equal(scorer.score(toy.user_query(0, 2)), before)


@pytest.mark.parametrize("scorer", [ContentScorer, FusedScorer])
def test_fitting_without_the_encoder_it_needs_is_an_error(scorer: type[HistoryScorer], toy: Checkerboard):
    with pytest.raises(ConfigError, match="encoder"):
        scorer().fit(toy.dataset)


@pytest.mark.parametrize("scorer", [*HISTORY_SCORERS, PopularityScorer])
def test_asking_before_fit_is_an_error(scorer: type[HistoryScorer]):
    with pytest.raises(NotFittedError, match=scorer.__name__):
        scorer().score(Query())


@pytest.mark.parametrize("scorer", [ItemKnnScorer, Rp3Scorer, PopularityScorer])
def test_without_an_encoder_items_without_events_stay_unknown(
    scorer: type[HistoryScorer], toy: Checkerboard
):
    scores = scorer().fit(toy.dataset).score(toy.user_query(0))
    np.testing.assert_array_equal(np.isnan(scores), toy.new == 1)


@pytest.mark.parametrize("scorer", HISTORY_SCORERS)
def test_events_on_unknown_items_are_no_history(
    scorer: type[HistoryScorer], toy: Checkerboard, encoder: WordEncoder
):
    fitted = scorer().fit(toy.dataset, encoder)
    np.testing.assert_array_equal(fitted.score(touched("ghost")), fitted.score(Query()))


def shop_of(n: int, events: Sequence[tuple[str, str]] = (), *, title: str = "") -> Dataset:
    items = [Item(item_id=f"i{k}", title=title) for k in range(n)]
    return Dataset.from_records(items, [Event(user_id=user, item_id=item) for user, item in events])


@pytest.mark.parametrize("shop", [shop_of(1), shop_of(1, [("u", "i0")]), shop_of(3, [("u", "gone")])])
@pytest.mark.parametrize("title", ["", "steel kettle"])
@pytest.mark.parametrize("scorer", [*HISTORY_SCORERS, PopularityScorer])
def test_the_smallest_shops_are_fitted_and_answer(scorer: type[HistoryScorer], shop: Dataset, title: str):
    items = items_frame([Item(item_id=item_id, title=title) for item_id in shop.item_ids])
    dataset = Dataset(items=items, events=shop.events)
    fitted = scorer().fit(dataset, WordEncoder().fit(dataset.item_texts))
    for query in (Query(), touched("i0"), touched("gone")):
        assert fitted.score(query).shape == (len(items),)


def test_without_text_people_who_chose_the_same_still_show(toy: Checkerboard):
    bare = Dataset(
        items=items_frame([Item(item_id=i) for i in toy.dataset.item_ids]), events=toy.dataset.events
    )
    scorer = FusedScorer().fit(bare, WordEncoder().fit(bare.item_texts))
    query = Query(events=toy.history("a-user-08", 3))
    best = top_positions(scorer.score(query), 5)
    assert all(bare.item_ids[i].startswith("a") for i in best)


def test_refitting_learns_the_rating_scale_again(toy: Checkerboard, encoder: WordEncoder):
    rated = [
        Event(user_id="u", item_id=toy.item_id(0, k), event_type="rate", value=value)
        for k, value in enumerate([0.0, 100.0])
    ]
    with_scale = toy.dataset.with_events(Dataset.from_records([], rated).events)
    scorer, never = FusedScorer().fit(with_scale, encoder), FusedScorer().fit(toy.dataset, encoder)
    query = Query(events=(Event(user_id="v", item_id=toy.item_id(0, 1), event_type="rate", value=5.0),))
    assert not np.array_equal(scorer.score(query), never.score(query))
    scorer.refit(toy.dataset)
    np.testing.assert_array_equal(scorer.score(query), never.score(query))


def test_popularity_counts_users_not_events():
    shop = shop_of(2, [("u", "i0")] * 5 + [("u", "i1"), ("v", "i1")])
    scores = PopularityScorer().fit(shop).score(Query())
    np.testing.assert_allclose(scores, np.log1p([1, 2]), rtol=1e-5)


def test_a_co_purchase_is_worth_what_item_knn_says():
    shop = shop_of(3, [("u", "i0"), ("u", "i1"), ("v", "i0"), ("v", "i1"), ("w", "i2")])
    scores = ItemKnnScorer(shrinkage=2.0).fit(shop).score(touched("i0"))
    np.testing.assert_allclose(scores, [0.5, 0.5, 0.0], rtol=1e-5)
    assert KNN in PARTS
