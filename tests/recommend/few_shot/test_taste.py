"""The taste posterior: what it knows of a shop, of a stranger and of new items, and what it promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.records import Event, Item
from warmstart.recommend.evidence import RatingScale, interaction_matrix
from warmstart.recommend.few_shot.choosing import CHOICES, stranger
from warmstart.recommend.few_shot.journeys import choices, journeys
from warmstart.recommend.few_shot.questions import Questions
from warmstart.recommend.few_shot.taste import TasteScorer
from warmstart.testing.toys import Checkerboard, WordEncoder, checkerboard


@pytest.fixture(scope="module")
def toy() -> Checkerboard:
    return checkerboard("zh", crowd=True)


@pytest.fixture(scope="module")
def taste(toy: Checkerboard) -> TasteScorer:
    return TasteScorer().fit(toy.dataset, WordEncoder().fit(toy.texts))


def bought(*item_ids: str, kind: str = "purchase") -> tuple[Event, ...]:
    return tuple(Event(user_id="u", item_id=item_id, event_type=kind) for item_id in item_ids)


item_ids = st.lists(st.sampled_from(checkerboard().dataset.item_ids), unique=True, max_size=6)


@given(history=item_ids)
@settings(max_examples=25, deadline=None)
def test_what_prior_and_events_add_sums_to_the_score(taste: TasteScorer, history: list[str]):
    query = Query(events=bought(*history))
    scores, reasons = taste.score(query), taste.contributions(query, taste.item_ids_)
    np.testing.assert_allclose([sum(r.value for r in row) for row in reasons], scores, rtol=1e-4, atol=1e-5)
    assert {r.item_id for r in reasons[0]} == {"", *history}


@given(history=item_ids)
@settings(max_examples=25, deadline=None)
def test_the_order_of_events_does_not_matter(taste: TasteScorer, history: list[str]):
    forwards, backwards = (taste.score(Query(events=bought(*order))) for order in (history, history[::-1]))
    np.testing.assert_allclose(forwards, backwards, rtol=1e-5, atol=1e-6)


def test_doubt_falls_with_every_event(taste: TasteScorer):
    _, before = taste.predict(Query(), taste.item_ids_)
    _, after = taste.predict(Query(events=bought("a-item-00")), taste.item_ids_)
    own = taste.item_ids_.index("a-item-00")
    assert (after <= before + 1e-12).all()
    assert after[own] < before[own]


def test_without_the_main_reason_the_score_falls_more_than_without_another(taste: TasteScorer):
    history = ["a-item-00", "a-item-03", "b-item-01"]
    target = "a-item-07"
    reasons = taste.contributions(Query(events=bought(*history)), [target])[0]
    main = next(reason.item_id for reason in reasons if reason.item_id)
    falls = {
        left: float(taste.score(Query(events=bought(*history)), [target])[0])
        - float(taste.score(Query(events=bought(*(i for i in history if i != left))), [target])[0])
        for left in history
    }
    assert max(falls, key=falls.__getitem__) == main


def test_a_dislike_pushes_its_group_down(taste: TasteScorer):
    mean, _ = taste.predict(Query(), ["a-item-05"])
    worse, _ = taste.predict(Query(events=bought("a-item-00", kind="dislike")), ["a-item-05"])
    assert worse[0] < mean[0]


def test_a_stranger_gets_what_is_popular(taste: TasteScorer, toy: Checkerboard):
    scores = taste.score(Query(), [toy.item_id(0, position) for position in range(12)])
    assert (np.diff(scores) < 0).all()


def test_what_everyone_buys_says_less_about_a_user(taste: TasteScorer):
    evidence = taste.evidence(Query(events=bought("a-item-00", "a-item-10")))
    assert evidence.weights[0] < evidence.weights[1]


def test_a_shop_without_events_ranks_by_text_and_strangers_get_no_opinion():
    items = [Item(item_id=str(i), title=title) for i, title in enumerate(["red tent", "blue tent", "pan"])]
    dataset = Dataset.from_records(items, [])
    encoder = WordEncoder().fit(dataset.item_texts)
    scorer = TasteScorer().fit(dataset, encoder)
    assert np.isnan(scorer.score(Query())).all()
    scores = scorer.score(Query(events=bought("0")))
    assert scores[1] > scores[2]


def test_a_background_of_noes_is_that_of_all_items():
    rng = np.random.default_rng(0)
    vectors = np.column_stack([rng.standard_normal((30, 4)), rng.standard_normal(30)]).astype(np.float32)
    plain, told = (stranger(vectors, 0.3, 0.1, background) for background in (0.0, 0.5))
    assert told.mean.tolist() == plain.mean.tolist()
    precision = np.eye(4) + 0.5 * 0.1 * vectors[:, :4].T.astype(float) @ vectors[:, :4]
    np.testing.assert_allclose(told.covariance[:4, :4], np.linalg.inv(precision), rtol=1e-5, atol=1e-7)


def shop_of_two_tastes(n_users: int) -> Dataset:
    """Users who buy eight of twelve tents or eight of twelve pans, in an order of their own."""
    rng = np.random.default_rng(0)
    items = [Item(item_id=f"{kind}{i}", title=f"{kind} {i}") for kind in ("tent", "pan") for i in range(12)]
    events = [
        Event(user_id=f"u{user:03d}", item_id=f"{('tent', 'pan')[user % 2]}{i}")
        for user in range(n_users)
        for i in rng.permutation(12)[:8]
    ]
    return Dataset.from_records(items, events)


def test_settings_are_chosen_among_those_listed_and_serve_at_least_as_well():
    dataset = shop_of_two_tastes(300)
    encoder = WordEncoder().fit(dataset.item_texts)
    scorer = TasteScorer(popularity_weight=3.0, popularity_exponent=0.5).fit(dataset, encoder)
    assert set(scorer.chosen_) == set(CHOICES)
    start = scorer.settings()
    assert all(value in (*CHOICES[name], start[name]) for name, value in scorer.chosen_.items())
    own = scorer.score(Query(events=bought("tent0")))
    assert own[1:12].min() > own[12:].max()


def test_with_few_users_the_settings_stay():
    dataset = shop_of_two_tastes(40)
    scorer = TasteScorer(confidence=0.5).fit(dataset, WordEncoder().fit(dataset.item_texts))
    assert scorer.chosen_["confidence"] == 0.5


def test_held_out_users_are_not_learned_from():
    dataset = shop_of_two_tastes(300)
    place = {item_id: i for i, item_id in enumerate(dataset.item_ids)}
    users = journeys(dataset, place, RatingScale(), dataset.item_texts)
    questions = Questions.cut(users, seed=0)
    assert questions is not None
    assert len(questions.users) + len(questions.asked) // 4 == len(users)
    for question in questions.asked:
        assert not set(question.targets) & set(question.seen)
        assert len(question.positions) in (1, 2, 3, 5)


def test_a_perfect_answer_has_quality_one_and_the_known_items_never_count():
    dataset = shop_of_two_tastes(300)
    place = {item_id: i for i, item_id in enumerate(dataset.item_ids)}
    questions = Questions.cut(journeys(dataset, place, RatingScale(), dataset.item_texts), seed=0)
    assert questions is not None

    def perfect(batch):
        scores = np.zeros((len(batch), 24), dtype=np.float32)
        for row, question in zip(scores, batch, strict=True):
            row[question.targets], row[question.seen] = 1.0, 9.0
        return scores

    assert questions.quality(perfect) == pytest.approx(1.0)
    assert questions.quality(lambda batch: -perfect(batch)) < 0.5


def test_journeys_keep_the_order_of_first_touch_and_choices_are_the_interactions():
    items = [Item(item_id=name, title=name) for name in ("x", "y", "z")]
    events = [
        Event(user_id="u", item_id="z"),
        Event(user_id="u", item_id="x", event_type="rate", value=3.0),
        Event(user_id="u", item_id="z", event_type="click"),
        Event(user_id="u", item_id="y", event_type="dislike"),
        Event(user_id="v", item_id="y", event_type="impression"),
    ]
    dataset = Dataset.from_records(items, events)
    place = {item_id: i for i, item_id in enumerate(dataset.item_ids)}
    users = journeys(dataset, place, RatingScale(), dataset.item_texts)
    assert [user.positions.tolist() for user in users] == [[2, 0, 1]]
    assert users[0].weights.tolist() == [1.0, 0.0, -1.0]
    assert users[0].first(2)[0].tolist() == [2]
    np.testing.assert_array_equal(choices(users, 3).toarray(), interaction_matrix(dataset).toarray())
