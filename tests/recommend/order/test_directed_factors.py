"""Low-rank factors of which items people turn to after which."""

import numpy as np
import pytest
from scipy import sparse

from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.records import Event, Item
from warmstart.recommend.baselines.neighbours import ItemKnnScorer
from warmstart.recommend.evidence import interaction_matrix
from warmstart.recommend.order.directed_factors import DirectedFactorScorer, directed_factors
from warmstart.recommend.order.sequence import forward_counts, item_sequences
from warmstart.testing.toys import WordEncoder

NAMES = ["茶 tea", "pot", "cup", "spoon", "sugar", "milk", "cake", "plate"]


def walks(*orders: str) -> Dataset:
    """A shop in which users chose items 0 to 7 in these orders."""
    items = [Item(item_id=str(k), title=name) for k, name in enumerate(NAMES)]
    events = [Event(user_id=f"u{u:03d}", item_id=i) for u, order in enumerate(orders) for i in order]
    return Dataset.from_records(items, events)


def tables(dataset: Dataset) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    return interaction_matrix(dataset), forward_counts(item_sequences(dataset), len(dataset.items))


def after(*item_ids: str) -> Query:
    return Query(events=tuple(Event(user_id="x", item_id=item_id) for item_id in item_ids))


def test_with_full_rank_the_factors_give_the_shrunk_directed_lift():
    dataset = walks("012", "0123", "103", "45", "456", "76", "02")
    interactions, forward = tables(dataset)
    left, right = directed_factors(interactions, forward, dim=8, prior=0.5, exponent=0.5, direction=0.25)
    dense = np.asarray((interactions.T @ interactions).todense(), dtype=float)
    np.fill_diagonal(dense, 0.0)
    ahead = np.asarray(forward.todense(), dtype=float)
    tilted = dense + 0.25 * (ahead - ahead.T)
    damped = np.sqrt(tilted.sum(axis=0))
    expected = np.outer(tilted.sum(axis=1), damped / damped.sum())
    wanted = np.where(tilted > 0, np.maximum(np.log((tilted + 0.5) / (expected + 0.5)), 0.0), 0.0)
    np.testing.assert_allclose(left @ right.T, wanted, atol=1e-4)


def test_fewer_directions_are_the_best_ones():
    interactions, forward = tables(walks("0123", "1230", "4567", "5674", "0213", "4657"))
    whole = np.matmul(
        *(
            side if k == 0 else side.T
            for k, side in enumerate(directed_factors(interactions, forward, dim=8, prior=0.1))
        )
    )
    errors = []
    for dim in (1, 2, 4, 8):
        left, right = directed_factors(interactions, forward, dim=dim, prior=0.1)
        errors.append(float(np.linalg.norm(left @ right.T - whole)))
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] == pytest.approx(0.0, abs=1e-3)
    assert errors[1] < 0.75 * errors[0]


def test_items_never_chosen_together_are_tied_by_others():
    """0 and 3 have no user in common, but both go with 1 and 2; 5 goes with neither."""
    dataset = walks(*["012"] * 20, *["123"] * 20, *["45"] * 20)
    neighbours = ItemKnnScorer().fit(dataset).score(after("0"))
    assert neighbours[3] == neighbours[5] == 0.0
    scores = DirectedFactorScorer(dim=2, popularity_weight=0.0).fit(dataset).score(after("0"))
    assert scores[3] > scores[5] + 0.05


def test_what_comes_later_scores_above_what_came_before():
    dataset = walks(*["01"] * 30, *["23"] * 30)
    scorer = DirectedFactorScorer(popularity_weight=0.0, direction=1.0).fit(dataset)
    assert scorer.score(after("0"))[1] > scorer.score(after("1"))[0] + 0.1


def test_a_stranger_gets_what_is_popular_and_reached_late():
    scorer = DirectedFactorScorer().fit(walks(*["012"] * 30, "3", "45"))
    stranger = scorer.score(Query())
    assert stranger[2] > stranger[1] > stranger[0] > stranger[3]
    assert np.isnan(stranger[6])
    assert np.isnan(DirectedFactorScorer().fit(walks()).score(Query())).all()


def test_a_new_item_is_a_mixture_of_its_neighbours():
    items = [
        Item(item_id=name, title=title)
        for name, title in (
            ("kettle", "steel kettle"),
            ("tea", "green tea"),
            ("lamp", "desk lamp"),
            ("bulb", "lamp bulb"),
            ("late", "green tea leaves"),
        )
    ]
    events = [
        Event(user_id=f"u{u}", item_id=i)
        for u in range(60)
        for i in (("kettle", "tea") if u % 2 else ("lamp", "bulb"))
    ]
    dataset = Dataset.from_records(items, events)
    encoder = WordEncoder().fit(dataset.item_texts)
    scores = DirectedFactorScorer().fit(dataset, encoder).score(after("kettle"))
    assert scores[4] > max(scores[2], scores[3])
    silent = DirectedFactorScorer().fit(dataset).score(after("kettle"))
    assert np.isnan(silent[4])
