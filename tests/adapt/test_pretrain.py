"""Fitting a model to a shop's own text, from source to folder."""

import json
from typing import get_args

import numpy as np
import pytest

from tests.adapt.shops import SMALL, small_network, small_shop
from warmstart.adapt.pretrain import REPORT_FILE, STATIC_FOLDER, WORK_FOLDER, adapt_encoder
from warmstart.adapt.recipe import Material, Objective
from warmstart.core.errors import ArtifactError, ConfigError, InputError
from warmstart.encoders.adapted import AdaptedEncoder
from warmstart.encoders.auto import choose_encoder
from warmstart.encoders.backbone import Backbone
from warmstart.encoders.scratch import ScratchNetwork
from warmstart.encoders.static import StaticEncoder
from warmstart.encoders.transformer import TransformerEncoder
from warmstart.encoders.tuning import Tuning
from warmstart.training.trainer import Trainer

torch = pytest.importorskip("torch", reason="needs the extra 'lm'")
pytest.importorskip("transformers", reason="needs the extra 'lm'")
pytest.importorskip("peft", reason="needs the extra 'adapt'")

SHOP = small_shop()
QUICK = Trainer(epochs=3, batch_size=32, learning_rate=0.003)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return small_network("encoder").save(tmp_path_factory.mktemp("backbone"))


@pytest.mark.parametrize("objective", get_args(Objective))
def test_every_objective_leaves_a_folder_that_the_encoder_reads(tmp_path, objective):
    made = adapt_encoder(ScratchNetwork(**SMALL), SHOP, tmp_path, objective=objective, trainer=QUICK)
    vectors = TransformerEncoder(model=str(tmp_path)).encode(SHOP.item_texts[:3])
    assert vectors.shape == (3, 32)
    assert made.before.keys() == made.after.keys() == {*made.before}
    assert json.loads((tmp_path / REPORT_FILE).read_text())["run"]["steps"] == made.run.steps
    assert not (tmp_path / WORK_FOLDER).exists()


def test_contrastive_learning_from_scratch_finds_held_out_pairs(tmp_path):
    trainer = Trainer(epochs=15, batch_size=32, learning_rate=0.003)
    made = adapt_encoder(ScratchNetwork(**SMALL), SHOP, tmp_path, trainer=trainer, static=True)
    assert made.after["attributes"]["MRR"] > made.before["attributes"]["MRR"] + 0.1
    static = StaticEncoder(model=str(tmp_path / STATIC_FOLDER))
    encoder, _ = choose_encoder(str(tmp_path), cache=False)
    texts = ["red running shoes", "blue garden hose", "red shoes"]
    likeness = [
        encoder.encode(texts) @ encoder.encode(texts).T,
        static.encode(texts) @ static.encode(texts).T,
    ]
    assert all(each[0, 2] > each[0, 1] for each in likeness)


def test_a_training_that_helps_nothing_leaves_the_model_as_it_came(tmp_path, folder):
    harmful = Trainer(epochs=2, batch_size=32, learning_rate=50.0, optimiser="sgd", clip=1e9, warmup=0.0)
    made = adapt_encoder(
        str(folder), SHOP, tmp_path, tuning=Tuning(method="full"), objective="mlm", trainer=harmful
    )
    assert made.is_as_it_came
    assert made.before == made.after
    same = Backbone.load(str(tmp_path)).encode(SHOP.item_texts)
    assert np.allclose(same, Backbone.load(str(folder)).encode(SHOP.item_texts), atol=1e-5)


@pytest.mark.parametrize("method", ["prefix", "bottleneck"])
def test_what_does_not_merge_is_an_adapter_beside_its_base(tmp_path, folder, method):
    trainer = Trainer(epochs=4, batch_size=32, learning_rate=0.01)
    tuning = Tuning(method=method, prompt_tokens=5)
    adapt_encoder(str(folder), SHOP, tmp_path / "one", tuning=tuning, trainer=trainer)
    encoder, _ = choose_encoder(str(tmp_path / "one"), cache=False)
    assert isinstance(encoder, AdaptedEncoder)
    plain = TransformerEncoder(model=str(folder))
    assert not np.allclose(encoder.encode(SHOP.item_texts), plain.encode(SHOP.item_texts), atol=1e-3)


def test_an_interrupted_call_goes_on_when_it_is_made_again(tmp_path, folder):
    class StopHere(Exception):
        """Stands for Ctrl-C."""

    class Crash:
        def on_step(self, step, loss, learning_rate):
            if step == 7:
                raise StopHere

        def on_quality(self, step, quality):
            """Nothing."""

    def adapt(out, **more):
        trainer = Trainer(epochs=2, batch_size=16, learning_rate=0.003, checkpoint_every=3)
        return adapt_encoder(str(folder), SHOP, out, trainer=trainer, **more)

    whole = adapt(tmp_path / "whole")
    with pytest.raises(StopHere):
        adapt(tmp_path / "broken", watchers=[Crash()])
    with pytest.raises(ArtifactError, match="objective"):
        adapt(tmp_path / "broken", objective="simcse")
    again = adapt(tmp_path / "broken")
    assert again.run.losses == whole.run.losses
    found = [Backbone.load(str(tmp_path / name)).encode(SHOP.item_texts) for name in ("whole", "broken")]
    assert np.array_equal(found[0], found[1])


def test_minutes_bound_the_steps(tmp_path, folder):
    made = adapt_encoder(str(folder), SHOP, tmp_path, minutes=0.01)
    assert 0 < made.run.steps < 10 * len(SHOP.items)


def test_texts_alone_are_enough(tmp_path):
    texts = [f"这个商品很好 {word} 下次再来" for word in "甲乙丙丁戊己庚辛壬癸"] * 2
    network = ScratchNetwork(**SMALL)
    made = adapt_encoder(network, texts, tmp_path, objective="mlm", trainer=QUICK)
    assert made.before == {}  # too few pairs to judge by, so the held-out loss decides
    assert made.run.best_quality is not None
    assert made.learned_from["texts"] + 2 >= 18


def test_what_is_held_out_is_learned_from_by_no_objective():
    material = Material.of(SHOP, held_out=50, seed=0)
    assert material.probe is not None
    held = {pair.group for pair in material.probe.held_out.pairs}
    assert held
    assert not any(text.startswith(tuple(held)) for text in material.texts)


def test_what_cannot_be_done_is_said_first(tmp_path):
    with pytest.raises(ConfigError, match="scratch"):
        adapt_encoder(ScratchNetwork(**SMALL), SHOP, tmp_path, tuning=Tuning(method="lora"))
    with pytest.raises(InputError, match="titles"):
        adapt_encoder("", ["", ""], tmp_path)
