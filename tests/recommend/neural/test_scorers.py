"""The neural cold-start methods; the contract is tested with that of all components."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from warmstart.core.errors import ConfigError, MissingExtraError
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.records import Item
from warmstart.recommend.neural.base import NeuralScorer
from warmstart.recommend.neural.clcrec import ClcrecScorer
from warmstart.recommend.neural.dropoutnet import DropoutNetScorer
from warmstart.recommend.neural.heater import HeaterScorer
from warmstart.recommend.neural.semco import SemcoScorer, entmax_loss
from warmstart.testing import WordEncoder, checkerboard

SCORERS: list[type[NeuralScorer]] = [ClcrecScorer, DropoutNetScorer, HeaterScorer, SemcoScorer]


def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)


@pytest.mark.parametrize("scorer", SCORERS)
def test_fitting_without_torch_names_the_extra(scorer, monkeypatch):
    toy = checkerboard()
    without_torch(monkeypatch)
    with pytest.raises(MissingExtraError, match="lm"):
        scorer().fit(toy.dataset, WordEncoder().fit(toy.texts))


@pytest.mark.parametrize("scorer", SCORERS)
def test_an_encoder_is_needed(scorer):
    with pytest.raises(ConfigError, match="encoder"):
        scorer().fit(checkerboard().dataset)


@pytest.mark.parametrize("scorer", SCORERS)
def test_a_fitted_one_answers_without_torch(scorer, monkeypatch):
    pytest.importorskip("torch")
    toy = checkerboard("zh")
    encoder = WordEncoder().fit(toy.texts)
    fitted = scorer(epochs=1).fit(toy.dataset, encoder)
    without_torch(monkeypatch)
    loaded = scorer(epochs=1)
    loaded.set_state(fitted.get_state())
    loaded.use_encoder(encoder)
    loaded.add(toy.dataset.items.head(1))
    scores = loaded.score(toy.user_query(0))
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(scores, fitted.score(toy.user_query(0)), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("scorer", SCORERS)
def test_a_stranger_gets_the_answer_that_the_method_has(scorer):
    pytest.importorskip("torch")
    toy = checkerboard()
    scores = scorer(epochs=1).fit(toy.dataset, WordEncoder().fit(toy.texts)).score(Query())
    assert np.isfinite(scores).all() if scorer.answers_strangers else np.isnan(scores).all()


@pytest.mark.parametrize("scorer", SCORERS)
def test_a_shop_without_events_has_no_opinion(scorer):
    pytest.importorskip("torch")
    shop = Dataset.from_records([Item(item_id="a", title="tent stove"), Item(item_id="b", title="rope")])
    encoder = WordEncoder().fit(["tent stove", "rope"])
    assert np.isnan(scorer().fit(shop, encoder).score(Query(anchors=("a",)))).all()


def test_the_entmax_loss_has_the_gradient_of_its_definition():
    torch = pytest.importorskip("torch")
    logits = torch.tensor([[2.0, 1.0, -3.0], [0.0, 0.5, 0.2], [9.0, 0.0, 0.0]], requires_grad=True)
    loss = entmax_loss(logits)
    loss.backward()
    p = logits.grad * 3 + torch.eye(3)
    np.testing.assert_allclose(p.sum(dim=1).numpy(), 1.0, atol=1e-5)
    assert (p >= -1e-6).all()
    assert p[0, 2] == 0.0  # hopeless: exactly zero, unlike a softmax
    roots = p.clamp(min=0).sqrt()  # on its support p = (z/2 - t)²: roots differ as half the logits do
    assert float(roots[0, 0] - roots[0, 1]) == pytest.approx(0.5, abs=1e-5)


def test_the_entmax_loss_is_zero_where_the_right_answer_is_beyond_doubt():
    torch = pytest.importorskip("torch")
    assert float(entmax_loss(10.0 * torch.eye(4))) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(("held", "kept"), [(0, 4), (3, 1)])
def test_the_best_epoch_is_kept_and_the_last_where_nobody_can_tell(monkeypatch, held, kept):
    """Five epochs whose quality falls after the second; patience ends the training where it can be told."""
    scorer = DropoutNetScorer(patience=2)
    epochs = [{"epoch": np.full(1, i, dtype=np.float32)} for i in range(5)]
    quality = [0.3, 0.9, 0.2, 0.1, 0.95]
    monkeypatch.setattr(scorer, "_epochs", lambda torch, material: iter(epochs))
    monkeypatch.setattr(scorer, "_quality", lambda weights, material: quality[int(weights["epoch"][0])])
    best = scorer._best_epoch(np, SimpleNamespace(n_held=held))  # type: ignore[arg-type]
    assert best["epoch"][0] == kept
