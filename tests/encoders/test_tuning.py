"""Backbones, ways of tuning them, and networks from scratch."""

import re
import warnings
from typing import Any, get_args

import numpy as np
import pytest

from tests.tiny_models import transformer_folder
from warmstart.core.errors import ArtifactError, ConfigError, InputError
from warmstart.encoders.backbone import Backbone
from warmstart.encoders.scratch import ScratchNetwork
from warmstart.encoders.transformer import TransformerEncoder
from warmstart.encoders.tuning import MERGED, Method, Tuning
from warmstart.training.job import TrainingJob
from warmstart.training.trainer import Trainer

torch = pytest.importorskip("torch", reason="needs the extra 'lm'")
pytest.importorskip("transformers", reason="needs the extra 'lm'")
pytest.importorskip("peft", reason="needs the extra 'adapt'")

TEXTS = ["red shoes", "garden hose blue", "耳机 降噪", "shoes", ""]
METHODS = get_args(Method)
ADDED = [method for method in METHODS if method not in {"full", "top"}]


SMALL: dict[str, Any] = {"vocabulary": 200, "layers": 2, "dim": 32, "heads": 2, "max_length": 64}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A network small enough for tests, in which attention counts."""
    backbone = ScratchNetwork(**SMALL).build([*TEXTS, "blue red hose of garden shoes"], "encoder")
    for weights in backbone.model.parameters():
        if weights.ndim > 1:
            weights.data *= 10
    return backbone.save(tmp_path_factory.mktemp("backbone"))


class ApartJob(TrainingJob):
    """Tell the first two texts from the others."""

    def __init__(self, backbone: Backbone, tuning: Tuning) -> None:
        super().__init__(backbone.model)
        self.backbone, self.tuning = backbone, tuning
        self.texts = ["red shoes", "blue shoes", "garden hose", "red hose", "garden", "blue"]

    @property
    def size(self):
        return len(self.texts)

    def batch(self, chosen, rng):
        labels = torch.tensor([float(place < 2) for place in chosen])
        return self.backbone.tokens([self.texts[place] for place in chosen]), labels

    def outputs(self, batch):
        return self.backbone.vectors(batch[0])[:, 0]

    def loss(self, outputs, batch):
        return torch.nn.functional.mse_loss(outputs, batch[1]) + self.tuning.penalty(self.model)

    def after_step(self, step):
        self.tuning.after_step(self.model, step)

    def get_progress(self):
        return self.tuning.get_progress(self.model)

    def set_progress(self, progress):
        self.tuning.set_progress(self.model, progress)


def trained(folder, method, steps=25, **more) -> tuple[Backbone, Tuning, Any]:
    backbone, tuning = Backbone.load(str(folder)), Tuning(method=method, rank=4, layers=1)
    tuning.apply(backbone, total_steps=steps)
    trainer = Trainer(epochs=steps, batch_size=6, learning_rate=0.01, warmup=0.0, checkpoint_every=5)
    run = trainer.train(ApartJob(backbone, tuning), **more)
    return backbone, tuning, run


def test_a_backbone_gives_the_vectors_of_the_encoder_of_its_folder(tmp_path):
    folder = transformer_folder(tmp_path)
    expected = TransformerEncoder(model=str(folder)).encode(TEXTS[:4])
    found = Backbone.load(str(folder)).encode(TEXTS[:4])
    assert np.allclose(found / np.linalg.norm(found, axis=1, keepdims=True), expected, atol=1e-5)


@pytest.mark.parametrize("pooling", ["mean", "cls", "max", "lasttoken"])
def test_a_saved_backbone_is_read_by_the_encoder_with_its_pooling(tmp_path, folder, pooling):
    backbone = Backbone.load(str(folder))
    backbone.pooling = pooling
    backbone.save(tmp_path)
    again = Backbone.load(str(tmp_path))
    assert (again.pooling, again.max_length) == (pooling, 64)
    found = backbone.encode(TEXTS[:4])
    assert np.allclose(again.encode(TEXTS[:4]), found, atol=1e-6)
    expected = TransformerEncoder(model=str(tmp_path)).encode(TEXTS[:4])
    assert np.allclose(found / np.linalg.norm(found, axis=1, keepdims=True), expected, atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_a_network_says_the_same_before_it_is_tuned(folder, method):
    before = Backbone.load(str(folder)).encode(TEXTS)
    backbone = Backbone.load(str(folder))
    Tuning(method=method, layers=1).apply(backbone)
    after = backbone.encode(TEXTS)
    assert after.shape == before.shape
    if method not in {"prefix", "prompt", "p-tuning"}:  # those start from prompts that say something
        assert np.allclose(after, before, atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_tuning_learns_and_trains_only_what_it_says(folder, method):
    whole = sum(weights.numel() for weights in Backbone.load(str(folder)).model.parameters())
    before = dict(Backbone.load(str(folder)).model.named_parameters())
    backbone, _, run = trained(folder, method)
    assert np.mean(run.losses[-5:]) < np.mean(run.losses[:5])
    assert run.trained_parameters == (whole if method == "full" else run.trained_parameters)
    assert 0 < run.trained_parameters <= whole
    if method in ADDED:
        kept = {name: value for name, value in backbone.model.named_parameters() if not value.requires_grad}
        names = {
            re.sub(r"^base_model\.(model\.)?", "", name).replace("base_layer.", ""): name for name in kept
        }
        same = [name for name in before if name in names and torch.equal(before[name], kept[names[name]])]
        assert len(same) == len([name for name in before if name in names]) > 0


@pytest.mark.parametrize("method", sorted(MERGED))
def test_a_merged_network_says_the_same_and_is_a_plain_folder(tmp_path, folder, method):
    backbone, tuning, _ = trained(folder, method)
    tuned = backbone.encode(TEXTS)
    tuning.merge(backbone)
    assert np.allclose(backbone.encode(TEXTS), tuned, atol=1e-4)
    backbone.save(tmp_path)
    assert np.allclose(Backbone.load(str(tmp_path)).encode(TEXTS), tuned, atol=1e-4)
    assert not np.allclose(Backbone.load(str(folder)).encode(TEXTS), tuned, atol=1e-3)


@pytest.mark.parametrize("method", ADDED)
def test_an_adapter_alone_comes_back_onto_its_base(tmp_path, folder, method):
    backbone, tuning, _ = trained(folder, method)
    tuned = backbone.encode(TEXTS)
    tuning.save(backbone, tmp_path)
    again = Backbone.load(str(folder))
    assert Tuning.load(again, tmp_path) == tuning
    assert np.allclose(again.encode(TEXTS), tuned, atol=1e-5)
    assert not list(tmp_path.glob("*.bin"))


@pytest.mark.parametrize("method", ["full", "adalora", "prefix"])
def test_a_tuning_that_crashed_ends_with_the_same_network(tmp_path, folder, method):
    class StopHere(Exception):
        """Stands for a crash."""

    class Crash:
        def on_step(self, step, loss, learning_rate):
            if step == 13:
                raise StopHere

        def on_quality(self, step, quality):
            """Nothing."""

    expected = trained(folder, method)[0].encode(TEXTS)
    with pytest.raises(StopHere):
        trained(folder, method, checkpoints=tmp_path, watchers=[Crash()])
    found = trained(folder, method, checkpoints=tmp_path)[0].encode(TEXTS)
    assert np.array_equal(found, expected)


def test_what_cannot_be_merged_or_written_says_so(tmp_path, folder):
    backbone = Backbone.load(str(folder))
    tuning = Tuning(method="prefix")
    tuning.apply(backbone)
    with pytest.raises(ConfigError, match="merges"):
        tuning.merge(backbone)
    with pytest.raises(ConfigError, match="merged"):
        backbone.save(tmp_path)
    with pytest.raises(ConfigError, match="changes those"):
        Tuning(method="full").save(backbone, tmp_path)
    with pytest.raises(ArtifactError, match="adapter"):
        Tuning.load(backbone, tmp_path)


@pytest.mark.parametrize("kind", ["encoder", "masked", "causal"])
def test_a_network_from_scratch_writes_any_language(tmp_path, kind):
    texts = ["red shoes for running", "蓝色 降噪 耳机", "garden hose 20 m"]
    backbone = ScratchNetwork(**SMALL).build(texts, kind)
    ids = backbone.tokens(["red 耳机"])["input_ids"][0].tolist()
    assert backbone.tokenizer.unk_token_id not in ids
    vectors = backbone.encode(texts)
    assert vectors.shape == (3, 32)
    again = ScratchNetwork(**SMALL).build(texts, kind)
    assert np.array_equal(again.encode(texts), vectors)
    encoder = backbone.as_encoder()
    encoder.save(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.allclose(Backbone.load(str(tmp_path)).encode(texts), vectors, atol=1e-5)


def test_a_network_from_nothing_is_an_error():
    with pytest.raises(InputError, match="words"):
        ScratchNetwork().build(["", " "])
    with pytest.raises(ConfigError, match="heads"):
        ScratchNetwork(dim=10, heads=3)
