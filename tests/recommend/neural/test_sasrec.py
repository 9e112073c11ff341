"""Self-attention over a history: the same in torch and numpy, blind to the future, quick to learn order."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.core.errors import ConfigError, MissingExtraError
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.records import Event, Item
from warmstart.recommend.neural.attention import encode, exported_network, network
from warmstart.recommend.neural.sasrec import SasrecScorer, Sequences
from warmstart.testing import WordEncoder, checkerboard


@pytest.fixture(scope="module")
def model():
    torch = pytest.importorskip("torch", reason="needs the extra 'lm'")
    torch.manual_seed(0)
    made = network(torch, n_items=5, content_dim=4, dim=6, blocks=2, length=7, dropout=0.5).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return made


def test_numpy_says_what_torch_says(model):
    import torch

    inputs = np.random.default_rng(1).standard_normal((3, 5, 6)).astype(np.float32)
    with torch.no_grad():
        expected = model(torch.from_numpy(inputs)).numpy()
    np.testing.assert_allclose(encode(exported_network(model), inputs), expected, rtol=1e-4, atol=1e-5)


@given(place=st.integers(1, 6), seed=st.integers(0, 5))
def test_the_future_changes_no_earlier_state(model, place: int, seed: int):
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((1, 7, 6)).astype(np.float32)
    weights = exported_network(model)
    before = encode(weights, inputs)
    inputs[:, place:] = rng.standard_normal((1, 7 - place, 6))
    after = encode(weights, inputs)
    np.testing.assert_allclose(after[:, :place], before[:, :place], atol=1e-5)
    assert not np.allclose(after[:, place:], before[:, place:], atol=1e-5)


# -- what it learns from --------------------------------------------------------------------------


def sequences(*rows: list[int]) -> Sequences:
    nothing = np.zeros((0, 0), dtype=np.float32)
    return Sequences(
        order=np.arange(9),
        basis=nothing,
        content=nothing,
        share=np.full(9, 1 / 9, dtype=np.float32),
        train=[np.array(row) for row in rows],
        held=[],
    )


@given(st.integers(1, 5), st.integers(0, 3))
def test_targets_come_after_what_is_shown_within_the_horizon(horizon: int, seed: int):
    material = sequences([0, 1, 2, 3, 4, 5], [8, 7], [2, 4, 6, 8])
    for shown, wanted, valid in material.batches(horizon, 0.0, np.random.default_rng(seed)):
        assert shown.shape == wanted.shape == valid.shape
        assert valid.sum() == 5 + 1 + 3
        rows = {row[0]: row.tolist() for row in material.train}
        for inputs, targets, real in zip(shown, wanted, valid, strict=True):
            whole = rows[int(inputs[0])]
            for place in range(int(real.sum())):
                assert inputs[place] == whole[place]
                assert targets[place] in whole[place + 1 : place + 1 + horizon]


def test_shuffled_sequences_hold_the_same_items():
    material = sequences([0, 1, 2, 3, 4, 5, 6, 7])
    seen = set()
    for seed in range(5):
        for shown, wanted, _ in material.batches(1, 1.0, np.random.default_rng(seed)):
            assert sorted([*shown[0].tolist(), int(wanted[0, -1])]) == list(range(8))
            seen.add(tuple(shown[0].tolist()))
    assert len(seen) > 1


def test_items_are_sorted_by_text_and_some_users_are_kept_back():
    items = [
        Item(item_id=name, title=title) for name, title in (("x", "zebra"), ("y", "apple"), ("z", "moth"))
    ]
    events = [Event(user_id=f"u{u:03d}", item_id=i) for u in range(500) for i in ("x", "y")]
    shop = Dataset.from_records(items, events)
    material = Sequences.of(shop, np.eye(3, dtype=np.float32), 50, 0)
    assert material.order.tolist() == [1, 0]
    assert (len(material.train), len(material.held)) == (475, 25)
    np.testing.assert_allclose(material.share, [0.5, 0.5])


# -- what it learns -------------------------------------------------------------------------------


def ring(n_users: int = 120) -> tuple[Dataset, WordEncoder]:
    """A shop where everybody walks on along a ring of eight items."""
    names = ["茶 tea", "pot", "cup", "spoon", "sugar", "milk", "cake", "plate"]
    items = [Item(item_id=str(k), title=name) for k, name in enumerate(names)]
    events = [
        Event(user_id=f"u{u}", item_id=str((u + step) % 8)) for u in range(n_users) for step in range(4)
    ]
    return Dataset.from_records(items, events), WordEncoder().fit(names)


def after(*item_ids: str, kind: str = "purchase") -> Query:
    return Query(events=tuple(Event(user_id="x", item_id=i, event_type=kind) for i in item_ids))


@pytest.fixture(scope="module")
def walker() -> SasrecScorer:
    pytest.importorskip("torch", reason="needs the extra 'lm'")
    return SasrecScorer(dim=16, horizon=1, shuffled=0.0, dropout=0.0, epochs=30, learning_rate=0.01).fit(
        *ring()
    )


def test_it_learns_what_comes_next(walker: SasrecScorer):
    for start in range(8):
        scores = walker.score(after(str(start), str((start + 1) % 8)))
        assert int(np.argmax(scores)) == (start + 2) % 8


def test_order_matters_and_what_is_disliked_is_taken_away(walker: SasrecScorer):
    there, back = walker.score(after("0", "1")), walker.score(after("1", "0"))
    assert int(np.argmax(there)) == 2
    assert int(np.argmax(back)) == 1
    np.testing.assert_allclose(
        walker.score(after("0", kind="dislike")), -walker.score(after("0")), rtol=1e-5
    )


def test_a_long_history_is_cut_to_its_end(walker: SasrecScorer):
    short = SasrecScorer.from_settings(walker.settings() | {"max_length": 2})
    short.set_state(walker.get_state())
    short.use_encoder(ring()[1])
    np.testing.assert_array_equal(short.score(after("5", "0", "1")), walker.score(after("0", "1")))


def test_strangers_and_shops_without_events_get_no_opinion(walker: SasrecScorer):
    assert np.isnan(walker.score(Query())).all()
    items = [Item(item_id="a", title="tent stove"), Item(item_id="b", title="rope")]
    encoder = WordEncoder().fit(["tent stove", "rope"])
    quiet = SasrecScorer().fit(Dataset.from_records(items), encoder)
    assert np.isnan(quiet.score(Query(anchors=("a",)))).all()
    single = Dataset.from_records(items, [Event(user_id="u", item_id="a")])
    assert np.isnan(SasrecScorer().fit(single, encoder).score(Query(anchors=("a",)))).all()


def test_torch_is_needed_to_fit_and_not_to_answer(walker: SasrecScorer, monkeypatch: pytest.MonkeyPatch):
    shop, encoder = ring()
    monkeypatch.setitem(sys.modules, "torch", None)
    loaded = SasrecScorer.from_settings(walker.settings())
    loaded.set_state(walker.get_state())
    loaded.use_encoder(encoder)
    loaded.add(shop.items.head(1))
    np.testing.assert_allclose(loaded.score(after("3")), walker.score(after("3")), rtol=1e-4, atol=1e-5)
    with pytest.raises(MissingExtraError, match="lm"):
        SasrecScorer().fit(shop, encoder)


def test_an_encoder_is_needed():
    with pytest.raises(ConfigError, match="encoder"):
        SasrecScorer().fit(checkerboard().dataset)
