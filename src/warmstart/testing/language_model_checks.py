"""The laws of language models."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from warmstart.roles.language_model import LanguageModel, Prompt
from warmstart.testing.component_checks import refused, same

_SOLVED = (("<<<tent stove>>>", "camping"), ("<<<煎锅 kettle>>>", "kitchen"))
PROMPTS = tuple(
    Prompt(rules="Label it.", question=f"<<<{text}>>>", lead="Label:", examples=_SOLVED[:n])
    for n, text in ((2, "tent"), (2, "煎锅"), (1, "kettle"), (0, "stove " * 20), (2, ""))
)


def one_prompt_equals_many(make: Callable[[], LanguageModel]) -> None:
    """An answer to each prompt, in their order, which does not depend on the prompts beside it."""
    model = make()
    together = model.complete(PROMPTS, max_tokens=4)
    alone = [model.complete([prompt], max_tokens=4)[0] for prompt in PROMPTS]
    if together != alone or not all(isinstance(answer, str) for answer in together):
        raise AssertionError(f"together {together}, alone {alone}")
    if model.complete([]) != []:
        raise AssertionError("no prompts must give no answers")


def another_model_with_the_same_settings_says_the_same(make: Callable[[], LanguageModel]) -> None:
    """Answers are the likeliest words: nothing is drawn by chance, and the identity says so."""
    one, other = make(), make()
    if one.identity != other.identity or not one.identity:
        raise AssertionError(f"{one.identity!r} and {other.identity!r}")
    if one.complete(PROMPTS) != other.complete(PROMPTS):
        raise AssertionError("two answers to the same prompts")


def use_is_counted(make: Callable[[], LanguageModel]) -> None:
    """Calls and cached answers add up to something after the first answer, and to nothing before."""
    model = make()
    if model.usage.calls or model.usage.cached:
        raise AssertionError(f"used before the first question: {model.usage}")
    model.complete(PROMPTS[:2])
    if model.usage.calls + model.usage.cached < 1:
        raise AssertionError("a question that was not counted")


def likelihoods_are_logs_for_each_answer(make: Callable[[], LanguageModel]) -> None:
    """Where it can score: at most zero, one per answer, the same alone, in company and in another order."""
    model = make()
    if not model.can_score:
        return
    answers = ["camping", "kitchen", "kitchen things"]
    found = model.score(PROMPTS[0], answers)
    if found.dtype != np.float32 or found.shape != (3,) or not (found <= 1e-6).all():
        raise AssertionError(f"no log-likelihoods: {found}")
    same(model.score(PROMPTS[0], answers[::-1])[::-1], found)
    if model.score(PROMPTS[0], []).shape != (0,):
        raise AssertionError("no answers must give no scores")


def a_question_that_makes_no_sense_is_refused(make: Callable[[], LanguageModel]) -> None:
    """A bare prompt, no room for an answer, and an empty answer."""
    model = make()
    refused(
        lambda: model.complete(PROMPTS[0]),  # type: ignore[arg-type]
        lambda: model.complete(PROMPTS, max_tokens=0),
    )
    if model.can_score:
        refused(lambda: model.score(PROMPTS[0], [""]), lambda: model.score(PROMPTS[0], "tent"))
