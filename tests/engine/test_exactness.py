"""What the engine promises to be exact, in a shop that is large enough to learn its own weights."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.test_keeping import saved_files
from warmstart.core import columns as c
from warmstart.core.linear import FloatArray
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.records import Event, Item
from warmstart.data.schema import EVENT_TYPES
from warmstart.data.simulator import SimulatorSettings, simulate
from warmstart.engine.engine import Engine
from warmstart.recommend.fused.prior_weights import prior_weights
from warmstart.recommend.fused.weighing import blend_weights

NEW = Item(item_id="just arrived", title="Folding camping stove", categories=("Outdoor",))
ASKED = 12
"""How many users and items are looked at in each comparison."""


@cache
def shop() -> Dataset:
    """Views, carts, purchases, ratings, returns and contexts of a few hundred people."""
    return simulate(SimulatorSettings(n_items=150, n_users=500, n_days=30)).dataset


@cache
def somebody() -> str:
    """The busiest user of the shop."""
    busy = shop().interactions.group_by(c.USER_ID).len().sort("len", c.USER_ID)
    return str(busy[c.USER_ID][-1])


@cache
def shop_without_them() -> Dataset:
    """The shop to which somebody never came."""
    known = {name: getattr(shop(), name) for name in ("events", "users", "reviews", "queries")}
    return replace(
        shop(),
        **{name: frame.filter(frame[c.USER_ID].ne_missing(somebody())) for name, frame in known.items()},
    )


def fitted(dataset: Dataset) -> Engine:
    return Engine().fit(dataset, encoder="catalogue")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop's engine in a folder, for tests that change it."""
    folder = tmp_path_factory.mktemp("whole")
    fitted(shop()).save(folder)
    return folder


@pytest.fixture(scope="module")
def whole(saved: Path) -> Engine:
    """An engine that every test leaves as it found it."""
    engine = Engine.load(saved)
    engine.add(NEW)
    return engine


@pytest.fixture(scope="module")
def innocent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The engine of the shop to which somebody never came, in a folder."""
    folder = tmp_path_factory.mktemp("innocent")
    fitted(shop_without_them()).save(folder)
    return folder


def histories_of(dataset: Dataset) -> Iterator[tuple[Event, ...]]:
    """No event at all, and what some users did."""
    yield ()
    for own in dataset.events.partition_by(c.USER_ID, maintain_order=True)[:ASKED]:
        yield tuple(Event(user_id="x", item_id=item, event_type=kind) for item, kind in _did(own))


def _did(events: pl.DataFrame) -> list[tuple[str, str]]:
    return events.filter(pl.col(c.ITEM_ID).is_not_null()).select(c.ITEM_ID, c.EVENT_TYPE).rows()


def scores_of(engine: Engine) -> FloatArray:
    """What it says of every item for several histories: shape (histories, items)."""
    return np.stack([engine.score(Query(events=events)) for events in histories_of(shop())])


def same_scores(left: Engine, right: Engine, tolerance: float = 0.0) -> None:
    np.testing.assert_allclose(scores_of(left), scores_of(right), rtol=tolerance, atol=tolerance)


# -- nobody and nothing leaves a trace --------------------------------------------------------------


def test_this_shop_learns_its_own_weights(whole: Engine):
    """Without that the promises below would say less."""
    scorer = whole._stages.scorer
    elsewhere = blend_weights(prior_weights(), None).weights.as_tables()
    assert (scorer.weights_, scorer.new_weights_) != elsewhere


def test_forgetting_the_busiest_user_equals_never_having_seen_them(
    saved: Path, innocent: Path, tmp_path: Path
):
    forgetful, never = Engine.load(saved), Engine.load(innocent)
    assert np.abs(scores_of(forgetful) - scores_of(never)).max() > 0
    assert forgetful.forget(somebody()) > 0
    same_scores(forgetful, never)
    assert saved_files(forgetful, tmp_path / "a") == saved_files(never, tmp_path / "b")


def test_a_loaded_engine_has_the_weights_that_were_learned(innocent: Path, tmp_path: Path):
    learned = Engine.load(innocent)
    learned.refresh()
    learned.save(tmp_path)
    same_scores(Engine.load(tmp_path), learned)


# -- the order in which things are told -------------------------------------------------------------


def interleaved(dataset: Dataset, seed: int) -> Dataset:
    """The same events with users mixed otherwise; what each user did keeps its order."""
    rng = np.random.default_rng(seed)
    seats = rng.permutation(dataset.events[c.USER_ID].to_numpy())  # whose turn it is
    turns = {user: list(reversed(rows)) for user, rows in _rows_by_user(dataset.events).items()}
    order = [turns[user].pop() for user in seats.tolist()]
    return replace(dataset, events=dataset.events[order])


def _rows_by_user(events: pl.DataFrame) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for row, user in enumerate(events[c.USER_ID].to_list()):
        rows.setdefault(user, []).append(row)
    return rows


def test_the_order_of_unrelated_users_does_not_matter(saved: Path):
    mixed = interleaved(shop(), seed=0)
    assert mixed.events[c.USER_ID].to_list() != shop().events[c.USER_ID].to_list()
    same_scores(fitted(mixed), Engine.load(saved), 1e-3)


def test_a_user_told_late_in_two_halves_and_merged_equals_one_who_was_always_there(
    saved: Path, innocent: Path
):
    engine = Engine.load(innocent)
    own = Engine.load(saved).events_of(somebody())
    half = len(own) // 2
    engine.observe([replace(event, user_id="a visitor") for event in own[:half]])
    for event in own[half:]:
        engine.observe(event)
    assert engine.merge("a visitor", somebody()) == half
    assert engine.events_of(somebody()) == own
    engine.refresh()
    same_scores(engine, Engine.load(saved), 1e-3)


acts = st.builds(
    Event,
    user_id=st.just("guest"),
    item_id=st.sampled_from([*shop().item_ids, NEW.item_id, "unheard of"]),
    event_type=st.sampled_from(EVENT_TYPES),
)
others = st.builds(Event, user_id=st.sampled_from(["p", "q"]), item_id=st.sampled_from(shop().item_ids))


@settings(max_examples=15)
@given(st.lists(st.one_of(acts, others), max_size=10))
def test_events_one_by_one_all_at_once_and_with_the_question_are_the_same(
    whole: Engine, events: list[Event]
):
    own = [event for event in events if event.user_id == "guest"]
    asked = whole.recommend(events=own, n=50, exposure=0)
    answers = []
    for batches in ([events], [[event] for event in events]):
        for batch in batches:
            whole.observe(batch)
            whole.recommend("guest", n=1)  # asking in between leaves nothing behind
        answers.append(whole.recommend("guest", n=50, exposure=0))
        for user in ("guest", "p", "q"):
            whole.forget(user)
    for answer in answers:
        assert answer.item_ids == asked.item_ids
        np.testing.assert_array_equal(answer.scores, asked.scores)


# -- reasons ----------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(st.lists(acts, max_size=12))
def test_reasons_sum_to_the_score_of_known_thin_and_new_items(whole: Engine, events: list[Event]):
    scores = dict(zip(whole.dataset.item_ids, whole.score(Query(events=tuple(events))), strict=True))
    for item_id in (*shop().item_ids[:ASKED], NEW.item_id):
        told = whole.explain(item_id, events=events)
        assert sum(reason.value for reason in told.reasons) == pytest.approx(told.score, abs=1e-4)
        assert told.score == pytest.approx(float(scores[item_id]), abs=1e-3, rel=1e-4)


def bought(item_ids: Sequence[str]) -> tuple[Event, ...]:
    return tuple(Event(user_id="x", item_id=item_id, event_type="purchase") for item_id in item_ids)


@settings(max_examples=15)
@given(st.lists(st.sampled_from(shop().item_ids), min_size=2, max_size=8, unique=True), st.data())
def test_what_an_item_adds_is_what_its_deletion_takes_away(
    whole: Engine, item_ids: list[str], data: st.DataObject
):
    """Exact where the weights of the other evidence stay: under one weight for each part."""
    scorer, mixing = whole._stages.scorer, {"bought together": 1.0, "taste": 0.7, "same words": 0.4}
    gone = data.draw(st.sampled_from(item_ids))
    rest = [item_id for item_id in item_ids if item_id != gone]
    before, after = (scorer.score_with(Query(events=bought(held)), mixing) for held in (item_ids, rest))
    parts = scorer.contributions(Query(events=bought(item_ids)), scorer.item_ids_, mixing)
    added = [sum(reason.value for reason in own if reason.item_id == gone) for own in parts]
    np.testing.assert_allclose(before - after, added, atol=1e-4)


def test_deleting_the_main_reason_costs_more_than_deleting_another_item(whole: Engine):
    """Almost always: .98 of random histories of this simulator.

    It cannot be always. Weights depend on how much evidence there is, so that with a piece of it gone
    the others count otherwise; what is recent moves up as well.
    """
    rng = np.random.default_rng(3)
    place = {item_id: k for k, item_id in enumerate(whole.dataset.item_ids)}
    more, fewer, n = 0, 0, 0
    for _ in range(60):
        held = rng.choice(shop().item_ids, int(rng.integers(2, 9)), replace=False).tolist()
        answer = whole.recommend(events=bought(held), n=2, exposure=0)
        for item_id, reasons in zip(answer.item_ids, answer.reasons, strict=True):
            main = next((reason.item_id for reason in reasons if reason.item_id), None)
            if main is None:
                continue
            other = str(rng.choice([one for one in held if one != main]))
            left = [
                whole.score(Query(events=bought([one for one in held if one != gone])))[place[item_id]]
                for gone in (main, other)
            ]
            whole_score = whole.score(Query(events=bought(held)))[place[item_id]]
            n, more, fewer = n + 1, more + (left[0] < left[1]), fewer + (left[0] < whole_score)
    assert n > 80
    for share in (more / n, fewer / n):
        assert share - 3 * np.sqrt(share * (1 - share) / n) > 0.8
