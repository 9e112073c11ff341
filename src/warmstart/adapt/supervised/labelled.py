"""Texts with targets, told by a head on the vectors of a tuned backbone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from warmstart.adapt.job import BackboneJob
from warmstart.adapt.supervised.examples import Augment, Examples
from warmstart.adapt.supervised.linear_head import fit_linear_head
from warmstart.adapt.supervised.targets import Target
from warmstart.core.extras import load_torch
from warmstart.core.linear import FloatArray, unit_rows
from warmstart.encoders.backbone import Backbone
from warmstart.encoders.tuning import Tuning

HEAD = "told"


class LabelledJob(BackboneJob):
    """Learns to tell `target` of texts: classes, labels, or a number.

    The head stands on vectors of length one and starts as the best linear one on the untrained vectors
    (`fit_linear_head`, regularised by `strength`). With `held_out` examples the trainer keeps the
    weights that tell those best.

    `mixing` above 0 trains on mixtures of two texts' vectors and targets, with shares drawn from
    Beta(mixing, mixing) (mixup, Zhang et al. 2018, arXiv 1710.09412; of hidden states, Verma et al. 2019,
    arXiv 1806.05236). `augment` gives a text another form each time that it is read.
    """

    def __init__(
        self,
        backbone: Backbone,
        tuning: Tuning,
        target: Target,
        examples: Examples,
        *,
        held_out: Examples | None = None,
        mixing: float = 0.0,
        augment: Augment | None = None,
        strength: float = 10.0,
        total_steps: int = 100,
        seed: int = 0,
    ) -> None:
        self._torch = load_torch(type(self).__name__)
        head = self._torch.nn.Linear(backbone.dim, target.width)
        super().__init__(backbone, tuning, {HEAD: head}, total_steps=total_steps, seed=seed)
        self.target, self.examples, self.held_out = target, examples, held_out
        self.mixing, self.augment, self.strength = mixing, augment, strength
        self.set_head(*self.linear_head(examples))

    @property
    def size(self) -> int:
        """How many texts to learn from."""
        return len(self.examples.texts)

    def linear_head(self, examples: Examples) -> tuple[FloatArray, FloatArray]:
        """The best linear head on the vectors as they are now: weights (dim, width), biases (width,)."""
        vectors = unit_rows(self.backbone.encode(examples.texts))
        return fit_linear_head(vectors, examples.wanted, examples.weights, self.target.link, self.strength)

    def head(self) -> tuple[FloatArray, FloatArray]:
        """The head as it is now, in the form of `linear_head`."""
        layer = self.heads[HEAD]
        return _array(layer.weight).T.copy(), _array(layer.bias)

    def set_head(self, weights: FloatArray, biases: FloatArray) -> None:
        """Put these in place of the head."""
        layer, torch = self.heads[HEAD], self._torch
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weights.T.copy()))
            layer.bias.copy_(torch.from_numpy(biases.copy()))

    def batch(self, chosen: Sequence[int], rng: np.random.Generator) -> dict[str, Any]:
        """Tokens, targets and weights, and what is mixed with what."""
        texts, wanted = [self.examples.texts[i] for i in chosen], self.examples.wanted[list(chosen)]
        if self.augment is not None:
            texts = [self.augment(text, rng) for text in texts]
        found = {"tokens": self.backbone.tokens(texts)}
        if self.mixing:
            shares = rng.beta(self.mixing, self.mixing, size=(len(chosen), 1)).astype(np.float32)
            partners = rng.permutation(len(chosen))
            wanted = shares * wanted + (1 - shares) * wanted[partners]
            found |= {"shares": self._tensor(shares), "partners": self._tensor(partners)}
        weights = self.examples.weights[list(chosen)]
        return found | {"wanted": self._tensor(wanted), "weights": self._tensor(weights)}

    def outputs(self, batch: dict[str, Any]) -> Any:
        """What the head says of the texts, or of their mixtures."""
        vectors = self._torch.nn.functional.normalize(self.backbone.vectors(batch["tokens"]), dim=-1)
        if "shares" in batch:
            shares = batch["shares"]
            vectors = shares * vectors + (1 - shares) * vectors[batch["partners"]]
        return self.heads[HEAD](vectors)

    def loss(self, outputs: Any, batch: dict[str, Any]) -> Any:
        """The weighted mean of the texts' losses."""
        losses = self.target.losses(self._torch, outputs, batch["wanted"])
        return self.penalised((losses * batch["weights"]).mean())

    def divergence(self, one: Any, other: Any) -> Any:
        """How far apart two answers are, as the target sees it."""
        return self.target.divergence(self._torch, one, other)

    def told(self, texts: Sequence[str]) -> FloatArray:
        """What the network says of texts now, shape (texts, width)."""
        weights, biases = self.head()
        return unit_rows(self.backbone.encode(texts)) @ weights + biases

    def quality(self) -> float | None:
        """How good the answers to what is held back are."""
        if self.held_out is None or not len(self.held_out.texts):
            return None
        return self.target.quality(self.told(self.held_out.texts), self.held_out.wanted)

    def _tensor(self, values: Any) -> Any:
        return self._torch.from_numpy(np.ascontiguousarray(values)).to(self.backbone.device)


def _array(tensor: Any) -> FloatArray:
    found: FloatArray = tensor.detach().float().cpu().numpy().copy()
    return found
