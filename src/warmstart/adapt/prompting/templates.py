"""Prompts for the tasks of a shop, each within a budget of characters."""

from __future__ import annotations

from collections.abc import Sequence

from warmstart.adapt.prompting.parsing import shown
from warmstart.adapt.prompting.quoting import quoted
from warmstart.adapt.prompting.wording import Wording
from warmstart.core.errors import ConfigError
from warmstart.roles.language_model import Prompt

BUDGET = 6000
"""Characters of a prompt: about 1,500 tokens of English, up to 6,000 of Chinese."""
_SHARE = 4
"""A quoted text gets at most this part of the budget."""

Solved = Sequence[tuple[str, str]]
"""Example texts and what was right for each."""


def classify_prompt(
    words: Wording, text: str, labels: Sequence[str], solved: Solved = (), *, budget: int = BUDGET
) -> Prompt:
    r"""Which of the labels a text has. `solved` are examples, the most telling last.

    >>> from warmstart.adapt.prompting.wording import CHINESE
    >>> prompt = classify_prompt(CHINESE, "太差了", ["好评", "差评"], [("很快", "好评")])
    >>> print(prompt.text.split("\n\n", 1)[1])
    <<<很快>>>
    标签：好评
    <BLANKLINE>
    <<<太差了>>>
    标签：
    """
    rules = words.classify.replace("{labels}", _listed(labels))
    return _with_examples(words, rules, words.label, text, solved, budget=budget)


def extract_prompt(
    words: Wording,
    name: str,
    text: str,
    values: Sequence[str],
    solved: Solved = (),
    *,
    budget: int = BUDGET,
) -> Prompt:
    """Which value of an attribute a text states, if any."""
    rules = words.extract.replace("{name}", shown(name)).replace("{none}", words.none)
    rules = rules.replace("{labels}", _listed(values))
    return _with_examples(words, rules, words.value, text, solved, budget=budget)


def judge_prompt(words: Wording, query: str, product: str, *, budget: int = BUDGET) -> Prompt:
    """How well a product answers a search: 0, 1 or 2."""
    question = f"{_asked(words, query, budget)}\n{quoted(product, budget // _SHARE)}"
    return _fitted(words, words.judge, words.grade, question, budget=budget)


def rerank_prompt(words: Wording, query: str, products: Sequence[str], *, budget: int = BUDGET) -> Prompt:
    """In which order a few numbered products answer a search."""
    return _fitted(
        words, words.rerank, words.order, _numbered(words, query, products, budget), budget=budget
    )


def rewrite_prompt(words: Wording, query: str, n: int, *, budget: int = BUDGET) -> Prompt:
    """Other words for a search."""
    rules = words.rewrite.replace("{n}", str(n))
    return _fitted(words, rules, words.queries, _asked(words, query, budget), budget=budget)


def answer_prompt(words: Wording, question: str, texts: Sequence[str], *, budget: int = BUDGET) -> Prompt:
    """The answer to a question from the shop's own texts, with the words that say so."""
    return _fitted(
        words, words.answer, words.reply, _numbered(words, question, texts, budget), budget=budget
    )


def limit_of(n: int, budget: int) -> int:
    """How many characters each of `n` texts in one prompt gets."""
    return max(1, budget // 2 // n) if n > 1 else budget // _SHARE


def _listed(labels: Sequence[str]) -> str:
    return "\n".join(f"- {shown(label)}" for label in labels)


def _asked(words: Wording, query: str, budget: int) -> str:
    return f"{words.query}{words.joint}{quoted(query, budget // _SHARE // 2)}"


def _numbered(words: Wording, query: str, texts: Sequence[str], budget: int) -> str:
    limit = limit_of(len(texts), budget)
    lines = [f"{number}. {quoted(text, limit)}" for number, text in enumerate(texts, start=1)]
    return "\n".join([_asked(words, query, budget), *lines])


def _with_examples(
    words: Wording, rules: str, lead: str, text: str, solved: Solved, *, budget: int
) -> Prompt:
    limit = budget // _SHARE
    examples = tuple((quoted(example, limit), shown(answer)) for example, answer in solved)
    return _fitted(words, rules, lead, quoted(text, limit), examples, budget=budget)


def _fitted(
    words: Wording,
    rules: str,
    lead: str,
    question: str,
    examples: tuple[tuple[str, str], ...] = (),
    *,
    budget: int,
) -> Prompt:
    """The prompt without the first examples that are too many for the budget."""
    prompt = Prompt(
        rules=f"{rules}\n{words.data}", question=question, lead=lead, joint=words.joint, examples=examples
    )
    while len(prompt.text) > budget and prompt.examples:
        prompt = prompt.shortened()
    if len(prompt.text) > budget:
        raise ConfigError(
            expected=f"a prompt of at most {budget} characters",
            found=f"{len(prompt.text)} without any example",
            todo="Raise the budget, or offer fewer labels or products.",
        )
    return prompt
