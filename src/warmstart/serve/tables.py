"""The tables of a shop beside items, users and events: each a log of its store, one line a row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import polars as pl

from warmstart.core import columns as c
from warmstart.core.errors import InputError
from warmstart.data.dataset import Dataset
from warmstart.data.schema import TABLES
from warmstart.roles.storable import check_key, to_json
from warmstart.roles.store import Entry, Store

KEPT: Final = ("reviews", "queries", "judgments", "graph", "graph_links")
"""Not those that exist for tests: what was withheld, and texts with labels."""


def lines_of(shop: Dataset, table: str) -> Iterator[Entry]:
    """A table as lines of its log. The user stands beside a line, which is merged and forgotten with them.

    The key of a line is its place: the same shop imported again adds nothing.
    """
    for place, row in enumerate(getattr(shop, table).iter_rows(named=True)):
        value = {name: said for name, said in row.items() if said is not None and name != c.USER_ID}
        user_id, at = row.get(c.USER_ID), row.get(c.TIMESTAMP)
        yield Entry(value=value, user_id=user_id or None, key=f"import:{place}", at=at)


def check_lines(shop: Dataset) -> None:
    """Errors: `InputError` for a row that no store could keep."""
    for table in KEPT:
        for place, line in enumerate(lines_of(shop, table), start=1):
            try:
                to_json(line.value)
                if line.user_id is not None:
                    check_key("user_id", line.user_id)
            except InputError as error:
                where = f"{error.found} (row {place:,} of the shop's {table})"
                raise InputError(expected=error.expected, found=where, todo=error.todo) from error


def read_tables(store: Store) -> dict[str, pl.DataFrame]:
    """The tables as the store has them now, in the order in which they came."""
    return {table: _read(store, table) for table in KEPT}


def _read(store: Store, table: str) -> pl.DataFrame:
    schema = TABLES[table]
    columns: dict[str, list[Any]] = {name: [] for name in schema}
    for entry in store.read(log=table):
        said = {**entry.value, c.USER_ID: entry.user_id}
        for name, values in columns.items():
            values.append(said.get(name))
    return pl.DataFrame(columns, schema=schema, strict=False)


def rows_of(store: Store, table: str, user_id: str) -> list[dict[str, Any]]:
    """What a table says of one user."""
    return [{**entry.value, c.USER_ID: user_id} for entry in store.read(log=table, user_id=user_id)]


def with_unkept(store: Store, shop: Dataset, earlier: Dataset) -> Dataset:
    """The shop with the tables of an earlier state that its store never had: older imports wrote none."""
    written = store.describe().last
    never = {table: getattr(earlier, table) for table in KEPT if not written.get(table)}
    return replace(shop, **never)
