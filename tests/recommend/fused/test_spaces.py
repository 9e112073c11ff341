"""Rows of numbers for each item: in their order, and after items came."""

import numpy as np
import pytest

from warmstart.data.query import Query
from warmstart.data.records import Event, Item, items_frame
from warmstart.recommend.fused.parts import DRIFT, POPULARITY, PROJECTION, TASTE
from warmstart.recommend.fused.scorer import FusedScorer
from warmstart.recommend.fused.spaces import ItemRows
from warmstart.testing.toys import WordEncoder, checkerboard

VECTORS = {"a": np.arange(12, dtype="f").reshape(4, 3), "b": 100 + np.arange(4, dtype="f")[:, None]}


def test_rows_stand_in_their_order_and_kinds_side_by_side():
    rows = ItemRows.of(VECTORS, np.array([2, 0, 3, 1]))
    for name, own in VECTORS.items():
        np.testing.assert_array_equal(rows.part(name), own[[2, 0, 3, 1]])
    asked = rows.asking({"b": np.array([[5.0], [7.0]], dtype="f")}, 2)
    np.testing.assert_array_equal(rows.matrix @ asked.T, VECTORS["b"][[2, 0, 3, 1]] * [5.0, 7.0])


@pytest.mark.parametrize("order", [[2, 0, 3, 1, 4], [4, 1, 0, 2, 3]])
def test_new_rows_are_written_whatever_becomes_of_the_order(order: list[int]):
    rows = ItemRows.of(VECTORS, np.array([2, 0, 3, 1]))
    new = {name: np.full((2, own.shape[1]), -1, dtype="f") for name, own in VECTORS.items()}
    rows.put(new, np.array([4, 1]), np.array(order))
    for name, own in VECTORS.items():
        expected = np.vstack([own, new[name][:1]])
        expected[1] = -1
        np.testing.assert_array_equal(rows.part(name), expected[order])


def test_an_item_told_again_as_it_was_stays_what_it_was():
    """Factors, projection and priors of a known item come from the same formula as at the fit."""
    toy = checkerboard(crowd=True)
    scorer = FusedScorer(learn=False).fit(toy.dataset, WordEncoder().fit(toy.texts))
    before = [np.array(scorer._parts.rows.part(name)) for name in (PROJECTION, TASTE, DRIFT, POPULARITY)]
    query = Query(events=(Event(user_id="u", item_id=toy.item_id(0, 3), event_type="purchase"),))
    scores = scorer.score(query)
    scorer.add(toy.dataset.items)
    for name, own in zip((PROJECTION, TASTE, DRIFT, POPULARITY), before, strict=True):
        np.testing.assert_allclose(scorer._parts.rows.part(name), own, atol=1e-4)
    np.testing.assert_allclose(scorer.score(query), scores, atol=1e-3)
    scorer.add(items_frame([Item(item_id="new here", title="something else")]))
    np.testing.assert_allclose(scorer.score(query)[:-1], scores, atol=1e-3)
