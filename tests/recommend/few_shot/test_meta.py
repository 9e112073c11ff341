"""Tasks cut from users, and scorers whose head was trained on them."""

import numpy as np
import pytest

from warmstart.core.artifact import read_state, write_state
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.records import Event, Item
from warmstart.recommend.evidence import RatingScale
from warmstart.recommend.few_shot.episodes import Episodes
from warmstart.recommend.few_shot.journeys import journeys
from warmstart.recommend.few_shot.meta import MamlScorer, MetaRidgeScorer
from warmstart.testing.toys import WordEncoder


def shop() -> Dataset:
    """Sixty users who each buy some tents or some pans, the first of a kind most often."""
    rng = np.random.default_rng(0)
    items = [Item(item_id=f"{kind}{i}", title=f"{kind} {i}") for kind in ("tent", "pan") for i in range(12)]
    events = [
        Event(user_id=f"u{user:03d}", item_id=f"{('tent', 'pan')[user % 2]}{i}")
        for user in range(60)
        for i in rng.permutation(12)[: 2 + user % 7]
    ]
    return Dataset.from_records(items, events)


def episodes(dataset: Dataset, negatives: int = 10) -> Episodes:
    n = len(dataset.item_ids)
    users = np.bincount([int(event[-1]) for event in dataset.events["item_id"]], minlength=n)
    return Episodes(
        vectors=np.eye(n, dtype=np.float32),
        commonness=np.ones(n, dtype=np.float32),
        rates=(1.0 + users).astype(np.float32),
        order=np.arange(n),
        negatives=negatives,
        rng=np.random.default_rng(0),
    )


def test_a_task_is_what_came_first_and_what_came_later_among_what_was_never_touched():
    dataset = shop()
    place = {item_id: i for i, item_id in enumerate(dataset.item_ids)}
    users = journeys(dataset, place, RatingScale(), dataset.item_texts)
    tasks = episodes(dataset).cut(users, most=100)
    assert len(tasks) == 60
    by_start: dict[int, list[set[int]]] = {}
    for user in users:
        by_start.setdefault(int(user.positions[0]), []).append(set(user.positions.tolist()))
    for task in tasks:
        told = task.support.vectors.argmax(axis=1)
        asked, liked = task.query.vectors.argmax(axis=1), task.query.targets > 0.5
        assert liked.any()
        assert not set(told) & set(asked)
        assert any(set(asked[liked]) <= own and not set(asked[~liked]) & own for own in by_start[told[0]])


def test_drawn_items_weigh_what_they_stand_for():
    """Over many draws the weights of an item add up to the same for each, however often it is drawn."""
    dataset = shop()
    cut = episodes(dataset, negatives=40_000)
    drawn, weights = cut._negatives(np.array([3]))
    totals = np.bincount(drawn, weights=weights, minlength=len(cut.rates))
    assert totals[3] == 0
    np.testing.assert_allclose(np.delete(totals, 3), totals[0], rtol=0.1)


def test_a_loaded_one_takes_new_items_without_torch(tmp_path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("torch", reason="needs the extra 'lm'")
    dataset = shop()
    encoder = WordEncoder().fit(dataset.item_texts)
    scorer = MetaRidgeScorer(epochs=2, tasks=50).fit(dataset, encoder)
    write_state(tmp_path, scorer.get_state())
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    loaded = MetaRidgeScorer.from_settings(scorer.settings())
    loaded.set_state(read_state(tmp_path))
    loaded.use_encoder(encoder)
    loaded.add(Dataset.from_records([Item(item_id="new", title="tent 3")], []).items)
    query = Query(events=(Event(user_id="x", item_id="tent1"),))
    scores = loaded.score(query)
    np.testing.assert_allclose(scores[:-1], scorer.score(query), rtol=1e-4, atol=1e-5)
    assert scores[-1] > loaded.score(query, ["pan5"])[0]


def test_contributions_of_a_trained_head_sum_to_the_score():
    pytest.importorskip("torch", reason="needs the extra 'lm'")
    dataset = shop()
    encoder = WordEncoder().fit(dataset.item_texts)
    query = Query(events=tuple(Event(user_id="x", item_id=name) for name in ("tent1", "pan2", "tent5")))
    for kind in (MetaRidgeScorer, MamlScorer):
        scorer = kind(epochs=1, tasks=30).fit(dataset, encoder)
        reasons = scorer.contributions(query, scorer.item_ids_)
        np.testing.assert_allclose(
            [sum(r.value for r in row) for row in reasons], scorer.score(query), rtol=1e-4, atol=1e-5
        )


def test_a_shop_where_nobody_came_back_gives_no_opinion():
    pytest.importorskip("torch", reason="needs the extra 'lm'")
    items = [Item(item_id=str(i), title=f"thing {i}") for i in range(4)]
    dataset = Dataset.from_records(items, [Event(user_id="u", item_id="1")])
    scorer = MetaRidgeScorer().fit(dataset, WordEncoder().fit(dataset.item_texts))
    assert np.isnan(scorer.score(Query(events=(Event(user_id="x", item_id="1"),)))).all()
