"""The language model where it was seen to be better, the cheap classifier everywhere else."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

import numpy as np

from warmstart.adapt.prompting.classifier import PromptedClassifier
from warmstart.adapt.prompting.gate import Gate, Teach, Verdict
from warmstart.adapt.prompting.prompting import Prompting
from warmstart.core import registry
from warmstart.core.component import State
from warmstart.core.errors import ConfigError, WarmstartError
from warmstart.core.linear import FloatArray, IntArray
from warmstart.roles.classifier import Classifier
from warmstart.roles.encoder import Encoder, Side
from warmstart.roles.language_model import LanguageModel, LanguageModelError


class PromptingWarning(UserWarning):
    """The language model could not be asked; the cheap classifier answered in its place."""


@dataclass(kw_only=True)
class GatedClassifier(Prompting, Classifier):
    """A cheap classifier that gives way to a language model only where that was measured to be better.

    Fitting compares both on held-out examples (`Gate`): the language model answers when the lower end of
    the interval of its paired gain is above `worth`, otherwise the cheap one does. `verdict` keeps the
    comparison, `explain()` says it in a sentence, and both are saved with the classifier.

    *When to use*: whenever a language model is at hand; ungated ones made lists worse for users of whom
    little is known (arXiv 2604.16318). *When not*: with fewer than about ten examples in all, where
    nothing can be shown, so that the cheap one always answers.

    `cheap` is any registered classifier, `cheap_settings` its settings. `levels` are further numbers of
    examples per label to measure at, for the table; each costs as many calls again. When a fitted
    classifier cannot reach its language model, or that is another one than was measured, the cheap one
    answers, with a `PromptingWarning`. The other settings are those of `PromptedClassifier`.

    *Needs* an encoder, a language model, and what the cheap one needs. *Cost*: at most `max_cases` calls
    to fit, and one per text after a verdict for the language model; none otherwise.
    """

    needs_encoder: ClassVar[bool] = True

    cheap: str = "encoder-logistic"
    cheap_settings: dict[str, Any] = field(default_factory=lambda: {"label_names": True})
    worth: float = 0.0
    folds: int = 4
    max_cases: int = 200
    levels: tuple[int, ...] = ()
    seed: int = 0

    @property
    def verdict(self) -> Verdict:
        """Who answers, why, and the comparison."""
        self._check_fitted()
        return Verdict.from_json(self.verdict_)

    def explain(self) -> str:
        """Who answers, and why, in a sentence."""
        return self.verdict.why

    def use_encoder(self, encoder: Encoder | None) -> None:
        """Give a loaded classifier back the encoder that it was fitted with."""
        super().use_encoder(encoder)
        for part in self._parts:
            part.use_encoder(encoder)

    def use_language_model(self, model: LanguageModel) -> None:
        """Ask this one, whatever the settings say. Call before `fit`."""
        self._model = model
        if "_prompted" in vars(self):
            self._prompted.use_language_model(model)

    def get_state(self) -> State:
        """The verdict, and what was learned; the examples only where they are shown to a model."""
        if not self.is_fitted:
            return {}
        shown = self._prompted.get_state() if self.verdict_["use"] else {}
        return super().get_state() | {"cheap_": self._cheap.get_state(), "prompted_": shown}

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave."""
        own = {name: value for name, value in state.items() if name not in ("cheap_", "prompted_")}
        super().set_state(own)
        self._make_parts()
        self._cheap.set_state(state["cheap_"])
        if state["prompted_"]:
            self._prompted.set_state(state["prompted_"])

    def _fit(self, texts: Sequence[str], codes: IntArray, unlabelled: Sequence[str]) -> None:
        labels = [self.classes_[code] for code in codes.tolist()]
        self._make_parts()
        encoder = None if self._encoder is None else _Remembering(self._encoder)
        teach = [_teacher(part, unlabelled, encoder) for part in self._parts]
        self.identity_ = self._prompted.model.identity
        self.verdict_ = self._judge(texts, labels, teach[0], teach[1]).to_json()
        for part in self._parts:
            part.fit(texts, labels, unlabelled=unlabelled, encoder=self._encoder)

    def _judge(self, texts: Sequence[str], labels: Sequence[str], cheap: Teach, prompted: Teach) -> Verdict:
        gate = Gate(folds=self.folds, max_cases=self.max_cases, worth=self.worth, seed=self.seed)
        try:
            return gate.judge(texts, labels, cheap, prompted, levels=self.levels)
        except LanguageModelError as error:
            return Verdict(
                use=False, why=f"The cheap classifier answers: the language model gave up ({error.found})."
            )

    @property
    def _parts(self) -> tuple[Classifier, ...]:
        """The cheap one and the prompted one, once there is something to fit or load."""
        return (self._cheap, self._prompted) if "_cheap" in vars(self) else ()

    def _make_parts(self) -> None:
        own = self.settings()
        self._prompted = PromptedClassifier.from_settings({f.name: own[f.name] for f in fields(Prompting)})
        if "_model" in vars(self):
            self._prompted.use_language_model(self._model)
        cheap = registry.get("classifier", self.cheap).from_settings(self.cheap_settings)
        if not isinstance(cheap, Classifier) or isinstance(cheap, GatedClassifier):
            raise ConfigError(
                expected="a cheap classifier in 'cheap'",
                found=repr(self.cheap),
                todo="Choose 'encoder-logistic' or 'prototype'.",
            )
        self._cheap = cheap

    def _predict(self, texts: Sequence[str]) -> FloatArray:
        if self.verdict_["use"] and self._is_the_same_model():
            try:
                return self._prompted.predict_proba(texts)
            except WarmstartError as error:  # also an extra or a setting that this machine lacks
                _warn(str(error))
        return self._cheap.predict_proba(texts)

    def _outlierness(self, texts: Sequence[str]) -> FloatArray:
        """The cheap classifier's: how far out a text is, is a question of its vector."""
        return self._cheap.outlierness(texts)

    def _is_the_same_model(self) -> bool:
        try:
            found = self._prompted.model.identity
        except WarmstartError as error:
            _warn(str(error))
            return False
        if found != self.identity_:
            _warn(f"the language model is now {found}; measured was {self.identity_}. Fit again to use it.")
        return bool(found == self.identity_)


class _Remembering(Encoder):
    """Encodes no text twice while folds are compared."""

    def __init__(self, encoder: Encoder) -> None:
        self._inner, self._known = encoder, dict[str, FloatArray]()

    @property
    def dim(self) -> int:
        return self._inner.dim

    def _encode(self, texts: Sequence[str], side: Side) -> FloatArray:
        fresh = [text for text in dict.fromkeys(texts) if text not in self._known]
        if fresh:
            self._known |= dict(zip(fresh, self._inner.encode(fresh, side), strict=True))
        return np.array([self._known[text] for text in texts], dtype=np.float32)


def _teacher(part: Classifier, unlabelled: Sequence[str], encoder: Encoder | None) -> Teach:
    def teach(texts: list[str], labels: list[str]) -> Callable[[list[str]], list[str]]:
        return part.fit(texts, labels, unlabelled=unlabelled, encoder=encoder).predict

    return teach


def _warn(message: str) -> None:
    warnings.warn(f"the cheap classifier answers: {message}", PromptingWarning, stacklevel=5)
