"""Texts that belong together, from a shop's own tables: what an encoder can learn without any label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Self

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.core.analysis import is_cjk, words
from warmstart.data.dataset import Dataset

PairKind = Literal["description", "categories", "attributes", "span", "query", "judged", "halves"]

KINDS: Final[tuple[PairKind, ...]] = ("description", "categories", "attributes", "span", "query")
"""What `shop_pairs` looks for by itself: not at judgments, by which a shop will want to measure."""

_COMMON: Final = 50
"""A text shared by more items than this tells too little apart to be learned from."""
_UNWANTED: Final = ("impression", "search", "remove_from_cart", "dislike", "return")
_LONGEST_SPAN: Final = 4
_LONGEST: Final = 600
"""Characters of a text; what stands beyond says little more, and costs."""


class TextPair(NamedTuple):
    """Two texts that belong together, and what keeps them on one side when some are held out."""

    left: str
    right: str
    kind: PairKind
    group: str


@dataclass(frozen=True)
class TextPairs:
    """Pairs of texts, each once."""

    pairs: tuple[TextPair, ...]

    def __len__(self) -> int:
        return len(self.pairs)

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of each kind."""
        return dict(sorted(Counter(pair.kind for pair in self.pairs).items()))

    def split(self, share: float = 0.1, *, most: int = 300, seed: int = 0) -> tuple[Self, Self]:
        """Pairs to learn from, and pairs held out: a share of the items, at most `most` pairs of a kind.

        All pairs of an item are on one side, and what is held out beyond `most` is not learned from.
        """
        groups = sorted({pair.group for pair in self.pairs})
        order = np.random.default_rng([seed, 1]).permutation(len(groups))
        held = {groups[place] for place in order[: round(share * len(groups))]}
        learned = [pair for pair in self.pairs if pair.group not in held]
        left = [pair for pair in self.pairs if pair.group in held]
        return type(self)(tuple(learned)), type(self)(tuple(left)).sample(most, seed=seed)

    def sample(self, most: int, *, seed: int = 0) -> Self:
        """At most so many pairs of each kind, by chance, in their order."""
        kept: list[int] = []
        for kind in sorted({pair.kind for pair in self.pairs}):
            places = [place for place, pair in enumerate(self.pairs) if pair.kind == kind]
            order = np.random.default_rng([seed, 2]).permutation(len(places))[:most]
            kept += [places[place] for place in order]
        return type(self)(tuple(self.pairs[place] for place in sorted(kept)))


def shop_pairs(shop: Dataset, kinds: Sequence[PairKind] = KINDS, *, seed: int = 0) -> TextPairs:
    """The pairs that a shop's own text and searches give.

    `description`: the title and the description. `categories`: brand with categories, and the title.
    `attributes`: the title and the values of the attributes. `span`: a few neighbouring words of the
    title, as a shopper might type them, and the rest of the item's text. `query`: what was typed, and
    the text of the item that was then chosen. `judged`: a query and the text of an item that a judgment
    calls relevant; whoever learns from it cannot measure by the same judgments. Chinese spans are cut by
    characters. Texts that too many items share are left out.
    """
    found = [pair for pair in _all_pairs(shop, seed) if pair.kind in kinds]
    return TextPairs(tuple(_told_apart(found)))


def text_pairs(texts: Iterable[str]) -> TextPairs:
    """Pairs from texts alone: the first line and the others, or the two halves of a single line."""
    found = [pair for text in dict.fromkeys(texts) if (pair := _halves(text)) is not None]
    return TextPairs(tuple(_told_apart(found)))


def _all_pairs(shop: Dataset, seed: int) -> Iterator[TextPair]:
    texts, rng = shop.texts, np.random.default_rng([seed, 3])
    parts = zip(
        texts[c.TITLE],
        texts[c.BRAND],
        texts[c.CATEGORIES],
        texts[c.DESCRIPTION],
        texts[c.ATTRIBUTES],
        strict=True,
    )
    for title, brand, categories, description, attributes in parts:
        if not title.strip():
            continue
        rest = "\n".join(part for part in (categories, description, attributes) if part)
        yield _pair(title, description, "description", title)
        yield _pair(f"{brand} {categories}" if categories else "", title, "categories", title)
        yield _pair(title, attributes, "attributes", title)
        yield _pair(_span(title, rng), rest, "span", title)
    yield from _query_pairs(shop)


def _pair(left: str, right: str, kind: PairKind, group: str) -> TextPair:
    return TextPair(left[:_LONGEST].strip(), right[:_LONGEST].strip(), kind, group)


def _query_pairs(shop: Dataset) -> Iterator[TextPair]:
    """Queries with items that were chosen after them, or judged relevant."""
    chosen = shop.interactions.filter(
        pl.col(c.QUERY).is_not_null() & ~pl.col(c.EVENT_TYPE).is_in(_UNWANTED)
    )
    judged = shop.judgments.filter(pl.col(c.GRADE) > 0)
    place = {item_id: place for place, item_id in enumerate(shop.item_ids)}
    found: tuple[tuple[PairKind, pl.DataFrame], ...] = (("query", chosen), ("judged", judged))
    for kind, frame in found:
        for query, item_id in frame.select(c.QUERY, c.ITEM_ID).iter_rows():
            if item_id in place:
                at = place[item_id]
                yield _pair(query, shop.item_texts[at], kind, shop.texts[c.TITLE][at])


def _span(title: str, rng: np.random.Generator) -> str:
    """Neighbouring words of a title; of a Chinese run, neighbouring characters."""
    known = words(title)
    if not known:
        return ""
    start, length = int(rng.integers(len(known))), int(rng.integers(1, _LONGEST_SPAN + 1))
    word = known[start]
    if is_cjk(word):
        begin = int(rng.integers(max(len(word) - 1, 1)))
        return word[begin : begin + length + 1]
    return " ".join(known[start : start + length])


def _halves(text: str) -> TextPair | None:
    first, _, others = text.strip().partition("\n")
    if others.strip():
        return _pair(first, others, "description", text)
    middle = first.find(" ", len(first) // 2)
    cut = middle if middle > 0 else len(first) // 2
    return _pair(first[:cut], first[cut:], "halves", text) if len(first) >= 8 else None


def _told_apart(found: Sequence[TextPair]) -> Iterator[TextPair]:
    """Each pair once, without empty texts and without texts that too many share."""
    unique = dict.fromkeys(pair for pair in found if pair.left and pair.right and pair.left != pair.right)
    common: Counter[tuple[str, str]] = Counter()
    for pair in unique:
        common.update({(pair.kind, pair.left), (pair.kind, pair.right)})
    for pair in unique:
        shared = 0 if pair.kind in ("query", "judged") else common[pair.kind, pair.left]
        if max(shared, common[pair.kind, pair.right]) <= _COMMON:
            yield pair
