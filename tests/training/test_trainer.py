"""The training loop."""

from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.core.errors import ArtifactError, ConfigError, InputError
from warmstart.training.adversarial import EmbeddingShift, backward_against
from warmstart.training.schedules import rate_share
from warmstart.training.trainer import Trainer

torch = pytest.importorskip("torch", reason="needs the extra 'lm'")

from tests.training.jobs import BagJob  # noqa: E402
from tests.training.processes import stack  # noqa: E402

QUICK: dict[str, Any] = {"learning_rate": 0.05, "batch_size": 16, "epochs": 8, "warmup": 0.1}


class StopHere(Exception):
    """Stands for a crash."""


class Crash:
    """Pulls the plug after a step."""

    def __init__(self, after: int) -> None:
        self.after = after

    def on_step(self, step, loss, learning_rate):
        if step == self.after:
            raise StopHere

    def on_quality(self, step, quality):
        """Nothing."""


class TextJob(BagJob):
    """The same job for a network of transformers; nothing is held back."""

    def __init__(self) -> None:
        super().__init__(held=False, examples=48)

    def outputs(self, batch):
        return self.model(input_ids=batch[0]).logits


def loss_of(job, batch):
    return job.loss(job.outputs(batch), batch)


def same(one, other) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"optimiser": "sgd", "learning_rate": 0.5},
        {"optimiser": "adafactor"},
        {"schedule": "cosine", "average": "ema"},
        {"average": "swa"},
        {"adversary": "fgm", "radius": 0.3},
        {"adversary": "pgd", "radius": 0.3},
        {"consistency": 0.5},
        {"accumulate": 3},
        {"precision": "bfloat16"},
        {"precision": "float16"},
    ],
    ids=str,
)
def test_every_way_of_training_learns(more: dict[str, Any]):
    job = BagJob()
    run = Trainer(**{**QUICK, **more}).train(job)
    assert run.best_quality == max(quality for _, quality in run.qualities)
    assert run.best_quality is not None
    assert run.best_quality > 0.75 > run.qualities[0][1]
    assert run.losses[-1] < run.losses[0]
    assert job.quality() == pytest.approx(run.best_quality)
    assert run.trained_parameters == run.all_parameters == 30 * 8 + 8 * 3 + 3


@pytest.mark.parametrize("average", ["none", "ema", "swa"])
@pytest.mark.parametrize("optimiser", ["adamw", "sgd", "adafactor"])
def test_a_training_that_crashed_ends_with_the_same_weights(tmp_path, optimiser, average):
    trainer = Trainer(**QUICK, optimiser=optimiser, average=average, checkpoint_every=7)
    whole, broken, resumed = BagJob(), BagJob(), BagJob()
    run = trainer.train(whole)
    with pytest.raises(StopHere):
        trainer.train(broken, checkpoints=tmp_path, watchers=[Crash(after=17)])
    again = trainer.train(resumed, checkpoints=tmp_path)
    assert len(resumed.drawn) == run.steps - 14  # from the last checkpoint, not from the start
    assert same(whole.weights(), resumed.weights())
    assert whole.steps_seen == resumed.steps_seen == list(range(1, run.steps + 1))
    assert (again.losses, again.qualities, again.best_step) == (run.losses, run.qualities, run.best_step)


def test_a_finished_training_is_not_done_again(tmp_path):
    trainer = Trainer(**QUICK)
    first, second = BagJob(), BagJob()
    trainer.train(first, checkpoints=tmp_path)
    trainer.train(second, checkpoints=tmp_path)
    assert second.drawn == []
    assert same(first.weights(), second.weights())


@pytest.mark.parametrize(
    ("trainer", "job"),
    [(Trainer(**{**QUICK, "learning_rate": 0.01}), BagJob()), (Trainer(**QUICK), BagJob(seed=1))],
    ids=["other settings", "other starting weights"],
)
def test_checkpoints_of_another_training_are_refused(tmp_path, trainer, job):
    Trainer(**QUICK).train(BagJob(), checkpoints=tmp_path)
    with pytest.raises(ArtifactError, match="another"):
        trainer.train(job, checkpoints=tmp_path)


def test_training_that_only_harms_leaves_the_network_as_it_was():
    job = BagJob(judge=lambda model: -float(model.answer.weight.detach().abs().sum()))
    before = job.weights()
    run = Trainer(**QUICK, patience=2).train(job)
    assert (run.stopped, run.best_step, len(run.qualities)) == ("patience", 0, 3)
    assert same(before, job.weights())


def test_patience_ends_a_training_that_gets_no_better():
    job = BagJob(judge=lambda model: 0.5)
    before = job.weights()
    run = Trainer(**{**QUICK, "epochs": 50}, patience=2).train(job)
    assert (run.stopped, run.best_step, len(run.qualities)) == ("patience", 0, 3)
    assert same(before, job.weights())


def test_a_budget_ends_a_training():
    run = Trainer(**QUICK, max_seconds=1e-9).train(BagJob(held=False))
    assert (run.stopped, run.steps) == ("budget", 1)


def test_max_steps_ends_a_training():
    run = Trainer(**QUICK, max_steps=3).train(BagJob(held=False))
    assert (run.stopped, run.steps, run.best_step) == ("finished", 3, 3)


def test_frozen_weights_stay():
    job = BagJob()
    job.model.words.weight.requires_grad_(False)
    before = job.weights()
    run = Trainer(**QUICK, adversary="fgm", radius=0.1).train(job)
    after = job.weights()
    assert np.array_equal(before["words.weight"], after["words.weight"])
    assert not np.array_equal(before["answer.weight"], after["answer.weight"])
    assert run.trained_parameters == 8 * 3 + 3


def test_accumulated_gradients_are_those_of_the_whole_batch():
    results = []
    for parts in (1, 4):
        job = BagJob(held=False)
        job.model.dropout.p = 0.0
        Trainer(**{**QUICK, "epochs": 1}, accumulate=parts, optimiser="sgd").train(job)
        results.append(job.weights())
    assert all(np.allclose(results[0][name], results[1][name], atol=1e-6) for name in results[0])


def test_a_training_in_float16_that_crashed_ends_with_the_same_weights(tmp_path):
    trainer = Trainer(**QUICK, precision="float16", checkpoint_every=7)
    whole, broken, resumed = BagJob(), BagJob(), BagJob()
    trainer.train(whole)
    with pytest.raises(StopHere):
        trainer.train(broken, checkpoints=tmp_path, watchers=[Crash(after=17)])
    trainer.train(resumed, checkpoints=tmp_path)
    assert same(whole.weights(), resumed.weights())


def test_recomputed_activations_give_the_same_weights():
    results = []
    for recomputed in (False, True):
        job = BagJob()
        job.model = stack()
        Trainer(**{**QUICK, "epochs": 1}, gradient_checkpointing=recomputed).train(job)
        assert (job.model.recomputed > 0) == recomputed
        assert not job.model.recomputes
        results.append(job.weights())
    assert same(*results)


def test_a_network_of_transformers_can_recompute():
    transformers = pytest.importorskip("transformers", reason="needs the extra 'lm'")
    sizes = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 8}
    config = transformers.BertConfig(vocab_size=30, num_labels=3, **sizes)
    results = []
    for recomputed in (False, True):
        job = TextJob()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            job.model = transformers.BertForSequenceClassification(config)
        Trainer(**{**QUICK, "epochs": 1}, gradient_checkpointing=recomputed).train(job)
        assert not any(getattr(part, "gradient_checkpointing", False) for part in job.model.modules())
        results.append(job.weights())
    assert all(np.allclose(results[0][name], results[1][name], atol=1e-6) for name in results[0])


def test_a_network_without_gradient_checkpointing_is_an_error():
    with pytest.raises(ConfigError, match="Bag"):
        Trainer(gradient_checkpointing=True).train(BagJob())


def test_threads_are_set_for_the_training_and_then_as_they_were():
    before = torch.get_num_threads()
    seen: list[int] = []

    def judge(model):
        seen.append(torch.get_num_threads())
        return 0.0

    Trainer(**{**QUICK, "epochs": 1}, threads=before + 1).train(BagJob(judge=judge))
    assert set(seen) == {before + 1}
    assert torch.get_num_threads() == before


def test_training_draws_nothing_from_the_random_numbers_of_others():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    Trainer(**{**QUICK, "epochs": 1}).train(BagJob())
    assert torch.equal(torch.rand(3), expected)


@given(size=st.integers(1, 50), batch=st.integers(1, 20), seed=st.integers(0, 3), epoch=st.integers(0, 3))
def test_an_epoch_reads_every_example_once(size, batch, seed, epoch):
    trainer = Trainer(batch_size=batch, seed=seed)
    steps = trainer.steps_per_epoch(size)
    read = np.concatenate([trainer.chosen(epoch * steps + step, size) for step in range(steps)])
    assert sorted(read.tolist()) == list(range(size))


@given(
    total=st.integers(1, 200),
    warmup=st.floats(0, 1),
    schedule=st.sampled_from(["linear", "cosine", "constant"]),
)
def test_the_rate_rises_then_never_rises_again(total, warmup, schedule):
    shares = [rate_share(step, total, warmup, schedule) for step in range(total)]
    top = int(np.argmax(shares))
    assert all(0 < share <= 1 for share in shares)
    assert shares[: top + 1] == sorted(shares[: top + 1])
    assert shares[top:] == sorted(shares[top:], reverse=True)


def test_the_adversary_makes_the_loss_larger_by_a_shift_of_the_radius():
    job = BagJob()
    job.model.eval()
    batch = job.batch([0, 1, 2, 3], np.random.default_rng(0))
    losses = []

    def loss():
        found = job.loss(job.outputs(batch), batch)
        losses.append(float(found.detach()))
        return found

    backward_against(torch, job.embeddings(), loss, "fgm", 0.5)
    assert losses[1] > losses[0]


def test_pgd_stays_in_its_ball_and_does_at_least_the_harm_of_its_first_step():
    job = BagJob()
    job.model.eval()
    batch = job.batch([0, 1, 2, 3], np.random.default_rng(0))
    losses, lengths = [], []

    def loss():
        losses.append(float(job.loss(job.outputs(batch), batch).detach()))
        return job.loss(job.outputs(batch), batch)

    climb = EmbeddingShift.climb

    def watched(self, slope, stride, radius):
        climb(self, slope, stride, radius)
        lengths.append(float(self.value.flatten(1).norm(dim=1).max()))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EmbeddingShift, "climb", watched)
        backward_against(torch, job.embeddings(), loss, "pgd", 0.5)
    assert len(lengths) == 3
    assert max(lengths) <= 0.5 + 1e-6
    assert losses[-1] > losses[0]


def test_pgd_leaves_only_the_gradients_of_the_first_and_the_last_pass():
    slopes = []
    for kind in ("fgm", "pgd"):
        job = BagJob()
        job.model.eval()
        batch = job.batch([0, 1, 2, 3], np.random.default_rng(0))
        radius = 1e-6  # so that both passes are the same
        backward_against(torch, job.embeddings(), partial(loss_of, job, batch), kind, radius)
        slopes.append(job.model.answer.weight.grad.numpy())
    assert np.allclose(slopes[0], slopes[1], atol=1e-5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": 0},
        {"batch_size": 0},
        {"warmup": 2.0},
        {"max_steps": 0},
        {"consistency": -1.0},
        {"clip": 0},
    ],
    ids=str,
)
def test_values_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Trainer(**wrong)


def test_nothing_to_learn_from_or_nothing_to_train_is_an_error():
    with pytest.raises(InputError, match="examples"):
        Trainer().train(BagJob(examples=0, held=False))
    job = BagJob()
    job.model.requires_grad_(False)
    with pytest.raises(InputError, match="frozen"):
        Trainer().train(job)
