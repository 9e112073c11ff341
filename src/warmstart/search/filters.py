"""Filters on any fact of an item."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from warmstart.core import columns as c
from warmstart.core.analysis import normalise
from warmstart.core.errors import InputError
from warmstart.core.linear import BoolArray, IntArray

DoubleArray = npt.NDArray[np.float64]

_LIST_FIELDS: Final = (c.CATEGORIES, c.TAGS)
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
        self._rows: list[dict[str, Any]] = []
        self._columns: dict[str, _Column] = {}
        self._flags: dict[str, IntArray] | None = None
        self.put(items, np.arange(len(items), dtype=np.int64))

    @property
    def size(self) -> int:
        """Number of items."""
        return len(self._rows)

    def put(self, items: pl.DataFrame, positions: IntArray) -> None:
        """Take in items at catalogue `positions`, forgetting what stood there before."""
        self._columns.clear()
        self._flags = None
        missing = int(positions.max(initial=-1)) + 1 - len(self._rows)
        self._rows += [{} for _ in range(missing)]
        for row, position in zip(items.iter_rows(named=True), positions.tolist(), strict=True):
            attributes = row[c.ATTRIBUTES]
            self._rows[position] = row | {c.ATTRIBUTES: json.loads(attributes) if attributes else {}}

    def fields(self) -> list[str]:
        """Names that a filter may use: the fields of every shop, then attributes, the commonest first."""
        common = [name for name in _SHARED_FIELDS if any(_values(row, name) for row in self._rows)]
        counts = Counter(name for row in self._rows for name in row.get(c.ATTRIBUTES, ()))
        return common + [name for name, _ in counts.most_common() if name not in common]

    def flags(self) -> dict[str, IntArray]:
        """For each attribute that is true of some item, the positions of the items it is true of."""
        if self._flags is None:
            found: dict[str, list[int]] = {}
            for position, row in enumerate(self._rows):
                for name, value in row.get(c.ATTRIBUTES, {}).items():
                    if value is True:
                        found.setdefault(name, []).append(position)
            self._flags = {name: np.array(own, dtype=np.int64) for name, own in found.items()}
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

    def _column(self, name: str) -> _Column:
        """One field of all items, laid out when a filter first asks for it."""
        if name not in self._columns:
            column = _Column([_values(row, name) for row in self._rows])
            if not column.positions:
                known = self.fields()
                raise InputError(
                    expected="a filter on a field that some item has",
                    found=repr(name),
                    todo=f"Known fields: {', '.join(known[:30])}{' …' if len(known) > 30 else ''}.",
                )
            self._columns[name] = column
        return self._columns[name]


class _Column:
    """The values of one field: who has which, and the number each item has, NaN for none."""

    def __init__(self, values: Sequence[Sequence[Any]]) -> None:
        self.positions: dict[str, list[int]] = {}
        self.numbers = np.full(len(values), np.nan, dtype=np.float64)  # float32 is off by minutes for times
        for position, own in enumerate(values):
            for value in own:
                self.positions.setdefault(_key(value), []).append(position)
                if isinstance(value, int | float) and not isinstance(value, bool):
                    self.numbers[position] = value

    def any_of(self, condition: Any) -> BoolArray:
        """Items that have one of the values."""
        choices = condition if isinstance(condition, list | tuple | set | frozenset) else [condition]
        mask = np.zeros(len(self.numbers), dtype=np.bool_)
        for choice in choices:
            mask[self.positions.get(_key(choice), [])] = True
        return mask


def _one(column: _Column, name: str, kind: str, value: Any) -> BoolArray:
    if kind == "not":
        return ~column.any_of(value)
    if kind not in _RANGES:
        raise InputError(
            expected=f"one of {', '.join([*_RANGES, 'not'])} in the filter on '{name}'",
            found=repr(kind),
            todo="Use those, or a plain value or list.",
        )
    return _RANGES[kind](column.numbers, _number(name, value))


def _values(row: Mapping[str, Any], name: str) -> Sequence[Any]:
    """What an item has in a field; its own columns and its attributes together."""
    found: list[Any] = []
    if name == c.AVAILABLE and row:
        found.append(row[c.AVAILABLE] is not False)
    elif name in _LIST_FIELDS:
        found += row.get(name) or ()
    elif name in _SHARED_FIELDS and row.get(name) is not None:
        found.append(row[name])
    value = row.get(c.ATTRIBUTES, {}).get(name)
    if value is not None:
        found += value if isinstance(value, list) else [value]
    return found


def _key(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = normalise(str(value)).strip()
    return text[:-2] if re.fullmatch(r"-?\d+\.0", text) else text


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise InputError(
            expected=f"a number to compare '{name}' with", found=repr(value), todo="Write it as 12.5."
        ) from error
