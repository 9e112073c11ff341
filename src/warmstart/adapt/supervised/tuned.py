"""A tuned model: it answers, and it is kept as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from warmstart.core.component import State
from warmstart.core.errors import ArtifactError
from warmstart.core.extras import load_torch
from warmstart.core.linear import FloatArray, unit_rows
from warmstart.encoders import model_folder
from warmstart.encoders.backbone import Backbone
from warmstart.encoders.pretrained import named_model
from warmstart.encoders.tuning import Tuning
from warmstart.training.averaging import put, trained_tensors

LONGEST = 32
"""Characters for each token that the model reads; what lies beyond is cut before it is tokenised."""


@dataclass
class Tuned:
    """A tuned backbone with its head, and the arrays that make it again from its base.

    `tensors` are those that were trained: an adapter's few, or all of the network's. `run` says what the
    training cost and how it ended. `judged` is what was told of held-out texts before the head was fitted
    on those, too, and what was wanted; it is not kept.
    """

    backbone: Backbone
    weights: FloatArray
    biases: FloatArray
    tensors: Mapping[str, FloatArray] = field(repr=False)
    run: dict[str, Any]
    judged: tuple[FloatArray, FloatArray] | None = field(default=None, repr=False)

    def vectors(self, texts: Sequence[str]) -> FloatArray:
        """The tuned vectors of texts, of length one."""
        prefix, longest = self.backbone.prefix("item"), self.backbone.max_length * LONGEST
        return unit_rows(self.backbone.encode([prefix + text[:longest] for text in texts]))

    def told(self, texts: Sequence[str]) -> FloatArray:
        """What the head says of texts, shape (texts, width)."""
        return self.vectors(texts) @ self.weights + self.biases

    def get_state(self) -> State:
        """Everything, as arrays and JSON."""
        return {
            "base": fingerprint_of(self.backbone),
            "tensors": dict(self.tensors),
            "weights": self.weights,
            "biases": self.biases,
            "run": self.run,
        }

    @classmethod
    def revived(cls, backbone: Backbone, tuning: Tuning, state: State) -> Self:
        """The same model from its base; `backbone` is changed."""
        torch = load_torch(cls.__name__)
        tuning.apply(backbone)
        tensors = {name: np.array(value) for name, value in state["tensors"].items()}
        put(torch, backbone.model, {name: torch.from_numpy(value) for name, value in tensors.items()})
        if tuning.merges:
            tuning.merge(backbone)
        backbone.model.eval()
        return cls(backbone, np.array(state["weights"]), np.array(state["biases"]), tensors, state["run"])


def load_base(model: str, max_length: int) -> Backbone:
    """A model as it came, from a folder or the Hub; an empty name means what WARMSTART_MODEL names."""
    return Backbone.load(model or named_model()[1], max_length=max_length)


def revive(model: str, max_length: int, tuning: Tuning, state: State) -> Tuned:
    """What `Tuned.get_state` gave, on its base again. Errors: `ArtifactError` when that is another."""
    backbone = load_base(model, max_length)
    if state["base"] != fingerprint_of(backbone):
        raise ArtifactError(
            expected=f"the model that was tuned, with fingerprint {state['base']}",
            found=f"{fingerprint_of(backbone)} in {backbone.source}",
            todo="Put the same model there, name it in 'model' or WARMSTART_MODEL, or fit again.",
        )
    return Tuned.revived(backbone, tuning, state)


def arrays_of(model: Any) -> dict[str, FloatArray]:
    """The trained weights of a network by name, copied."""
    trained = trained_tensors(model)
    return {name: value.detach().float().cpu().numpy().copy() for name, value in trained.items()}


def fingerprint_of(backbone: Backbone) -> str:
    """A short name for the files that the network was read from."""
    if backbone.source is None:
        return ""
    kinds = ("*.safetensors", "config.json", "tokenizer.json", "vocab.txt")
    files = {path for kind in kinds for path in backbone.source.glob(kind)}
    return model_folder.hash_files(backbone.source, files)
