"""A toy shop whose right answer is known to every sane model.

Two kinds of people buy two kinds of things and nothing else. The words of a group's items are the points
of a projective plane of order 3 and its items the lines: 13 words, 13 items of 4 words each, any two
items of a group share exactly one word, any two words of a group stand together in exactly one item, and
the groups share nothing. So every item has a right neighbourhood, and every pair of words a right answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.core.analysis import terms
from warmstart.core.linear import FloatArray
from warmstart.core.vocabulary import Vocabulary, count_terms
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.records import Event, Item
from warmstart.data.text import item_texts
from warmstart.roles.encoder import Encoder, Side

Language = Literal["en", "zh"]

LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")
_ENGLISH: Final = (
    "tent stove lantern backpack hammock compass canteen tarp torch paddle kayak boot rope",
    "kettle whisk skillet spatula blender toaster ladle grater oven saucepan colander mug apron",
)
_CHINESE: Final = (
    "帐篷 睡袋 营灯 背囊 吊床 罗盘 绳索 皮艇 船桨 靴子 火柴 望远 雪橇",
    "水壶 菜刀 煎锅 砧板 烤箱 量杯 漏勺 围裙 碗碟 筷篓 蒸笼 茶托 面盆",
)
WORDS: Final[dict[Language, tuple[list[str], ...]]] = {
    "en": tuple(group.split() for group in _ENGLISH),
    "zh": tuple(group.split() for group in _CHINESE),
}
"""The words of both groups. No two words share a character in Chinese or a term in English."""

LINES: Final = (0, 1, 3, 9)
"""A perfect difference set modulo 13 (Singer, 1938): item i holds the words i, i + 1, i + 3 and i + 9."""

_SIZE: Final = 13
_NEW: Final = _SIZE - 1


@dataclass(frozen=True, kw_only=True)
class Checkerboard:
    """The toy shop: `dataset`, and what is right in it.

    Each group has twelve items with events and a new one with text only. User u of a group has touched
    all of its old items but the u-th.
    """

    language: Language
    dataset: Dataset

    @property
    def texts(self) -> list[str]:
        """The text of each item, in catalogue order."""
        return item_texts(self.dataset.items)

    @property
    def groups(self) -> FloatArray:
        """The group (0 or 1) of each item, in catalogue order."""
        return np.array([item_id.startswith("b") for item_id in self.dataset.item_ids], dtype=np.float32)

    @property
    def new(self) -> FloatArray:
        """1 where an item has no events, in catalogue order."""
        return np.array([item_id in NEW_ITEMS for item_id in self.dataset.item_ids], dtype=np.float32)

    def history(self, user_id: str, n: int | None = None) -> tuple[Event, ...]:
        """The last `n` events of a user, or all."""
        rows = self.dataset.events.filter(pl.col(c.USER_ID) == user_id)[c.ITEM_ID].to_list()
        return tuple(
            Event(user_id=user_id, item_id=item_id) for item_id in (rows if n is None else rows[-n:])
        )

    def user_query(self, group: int, n: int | None = None) -> Query:
        """The question what the first user of a group may like, with `n` events as evidence."""
        user_id = f"{'ab'[group]}-user-00"
        return Query(user_id=user_id, events=self.history(user_id, n))

    def word_query(self, group: int, *positions: int) -> Query:
        """The search for some words of a group."""
        joint = " " if self.language == "en" else ""
        return Query(text=joint.join(WORDS[self.language][group][position] for position in positions))

    def item_id(self, group: int, position: int) -> str:
        """The id of an item of a group."""
        return f"{'ab'[group]}-item-{position:02d}"


NEW_ITEMS: Final = frozenset({f"a-item-{_NEW}", f"b-item-{_NEW}"})


def checkerboard(language: Language = "en", *, crowd: bool = False) -> Checkerboard:
    """Build the toy shop. With `crowd` some items are much more popular than others, alike in both groups.

    >>> toy = checkerboard()
    >>> len(toy.dataset.items), len(toy.dataset.events)
    (26, 264)
    >>> toy.texts[0].splitlines()
    ['tent stove', 'backpack paddle']
    """
    items = [_item(language, group, position) for group in (0, 1) for position in range(_SIZE)]
    events = [
        Event(user_id=f"{'ab'[group]}-user-{user:02d}", item_id=f"{'ab'[group]}-item-{position:02d}")
        for group in (0, 1)
        for user in range(_NEW)
        for position in (range(user + 1) if crowd else _round(user))
    ]
    return Checkerboard(language=language, dataset=Dataset.from_records(items, events, name="checkerboard"))


def _round(user: int) -> list[int]:
    """The old items but the user's own number, from the next one on: nothing comes late for everybody."""
    return [(user + step) % _NEW for step in range(1, _NEW)]


def _item(language: Language, group: int, position: int) -> Item:
    words = [WORDS[language][group][(position + step) % _SIZE] for step in LINES]
    joint = " " if language == "en" else ""
    return Item(
        item_id=f"{'ab'[group]}-item-{position:02d}",
        title=joint.join(words[:2]),
        description=joint.join(words[2:]),
    )


def without_new(toy: Checkerboard) -> Checkerboard:
    """The same shop before its new items came."""
    old = toy.dataset.items.filter(~pl.col(c.ITEM_ID).is_in(sorted(NEW_ITEMS)))
    return Checkerboard(language=toy.language, dataset=Dataset(items=old, events=toy.dataset.events))


def new_items(toy: Checkerboard) -> pl.DataFrame:
    """The items that `without_new` leaves out."""
    return toy.dataset.items.filter(pl.col(c.ITEM_ID).is_in(sorted(NEW_ITEMS)))


def renamed(toy: Checkerboard, seed: int = 0) -> tuple[Dataset, dict[str, str]]:
    """The shop with other ids, and the new name of each item and user.

    Items and users are shuffled; the events of one user keep their order.
    """
    rng = np.random.default_rng(seed)
    items, events = toy.dataset.items, toy.dataset.events
    names = {
        old: f"renamed {i}"
        for i, old in zip(rng.permutation(len(items)), toy.dataset.item_ids, strict=True)
    }
    users = events[c.USER_ID].unique(maintain_order=True).to_list()
    others = {old: f"somebody {i:02d}" for i, old in zip(rng.permutation(len(users)), users, strict=True)}
    items = items.with_columns(pl.col(c.ITEM_ID).replace_strict(names))
    events = events.with_columns(
        pl.col(c.ITEM_ID).replace_strict(names), pl.col(c.USER_ID).replace_strict(others)
    ).sort(c.USER_ID, maintain_order=True)
    return Dataset(items=items[rng.permutation(len(items))], events=events), names | others


def rename_query(query: Query, names: dict[str, str]) -> Query:
    """The same question with other ids."""
    user_id = names.get(query.user_id or "")
    events = tuple(
        Event(user_id=user_id or "somebody", item_id=names[event.item_id or ""]) for event in query.events
    )
    return Query(text=query.text, user_id=user_id, events=events)


@dataclass(kw_only=True)
class WordEncoder(Encoder):
    """One axis per term of the catalogue: cosines are exact shares of common words.

    Stands in for a language model where the right answer must be known.
    """

    needs_fit: ClassVar[bool] = True

    @property
    def dim(self) -> int:
        """The number of terms."""
        self._check_fitted()
        return len(self.terms_)

    def _fit(self, texts: Sequence[str]) -> None:
        self.terms_: list[str] = sorted({term for text in texts for term in terms(text)})

    def _encode(self, texts: Sequence[str], side: Side) -> FloatArray:
        counts = count_terms([terms(text) for text in texts], Vocabulary(self.terms_), grow=False)
        return np.asarray(counts.todense(), dtype=np.float32)
