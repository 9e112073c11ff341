"""One formula for items with no events, a few and many."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from warmstart.recommend.features import ItemFeatures
from warmstart.recommend.fused.transfer import Transfer, TransferSettings, loudest
from warmstart.testing.toys import WordEncoder, checkerboard

COUNTS = np.array([0, 1, 3, 4, 5, 300] + [20] * 20, dtype=np.float32)


@pytest.fixture(scope="module")
def transfer() -> Transfer:
    texts = checkerboard().texts
    features = ItemFeatures.fit(texts, WordEncoder().fit(texts))
    return Transfer.fit(features, COUNTS, TransferSettings())


def own_values(width: int) -> np.ndarray:
    """What a few histories say of items with events; of others nothing is known."""
    values = np.random.default_rng(width).normal(size=(len(COUNTS), width)).astype("f")
    values[COUNTS == 0] = 0.0
    return values


def reach(transfer: Transfer, values: np.ndarray) -> np.ndarray:
    """The formula for values with a row an item."""
    return transfer.carried(np.array(values.T)).T


def test_own_evidence_counts_for_more_the_more_there_is(transfer: Transfer):
    np.testing.assert_allclose(transfer.own[:6], [0, 1 / 2, 3 / 4, 4 / 5, 1, 1])


def test_items_with_enough_events_keep_what_they_have(transfer: Transfer):
    values = own_values(3)
    np.testing.assert_allclose(reach(transfer, values)[4:], values[4:], rtol=1e-5)


def test_the_formula_is_that_of_the_docstring(transfer: Transfer):
    values, hot = own_values(1)[:, 0].astype(float), COUNTS > 0
    content = transfer._features.content.astype(float)
    mean = content[hot].mean(axis=0)
    centred = content[hot] - mean
    kernel = centred.T @ centred + 3.0 * np.eye(content.shape[1])
    slope = np.linalg.solve(kernel, centred.T @ (values[hot] - values[hot].mean()))
    regressed = values[hot].mean() + (content - mean) @ slope
    missed = np.where(hot, values - regressed, 0.0)
    predicted = regressed + transfer.near @ missed
    expected = transfer.own * values + (1 - transfer.own) * predicted
    found = reach(transfer, values[:, None].astype("f"))[:, 0]
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_a_value_that_all_items_share_is_that_of_a_new_one(transfer: Transfer):
    values = np.where(COUNTS > 0, 2.0, 0.0)[:, None].astype("f")
    assert reach(transfer, values)[0, 0] == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize("width", [1, 2, 40])
def test_every_way_to_ask_gives_the_same(transfer: Transfer, width: int):
    values = own_values(width).T.copy()
    whole = transfer.carried(values.copy())
    some, donors = np.array([0, 1, 7, 2]), np.flatnonzero(COUNTS > 0)
    asked = values[:, donors] @ transfer.shares(donors, some)
    np.testing.assert_allclose(asked, whole[:, some], atol=1e-5)
    values[:, donors[::2]] = 0.0  # of which nothing is asked
    asked = values[:, donors[1::2]] @ transfer.shares(donors[1::2], some)
    np.testing.assert_allclose(asked, transfer.carried(values)[:, some], atol=1e-5)


def test_items_stand_in_the_order_in_which_they_speak_for_themselves(transfer: Transfer):
    own = transfer.own[transfer.order]
    assert (own[1:] <= own[:-1]).all()
    np.testing.assert_array_equal(transfer.order[transfer.place], np.arange(len(COUNTS)))
    np.testing.assert_array_equal(
        np.concatenate([group.items for group in transfer.groups]), transfer.order
    )
    for group in transfer.groups:
        assert set(transfer.own[group.items].tolist()) == {float(group.own)}


def test_a_new_item_speaks_through_its_neighbours_and_an_old_one_for_itself(transfer: Transfer):
    voices = transfer.voices(np.arange(len(COUNTS))).toarray()
    assert voices[0, 0] == 0
    assert voices[0, COUNTS > 0].any()
    np.testing.assert_array_equal(voices[5], np.eye(len(COUNTS))[5])


@given(hnp.arrays(np.float32, (4, 6), elements=st.integers(-4, 8).map(float)), st.integers(1, 4))
def test_the_loudest_of_a_row_stay_and_sum_to_what_all_did(rows: np.ndarray, most: int):
    found = loudest(sparse.csr_matrix(rows), most).toarray()
    for before, after in zip(rows, found, strict=True):
        kept = after != 0
        if kept.any():
            assert np.abs(before[kept]).min() > np.abs(before[~kept]).max(initial=0)
            ratio = after[kept] / before[kept]
            np.testing.assert_allclose(ratio, ratio[0], rtol=1e-5)
            assert 0 < ratio[0] <= 3 + 1e-6
        level = np.abs(before) == np.sort(np.abs(before))[-most]
        assert (kept[level] == kept[level][0]).all()
        if (before >= 0).all():
            assert kept.sum() >= min(most, (before > 0).sum())
            share = before[kept].sum() / max(before.sum(), 1e-9)
            np.testing.assert_allclose(after.sum(), before.sum() * min(1.0, 3.0 * share), rtol=1e-4)
