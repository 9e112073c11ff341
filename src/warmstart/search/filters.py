"""Filters on any fact of an item."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.core.errors import InputError
from warmstart.core.linear import BoolArray, IntArray
from warmstart.search.filter_columns import Coder, DoubleArray, Field, SparseColumn, Values

_SHARED_FIELDS: Final = (
    c.BRAND,
    c.CATEGORIES,
    c.PRICE,
    c.TAGS,
    c.AVAILABLE,
    c.CREATED_AT,
    c.CURRENCY,
    c.GROUP_ID,
    c.TITLE,
    c.ITEM_ID,
)
_RANGES: Final[dict[str, Callable[[DoubleArray, float], BoolArray]]] = {
    "gte": lambda values, bound: values >= bound,
    "gt": lambda values, bound: values > bound,
    "lte": lambda values, bound: values <= bound,
    "lt": lambda values, bound: values < bound,
}
_CONDITION: Final = re.compile(r"^\s*([^<>=!]+?)\s*(<=|>=|!=|=|<|>)\s*(.+?)\s*$")
_OPERATORS: Final = {"<=": "lte", ">=": "gte", "<": "lt", ">": "gt"}


def parse_filters(conditions: Sequence[str]) -> dict[str, Any]:
    """Read conditions as people type them into the form that `FilterIndex.mask` takes.

    >>> parse_filters(["brand=HP|Dell", "price<=100", "price>20", "colour!=red"])
    {'brand': ['HP', 'Dell'], 'price': {'lte': 100.0, 'gt': 20.0}, 'colour': {'not': ['red']}}
    """
    filters: dict[str, Any] = {}
    for condition in conditions:
        match = _CONDITION.match(condition)
        if match is None:
            raise InputError(
                expected="a filter such as brand=HP, brand=HP|Dell, price<=100 or colour!=red",
                found=repr(condition),
                todo="Write field, operator (= != < <= > >=) and value.",
            )
        name, operator, value = match.groups()
        _put(filters, name, operator, value)
    return filters


def _put(filters: dict[str, Any], name: str, operator: str, value: str) -> None:
    """Write one condition beside those on the same field; all of them must hold."""
    choices = value.split("|")
    if operator == "=" and name not in filters:
        filters[name] = choices if len(choices) > 1 else choices[0]
        return
    known = filters.setdefault(name, {})
    kind = {"!=": "not", "=": "="}.get(operator) or _OPERATORS[operator]
    if not isinstance(known, dict) or operator == "=" or (kind in known and kind != "not"):
        raise InputError(
            expected=f"conditions on '{name}' that stand together",
            found=f"one more, {name}{operator}{value}",
            todo="Give each bound once, and '=' by itself (brand=HP|Dell for any of several).",
        )
    known[kind] = [*known.get(kind, []), *choices] if kind == "not" else _number(name, value)


class FilterIndex:
    """Knows for every field which items have which value, and answers filters with a mask.

    Fields are brand, categories, tags, price, currency, available, created_at, group_id, title, item_id
    and every attribute. Text is compared without regard to case, accents and width.
    """

    def __init__(self, items: pl.DataFrame) -> None:
        self._own = {name: Field() for name in _SHARED_FIELDS}
        self._attributes: dict[str, Field] = {}
        self._true: dict[str, SparseColumn] = {}
        self._flags: dict[str, IntArray] = {}
        self._names: list[tuple[str, ...]] = []  # of each item's attributes: what a change has to look into
        self._spelled: dict[str, str] = {}
        self._same: dict[tuple[str, ...], tuple[str, ...]] = {}
        self.put(items, np.arange(len(items), dtype=np.int64))

    @property
    def size(self) -> int:
        """Number of items."""
        return len(self._names)

    def put(self, items: pl.DataFrame, positions: IntArray) -> None:
        """Take in items at catalogue `positions`, forgetting what stood there before.

        Costs what these items have, not what the catalogue has.
        """
        if not len(items):
            return
        if (np.diff(positions) <= 0).any():  # columns are written in order; of one position twice the last
            positions, backwards = np.unique(positions[::-1], return_index=True)
            items = items[(len(items) - 1 - backwards).tolist()]
        self._names += [()] * (int(positions[-1]) + 1 - len(self._names))
        coder, places = Coder(), positions.tolist()
        for name, field in self._own.items():
            field.put(positions, _own_values(items[name], places, coder))
        self._put_attributes(items[c.ATTRIBUTES], positions, coder)

    def _put_attributes(self, texts: pl.Series, positions: IntArray, coder: Coder) -> None:
        found: dict[str, Values] = {}
        true: dict[str, list[int]] = {}
        for position, text in zip(positions.tolist(), texts, strict=True):
            said: dict[str, Any] = json.loads(text) if text else {}
            for name in (*self._names[position], *said):
                if name not in found:
                    found[name] = Values()
            self._names[position] = self._shared(said)
            for name, value in said.items():
                _add(found[name], position, value, coder)
                if value is True:
                    true.setdefault(name, []).append(position)
        for name, values in found.items():
            self._attributes.setdefault(name, Field()).put(positions, values)
        self._put_flags({name: true.get(name, []) for name in found}, positions)

    def _shared(self, names: Iterable[str]) -> tuple[str, ...]:
        """These names as the one tuple of them, made of the one text of each."""
        found = tuple(names)
        if found not in self._same:
            found = tuple(self._spelled.setdefault(name, name) for name in found)
        return self._same.setdefault(found, found)

    def _put_flags(self, true: Mapping[str, Sequence[int]], positions: IntArray) -> None:
        """For each attribute that may have changed, those of `positions` at which it is true."""
        for name, where in true.items():
            if where or name in self._true:
                flags = self._true.setdefault(name, SparseColumn(np.bool_))
                flags.put(positions, where, np.ones(len(where), dtype=np.bool_))
                self._flags.pop(name, None)

    def fields(self) -> list[str]:
        """Names that a filter may use: the fields of every shop, then attributes, the commonest first."""
        common = [name for name in _SHARED_FIELDS if self._parts(name)]
        counts = Counter(name for names in self._names for name in names)
        return common + [name for name, _ in counts.most_common() if name not in common]

    def flags(self) -> dict[str, IntArray]:
        """For each attribute that is true of some item, the positions of the items it is true of."""
        for name, true in self._true.items():
            if len(true) and name not in self._flags:
                self._flags[name] = true.where.astype(np.int64)
        return self._flags

    def mask(self, filters: Mapping[str, Any]) -> BoolArray:
        """Which items pass every condition, in catalogue order.

        A condition is a value, a list of values (any of them), or a mapping with `gte`, `gt`, `lte`,
        `lt` and `not`. Errors: `InputError` for an unknown field or condition.
        """
        allowed = np.ones(self.size, dtype=np.bool_)
        for name, condition in filters.items():
            column = self._column(name)
            if isinstance(condition, Mapping):
                for kind, value in condition.items():
                    allowed &= _one(column, name, kind, value)
            else:
                allowed &= column.any_of(condition)
        return allowed

    def _parts(self, name: str) -> list[Field]:
        """What items have in a field: their own values, and their attributes of that name."""
        parts = (self._own.get(name), self._attributes.get(name))
        return [part for part in parts if part is not None and len(part)]

    def _column(self, name: str) -> _Column:
        parts = self._parts(name)
        if not parts:
            known = self.fields()
            raise InputError(
                expected="a filter on a field that some item has",
                found=repr(name),
                todo=f"Known fields: {', '.join(known[:30])}{' …' if len(known) > 30 else ''}.",
            )
        return _Column(parts, self.size)


@dataclass(frozen=True, slots=True)
class _Column:
    """One field of a catalogue of some size, ready to be asked."""

    parts: Sequence[Field]
    size: int

    def any_of(self, condition: Any) -> BoolArray:
        """Items that have one of the values."""
        choices = condition if isinstance(condition, list | tuple | set | frozenset) else [condition]
        wanted = np.array([*map(Coder().code, choices)], dtype=np.int64)
        mask = np.zeros(self.size, dtype=np.bool_)
        for part in self.parts:
            part.mark(wanted, mask)
        return mask

    def numbers(self) -> DoubleArray:
        """The number each item has, NaN for none; an attribute's before the item's own."""
        numbers = np.full(self.size, np.nan, dtype=np.float64)
        for part in self.parts:
            part.number(numbers)
        return numbers


def _one(column: _Column, name: str, kind: str, value: Any) -> BoolArray:
    if kind == "not":
        return ~column.any_of(value)
    if kind not in _RANGES:
        raise InputError(
            expected=f"one of {', '.join([*_RANGES, 'not'])} in the filter on '{name}'",
            found=repr(kind),
            todo="Use those, or a plain value or list.",
        )
    return _RANGES[kind](column.numbers(), _number(name, value))


def _own_values(column: pl.Series, positions: Sequence[int], coder: Coder) -> Values:
    """What items say in a column of their table."""
    if column.name == c.AVAILABLE:
        column = column.fill_null(value=True)
    values = Values()
    for position, value in zip(positions, column.to_list(), strict=True):
        _add(values, position, value, coder)
    return values


def _add(values: Values, position: int, value: Any, coder: Coder) -> None:
    """What an item says: nothing, one value, or each of a list."""
    if isinstance(value, list):
        for one in value:
            values.add(position, one, coder.code(one))
    elif value is not None:
        values.add(position, value, coder.code(value))


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise InputError(
            expected=f"a number to compare '{name}' with", found=repr(value), todo="Write it as 12.5."
        ) from error
