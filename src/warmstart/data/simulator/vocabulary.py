"""The words of the simulated shop: departments, brands, interests and archetypes, in two languages.

They live in TOML files beside this module, so that a department can be added without touching code.
Every pair of words is (English, Chinese).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Literal

Language = Literal["en", "zh"]
Words = tuple[str, str]
Texts = tuple[tuple[str, ...], tuple[str, ...]]
TONES = ("dark", "earth", "light", "bright", "pastel")
_DEPARTMENTS = ("outdoor", "kitchen", "audio", "office", "beauty", "family", "pets")


def place(language: Language) -> int:
    """Where a pair of words keeps this language."""
    return 0 if language == "en" else 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Season:
    """A yearly wave of demand: the month of its peak (1 to 12) and its height in utility."""

    month: int
    height: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Style:
    """What a product is for: an ultralight tent, a family tent. `likes` are loadings on interests."""

    key: str
    leaf: str
    name: Words
    likes: Mapping[str, float]
    price: float
    season: Season | None
    only: Mapping[str, tuple[int, ...]]
    sentences: Texts


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaf:
    """A narrow category: how its products are named, described, praised and paired.

    `full_names` says that a style's name already is a product's name ("bread knife").
    """

    key: str
    department: str
    name: Words
    noun: Words
    also: Words
    weight: float
    price: float
    spread: float
    has_code: bool
    full_names: bool
    repeat_days: float | None
    near: tuple[str, ...]
    goes_with: tuple[str, ...]
    title: Words
    details: Texts
    praise: Texts
    complaints: Texts
    slots: Mapping[str, tuple[Words, ...]]
    styles: tuple[Style, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Department:
    """A broad category."""

    key: str
    name: Words
    weight: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Brand:
    """A maker: `tier` multiplies prices, `fame` draws eyes, `quality` shows after the purchase.

    `flair` says which interests it likes to serve, `sells` which leaves it makes (all when empty).
    """

    key: str
    name: Words
    departments: tuple[str, ...]
    domestic: bool
    flair: Mapping[str, float]
    sells: tuple[str, ...]
    tier: float
    fame: float
    quality: float
    lines: tuple[Words, ...]
    note: Words


@dataclass(frozen=True, kw_only=True, slots=True)
class Interest:
    """One axis of taste; `scene` is a search that names the use and no product."""

    key: str
    name: Words
    scene: Words


@dataclass(frozen=True, kw_only=True, slots=True)
class Archetype:
    """A typical shopper; `says` is how such a person describes themselves."""

    key: str
    likes: Mapping[str, float]
    thrift: float
    tone: str
    ages: tuple[str, ...]
    share: float
    says: Words


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """Everything together, in fixed orders; `typed` are the attributes that people search for."""

    departments: tuple[Department, ...]
    leaves: tuple[Leaf, ...]
    brands: tuple[Brand, ...]
    interests: tuple[Interest, ...]
    archetypes: tuple[Archetype, ...]
    tones: Mapping[str, str]
    slot_names: Mapping[str, Words]
    natural: frozenset[str]
    typed: frozenset[str]
    cities: tuple[Words, ...]

    @cached_property
    def styles(self) -> tuple[Style, ...]:
        """All styles, leaf by leaf."""
        return tuple(style for leaf in self.leaves for style in leaf.styles)

    @cached_property
    def leaf_places(self) -> dict[str, int]:
        """Position of each leaf by its key."""
        return {leaf.key: i for i, leaf in enumerate(self.leaves)}

    def leaf_of(self, style: int) -> Leaf:
        """The leaf that a style belongs to."""
        return self.leaves[self.leaf_places[self.styles[style].leaf]]


@cache
def vocabulary() -> Vocabulary:
    """Read the word files; the answer is kept, so later calls cost nothing."""
    shared, people = _table("shared.toml"), _table("people.toml")
    tables = {key: _table(f"departments/{key}.toml") for key in _DEPARTMENTS}
    colours = {key: (row[0], row[1]) for key, row in shared["colours"].items()}
    brands = [
        _brand(key, row, row.get("departments", [department]))
        for department, table in [*tables.items(), ("", shared)]
        for key, row in table["brands"].items()
    ]
    return Vocabulary(
        departments=tuple(
            Department(key=key, name=_pair(table["name"]), weight=table["weight"])
            for key, table in tables.items()
        ),
        leaves=tuple(
            _leaf(key, department, row, colours)
            for department, table in tables.items()
            for key, row in table["leaves"].items()
        ),
        brands=tuple(brands),
        interests=tuple(
            Interest(key=key, name=_pair(row["name"]), scene=_pair(row["scene"]))
            for key, row in people["interests"].items()
        ),
        archetypes=tuple(_archetype(key, row) for key, row in people["archetypes"].items()),
        tones={row[0]: row[2] for row in shared["colours"].values()},
        slot_names={key: _pair(row) for key, row in shared["slots"].items()},
        natural=frozenset(shared["words"]["natural"]),
        typed=frozenset(shared["words"]["typed"]),
        cities=tuple(_pair(row) for row in people["places"]["cities"]),
    )


@cache
def upcoming_rows() -> tuple[dict[str, Any], ...]:
    """The hand-written items that arrive after the last day."""
    return tuple(_table("upcoming.toml")["item"])


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))


def _pair(value: str | list[str]) -> Words:
    """Two words, or one that both languages share; Chinese writes no space before a unit."""
    if isinstance(value, str):
        return value, re.sub(r"(?<=\d) (?=[A-Za-z°%])", "", value)
    return value[0], value[1]


def _texts(row: Mapping[str, Any], prefix: str = "") -> Texts:
    return tuple(row[f"{prefix}en"]), tuple(row[f"{prefix}zh"])


def _season(row: Mapping[str, Any]) -> Season | None:
    return Season(month=row["season"][0], height=row["season"][1]) if "season" in row else None


def _brand(key: str, row: Mapping[str, Any], departments: list[str]) -> Brand:
    return Brand(
        key=key,
        name=_pair(row["name"]),
        departments=tuple(departments),
        domestic=row.get("domestic", False),
        flair=row.get("flair", {}),
        sells=tuple(row.get("sells", ())),
        tier=row["tier"],
        fame=row["fame"],
        quality=row["quality"],
        lines=tuple(_pair(line) for line in row["lines"]),
        note=_pair(row["note"]),
    )


def _archetype(key: str, row: Mapping[str, Any]) -> Archetype:
    return Archetype(
        key=key,
        likes=row["likes"],
        thrift=row["thrift"],
        tone=row["tone"],
        ages=tuple(row["ages"]),
        share=row["share"],
        says=_pair(row["says"]),
    )


def _leaf(key: str, department: str, row: Mapping[str, Any], colours: Mapping[str, Words]) -> Leaf:
    slots = {
        name: tuple(colours[value] if name == "colour" else _pair(value) for value in values)
        for name, values in row["slots"].items()
    }
    keys = {
        name: [value if isinstance(value, str) else value[0] for value in values]
        for name, values in row["slots"].items()
    }
    return Leaf(
        key=key,
        department=department,
        name=_pair(row["name"]),
        noun=_pair(row["noun"]),
        also=_pair(row["also"]),
        weight=row.get("weight", 1.0),
        price=row["price"],
        spread=row.get("spread", 0.18),
        has_code=row.get("code", True),
        full_names=row.get("full_names", False),
        repeat_days=row.get("repeat_days"),
        near=tuple(row.get("near", ())),
        goes_with=tuple(row["goes_with"]),
        title=_pair(row["title"]),
        details=_texts(row, "detail_"),
        praise=_texts(row, "praise_"),
        complaints=_texts(row, "complaint_"),
        slots=slots,
        styles=tuple(
            _style(name, key, style, keys, _season(style) or _season(row))
            for name, style in row["styles"].items()
        ),
    )


def _style(
    key: str, leaf: str, row: Mapping[str, Any], keys: Mapping[str, list[str]], season: Season | None
) -> Style:
    only = row.get("only", {})
    return Style(
        key=key,
        leaf=leaf,
        name=_pair(row["name"]),
        likes=row["likes"],
        price=row["price"],
        season=season,
        only={
            slot: tuple(values.index(value) for value in only.get(slot, values))
            for slot, values in keys.items()
        },
        sentences=_texts(row),
    )
