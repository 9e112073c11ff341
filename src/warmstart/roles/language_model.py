"""A question in, a text out: what a generative language model is asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from warmstart.core.component import Component
from warmstart.core.errors import ConfigError, InputError, WarmstartError
from warmstart.core.linear import FloatArray


class LanguageModelError(WarmstartError, RuntimeError):
    """A language model that cannot be reached, or that says something other than an answer."""


class BudgetError(LanguageModelError):
    """A limit on calls, tokens, money or time that would be passed by going on."""


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """A question with its rules and solved examples, kept apart until the model reads them.

    `rules` say what is wanted, `question` holds the material, `lead` stands before every answer. A chat
    model gets rules, examples and question as messages of their own, so that what a shopper or a
    supplier wrote never stands where instructions are expected; a plain model gets `text`.

    >>> solved = (("<<<ok>>>", "good"),)
    >>> prompt = Prompt(rules="Label it.", question="<<<late>>>", lead="Label:", examples=solved)
    >>> print(prompt.text)
    Label it.
    <BLANKLINE>
    <<<ok>>>
    Label: good
    <BLANKLINE>
    <<<late>>>
    Label:
    """

    rules: str
    question: str
    lead: str = ""
    joint: str = " "
    """What stands between lead and answer in plain text: nothing in Chinese."""
    examples: tuple[tuple[str, str], ...] = ()
    """Questions and their answers."""

    @property
    def text(self) -> str:
        """All of it as one text, to which a plain model adds the answer."""
        solved = [f"{self._asked(question)}{self.joint}{answer}" for question, answer in self.examples]
        return "\n\n".join([self.rules, *solved, self._asked(self.question)])

    def messages(self) -> list[dict[str, str]]:
        """The same for a chat: rules as the system's, examples as turns that have been."""
        turns = [("system", self.rules)]
        for question, answer in self.examples:
            turns += [("user", self._asked(question)), ("assistant", answer)]
        turns.append(("user", self._asked(self.question)))
        return [{"role": role, "content": content} for role, content in turns]

    def shortened(self) -> Prompt:
        """Without its first example, the one that says least about the question."""
        return replace(self, examples=self.examples[1:])

    def _asked(self, question: str) -> str:
        return f"{question}\n{self.lead}" if self.lead else question


@dataclass(kw_only=True)
class Usage:
    """What a model was used for since it was made. Answers from a cache cost nothing."""

    calls: int = 0
    prompt_tokens: int = 0
    answer_tokens: int = 0
    cached: int = 0
    cost: float = 0.0
    """In the currency of the prices that were given."""
    seconds: float = 0.0

    @property
    def tokens(self) -> int:
        """Read and written."""
        return self.prompt_tokens + self.answer_tokens


@dataclass(kw_only=True)
class LanguageModel(Component, ABC):
    """Answers prompts as a generative language model does, always with its likeliest words.

    A new one writes `_complete` and `identity`; `_score` and `can_score` where it can tell how likely an
    answer is. It never learns: nothing of what it is asked changes it.
    """

    @property
    def can_score(self) -> bool:
        """Whether it tells how likely an answer is."""
        return False

    @property
    @abstractmethod
    def identity(self) -> str:
        """What decides the answers: the model and its settings, not where it happens to lie."""

    @property
    def usage(self) -> Usage:
        """What it has been used for."""
        return self._usage

    def complete(self, prompts: Sequence[Prompt], *, max_tokens: int = 32) -> list[str]:
        """The answer to each prompt, of at most `max_tokens` tokens. Errors: `LanguageModelError`."""
        if isinstance(prompts, Prompt) or max_tokens < 1:
            raise InputError(
                expected="a list of prompts and at least one token for the answer",
                found="a single prompt" if isinstance(prompts, Prompt) else f"max_tokens={max_tokens}",
                todo="Call complete([prompt], max_tokens=32).",
            )
        return self._complete(prompts, max_tokens) if prompts else []

    def score(self, prompt: Prompt, answers: Sequence[str]) -> FloatArray:
        """The log-likelihood of each answer after the prompt, summed over its tokens, shape (answers,).

        Longer answers are less likely ones; compare with their scores after a prompt that says nothing.
        Errors: `ConfigError` where the model cannot say.
        """
        if not self.can_score:
            raise ConfigError(
                expected="a language model that tells likelihoods",
                found=type(self).__name__,
                todo="Ask it with complete(...), or take a local model.",
            )
        if isinstance(answers, str) or not all(answers):
            raise InputError(
                expected="a list of answers, none of them empty",
                found="a single string" if isinstance(answers, str) else "an empty answer",
                todo="Call score(prompt, [answer, ...]).",
            )
        if not answers:
            return np.zeros(0, dtype=np.float32)
        return np.asarray(self._score(prompt, answers), dtype=np.float32)

    @abstractmethod
    def _complete(self, prompts: Sequence[Prompt], max_tokens: int) -> list[str]: ...

    def _score(self, prompt: Prompt, answers: Sequence[str]) -> FloatArray:
        raise NotImplementedError

    def __post_init__(self) -> None:
        self._usage = Usage()
