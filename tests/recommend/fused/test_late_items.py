"""What items that come and change one by one leave behind is what all at once would."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmstart.data.records import Item, items_frame
from warmstart.recommend.features import ItemFeatures
from warmstart.recommend.fused import transfer as module
from warmstart.recommend.fused.transfer import Transfer, TransferSettings
from warmstart.testing.toys import WordEncoder, checkerboard

COUNTS = np.array([0, 1, 3, 4, 5, 300] + [20] * 20, dtype=np.float32)
WORDS = ("red", "blue", "shoe", "lamp", "green", "")


def fitted() -> Transfer:
    texts = checkerboard().texts
    features = ItemFeatures.fit(texts, WordEncoder().fit(texts))
    return Transfer.fit(features, COUNTS.copy(), TransferSettings())


def put(transfer: Transfer, place: int, title: str) -> None:
    """Write one item, as a scorer does."""
    positions, size = np.array([place]), max(place + 1, len(transfer.own))
    features = transfer._features
    features.put(items_frame([Item(item_id="it", title=title)]), positions, size)
    transfer.put(features, positions, size)


titles = st.lists(st.sampled_from(WORDS), max_size=3).map(" ".join)
changes = st.lists(st.tuples(st.integers(-8, len(COUNTS) - 1), titles), min_size=1, max_size=8)


@pytest.mark.parametrize("late", [2, 1_000])
@given(steps=changes)
@settings(max_examples=40, deadline=None)
def test_the_tables_are_those_that_are_made_anew(late: int, steps: list[tuple[int, str]]):
    transfer = fitted()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_LATE", late)
        for place, title in steps:
            put(transfer, len(transfer.own) if place < 0 else place, title)
    values = np.random.default_rng(0).normal(size=(2, len(transfer.own))).astype("f")
    values[:, transfer.counts == 0] = 0.0
    before = {name: np.array(getattr(transfer, name)) for name in ("order", "place", "apart", "left")}
    around, carried = transfer.around(values), transfer.carried(values.copy())
    spans = [(group.start, group.stop, float(group.own)) for group in transfer.groups]
    transfer._arrange()
    for name, known in before.items():
        np.testing.assert_allclose(known, getattr(transfer, name), atol=1e-5, err_msg=name)
    np.testing.assert_allclose(around, transfer.around(values), atol=1e-5)
    np.testing.assert_allclose(carried, transfer.carried(values.copy()), atol=1e-4)
    assert spans == [(group.start, group.stop, float(group.own)) for group in transfer.groups]
