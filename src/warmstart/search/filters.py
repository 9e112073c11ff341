"""Filters on any fact of an item."""

from __future__ import annotations

import json
import re
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

_TEXT_FIELDS: Final = (c.ITEM_ID, c.TITLE, c.BRAND, c.CURRENCY, c.GROUP_ID)
_LIST_FIELDS: Final = (c.CATEGORIES, c.TAGS)
_NUMBER_FIELDS: Final = (c.PRICE, c.CREATED_AT)
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
        self._values: dict[str, dict[str, set[int]]] = {}
        self._numbers: dict[str, dict[int, float]] = {}
        self._fields_of: dict[int, list[tuple[str, str]]] = {}
        self.size = 0
        self.put(items, np.arange(len(items), dtype=np.int64))

    def put(self, items: pl.DataFrame, positions: IntArray) -> None:
        """Take in items at catalogue `positions`, forgetting what stood there before."""
        for row, position in zip(items.iter_rows(named=True), positions.tolist(), strict=True):
            self._remove(position)
            self._add(row, position)
        self.size = max(self.size, int(positions.max(initial=-1)) + 1)

    def fields(self) -> list[str]:
        """Names that a filter may use."""
        return sorted(self._values.keys() | self._numbers.keys())

    def mask(self, filters: Mapping[str, Any]) -> BoolArray:
        """Which items pass every condition, in catalogue order.

        A condition is a value, a list of values (any of them), or a mapping with `gte`, `gt`, `lte`,
        `lt` and `not`. Errors: `InputError` for an unknown field or condition.
        """
        allowed = np.ones(self.size, dtype=np.bool_)
        for name, condition in filters.items():
            self._check_field(name)
            if isinstance(condition, Mapping):
                for kind, value in condition.items():
                    allowed &= self._one(name, kind, value)
            else:
                allowed &= self._any(name, condition)
        return allowed

    def _one(self, name: str, kind: str, value: Any) -> BoolArray:
        if kind == "not":
            return ~self._any(name, value)
        if kind not in _RANGES:
            raise InputError(
                expected=f"one of {', '.join([*_RANGES, 'not'])} in the filter on '{name}'",
                found=repr(kind),
                todo="Use those, or a plain value or list.",
            )
        numbers = np.full(self.size, np.nan, dtype=np.float64)  # float32 cannot tell two minutes apart
        known = self._numbers.get(name, {})
        numbers[list(known)] = list(known.values())
        return _RANGES[kind](numbers, _number(name, value))

    def _any(self, name: str, condition: Any) -> BoolArray:
        choices = condition if isinstance(condition, list | tuple | set | frozenset) else [condition]
        found: set[int] = set()
        for choice in choices:
            found |= self._values.get(name, {}).get(_key(choice), set())
        mask = np.zeros(self.size, dtype=np.bool_)
        mask[list(found)] = True
        return mask

    def _check_field(self, name: str) -> None:
        if name in self._values or name in self._numbers:
            return
        known = self.fields()
        raise InputError(
            expected="a filter on a field that some item has",
            found=repr(name),
            todo=f"Known fields: {', '.join(known[:30])}{' …' if len(known) > 30 else ''}.",
        )

    def _add(self, row: Mapping[str, Any], position: int) -> None:
        for name, value in _facts(row):
            key = _key(value)
            self._values.setdefault(name, {}).setdefault(key, set()).add(position)
            self._fields_of.setdefault(position, []).append((name, key))
            if isinstance(value, int | float) and not isinstance(value, bool):
                self._numbers.setdefault(name, {})[position] = float(value)

    def _remove(self, position: int) -> None:
        for name, key in self._fields_of.pop(position, []):
            self._values[name].get(key, set()).discard(position)
            self._numbers.get(name, {}).pop(position, None)


def _facts(row: Mapping[str, Any]) -> list[tuple[str, Any]]:
    facts: list[tuple[str, Any]] = [(c.AVAILABLE, row[c.AVAILABLE] is not False)]
    facts += [(name, row[name]) for name in (*_TEXT_FIELDS, *_NUMBER_FIELDS) if row[name] is not None]
    facts += [(name, value) for name in _LIST_FIELDS for value in row[name] or ()]
    attributes = json.loads(row[c.ATTRIBUTES]) if row[c.ATTRIBUTES] else {}
    for name, value in attributes.items():
        facts += [(name, inner) for inner in (value if isinstance(value, list) else [value])]
    return facts


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
