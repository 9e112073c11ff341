"""What a shop may ask a language model beside labels; every answer is checked, or there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from warmstart.adapt.prompting.parsing import parse_json, parse_label, parse_lines, parse_numbers
from warmstart.adapt.prompting.quoting import cleaned
from warmstart.adapt.prompting.templates import (
    BUDGET,
    Solved,
    answer_prompt,
    extract_prompt,
    judge_prompt,
    limit_of,
    rerank_prompt,
    rewrite_prompt,
)
from warmstart.adapt.prompting.wording import Language, wording_for
from warmstart.core.errors import InputError
from warmstart.roles.language_model import LanguageModel

LONGEST_LIST = 20
_GRADES = ("0", "1", "2")
_LONGEST_QUERY = 80


@dataclass(frozen=True, kw_only=True)
class Reordered:
    """Ids in their new order; in the old one where the model gave no answer."""

    item_ids: tuple[str, ...]
    answered: bool


@dataclass(frozen=True, kw_only=True)
class GroundedAnswer:
    """An answer, the text it comes from, and the words of that text, unchanged, that say so."""

    text: str
    source: str
    quote: str


def extract_value(
    model: LanguageModel,
    name: str,
    texts: Sequence[str],
    values: Sequence[str],
    solved: Solved = (),
    *,
    language: Language = "auto",
) -> list[str | None]:
    """The value of an attribute that each text states: one of `values`, or None."""
    words = wording_for(language, [*texts, *values])
    answers = model.complete([extract_prompt(words, name, text, values, solved) for text in texts])
    return [parse_label(answer, values, words.value) for answer in answers]


def judge_relevance(
    model: LanguageModel, query: str, products: Sequence[str], *, language: Language = "auto"
) -> list[int | None]:
    """How well each product's text answers a search: 2, 1 or 0; None where the model gave no grade.

    The judgments of a model are no ground truth: measure them against a person's first.
    """
    words = wording_for(language, [query, *products])
    answers = model.complete([judge_prompt(words, query, product) for product in products], max_tokens=8)
    grades = [parse_label(answer, _GRADES, words.grade) for answer in answers]
    return [None if grade is None else int(grade) for grade in grades]


def rerank(
    model: LanguageModel, query: str, products: Mapping[str, str], *, language: Language = "auto"
) -> Reordered:
    """A short list (ids and texts, at most 20) in the order that the model finds best.

    Ids that it leaves out follow in their old order. *When not to use*: unmeasured; rerankers of this
    kind made lists worse for users of whom little is known (arXiv 2604.16318).
    """
    _check_count(len(products), "products")
    ids, words = list(products), wording_for(language, [query, *products.values()])
    prompt = rerank_prompt(words, query, list(products.values()))
    (answer,) = model.complete([prompt], max_tokens=6 * len(ids) + 8)
    order = parse_numbers(answer, len(ids))
    first = [ids[number - 1] for number in order or ()]
    rest = [item_id for item_id in ids if item_id not in set(first)]
    return Reordered(item_ids=(*first, *rest), answered=order is not None)


def rewrite_query(
    model: LanguageModel, query: str, n: int = 3, *, language: Language = "auto"
) -> list[str]:
    """Up to `n` other ways to say a search; none where the model gave no proper answer."""
    words = wording_for(language, [query])
    (answer,) = model.complete([rewrite_prompt(words, query, n)], max_tokens=32 * n + 16)
    own = cleaned(query, _LONGEST_QUERY)
    return [line for line in parse_lines(answer, n, _LONGEST_QUERY) or () if line != own]


class _Reply(BaseModel):
    model_config = ConfigDict(extra="forbid")

    answer: str
    source: int
    quote: str


def answer_from_texts(
    model: LanguageModel, question: str, texts: Mapping[str, str], *, language: Language = "auto"
) -> GroundedAnswer | None:
    """An answer from the shop's own texts (names and texts, at most 20), or None.

    Only an answer with a word-for-word quote from the text that it names counts. That shows where it
    came from, not that it is right: show the quote beside it.
    """
    _check_count(len(texts), "texts")
    names, words = list(texts), wording_for(language, [question])
    (answer,) = model.complete([answer_prompt(words, question, list(texts.values()))], max_tokens=300)
    reply = parse_json(answer, _Reply)
    if reply is None or not 1 <= reply.source <= len(names):
        return None
    name = names[reply.source - 1]
    text, quote = cleaned(reply.answer, BUDGET), reply.quote.strip()
    known = quote and quote in cleaned(texts[name], limit_of(len(names), BUDGET))
    return GroundedAnswer(text=text, source=name, quote=quote) if known and text else None


def _check_count(n: int, what: str) -> None:
    if not 1 <= n <= LONGEST_LIST:
        raise InputError(
            expected=f"one to {LONGEST_LIST} {what}", found=str(n), todo="Pass the best few of the list."
        )
