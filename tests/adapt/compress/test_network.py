"""Fewer layers, heads and pieces, and what a student learns."""

import numpy as np
import pytest

from tests.adapt.compress.conftest import TEXTS
from warmstart.adapt.compress.distil import DistilJob, distil_into
from warmstart.adapt.compress.heads import head_importance, silence_heads
from warmstart.adapt.compress.layers import keep_layers, layer_influence, most_influential
from warmstart.adapt.compress.vocabulary import _derivations, keep_vocabulary
from warmstart.core.errors import ConfigError
from warmstart.core.linear import unit_rows
from warmstart.encoders.backbone import Backbone
from warmstart.encoders.scratch import ScratchNetwork
from warmstart.encoders.silent_heads import drop_silent_heads
from warmstart.training.trainer import Trainer

torch = pytest.importorskip("torch", reason="needs the extra 'lm'")
transformers = pytest.importorskip("transformers", reason="needs the extra 'lm'")
tokenizers = pytest.importorskip("tokenizers", reason="needs the extra 'lm'")


def cosines(one: Backbone, other: Backbone) -> np.ndarray:
    return (unit_rows(one.encode(TEXTS)) * unit_rows(other.encode(TEXTS))).sum(axis=1)


def reloaded(backbone: Backbone, folder) -> Backbone:
    return Backbone.load(str(backbone.save(folder)), max_length=backbone.max_length)


def test_all_layers_are_the_same_network_and_fewer_are_another(whole, tmp_path):
    np.testing.assert_allclose(cosines(whole, keep_layers(whole, 4)), 1, atol=1e-5)
    half = keep_layers(whole, 2)
    assert half.model.config.num_hidden_layers == 2
    assert cosines(whole, half).mean() < 0.999
    again = reloaded(half, tmp_path / "half")
    np.testing.assert_allclose(again.encode(TEXTS), half.encode(TEXTS), atol=1e-5)
    assert len(list(whole.model.encoder.layer)) == 4


@pytest.mark.parametrize("keep", [0, 5, [4], []])
def test_layers_that_there_are_not_are_an_error(whole, keep):
    with pytest.raises(ConfigError, match="layers"):
        keep_layers(whole, keep)


def test_a_layer_that_does_nothing_has_no_influence(whole):
    idle = keep_layers(whole, 4)
    layer = idle.model.encoder.layer[2]
    for part in (layer.attention.output.dense, layer.output.dense):
        torch.nn.init.zeros_(part.weight)
        torch.nn.init.zeros_(part.bias)
    influence = layer_influence(idle, TEXTS[:8])
    assert influence.argmin() == 2
    assert influence[2] < 1e-4
    assert most_influential(idle, TEXTS[:8], 3) == [0, 1, 3]


@pytest.mark.parametrize("measure", ["gradient", "ablation"])
def test_silent_heads_go_first_and_cost_nothing_when_dropped(whole, measure):
    known = silence_heads(whole, 2 / 16, TEXTS[:8], measure)
    importance = head_importance(known, TEXTS[:8], measure)
    assert (importance < 1e-6).sum() == 2
    said, weights = known.encode(TEXTS), sum(w.numel() for w in known.model.parameters())
    assert drop_silent_heads(known.model) == 2
    np.testing.assert_allclose(known.encode(TEXTS), said, atol=1e-5)
    assert sum(w.numel() for w in known.model.parameters()) < weights
    assert drop_silent_heads(known.model) == 0


@pytest.mark.parametrize("measure", ["gradient", "ablation"])
def test_the_heads_that_matter_least_cost_less_than_the_others(whole, measure):
    importance = head_importance(whole, TEXTS, measure)
    assert importance.shape == (4, 4)
    quiet = silence_heads(whole, 0.25, TEXTS, measure)
    loud = keep_layers(whole, 4)
    for layer, head in np.argwhere(importance >= np.sort(importance.ravel())[-4]).tolist():
        with torch.no_grad():
            loud.model.encoder.layer[layer].attention.output.dense.weight[
                :, head * 16 : (head + 1) * 16
            ] = 0
    assert cosines(whole, quiet).mean() > cosines(whole, loud).mean()


def test_every_layer_keeps_a_head(whole):
    quiet = silence_heads(whole, 0.99, TEXTS[:4])
    for layer in quiet.model.encoder.layer:
        columns = layer.attention.output.dense.weight.detach().unflatten(1, (4, -1))
        assert int((columns != 0).any(dim=2).any(dim=0).sum()) == 1
    with pytest.raises(ConfigError, match="share"):
        silence_heads(whole, 1.0, TEXTS[:4])


def test_heads_of_an_unknown_family_are_left_alone():
    other = ScratchNetwork(vocabulary=100, layers=1, dim=16, heads=2).build(TEXTS, "causal")
    with pytest.raises(ConfigError, match="attention"):
        head_importance(other, TEXTS[:2])


def with_tokenizer(whole: Backbone, kind: str) -> Backbone:
    """The network behind a tokenizer of another kind."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    models, trainers = tokenizers.models, tokenizers.trainers
    texts = [*TEXTS, "unbelievable xylophones of copper"]
    if kind == "WordPiece":
        raw = tokenizers.Tokenizer(models.WordPiece(unk_token="[UNK]"))
        trainer = trainers.WordPieceTrainer(vocab_size=140, special_tokens=special, show_progress=False)
        raw.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    elif kind == "Unigram":
        raw = tokenizers.Tokenizer(models.Unigram())
        trainer = trainers.UnigramTrainer(
            vocab_size=140, special_tokens=special, unk_token="[UNK]", show_progress=False
        )
        raw.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    else:
        raw = tokenizers.Tokenizer(models.BPE())
        raw.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=400,
            special_tokens=special,
            initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
    raw.train_from_iterator(texts, trainer)
    ends = [(name, raw.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    raw.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=ends
    )
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=raw, **names)
    config = whole.model.config.to_dict() | {"vocab_size": len(tokenizer), "pad_token_id": 0}
    transformers.set_seed(0)
    model = transformers.BertModel(transformers.BertConfig(**config)).eval()
    return Backbone(model, tokenizer, "encoder", "mean", 32)


@pytest.mark.parametrize("kind", ["own", "WordPiece", "Unigram", "byte-level BPE"])
def test_a_smaller_vocabulary_reads_the_shop_as_before(whole, kind, tmp_path):
    backbone = whole if kind == "own" else with_tokenizer(whole, kind)
    used = TEXTS[:10]
    small = reloaded(keep_vocabulary(backbone, used), tmp_path / "small")
    assert len(small.tokenizer) < len(backbone.tokenizer)
    assert small.model.config.vocab_size == len(small.tokenizer)
    np.testing.assert_allclose(small.encode(used), backbone.encode(used), atol=1e-5)
    assert [small.tokenizer.tokenize(text) for text in used] == [
        backbone.tokenizer.tokenize(t) for t in used
    ]
    word, unknown = "xylophones", small.tokenizer.unk_token
    assert unknown not in small.tokenizer.tokenize(word)
    assert len(small.tokenizer.tokenize(word)) >= len(backbone.tokenizer.tokenize(word))
    assert small.tokenizer.pad_token_id == small.model.config.pad_token_id


def test_byte_pairs_with_marks_are_refused():
    with pytest.raises(ConfigError, match="marks"):
        _derivations({"continuing_subword_prefix": "##", "merges": []}, ["a"])


def quality(student: Backbone, targets: np.ndarray) -> float:
    with torch.no_grad():
        found = DistilJob(student, TEXTS, targets).quality()
    assert found is not None
    return found


@pytest.mark.parametrize("dim", [64, 32])
def test_a_student_comes_nearer_to_its_teacher(whole, dim):
    targets = whole.encode(TEXTS)
    if dim == whole.dim:
        student = keep_layers(whole, 2)
    else:
        student = ScratchNetwork(vocabulary=150, layers=1, dim=dim, heads=2).build(TEXTS, "encoder")
    before = quality(student, targets)
    run = distil_into(student, TEXTS, targets, Trainer(epochs=4, batch_size=8, learning_rate=1e-3))
    after = quality(student, targets)
    assert after == pytest.approx(run.best_quality)
    assert after > before


def test_a_student_may_be_taught_for_short_vectors_too(whole):
    targets = whole.encode(TEXTS)

    def error(student: Backbone) -> float:
        short = unit_rows(student.encode(TEXTS)[:, :8])
        full = unit_rows(targets)
        return float(((short @ short.T - full @ full.T) ** 2).mean())

    plain, nested = keep_layers(whole, 2), keep_layers(whole, 2)
    trainer = Trainer(epochs=5, batch_size=8, learning_rate=1e-3)
    distil_into(plain, TEXTS, targets, trainer)
    distil_into(nested, TEXTS, targets, trainer, dims=(8, 64))
    assert error(nested) < error(plain)
    with pytest.raises(ConfigError, match="dims"):
        DistilJob(plain, TEXTS, targets, dims=(65,))


def test_a_student_of_longer_vectors_learns_likeness_alone(whole):
    student = ScratchNetwork(vocabulary=150, layers=1, dim=96, heads=2).build(TEXTS, "encoder")
    job = DistilJob(student, TEXTS, whole.encode(TEXTS))
    batch = job.batch([0, 1, 2], np.random.default_rng(0))
    longer = torch.nn.functional.pad(batch[1], (0, 32)).roll(5, dims=1)
    assert float(job.loss(longer, batch)) == pytest.approx(0, abs=1e-6)
    assert float(job.loss(longer.flip(0), batch)) > 1e-4


def test_the_difference_of_two_answers_is_zero_for_equal_ones(whole):
    job = DistilJob(whole, TEXTS, whole.encode(TEXTS))
    one = torch.randn(3, 64, generator=torch.Generator().manual_seed(0))
    assert float(job.divergence(one, 2 * one)) == pytest.approx(0, abs=1e-6)
    assert quality(whole, whole.encode(TEXTS)) == pytest.approx(0, abs=1e-4)
    assert DistilJob(whole, TEXTS[:3], whole.encode(TEXTS[:3])).quality() is None
