"""Read a shop from a folder of CSV, TSV, JSON lines or Parquet files.

`read_shop` gives a `Dataset` and a `ReadReport`; the report says how each file and column was read,
what was dropped and why. See `warmstart.data.reader.settings` for the syntax of `shop.toml`.
"""

from __future__ import annotations

from warmstart.data.issues import Issue
from warmstart.data.reader.report import ColumnUse, FileReport, ReadReport
from warmstart.data.reader.shop import read_shop

__all__ = ["ColumnUse", "FileReport", "Issue", "ReadReport", "read_shop"]
