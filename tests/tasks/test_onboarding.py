"""Questions to a stranger: what they teach, when to stop, and what the rules of thumb would ask."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from warmstart.core.errors import InputError, NotFittedError
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.records import Event, Item
from warmstart.encoders.catalogue import CatalogueEncoder
from warmstart.engine.engine import Engine
from warmstart.recommend.features import ItemFeatures
from warmstart.tasks.onboarding.belief import after, gains, spread
from warmstart.tasks.onboarding.choosers import (
    EntropyChooser,
    HelfChooser,
    PopularityChooser,
    QuestionChooser,
    RandomChooser,
    VarianceChooser,
    entropy,
)
from warmstart.tasks.onboarding.onboarding import Onboarding
from warmstart.tasks.onboarding.tastes import Answer, Tastes, _leading
from warmstart.testing.toys import WordEncoder

CHOOSERS: list[QuestionChooser] = [
    RandomChooser(),
    PopularityChooser(),
    EntropyChooser(),
    EntropyChooser(unknown_weight=None),
    HelfChooser(),
    VarianceChooser(),
    VarianceChooser(neighbours=False),
]


def tastes(n_items: int = 12, dim: int = 4, seed: int = 0, *, everyone: bool = False) -> Tastes:
    """Made-up tastes with popular items first."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(dim, dim))
    known = (rng.random((40, n_items)) < np.linspace(0.9, 0.05, n_items)).astype(np.float32)
    levels = rng.integers(0, 6, size=(n_items, 5)).astype(np.float64)
    return Tastes(
        item_ids=tuple(f"i{k}" for k in range(n_items)),
        vectors=np.column_stack([np.ones(n_items), rng.normal(size=(n_items, dim - 1))]),
        covariance=root @ root.T + 0.1 * np.eye(dim),
        noise=0.5,
        counts=known.sum(axis=0).astype(np.float64),
        known=sparse.csr_matrix(known),
        levels=levels,
        everyone=everyone,
        askable=np.ones(n_items, dtype=np.bool_),
    )


def rated_shop() -> Dataset:
    """Two kinds of film and two kinds of people, all of whom rate."""
    rng = np.random.default_rng(1)
    items = [
        Item(item_id=f"{kind}{k}", title=f"{kind} film {k}") for kind in ("space", "love") for k in range(8)
    ]
    events = [
        Event(
            user_id=f"u{u}", item_id=f"{kind}{k}", event_type="rate", value=5.0 if (u % 2) == which else 2.0
        )
        for u in range(30)
        for which, kind in enumerate(("space", "love"))
        for k in range(8)
        if rng.random() < 0.7 - 0.07 * k
    ]
    return Dataset.from_records(items, events)


# -- laws of the belief -------------------------------------------------------------------------------


@given(st.integers(0, 1000), st.lists(st.integers(0, 11), max_size=5, unique=True), st.integers(0, 11))
def test_variance_never_grows_with_an_answer(seed: int, told: list[int], more: int):
    shop = tastes(seed=seed)
    before = after(shop.covariance, shop.vectors[told], shop.noise)
    later = after(shop.covariance, shop.vectors[[*told, more]], shop.noise)
    lost = np.linalg.eigvalsh(before - later)
    assert lost.min() >= -1e-8
    assert np.linalg.eigvalsh(later).min() >= -1e-8


@given(st.integers(0, 1000), st.lists(st.integers(0, 11), max_size=4, unique=True), st.integers(0, 11))
def test_the_gain_of_a_question_is_what_its_answer_takes_off(seed: int, told: list[int], item: int):
    shop = tastes(seed=seed)
    target = spread(shop.vectors, shop.importance)
    before = after(shop.covariance, shop.vectors[told], shop.noise)
    later = after(before, shop.vectors[[item]], shop.noise)
    gain = gains(before, shop.vectors, shop.noise, target)[item]
    assert gain == pytest.approx(np.sum(target * before) - np.sum(target * later), abs=1e-8)
    assert gain >= 0


def test_answers_all_at_once_are_answers_one_by_one():
    shop = tastes()
    one = shop.covariance
    for item in (3, 7, 7, 1):
        one = after(one, shop.vectors[[item]], shop.noise)
    np.testing.assert_allclose(
        after(shop.covariance, shop.vectors[[3, 7, 7, 1]], shop.noise), one, atol=1e-9
    )


def test_an_answer_that_may_not_come_teaches_less():
    shop = tastes()
    target = spread(shop.vectors, shop.importance)
    left = [
        np.sum(target * after(shop.covariance, shop.vectors[[2]], shop.noise, np.array([weight])))
        for weight in (1.0, 0.5, 0.01)
    ]
    assert left == sorted(left)


# -- choosing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("chooser", CHOOSERS, ids=repr)
@pytest.mark.parametrize("everyone", [False, True])
def test_the_order_of_the_answers_is_irrelevant(chooser: QuestionChooser, everyone: bool):
    chooser.fit(tastes(everyone=everyone))
    answers = [Answer(item_id="i1", value=4.0), Answer(item_id="i5"), Answer(item_id="i2", value=1.0)]
    found = [chooser.worth(order) for order in permutations(answers)]
    for worth in found[1:]:
        np.testing.assert_array_equal(worth, found[0])


@pytest.mark.parametrize("chooser", CHOOSERS, ids=repr)
def test_every_question_is_asked_once_and_only_what_can_be_asked(chooser: QuestionChooser):
    shop = replace(tastes(), askable=np.arange(12) != 4)
    chooser.fit(shop)
    answers: list[Answer] = []
    while (item := chooser.next(answers)) is not None:
        answers.append(Answer(item_id=item, value=3.0 if len(answers) % 2 else None))
    assert sorted(answer.item_id for answer in answers) == sorted(set(shop.item_ids) - {"i4"})
    assert len(set(chooser.choose(20))) == 11


@pytest.mark.parametrize("chooser", CHOOSERS, ids=repr)
def test_the_first_of_several_questions_is_the_single_question(chooser: QuestionChooser):
    chooser.fit(tastes())
    assert chooser.choose(3)[0] == chooser.next()
    assert chooser.choose(0) == []
    with pytest.raises(InputError):
        chooser.choose(-1)


def test_the_belief_chooses_what_lowers_doubt_most_when_everyone_can_answer():
    shop = tastes(everyone=True)
    chooser = VarianceChooser()
    chooser.fit(shop)
    left = {item: chooser.uncertainty([Answer(item_id=item, value=1.0)]) for item in shop.item_ids}
    assert chooser.next() == min(left, key=lambda item: left[item])


def test_questions_chosen_at_once_teach_more_than_the_single_best_ones():
    shop = tastes(everyone=True, seed=3)
    chooser = VarianceChooser()
    chooser.fit(shop)
    best = [shop.item_ids[i] for i in np.argsort(-chooser.worth())[:3]]
    left = [
        chooser.uncertainty([Answer(item_id=item, value=1.0) for item in items])
        for items in (chooser.choose(3), best)
    ]
    assert left[0] <= left[1]


def test_a_lost_question_teaches_nothing_about_taste_but_what_else_is_unknown():
    shop = tastes()
    chooser = VarianceChooser()
    chooser.fit(shop)
    lost = [Answer(item_id="i0")]
    assert chooser.uncertainty(lost) == chooser.uncertainty()
    twin = sparse.csr_matrix(np.column_stack([shop.known.toarray()[:, 0], shop.known.toarray()]))
    vectors = np.vstack([shop.vectors[:1], shop.vectors])
    with_twin = replace(
        shop,
        item_ids=("twin", *shop.item_ids),
        vectors=vectors,
        known=twin,
        counts=np.asarray(twin.sum(axis=0), dtype=np.float64).ravel(),
        levels=np.vstack([shop.levels[:1], shop.levels]),
        askable=np.ones(13, dtype=np.bool_),
    )
    asking = VarianceChooser()
    asking.fit(with_twin)
    assert asking.can_answer(lost)[0] < asking.can_answer()[0]
    assert asking.can_answer([Answer(item_id="i0", value=3.0)])[0] > asking.can_answer()[0]


@given(st.lists(st.tuples(st.integers(0, 11), st.booleans()), max_size=6))
def test_the_chance_of_an_answer_is_a_probability(given_answers: list[tuple[int, bool]]):
    chooser = VarianceChooser()
    chooser.fit(tastes())
    answers = [Answer(item_id=f"i{k}", value=1.0 if known else None) for k, known in given_answers]
    chance = chooser.can_answer(answers)
    assert chance.min() >= 0
    assert chance.max() <= 1


def test_rules_of_thumb_ask_what_they_say():
    shop = replace(
        tastes(n_items=4),
        counts=np.array([40.0, 30.0, 10.0, 1.0]),
        levels=np.array([[0, 0, 0, 0, 40.0], [10, 5, 0, 5, 10], [2, 2, 2, 2, 2], [1, 0, 0, 0, 0]]),
    )
    first = {name: chooser.fit(shop).next() for name, chooser in zip("rpeEh", CHOOSERS, strict=False)}
    assert first["p"] == "i0"
    assert first["E"] == "i2"
    assert first["e"] in {"i1", "i2"}
    assert first["h"] == "i1"


def test_entropy_is_largest_where_answers_are_even():
    found = entropy(np.array([[5.0, 5.0], [9.0, 1.0], [0.0, 0.0]]), np.ones(2))
    assert found[0] == pytest.approx(np.log(2) / 2)
    assert found[0] > found[1] > found[2] == 0.0


# -- the conversation ---------------------------------------------------------------------------------


def test_it_stops_after_so_many_questions_or_when_little_is_left_to_learn():
    shop = tastes(everyone=True)
    patient = Onboarding(most=12, least=0.0).take(shop)
    hasty = Onboarding(most=12, least=0.5).take(shop)
    short = Onboarding(most=2, least=0.0).take(shop)
    lengths = [len(conversation(asking)) for asking in (patient, hasty, short)]
    assert lengths[0] == 12
    assert 1 <= lengths[1] < 12
    assert lengths[2] == 2


@settings(max_examples=30)
@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.integers(0, 50))
def test_a_stricter_stop_never_asks_more(one: float, other: float, seed: int):
    shop = tastes(everyone=True, seed=seed)
    low, high = sorted((one, other))
    longer, shorter = (conversation(Onboarding(most=6, least=least).take(shop)) for least in (low, high))
    assert shorter == longer[: len(shorter)]


def conversation(asking: Onboarding) -> list[str]:
    answers: list[Answer] = []
    while (item := asking.next(answers)) is not None:
        answers.append(Answer(item_id=item, value=1.0))
    return [answer.item_id for answer in answers]


@pytest.mark.parametrize("chooser", CHOOSERS, ids=repr)
def test_the_next_question_is_the_best_of_those_that_may_be_asked(chooser: QuestionChooser):
    asking = Onboarding(chooser=chooser, most=12, least=0.0).take(tastes())
    answers = [Answer(item_id="i3", value=4.0)]
    first = asking.next(answers)
    assert first == chooser.unfitted().fit(tastes()).next(answers)
    second = asking.next(answers, may_ask=lambda item_id: item_id != first)
    assert second not in (first, "i3", None)
    assert asking.next(answers, may_ask=lambda _: False) is None


def test_in_a_shop_of_ratings_answers_are_ratings_and_popular_films_are_asked_about():
    shop = rated_shop()
    asking = Onboarding(most=3).fit(shop)
    assert asking.rates_
    questions = asking.questions()
    assert len(set(questions)) == 3
    assert all(int(item[-1]) < 4 for item in questions[:2])
    answers = [Answer(item_id=questions[0], value=5.0), Answer(item_id=questions[1])]
    assert asking.events(answers) == (
        Event(user_id="stranger", item_id=questions[0], event_type="rate", value=5.0),
    )


def test_in_a_shop_without_ratings_likes_move_the_list():
    items = [Item(item_id=f"{kind}{k}", title=f"{kind} {k}") for kind in ("tea", "rod") for k in range(6)]
    events = [
        Event(user_id=f"u{u}", item_id=f"{kind}{(u + k) % 6}", event_type="purchase")
        for u in range(12)
        for kind in [("tea", "rod")[u % 2]]
        for k in range(3)
    ]
    shop = Dataset.from_records(items, events)
    asking = Onboarding(most=4, least=0.0).fit(shop)
    assert not asking.rates_
    questions = asking.questions()
    assert {item[:3] for item in questions} == {"tea", "rod"}
    answers = [Answer(item_id=item, value=float(item.startswith("rod"))) for item in questions]
    engine = Engine().fit(shop, encoder="catalogue")
    scores = dict(
        zip(shop.item_ids, engine.score(Query(events=asking.events(answers))).tolist(), strict=True)
    )
    left = [item for item in shop.item_ids if item not in questions]
    mean = {kind: np.mean([scores[i] for i in left if i[:3] == kind]) for kind in ("tea", "rod")}
    assert mean["rod"] > mean["tea"]


WORDS = ("tea", "rod", "pot", "壶", "茶", "cup", "steel")


@st.composite
def small_shops(draw: st.DrawFn) -> Dataset:
    titles = draw(st.lists(st.lists(st.sampled_from(WORDS), max_size=4), min_size=2, max_size=12))
    items = [Item(item_id=f"i{k}", title=" ".join(words)) for k, words in enumerate(titles)]
    rates = draw(st.booleans())
    pairs = st.tuples(st.integers(0, 6), st.integers(0, len(items) - 1), st.integers(1, 5))
    events = [
        Event(user_id=f"u{u}", item_id=f"i{i}", event_type="rate", value=float(value))
        if rates
        else Event(user_id=f"u{u}", item_id=f"i{i}", event_type="click")
        for u, i, value in draw(st.lists(pairs, max_size=25))
    ]
    return Dataset.from_records(items, events)


@settings(max_examples=15)
@given(small_shops())
def test_texts_that_were_read_already_give_the_same_tastes_as_texts_read_again(shop: Dataset):
    encoder = CatalogueEncoder().fit(shop.item_texts)
    again = Onboarding(most=4, least=0.0).fit(shop, encoder)
    before = Onboarding(most=4, least=0.0).fit_on(shop, ItemFeatures.fit(shop.item_texts, encoder))
    assert again._asking is not None
    assert before._asking is not None
    assert before.rates_ == again.rates_
    np.testing.assert_allclose(before._asking.worth(), again._asking.worth(), rtol=2e-2, atol=1e-6)
    if not before.rates_:  # ratings are read in another order of the items
        assert (before._asking.worth() == again._asking.worth()).all()


def test_an_engine_has_read_the_texts_of_what_was_added_and_changed_too():
    items = [Item(item_id=f"i{k}", title=f"{WORDS[k % 7]} {WORDS[k % 3]}") for k in range(9)]
    engine = Engine().fit(Dataset.from_records(items[:6]), encoder="catalogue")
    early = engine.item_features
    engine.add([*items[6:], Item(item_id="i1", title="tea pot")])
    assert len(early.content) == 6
    asking = Onboarding(most=9, least=0.0).fit_on(engine.dataset, engine.item_features)
    assert set(asking.questions()) == set(engine.dataset.item_ids)
    with pytest.raises(InputError, match="features of 9 items"):
        Onboarding().fit_on(engine.dataset, early)


def test_without_events_another_encoder_speaks_by_the_directions_that_say_most():
    texts = [f"{one} {other}" for one in WORDS for other in WORDS]
    features = ItemFeatures.fit(texts, WordEncoder().fit(texts))
    vectors, others = _leading(features, 3), features.content[:, :3]
    assert (vectors**2).sum() > (others**2).sum()


def test_a_shop_without_events_is_asked_by_its_text():
    items = [
        Item(item_id=f"{kind}{k}", title=f"{kind} number {k}") for kind in ("tea", "rod") for k in range(4)
    ]
    asking = Onboarding().fit(Dataset.from_records(items), CatalogueEncoder().fit(["tea", "rod"]))
    assert asking.next() in {item.item_id for item in items}


def test_unknown_items_in_answers_are_passed_over():
    asking = Onboarding(most=5, least=0.0).take(tastes())
    assert asking.next([Answer(item_id="no such item", value=1.0)]) == asking.next()


def test_it_must_be_fitted_and_have_items():
    with pytest.raises(NotFittedError):
        Onboarding().next()
    with pytest.raises(InputError):
        Onboarding().fit(Dataset.from_records([]))


def test_settings_of_a_chooser_travel():
    chooser = VarianceChooser(mismatch=0.5)
    assert VarianceChooser.from_settings(chooser.settings()) == chooser
