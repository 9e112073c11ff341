"""Read what a language model says, strictly: one of the allowed answers, or none. Nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from warmstart.adapt.prompting.quoting import cleaned
from warmstart.core.analysis import normalise

LONGEST_LABEL = 200
_LONGEST_ANSWER = 20_000
_THINKING = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_FENCE = re.compile(r"\A```(?:json)?\s*\n(.*)\n\s*```\Z", re.DOTALL)
_WRAPPING = " \t\r\n\"'`*“”‘’「」『』《》"

Schema = TypeVar("Schema", bound=BaseModel)


def shown(label: str) -> str:
    """How a label stands in a prompt."""
    return cleaned(label, LONGEST_LABEL) or label


def parse_label(answer: str, labels: Sequence[str], lead: str = "") -> str | None:
    """The label that the answer is, or None: not one that it merely mentions.

    Upper and lower case, quotation marks, a full stop and the `lead` before it do not matter.

    >>> parse_label(' "Refund".', ["card_arrival", "refund"]), parse_label("refund, I think", ["refund"])
    ('refund', None)
    """
    said = _said(answer)
    for form in (said, _bare(said.removeprefix(lead) if lead else said)):
        alike = [label for label in labels if form == shown(label)]
        alike = alike or [label for label in labels if _same(form, label)]
        if alike:
            return alike[0] if len(alike) == 1 else None
    return None


def parse_numbers(answer: str, n: int) -> list[int] | None:
    """Numbers from 1 to `n` in a JSON list, none twice; None for anything else.

    >>> parse_numbers("[2, 1]", 3), parse_numbers("[2, 2]", 3), parse_numbers("[4]", 3)
    ([2, 1], None, None)
    """
    found = _json(answer, TypeAdapter(list[int]))
    if not found or len(set(found)) < len(found) or not all(1 <= number <= n for number in found):
        return None
    return found


def parse_lines(answer: str, n: int, longest: int) -> list[str] | None:
    """One to `n` texts in a JSON list, each of 1 to `longest` characters, none twice, as plain lines.

    >>> parse_lines('["rain jacket", "waterproof coat"]', 3, 40)
    ['rain jacket', 'waterproof coat']
    """
    found = _json(answer, TypeAdapter(list[str]))
    if not found or len(found) > n or any(len(text) > longest for text in found):
        return None
    lines = list(dict.fromkeys(cleaned(text, longest) for text in found))
    return lines if all(lines) else None


def parse_json(answer: str, schema: type[Schema]) -> Schema | None:
    """The JSON object that the schema describes, without conversions of types; None for anything else."""
    return _json(answer, TypeAdapter(schema))


T = TypeVar("T")


def _json(answer: str, schema: TypeAdapter[T]) -> T | None:
    said = _said(answer)
    fenced = _FENCE.match(said)
    try:
        return schema.validate_json((fenced[1] if fenced else said).encode("utf-8", "replace"), strict=True)
    except ValidationError:
        return None


def _said(answer: str) -> str:
    """Without what a thinking model thought first."""
    return _THINKING.sub("", answer[:_LONGEST_ANSWER]).strip()


def _bare(said: str) -> str:
    return said.strip(_WRAPPING).removesuffix(".").removesuffix("。").strip(_WRAPPING)


def _same(said: str, label: str) -> bool:
    return bool(said) and normalise(said) == normalise(_bare(shown(label)))
