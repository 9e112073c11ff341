"""What the jobs that learn from plain texts share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from warmstart.adapt.job import BackboneJob
from warmstart.adapt.probe import PairProbe
from warmstart.encoders.backbone import Backbone
from warmstart.encoders.tuning import Tuning


class TextJob(BackboneJob):
    """Learns from texts. What is held back is `probe`'s pairs, or else the loss on `held_out` texts.

    The texts of the probe are not among `texts`; whoever makes the job sees to that.
    """

    def __init__(
        self,
        backbone: Backbone,
        tuning: Tuning,
        texts: Sequence[str],
        heads: Mapping[str, Any] | None = None,
        *,
        probe: PairProbe | None = None,
        held_out: Sequence[str] = (),
        total_steps: int = 100,
        seed: int = 0,
    ) -> None:
        super().__init__(backbone, tuning, heads, total_steps=total_steps, seed=seed)
        self.texts, self.held_out, self.probe = list(texts), list(held_out), probe

    @property
    def size(self) -> int:
        """How many texts there are."""
        return len(self.texts)

    def batch(self, chosen: Sequence[int], rng: np.random.Generator) -> Any:
        """The texts at these places."""
        return self.prepare([self.texts[place] for place in chosen], rng)

    def prepare(self, texts: Sequence[str], rng: np.random.Generator) -> Any:
        """Texts as tensors; what is hidden from the network is drawn from `rng`."""
        raise NotImplementedError

    def quality(self) -> float | None:
        """Retrieval among the probe's pairs, or minus the loss on what was held out."""
        if self.probe is not None and len(self.probe.held_out):
            return self.probe.quality(self.backbone)
        if not self.held_out:
            return None
        rng, losses = np.random.default_rng(0), []
        for start in range(0, len(self.held_out), 32):
            batch = self.prepare(self.held_out[start : start + 32], rng)
            losses.append(float(self.loss(self.outputs(batch), batch)))
        return -float(np.mean(losses))
