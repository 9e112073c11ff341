"""Learning something new without losing the old."""

import numpy as np
import pytest

from warmstart.adapt.continual.retention import Retention, weight_importance
from warmstart.core.errors import ConfigError
from warmstart.training.trainer import Trainer

torch = pytest.importorskip("torch", reason="needs the extra 'lm'")

from tests.training.jobs import BagJob  # noqa: E402

TRAINER = Trainer(epochs=10, batch_size=16, learning_rate=0.05, warmup=0.0)


def of_task(model, shift: int) -> BagJob:
    """The toy job; shifted, other words tell, and what they tell is turned round."""
    job = BagJob(held=False)
    if model is not None:
        job.model = model
    if shift:
        job.ids = torch.where(job.ids < 18, job.ids + 9, job.ids)  # other words tell
        job.labels = (job.labels + shift) % 3
    return job


def accuracy(job: BagJob) -> float:
    job.model.eval()
    with torch.no_grad():
        return float((job.model(job.ids).argmax(dim=1) == job.labels).float().mean())


def learned() -> tuple[BagJob, BagJob]:
    old = of_task(None, 0)
    TRAINER.train(old)
    assert accuracy(old) > 0.9
    return old, of_task(old.model, 1)


def forgotten(retention: Retention | None) -> tuple[float, float]:
    """Accuracy on the old and on the new after learning the new."""
    old, new = learned()
    TRAINER.train(new if retention is None else retention.around(new, old))
    return accuracy(old), accuracy(new)


@pytest.mark.parametrize(
    "retention",
    [
        Retention(anchor="none", replay=0.5),
        Retention(anchor="l2-sp", strength=0.05, replay=0.0),
        Retention(anchor="ewc", strength=0.05, replay=0.0),
        Retention(anchor="distil", strength=2.0, replay=0.0),
    ],
    ids=lambda retention: f"{retention.anchor} {retention.replay}",
)
def test_what_is_kept_is_more_than_without(retention):
    old_alone, new_alone = forgotten(None)
    old_kept, new_kept = forgotten(retention)
    assert new_alone > 0.9
    assert old_kept > old_alone
    assert new_kept > 0.5  # and the new is learned


def test_an_anchor_of_no_strength_changes_nothing():
    weights = []
    for retention in (None, Retention(anchor="l2-sp", strength=0.0, replay=0.0)):
        old, new = learned()
        TRAINER.train(new if retention is None else retention.around(new, old))
        weights.append(new.weights())
    assert all(np.allclose(weights[0][name], weights[1][name]) for name in weights[0])


def test_replay_brings_old_examples_into_every_batch():
    old, new = learned()
    both = Retention(anchor="none", replay=0.25).around(new, old).batch([0, 1, 2], np.random.default_rng(0))
    assert [len(part[1]) for part in both] == [3, 1]
    assert torch.equal(both[0][0], new.ids[[0, 1, 2]])


def test_distilling_leaves_the_weights_as_they_are():
    old, new = learned()
    job = Retention(anchor="distil", replay=0.0).around(new, old)
    before = new.weights()
    batch = job.batch([0, 1], np.random.default_rng(0))
    job.model.train()
    job.loss(job.outputs(batch), batch)
    assert all(np.array_equal(before[name], value) for name, value in new.weights().items())
    assert job.model.training


def test_importance_is_larger_where_the_old_examples_reach():
    old, _ = learned()
    found = weight_importance(old)
    total = sum(float(value.sum()) for value in found.values())
    count = sum(value.numel() for value in found.values())
    assert total / count == pytest.approx(1.0, rel=1e-4)
    never = torch.ones(30, dtype=torch.bool)
    never[old.ids.unique()] = False
    assert float(found["words.weight"][never].sum()) == 0.0
    assert float(found["words.weight"][:9].mean()) > 0.0


def test_what_does_not_fit_is_refused():
    old, new = learned()
    with pytest.raises(ConfigError, match="ewc"):
        Retention(anchor="ewc").around(new)
    with pytest.raises(ConfigError, match="one network"):
        Retention().around(BagJob(), old)
    with pytest.raises(ConfigError, match="replay"):
        Retention(replay=2.0)
