"""The job of a tuned backbone with heads."""

from typing import Any, get_args

import numpy as np
import pytest

from warmstart.adapt.job import BackboneJob
from warmstart.encoders.backbone import Backbone
from warmstart.encoders.scratch import ScratchNetwork
from warmstart.encoders.tuning import Method, Tuning
from warmstart.training.trainer import Trainer

torch = pytest.importorskip("torch", reason="needs the extra 'lm'")
pytest.importorskip("transformers", reason="needs the extra 'lm'")
pytest.importorskip("peft", reason="needs the extra 'adapt'")

TEXTS = ["red shoes", "blue shoes", "garden hose", "耳机 降噪"]
SMALL: dict[str, Any] = {"vocabulary": 120, "layers": 1, "dim": 16, "heads": 2, "max_length": 32}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return ScratchNetwork(**SMALL).build(TEXTS, "encoder").save(tmp_path_factory.mktemp("backbone"))


class ShoeJob(BackboneJob):
    """Which texts are of shoes."""

    def __init__(self, backbone, tuning, steps):
        head = torch.nn.Linear(backbone.dim, 2)
        super().__init__(backbone, tuning, {"shoe": head}, total_steps=steps)

    @property
    def size(self):
        return len(TEXTS)

    def batch(self, chosen, rng):
        tokens = self.backbone.tokens([TEXTS[place] for place in chosen])
        return tokens, torch.tensor([int("shoes" in TEXTS[place]) for place in chosen])

    def outputs(self, batch):
        return self.heads["shoe"](self.backbone.vectors(batch[0]))

    def loss(self, outputs, batch):
        return self.penalised(torch.nn.functional.cross_entropy(outputs, batch[1]))


@pytest.mark.parametrize("method", get_args(Method))
def test_every_way_of_tuning_learns_with_a_head_beside_it(tmp_path, folder, method):
    torch.manual_seed(0)
    backbone = Backbone.load(str(folder))
    before = backbone.encode(TEXTS)
    job = ShoeJob(backbone, Tuning(method=method, layers=1), 12)
    run = Trainer(epochs=12, batch_size=4, learning_rate=0.05).train(job)
    assert np.mean(run.losses[-3:]) < np.mean(run.losses[:3])
    tuned = job.finish()
    assert not np.allclose(tuned.encode(TEXTS), before, atol=1e-4)
    if job.tuning.merges:
        tuned.save(tmp_path)
        again = Backbone.load(str(tmp_path))
        assert np.allclose(again.encode(TEXTS), tuned.encode(TEXTS), atol=1e-4)
