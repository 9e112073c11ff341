"""Labels by asking a language model that is shown alike examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from warmstart.adapt.prompting.calibration import calibrated, content_free
from warmstart.adapt.prompting.choose import choose_language_model
from warmstart.adapt.prompting.examples import choose_examples, nearest_labels
from warmstart.adapt.prompting.parsing import parse_label, shown
from warmstart.adapt.prompting.prompting import Prompting
from warmstart.adapt.prompting.templates import classify_prompt
from warmstart.adapt.prompting.wording import wording_for
from warmstart.core.component import State
from warmstart.core.linear import FloatArray, IntArray
from warmstart.roles.classifier import Classifier
from warmstart.roles.language_model import LanguageModel, Prompt

_KEPT = 300


@dataclass
class Tally:
    """How often a model was asked, and how often what it said was none of the allowed answers."""

    asked: int = 0
    without_answer: int = 0


@dataclass(frozen=True)
class _Asked:
    """A prompt, and the places in `classes_` of the labels that it offers."""

    prompt: Prompt
    offered: tuple[int, ...]


@dataclass(kw_only=True)
class PromptedClassifier(Prompting, Classifier):
    """Asks a language model for the label, with the most alike examples in the prompt; no weight changes.

    In-context learning (Brown et al. 2020, arXiv 2005.14165) with examples near the question (Liu et al.
    2022, arXiv 2101.06804), labels taking turns, the most alike one last.

    *When to use*: with a good instruction-tuned model, a handful of examples, and labels that say what
    they mean; through `GatedClassifier`, which finds out whether it pays. *When not*: unmeasured; for
    thousands of texts a minute; where texts must not leave the machine, with any endpoint elsewhere.

    `language_model` is "local:FOLDER_OR_HUB_NAME", "endpoint" or "endpoint:MODEL" (address and key from the
    environment), or "nearest", the control that is no model; `language_model_settings` are its settings.
    A prompt shows up to `shots` examples, offers at most `max_labels` labels (those with the nearest
    examples) and has at most `budget` characters. `mode` "complete" reads what the model says, strictly:
    anything but an offered label counts as no answer and gives the shares of the labels; `tally` counts.
    "score" compares the likelihoods of the labels, with `calibrate` relative to prompts that say nothing;
    "auto" does so where the model can. The answer gets `certainty`, the shares of labels the rest.

    *Needs* an encoder and the language model: the extra `lm`, or an endpoint. *Cost*: one call per text;
    scores cost one pass per label more, calibrated ones up to four times that.
    """

    needs_encoder: ClassVar[bool] = True

    @property
    def model(self) -> LanguageModel:
        """The language model, made at first use. Errors: `ConfigError`."""
        if "_model" not in vars(self):
            self._model = choose_language_model(self.language_model, **self.language_model_settings)
        return self._model

    def use_language_model(self, model: LanguageModel) -> None:
        """Ask this one, whatever the settings say."""
        self._model = model

    @property
    def tally(self) -> Tally:
        """How many texts it was asked about since it was made, and how many got no answer."""
        found: Tally = vars(self).setdefault("_tally", Tally())
        return found

    def set_state(self, state: State) -> None:
        """Take back what `get_state` gave."""
        super().set_state(state)
        vars(self).pop("_neutral", None)

    def _fit(self, texts: Sequence[str], codes: IntArray, unlabelled: Sequence[str]) -> None:
        order = sorted(range(len(texts)), key=lambda i: (texts[i], self.classes_[int(codes[i])]))
        self.texts_ = [texts[i] for i in order]
        self.codes_: IntArray = codes[order]
        self.vectors_: FloatArray = self._vectors(self.texts_)
        self.shares_: FloatArray = (np.bincount(codes) / len(codes)).astype(np.float32)
        self.chinese_ = wording_for(self.language, [*self.texts_, *self.classes_]).joint == ""
        vars(self).pop("_neutral", None)

    def _predict(self, texts: Sequence[str]) -> FloatArray:
        told: FloatArray = np.tile(self.shares_, (len(texts), 1))
        filled = [i for i, text in enumerate(texts) if text.strip()]
        asked = self._prompts([texts[i] for i in filled])
        scoring = self.mode == "score" or (self.mode == "auto" and self.model.can_score)
        rows = self._scored(asked) if scoring else self._completed(asked)
        for place, row in zip(filled, rows, strict=True):
            self.tally.asked += 1
            if row is None:
                self.tally.without_answer += 1
            else:
                told[place] = self.certainty * row + (1.0 - self.certainty) * self.shares_
        return told

    def _prompts(self, texts: Sequence[str]) -> list[_Asked]:
        return [self._prompt(text, row) for text, row in zip(texts, self._likeness(texts), strict=True)]

    def _likeness(self, texts: Sequence[str]) -> FloatArray:
        """Cosines of questions and examples, rounded so that equal ones are equal in every order."""
        if not texts:
            return np.zeros((0, len(self.texts_)), dtype=np.float32)
        cosines: FloatArray = np.round(self._vectors(texts) @ self.vectors_.T, 5)
        return cosines

    def _prompt(self, text: str, likeness: FloatArray) -> _Asked:
        offered = nearest_labels(likeness, self.codes_, self.max_labels)
        near = np.flatnonzero(np.isin(self.codes_, offered))
        chosen = choose_examples(likeness[near], self.vectors_[near], self.codes_[near], self.shots)
        solved = [(self.texts_[i], self.classes_[self.codes_[i]]) for i in near[chosen].tolist()]
        labels = [self.classes_[i] for i in offered]
        words = wording_for("zh" if self.chinese_ else "en", ())
        return _Asked(classify_prompt(words, text, labels, solved, budget=self.budget), tuple(offered))

    def _completed(self, asked: Sequence[_Asked]) -> list[FloatArray | None]:
        longest = max((len(shown(label)) for label in self.classes_), default=0)
        answers = self.model.complete([one.prompt for one in asked], max_tokens=2 * longest + 16)
        return [self._read(answer, one) for answer, one in zip(answers, asked, strict=True)]

    def _read(self, answer: str, one: _Asked) -> FloatArray | None:
        labels = [self.classes_[i] for i in one.offered]
        label = parse_label(answer, labels, one.prompt.lead)
        if label is None:
            return None
        row: FloatArray = np.zeros(len(self.classes_), dtype=np.float32)
        row[one.offered[labels.index(label)]] = 1.0
        return row

    def _scored(self, asked: Sequence[_Asked]) -> list[FloatArray | None]:
        rows: list[FloatArray | None] = []
        for one in asked:
            answers = [shown(self.classes_[i]) for i in one.offered]
            logs = self.model.score(one.prompt, answers)
            neutral = self._neutral_scores(one.prompt, answers) if self.calibrate else None
            row: FloatArray = np.zeros(len(self.classes_), dtype=np.float32)
            row[list(one.offered)] = calibrated(logs, neutral)
            rows.append(row)
        return rows

    def _neutral_scores(self, prompt: Prompt, answers: Sequence[str]) -> FloatArray:
        """Scores after prompts with the same examples that ask nothing; the last of them are kept."""
        kept: dict[Prompt, FloatArray] = vars(self).setdefault("_neutral", {})
        silent = content_free(prompt)
        if len(kept) > _KEPT:
            kept.clear()
        for one in silent:
            if one not in kept:
                kept[one] = self.model.score(one, answers)
        return np.array([kept[one] for one in silent])
