"""Read a shop from disk."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import polars as pl

from warmstart.core import columns as c
from warmstart.data import cleaning
from warmstart.data.cleaning import Cleaned
from warmstart.data.dataset import Dataset
from warmstart.data.issues import FILE, ROW, Issue, IssueLog
from warmstart.data.reader.build import Builder
from warmstart.data.reader.files import Source, assign_files
from warmstart.data.reader.mapping import map_columns
from warmstart.data.reader.ordering import order_events
from warmstart.data.reader.report import FileReport, ReadReport
from warmstart.data.reader.settings import RoleSettings, ShopSettings, load_settings
from warmstart.data.reader.tables import read_table
from warmstart.data.schema import REQUIRED, TABLES

_TEXTS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "items": ((c.TITLE, c.DESCRIPTION, c.BRAND, c.CATEGORIES, c.TAGS), (c.ATTRIBUTES,)),
    "reviews": ((c.TEXT,), ()),
}
"""Text columns that are cleaned, and JSON columns whose strings are; the other tables stay as typed."""

_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "items": (c.ITEM_ID,),
    "users": (c.USER_ID,),
    "reviews": tuple(TABLES["reviews"]),
    "withheld": (c.SPLIT, c.USER_ID, c.ITEM_ID),
    "judgments": (c.QUERY, c.ITEM_ID),
    "graph": (c.HEAD, c.RELATION, c.TAIL),
    "graph_links": (c.ITEM_ID, c.ENTITY),
}
"""Columns of which each combination may stand once."""


def read_shop(path: str | Path, *, now: float | None = None) -> tuple[Dataset, ReadReport]:
    """Read a shop from a folder, or from a `shop.toml`, and say how everything was understood.

    Use it for files; build a `Dataset` directly when the facts are in memory already. The format, the
    names that are understood and what cleaning does are described in `docs/reference/shop-folder.md`,
    the syntax of shop.toml in `warmstart.data.reader.settings`.

    One bad row never costs the others: it is dropped, or its bad value left empty, and the report names
    file, row and reason. `now`, in Unix seconds, bounds the times that are believed; default the clock.

    Errors: `InputError` when there is no shop, when a choice would be a guess (it says what to write in
    shop.toml), or when a required column is missing; `ConfigError` for a shop.toml that makes no sense.
    """
    settings = load_settings(Path(path))
    assigned = assign_files(settings)
    reading = _Reading(settings=settings, log=IssueLog(), files=[], now=time.time() if now is None else now)
    tables = {role: reading.table(role, sources) for role, sources in assigned.sources.items()}
    tables = reading.relate(tables)
    for name, reason in assigned.left_out.items():
        reading.leave_out(name, reason)
    report = reading.report(tables, str(path))
    plain = {role: frame.drop(FILE, ROW, strict=False) for role, frame in tables.items()}
    items = plain.pop("items", None)
    dataset = Dataset(
        name=settings.name,
        items=items if items is not None else pl.DataFrame(schema=TABLES["items"]),
        **plain,
    )
    return dataset, report


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """What accumulates while the files of one shop are read."""

    settings: ShopSettings
    log: IssueLog
    files: list[FileReport]
    now: float

    def table(self, role: str, sources: Sequence[Source]) -> pl.DataFrame:
        """One role's table, cleaned on its own."""
        frames = [self._file(source, self.settings.roles[role]) for source in sources]
        frame = pl.concat(frames, rechunk=True)
        frame = self._clean(cleaning.drop_missing(frame, REQUIRED[role]))
        if role in _TEXTS:
            frame = self._clean(cleaning.clean_texts(frame, *_TEXTS[role]))
        if role in _KEYS:
            frame = self._clean(cleaning.keep_last(frame, _KEYS[role]))
        if role == "events":
            frame = self._clean(cleaning.drop_empty_events(frame))
            frame = self._clean(cleaning.drop_duplicate_events(frame))
            if not self.settings.roles[role].keep_bots:
                frame = self._clean(cleaning.drop_bots(frame))
            frame = order_events(frame)
        return frame

    def relate(self, tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        """The tables after those checks that look at two of them."""
        if "items" in tables and "events" in tables:
            items = self._clean(cleaning.add_unknown_items(tables["items"], tables["events"]))
            tables = tables | {"items": items}
        for role in ("reviews", "judgments", "graph_links", "withheld"):
            if role in tables and "items" in tables:
                self._report_unknown(tables[role], tables["items"])
        return tables

    def leave_out(self, name: str, reason: str) -> None:
        """Report a data file that was not read."""
        self.files.append(FileReport(path=name, role="", how=reason))

    def report(self, tables: dict[str, pl.DataFrame], path: str) -> ReadReport:
        """The report, with the rows of each file that are in the tables now."""
        kept: Counter[tuple[str, str]] = Counter()
        for role, frame in tables.items():
            for file, n in frame.group_by(FILE).len().iter_rows():
                kept[role, file] += n
        files = tuple(replace(file, rows_kept=kept[file.role, file.path]) for file in self.files)
        return ReadReport(
            name=self.settings.name,
            path=path,
            files=files,
            issues=tuple(self.log.examples),
            issue_counts=self.log.by_kind(),
        )

    def _clean(self, cleaned: Cleaned) -> pl.DataFrame:
        frame, log = cleaned
        self.log.extend(log)
        return frame

    def _file(self, source: Source, settings: RoleSettings) -> pl.DataFrame:
        raw = read_table(
            source.path, source.file, self.log, encoding=settings.encoding, separator=settings.separator
        )
        if not raw.rows_read:
            self._report_empty(source)
        if not raw.names and source.role != "items":
            self.files.append(_file_report(source))
            return pl.DataFrame(schema={FILE: pl.String(), ROW: pl.Int64()} | TABLES[source.role])
        columns = map_columns(source.role, raw.names, settings, source.file, self.log)
        builder = Builder(
            raw=raw, source=source, columns=columns, settings=settings, log=self.log, now=self.now
        )
        built = builder.build()
        if source.role == "items" and not settings.price_in_cents:
            self.log.extend(cleaning.doubt_prices(built.frame))
        described = replace(
            _file_report(source),
            rows_read=raw.rows_read,
            format=raw.format,
            encoding=raw.encoding,
            columns=built.uses,
        )
        self.files.append(described)
        return built.frame

    def _report_empty(self, source: Source) -> None:
        self.log.add(
            Issue(
                kind="empty_file",
                expected="at least one row",
                found="none",
                action=f"read as {source.role} without rows",
                file=source.file,
            )
        )

    def _report_unknown(self, frame: pl.DataFrame, items: pl.DataFrame) -> None:
        self.log.add_rows(
            frame.join(items.select(c.ITEM_ID), on=c.ITEM_ID, how="anti", maintain_order="left"),
            kind="unknown_item",
            column=c.ITEM_ID,
            expected="an item_id of the items table",
            action="row kept",
        )


def _file_report(source: Source) -> FileReport:
    return FileReport(path=source.file, role=source.role, how=source.how)
