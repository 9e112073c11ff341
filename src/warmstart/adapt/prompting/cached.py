"""What language models share that cost something: nothing is asked twice."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from warmstart.adapt.prompting.answer_cache import AnswerCache, answer_key
from warmstart.core.linear import FloatArray
from warmstart.roles.language_model import LanguageModel, Prompt


@dataclass(kw_only=True)
class CachedLanguageModel(LanguageModel):
    """Asks each different prompt once, and with `cache` keeps the answers on disk.

    The cache is off unless asked for: answers may repeat what a customer wrote. A new model writes
    `_answers`, and `_likelihoods` where it can. Answers that came before a failure are kept, so that
    the next try goes on from there.
    """

    cache: bool = False

    @abstractmethod
    def _answers(self, prompts: Sequence[Prompt], max_tokens: int) -> Iterator[str]:
        """The answers in order, each as soon as it is there."""

    def _likelihoods(self, prompt: Prompt, answers: Sequence[str]) -> FloatArray:
        raise NotImplementedError

    def _complete(self, prompts: Sequence[Prompt], max_tokens: int) -> list[str]:
        keys = [answer_key(self.identity, prompt, {"max_tokens": max_tokens}) for prompt in prompts]
        cache = AnswerCache.shared() if self.cache else None
        known = cache.get(keys) if cache else {}
        self.usage.cached += sum(key in known for key in keys)
        missing = {key: prompt for key, prompt in zip(keys, prompts, strict=True) if key not in known}
        answers = self._answers(list(missing.values()), max_tokens) if missing else iter(())
        for key, answer in zip(missing, answers, strict=True):
            known[key] = answer
            if cache:
                cache.put(key, answer)
        return [known[key] for key in keys]

    def _score(self, prompt: Prompt, answers: Sequence[str]) -> FloatArray:
        if not self.cache:
            return self._likelihoods(prompt, answers)
        cache, key = AnswerCache.shared(), answer_key(self.identity, prompt, {"score": list(answers)})
        kept = cache.get([key]).get(key)
        if kept is not None:
            self.usage.cached += 1
            return np.array(json.loads(kept), dtype=np.float32)
        found = self._likelihoods(prompt, answers)
        cache.put(key, json.dumps(np.asarray(found, dtype=np.float64).tolist()))
        return found
