"""Learning from text without labels."""

import numpy as np
import pytest

from tests.adapt.shops import small_network, small_shop
from warmstart.adapt.objectives.causal import CausalJob, reads_forwards
from warmstart.adapt.objectives.contrastive import ContrastiveJob, TwinJob, in_batch_loss
from warmstart.adapt.objectives.denoising import DenoisingJob
from warmstart.adapt.objectives.masked import MaskedJob
from warmstart.adapt.objectives.negatives import similar_texts
from warmstart.adapt.objectives.tokens import chosen_words, tokens_and_words
from warmstart.adapt.pairs import shop_pairs
from warmstart.adapt.probe import PairProbe
from warmstart.core.errors import ConfigError
from warmstart.encoders.tuning import Tuning
from warmstart.training.trainer import Trainer

torch = pytest.importorskip("torch", reason="needs the extra 'lm'")
pytest.importorskip("transformers", reason="needs the extra 'lm'")

FULL = Tuning(method="full")
TEXTS = small_shop().item_texts
LEARNED, HELD = shop_pairs(small_shop()).split(0.3)


def job_of(name, tuning=FULL, **more):
    if name == "causal":
        return CausalJob(small_network("causal"), tuning, TEXTS, **more)
    if name == "contrastive":
        return ContrastiveJob(small_network("encoder"), tuning, LEARNED, **more)
    kinds = {"masked": MaskedJob, "denoising": DenoisingJob, "twins": TwinJob}
    return kinds[name](small_network(), tuning, TEXTS, **more)


JOBS = ["masked", "causal", "denoising", "twins", "contrastive"]


@pytest.mark.parametrize("name", JOBS)
def test_every_objective_makes_its_loss_smaller(name):
    run = Trainer(epochs=8, batch_size=16, learning_rate=0.003).train(job_of(name))
    assert np.mean(run.losses[-4:]) < 0.9 * np.mean(run.losses[:4])


@pytest.mark.parametrize("name", JOBS)
def test_every_objective_leaves_a_plain_encoder_when_lora_is_merged(tmp_path, name):
    pytest.importorskip("peft", reason="needs the extra 'adapt'")
    job = job_of(name, Tuning(method="lora"), total_steps=3)
    before = job.backbone.encode(TEXTS[:5])
    Trainer(epochs=1, batch_size=16, learning_rate=0.05, max_steps=3).train(job)
    tuned = job.finish()
    assert tuned.kind == "encoder"
    assert not hasattr(tuned.model, "peft_config")
    assert not np.allclose(tuned.encode(TEXTS[:5]), before, atol=1e-4)


def test_contrastive_learning_finds_what_was_held_out_and_counts_the_start():
    probe = PairProbe(HELD)
    job = job_of("contrastive", probe=probe)
    run = Trainer(epochs=8, batch_size=32, learning_rate=0.003).train(job)
    assert run.qualities[0][0] == 0
    assert run.best_quality is not None
    assert run.best_quality > run.qualities[0][1] + 0.1
    assert run.best_quality == pytest.approx(probe.quality(job.finish()), abs=1e-4)


@pytest.mark.parametrize("name", ["masked", "causal", "denoising"])
def test_without_pairs_the_held_out_loss_is_the_quality(name):
    job = job_of(name, held_out=TEXTS[:6])
    run = Trainer(epochs=4, batch_size=16, learning_rate=0.003).train(job)
    assert max(quality for _, quality in run.qualities[1:]) > run.qualities[0][1]


def test_whole_words_are_hidden_with_all_their_pieces():
    backbone = small_network()
    tokens, words = tokens_and_words(backbone, ["running garden 耳机", "x"])
    assert words[0, 0] == -1
    assert tokens["input_ids"].shape == words.shape
    rng = np.random.default_rng(0)
    for _ in range(20):
        chosen = chosen_words(words, 0.4, rng)
        for row, own in enumerate(words):
            assert not chosen[row][own < 0].any()
            for word in np.unique(own[own >= 0]):
                assert len(set(chosen[row][own == word])) == 1
        assert chosen.any(axis=1).all()


def test_a_deleted_word_is_not_read():
    job = job_of("denoising")
    whole, left = job.prepare(TEXTS[:8], np.random.default_rng(0))
    assert left["attention_mask"].sum() < 0.7 * whole["attention_mask"].sum()
    for full, kept, mask in zip(
        whole["input_ids"].tolist(),
        left["input_ids"].tolist(),
        left["attention_mask"].tolist(),
        strict=True,
    ):
        rest = iter(full)
        assert all(token in rest for token, real in zip(kept, mask, strict=True) if real)


def test_the_in_batch_loss_is_the_cross_entropy_of_cosines():
    rng = np.random.default_rng(0)
    left, right = (torch.from_numpy(rng.normal(size=(4, 3))) for _ in range(2))
    none = torch.zeros(4, 4, dtype=torch.bool)
    logits = (left @ right.T).numpy() / 0.1
    expected = -np.mean(np.diag(logits) - np.log(np.exp(logits).sum(axis=1)))
    assert float(in_batch_loss(left, right, none, 0.1, symmetric=False)) == pytest.approx(expected)
    there = float(in_batch_loss(left, right, none, 0.1, symmetric=True))
    assert there == pytest.approx(float(in_batch_loss(right, left, none, 0.1, symmetric=True)))


def test_equal_texts_of_a_batch_are_no_negatives():
    job = job_of("contrastive")
    places = [place for place, pair in enumerate(LEARNED.pairs) if pair.left == LEARNED.pairs[0].left]
    assert len(places) > 1
    same = job.batch([*places, len(LEARNED) - 1], np.random.default_rng(0))[2].numpy()
    assert same[: len(places), : len(places)].sum() == len(places) * (len(places) - 1)


def test_hard_negatives_share_words_and_belong_to_other_items():
    found = similar_texts(LEARNED, 2)
    assert found.shape == (len(LEARNED), 2)
    for pair, others in zip(LEARNED.pairs, found, strict=True):
        for other in others:
            assert LEARNED.pairs[other].right != pair.right
            assert LEARNED.pairs[other].group != pair.group
    job = job_of("contrastive", hard_negatives=2)
    left, right, same = job.batch([0, 1, 2], np.random.default_rng(0))
    assert len(left["input_ids"]) == 3
    assert len(right["input_ids"]) == 9
    assert same.shape == (3, 9)


def test_keeping_holds_the_vectors_nearer_to_those_that_came():
    moved = []
    for keep in (0.0, 20.0):
        job = job_of("contrastive", keep=keep)
        before = job.backbone.encode(TEXTS)
        Trainer(epochs=2, batch_size=32, learning_rate=0.003).train(job)
        after = job.finish().encode(TEXTS)
        cosines = (before * after).sum(1) / np.linalg.norm(before, axis=1) / np.linalg.norm(after, axis=1)
        moved.append(1 - cosines.mean())
    assert moved[1] < 0.7 * moved[0]


def test_models_that_do_not_fit_an_objective_are_refused():
    with pytest.raises(ConfigError, match="masked"):
        MaskedJob(small_network("encoder"), FULL, TEXTS)
    with pytest.raises(ConfigError, match="left to right"):
        CausalJob(small_network("masked"), FULL, TEXTS)
    assert reads_forwards(small_network("causal"))
    assert not reads_forwards(small_network("encoder"))
