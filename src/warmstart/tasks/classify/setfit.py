"""An encoder tuned by contrast, and logistic regression on its vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from warmstart.adapt.supervised.examples import Augment, hold_out
from warmstart.adapt.supervised.fine_tuner import EncoderTuning, prefixed, summary_of
from warmstart.adapt.supervised.linear_head import by_softmax, fit_linear_head
from warmstart.adapt.supervised.setfit import Likeness, SetFitJob
from warmstart.adapt.supervised.targets import one_hot
from warmstart.adapt.supervised.tuned import Tuned, arrays_of, load_base
from warmstart.core.component import State
from warmstart.core.linear import FloatArray, IntArray, unit_rows
from warmstart.core.tunable import tunable
from warmstart.roles.classifier import Classifier
from warmstart.tasks.classify.fine_tuned import canonical
from warmstart.tasks.classify.labels import with_names
from warmstart.tasks.classify.linear import softmax


@dataclass(kw_only=True)
class SetFitClassifier(EncoderTuning, Classifier):
    """A pretrained encoder tuned so that texts of one label are alike, with logistic regression on top.

    SetFit (Tunstall et al. 2022, arXiv 2209.11055). Every epoch draws new pairs for each text (`SetFitJob`,
    which says what `likeness` is); none is ever listed.

    *When to use*: with two to sixteen examples per label; see docs/how-to/fine-tune.md for what it brought.
    *When not*: with one, where there are no two texts of a label unless `label_names` gives the second.

    The settings of `EncoderTuning`, and `label_names`, that of `FineTunedClassifier`.

    *Needs* the extra `lm`, most methods `adapt`. *Cost*: each epoch reads every text two or three times.
    """

    likeness: Likeness = "batch"
    epochs: float = tunable(4.0, low=1.0, high=20.0, log=True)
    label_names: bool = False
    label_names_up_to: int = 8

    def use_augment(self, augment: Augment | None) -> None:
        """Let examples be read in other forms while training (`Augment`). Call before `fit`."""
        self._augment = augment

    @property
    def tuned(self) -> Tuned:
        """The tuned network; one that was loaded makes it at first use. Errors: `ArtifactError`."""
        self._check_fitted()
        if "_tuned" not in vars(self):
            self._tuned = self.revive(vars(self)["network_"])
        return self._tuned

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave."""
        vars(self).pop("_tuned", None)
        super().set_state(state)

    def _fit(self, texts: Sequence[str], codes: IntArray, unlabelled: Sequence[str]) -> None:
        order, self.columns_ = canonical(texts, codes)
        place, width = np.argsort(self.columns_), len(self.classes_)
        learned, labels = [texts[i] for i in order], place[codes[order]]
        held = hold_out(one_hot(labels, width), self.held_out, self.seed)
        if self.label_names:
            named, codes_too = with_names([], codes, self.classes_, up_to=self.label_names_up_to)
            learned += named
            labels = np.concatenate([labels, place[codes_too[len(codes) :]]])
            held = np.append(held, np.zeros(len(named), dtype=np.bool_))
        self._tuned = self._tune(learned, labels, held)
        self.network_ = self._tuned.get_state()

    def _tune(self, texts: Sequence[str], codes: IntArray, held: Any) -> Tuned:
        backbone = load_base(self.model, self.max_length)
        read, trainer = prefixed(backbone, texts), self.make_trainer(self.seed)
        inside = [text for text, out in zip(read, held.tolist(), strict=True) if not out]
        outside = [text for text, out in zip(read, held.tolist(), strict=True) if out]
        job = SetFitJob(
            backbone,
            self.make_tuning(),
            inside,
            codes[~held],
            held_out=(outside, codes[held]),
            likeness=self.likeness,
            augment=vars(self).get("_augment"),
            total_steps=trainer.total_steps(len(inside)),
            seed=self.seed,
        )
        run = trainer.train(job)
        tensors, vectors = arrays_of(backbone.model), unit_rows(backbone.encode(read))
        wanted, counted = one_hot(codes, len(self.classes_)), np.ones(len(codes), dtype=np.float32)
        head = fit_linear_head(vectors, wanted, counted, by_softmax, self.strength)
        return Tuned(job.finish(), *head, tensors=tensors, run=summary_of(run))

    def _predict(self, texts: Sequence[str]) -> FloatArray:
        found: FloatArray = softmax(self.tuned.told(texts))[:, np.argsort(self.columns_)]
        return found
