"""What a label says by its name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from warmstart.core.analysis import is_cjk, words
from warmstart.core.linear import IntArray

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SEPARATORS = re.compile(r"[\W_]+")
IN_CHINESE: Final[Mapping[str, str]] = {
    "positive": "好评",
    "pos": "好评",
    "good": "好评",
    "negative": "差评",
    "neg": "差评",
    "bad": "差评",
    "neutral": "中评",
}
"""English names of opinions, and what a Chinese shop calls them."""


def readable(label: str) -> str:
    """A label as a text: words instead of `snake_case`, `kebab-case` or `camelCase`.

    >>> readable("Refund_not_showing_up"), readable("cardArrival"), readable("物流/快递")
    ('Refund not showing up', 'card arrival', '物流 快递')
    """
    spaced = _SEPARATORS.sub(" ", _HUMP.sub(" ", label)).strip()
    humps = _HUMP.search(label) is not None
    return (spaced.lower() if humps else spaced) or label


def name_in(label: str, texts: Sequence[str]) -> str:
    """A label as a text in the language of the texts, as far as `IN_CHINESE` knows it.

    >>> name_in("Negative", ["物流很快", "太差了"]), name_in("Negative", ["too slow"])
    ('差评', 'Negative')
    """
    name = readable(label)
    chinese = sum(any(is_cjk(word) for word in words(text)) for text in texts)
    return IN_CHINESE.get(name.lower(), name) if 2 * chinese > len(texts) else name


def with_names(
    texts: Sequence[str], codes: IntArray, classes: Sequence[str], *, up_to: int
) -> tuple[list[str], IntArray]:
    """The examples, and the name of each class that has at most `up_to` of them as one more.

    The words of a label are worth about as much as a first example (Halder et al., 2020, Task-Aware
    Representation of Sentences); with many examples they only get in the way.

    >>> with_names(["Where is it?"], np.array([0]), ["card_arrival"], up_to=8)
    (['Where is it?', 'card arrival'], array([0, 0]))
    """
    counts = np.bincount(codes, minlength=len(classes)).tolist()
    thin = [i for i, n in enumerate(counts) if n <= up_to]
    named = [readable(classes[i]) for i in thin]
    return [*texts, *named], np.concatenate([codes, np.array(thin, dtype=np.int64)])
