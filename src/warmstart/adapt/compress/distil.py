"""A smaller transformer that says what a larger one says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from warmstart.adapt.compress.matryoshka import Shortening, nested_loss
from warmstart.core.errors import ConfigError
from warmstart.core.extras import load_torch
from warmstart.core.linear import FloatArray, unit_rows
from warmstart.encoders.backbone import Backbone
from warmstart.training.job import TrainingJob
from warmstart.training.run import TrainingRun
from warmstart.training.trainer import Trainer

_HELD_BACK, _MOST_HELD_BACK = 0.1, 256
_SEED = 0


class DistilJob(TrainingJob):
    """Trains a student to give each text the vector that its teacher gives it.

    The loss is 1 − cosine with the teacher's vector, and `likeness_weight` times the squared error of
    the cosines between the texts of a batch (similarity matching: Tung and Mori 2019, arXiv 1907.09682),
    which asks nothing of single numbers and so works for beginnings of the vectors of the lengths `dims`,
    too (Matryoshka). A teacher of longer vectors than the student's is cut to its principal axes first;
    one of shorter vectors is asked for cosines only. A tenth of the texts is held back; the quality is
    the loss there, negated.
    """

    def __init__(
        self,
        student: Backbone,
        texts: Sequence[str],
        targets: FloatArray,
        *,
        likeness_weight: float = 1.0,
        dims: Sequence[int] = (),
    ) -> None:
        super().__init__(student.model)
        self._torch = load_torch("DistilJob")
        self.student, self.texts, self.likeness_weight = student, list(texts), likeness_weight
        self.dims = [*dims] or [student.dim]
        if not all(1 <= dim <= student.dim for dim in self.dims):
            raise ConfigError(
                expected=f"lengths from 1 to {student.dim}, the student's",
                found=str(self.dims),
                todo="Mend 'dims'.",
            )
        self.targets = _fitting(unit_rows(targets), student.dim)
        held = min(round(len(self.texts) * _HELD_BACK), _MOST_HELD_BACK)
        order = np.random.default_rng(_SEED).permutation(len(self.texts))
        self._held, self._learned = order[:held].tolist(), order[held:]

    @property
    def size(self) -> int:
        """How many texts are learned from."""
        return len(self._learned)

    def batch(self, chosen: Sequence[int], rng: np.random.Generator) -> Any:
        """Tokens and the teacher's vectors."""
        return self._examples(self._learned[list(chosen)].tolist())

    def _examples(self, places: Sequence[int]) -> Any:
        targets = self._torch.from_numpy(self.targets[list(places)]).to(self.device)
        return self.student.tokens([self.texts[place] for place in places]), targets

    def outputs(self, batch: Any) -> Any:
        """The student's vectors."""
        return self.student.vectors(batch[0])

    def loss(self, outputs: Any, batch: Any) -> Any:
        """How far the student is from its teacher."""
        functional, targets = self._torch.nn.functional, batch[1]
        cosines = targets @ targets.T

        def unlike(vectors: Any) -> Any:
            own = functional.normalize(vectors, dim=-1)
            return functional.mse_loss(own @ own.T, cosines)

        found = self.likeness_weight * len(targets) * nested_loss(unlike, outputs, self.dims)
        if targets.shape[1] == outputs.shape[1]:
            found = found + (1 - functional.cosine_similarity(outputs, targets, dim=-1)).mean()
        return found

    def divergence(self, one: Any, other: Any) -> Any:
        """1 − cosine of the two answers, the mean."""
        return (1 - self._torch.nn.functional.cosine_similarity(one, other, dim=-1)).mean()

    def quality(self) -> float | None:
        """The loss on the texts held back, negated; None where nothing is."""
        if not self._held:
            return None
        parts = [self._held[start : start + 64] for start in range(0, len(self._held), 64)]
        losses = [float(self.loss(self.outputs(batch), batch)) for batch in map(self._examples, parts)]
        return -float(np.average(losses, weights=[len(part) for part in parts]))


def distil_into(
    student: Backbone,
    texts: Sequence[str],
    targets: FloatArray,
    trainer: Trainer | None = None,
    *,
    dims: Sequence[int] = (),
) -> TrainingRun:
    """Train a student (`keep_layers`, or a `ScratchNetwork`) on what a teacher says of a shop's texts.

    `targets` are the teacher's vectors, one for each text, of any encoder. The student keeps the weights
    that were best on texts held back, at worst those it came with.

    *When to use*: a model of half the layers that has read the shop's titles. *When not*: word order and
    rare paraphrase do not matter: a static table (`encoders.static.distil`) is a hundred times faster.
    *Cost*: about three times the student's own reading for each text and epoch.
    """
    job = DistilJob(student, texts, targets, dims=dims)
    return (trainer or default_trainer()).train(job)


def default_trainer() -> Trainer:
    """Settings that suit a distillation: a high learning rate, a few epochs."""
    return Trainer(epochs=3.0, batch_size=32, learning_rate=2e-4, weight_decay=0.01, warmup=0.1)


def _fitting(targets: FloatArray, dim: int) -> FloatArray:
    """The teacher's vectors, not longer than the student's."""
    return targets if targets.shape[1] <= dim else Shortening.fit(targets).shorten(targets, dim)
