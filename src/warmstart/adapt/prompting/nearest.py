"""The language model that is none: what a prompt's examples say by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from warmstart.core.analysis import terms
from warmstart.core.linear import FloatArray
from warmstart.roles.language_model import LanguageModel, Prompt

_SHARPNESS = 10.0


@dataclass(kw_only=True)
class NearestExampleModel(LanguageModel):
    """Repeats the answer of the example that shares the most words with the question.

    *When to use*: as the control that stands in the place of a language model. Examples chosen by
    likeness nearly give the answer away; only what a model gains over this one comes from the model. And
    to try prompts without a model or a network. *When not*: to answer anybody.

    Of equally near examples the last one counts, which the prompt holds to be the most alike. Without
    examples it says nothing.

    *Needs* nothing. *Cost*: none.

    >>> prompt = Prompt(rules="", question="a blue kettle", examples=(("red kettle", "k"), ("tent", "t")))
    >>> NearestExampleModel().complete([prompt])
    ['k']
    """

    @property
    def can_score(self) -> bool:
        """By the share of common words."""
        return True

    @property
    def identity(self) -> str:
        """Always the same."""
        return "nearest"

    def _complete(self, prompts: Sequence[Prompt], max_tokens: int) -> list[str]:
        self.usage.calls += len(prompts)
        return [self._repeat(prompt) for prompt in prompts]

    def _repeat(self, prompt: Prompt) -> str:
        ranked = sorted(zip(_overlaps(prompt), range(len(prompt.examples)), strict=True))
        return prompt.examples[ranked[-1][1]][1] if ranked else ""

    def _score(self, prompt: Prompt, answers: Sequence[str]) -> FloatArray:
        self.usage.calls += 1
        overlaps = _overlaps(prompt)
        best = [
            max(
                (o for o, (_, said) in zip(overlaps, prompt.examples, strict=True) if said == a),
                default=0.0,
            )
            for a in answers
        ]
        scaled = _SHARPNESS * np.array(best)
        logs: FloatArray = scaled - np.logaddexp.reduce(scaled)
        return logs


def _overlaps(prompt: Prompt) -> list[float]:
    """Shared terms of the question and each example, as a share of all terms of both (Jaccard)."""
    asked = set(terms(prompt.question))
    found = []
    for question, _ in prompt.examples:
        own = set(terms(question))
        found.append(len(asked & own) / max(1, len(asked | own)))
    return found
