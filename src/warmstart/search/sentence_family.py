"""Words that a shop does not know, in the form in which it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from warmstart.core.analysis import stem, words

_SHORTEST: Final = 3


def in_shop_words(text: str, knows: Callable[[str], bool]) -> str:
    """The text with a known relative behind it for each English word that the shop does not know.

    Who asks for "a father who fishes" means the shop's fishing rods. `knows` says whether a stemmed word
    stands anywhere in the catalogue; words that do are left alone.

    >>> in_shop_words("father who fishes", {"father", "fishing"}.__contains__)
    'father who fishes fishing'
    """
    found = [_relative(stem(word), knows) for word in words(text)]
    return " ".join([text, *(word for word in found if word)])


def _relative(word: str, knows: Callable[[str], bool]) -> str:
    if len(word) < _SHORTEST or not (word.isascii() and word.isalpha()) or knows(word):
        return ""
    return next((other for other in _family(word) if other != word and knows(other)), "")


def _family(word: str) -> Iterator[str]:
    """What a word may be written as: fish, fishing, fisher, fished; bake, baking; run, running."""
    for root in _roots(word):
        short = root.removesuffix("e")
        yield root
        for ending in ("ing", "er", "ed"):
            yield from (root + ending, short + ending, root + root[-1] + ending)


def _roots(word: str) -> Iterator[str]:
    yield word
    for ending in ("ing", "er", "ed"):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= _SHORTEST:
            yield from (rest, rest + "e")
            if rest[-1] == rest[-2]:
                yield rest[:-1]
