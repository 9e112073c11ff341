"""Whether an item says that it is, or has, what somebody refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import polars as pl

from warmstart.core import columns as c
from warmstart.core.analysis import is_cjk, normalise, stem, words
from warmstart.data.text import item_texts
from warmstart.search.sentence_shop import word_set

_NEGATING: Final = word_set("no non not without zero never minus")
_BETWEEN: Final = word_set("of from any added a the")
_AFTER: Final = word_set("free less")
_HAN_NEGATED: Final = re.compile(r"(?:无|不含有?|不带|零|非|没有|免|不是|0)$")
_PARTS: Final = re.compile(r"[-./'’+]")


def says(text: str, things: Iterable[str]) -> bool:
    """Whether a text names one of the things, other than to say that it is without.

    Words match in any number ("cups" names "cup") and only whole; runs of several words in their order.
    Chinese matches anywhere in a run, because nothing marks where a word ends.

    >>> says("Plastic cup", ["plastic"]), says("Plastic-free cup, no plastics", ["plastic"])
    (True, False)
    >>> says("塑料杯", ["塑料"]), says("无塑料杯", ["塑料"])
    (True, False)
    """
    found = _stems(text)
    run = "".join(words(text))
    return any(
        _says_han(run, "".join(words(thing)))
        if any(map(is_cjk, words(thing)))
        else _says(found, _stems(thing))
        for thing in things
    )


def literal_texts(items: pl.DataFrame) -> list[str]:
    """All that each item says of itself: its text, and the names of attributes that are true."""
    facts = [_true_names(attributes) for attributes in items[c.ATTRIBUTES]]
    return ["\n".join(part for part in pair if part) for pair in zip(item_texts(items), facts, strict=True)]


def _true_names(attributes: str | None) -> str:
    known: dict[str, Any] = json.loads(attributes) if attributes else {}
    return "\n".join(name.replace("_", " ") for name, value in known.items() if value is True)


def _stems(text: str) -> list[str]:
    return [stem(part) for word in words(text) for part in _PARTS.split(word) if part]


def _says(found: Sequence[str], thing: Sequence[str]) -> bool:
    return any(not _negated(found, place, len(thing)) for place in _places(found, thing))


def _places(found: Sequence[str], thing: Sequence[str]) -> Iterator[int]:
    if not thing:
        return
    size = len(thing)
    for place, word in enumerate(found):
        if word == thing[0] and list(found[place : place + size]) == list(thing):
            yield place


def _negated(found: Sequence[str], place: int, size: int) -> bool:
    before = place - 1
    while before >= 0 and found[before] in _BETWEEN:
        before -= 1
    after = found[place + size] if place + size < len(found) else ""
    if after in _AFTER or before < 0:
        return after in _AFTER
    freed = found[before] == "free" and before < place - 1  # "free of plastic", but not "BPA-free plastic"
    return freed or found[before] in _NEGATING


def _says_han(run: str, thing: str) -> bool:
    place = run.find(thing)
    while place >= 0:
        if not _HAN_NEGATED.search(run[:place]):
            return True
        place = run.find(thing, place + 1)
    return False


def says_any(texts: Iterable[str], things: Sequence[str]) -> list[bool]:
    """`says` for many texts at once; a quick look for the letters spares most of the reading.

    >>> says_any(["Steel cup", "Plastic cup"], ["plastic"])
    [False, True]
    """
    hints = [stem(normalise(thing).split()[0])[:4] if normalise(thing).split() else "" for thing in things]
    return [_hinted(text, hints) and says(text, things) for text in texts]


def _hinted(text: str, hints: Sequence[str]) -> bool:
    lowered = normalise(text)
    return any(hint in lowered for hint in hints)
