"""The job that every way of adapting a language model shares: a tuned backbone, and heads beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from warmstart.core.component import State
from warmstart.core.extras import load_torch
from warmstart.encoders.backbone import Backbone
from warmstart.encoders.tuning import Tuning
from warmstart.training.job import TrainingJob


class BackboneJob(TrainingJob):
    """A backbone, the way in which it is tuned, and heads. A new job writes what `TrainingJob` asks for.

    The constructor prepares the backbone (`Tuning.apply`, from `seed`); `total_steps` is how many steps
    the trainer will make (`Trainer.total_steps(size)`), which AdaLoRA wants to know. Heads are torch
    modules; they are trained beside whatever `tuning` trains, in `self.heads`. A loss that a job writes
    ends in `self.penalised(loss)`.

    After training `finish` gives the backbone as a plain network where the way of tuning merges.
    """

    def __init__(
        self,
        backbone: Backbone,
        tuning: Tuning,
        heads: Mapping[str, Any] | None = None,
        *,
        total_steps: int = 100,
        seed: int = 0,
    ) -> None:
        torch = load_torch(type(self).__name__)
        tuning.apply(backbone, total_steps=total_steps, seed=seed)
        self.backbone, self.tuning = backbone, tuning
        self.heads = torch.nn.ModuleDict(dict(heads or {})).to(backbone.device)
        super().__init__(torch.nn.ModuleDict({"network": backbone.model, "heads": self.heads}))

    @property
    def network(self) -> Any:
        """The backbone's network, with what the tuning put around it."""
        return self.backbone.model

    def penalised(self, loss: Any) -> Any:
        """A loss with what the way of tuning adds to it."""
        return loss + self.tuning.penalty(self.network)

    def after_step(self, step: int) -> None:
        """Let the way of tuning have its turn."""
        self.tuning.after_step(self.network, step)

    def get_progress(self) -> State:
        """What the way of tuning remembers."""
        return self.tuning.get_progress(self.network)

    def set_progress(self, progress: State) -> None:
        """Take back what `get_progress` gave."""
        self.tuning.set_progress(self.network, progress)

    def finish(self) -> Backbone:
        """The backbone after training: a plain network, or one with its adapter where that stays apart."""
        if self.tuning.merges:
            self.tuning.merge(self.backbone)
        return self.backbone
