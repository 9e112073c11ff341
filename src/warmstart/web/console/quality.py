"""What a shop's catalogue lacks, and where its events lie."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl

from warmstart.core import columns as c
from warmstart.core.linear import IntArray
from warmstart.data.dataset import Dataset

_SHOWN: Final = 200
_GROUPS: Final = 50
_TEXTS: Final = (c.TITLE, c.DESCRIPTION, c.BRAND, c.IMAGE)


def quality_of(shop: Dataset) -> dict[str, Any]:
    """What is missing by field, titles that several items have, and how events spread over items."""
    counts = _counts(shop)
    return {
        "items": len(shop.items),
        "available": int(shop.items[c.AVAILABLE].fill_null(True).sum()),  # a value, no switch
        "missing": _missing(shop.items),
        "twins": _twins(shop.items),
        "events": _spread(counts),
        "cold": _examples(shop.items.filter(pl.Series(counts == 0))),
    }


def _missing(items: pl.DataFrame) -> list[dict[str, Any]]:
    """For each field how many items lack it, and some of them."""
    empty = {name: pl.col(name).is_null() | (pl.col(name).str.strip_chars() == "") for name in _TEXTS}
    empty[c.PRICE] = pl.col(c.PRICE).is_null()
    empty[c.CATEGORIES] = pl.col(c.CATEGORIES).is_null() | (pl.col(c.CATEGORIES).list.len() == 0)
    rows = []
    for name, is_empty in empty.items():
        lacking = items.filter(is_empty)
        share = round(len(lacking) / len(items), 4) if len(items) else 0.0
        rows.append(
            {"field": name, "items": len(lacking), "share": share, "examples": _examples(lacking)[:_GROUPS]}
        )
    return sorted(rows, key=lambda row: (-row["items"], row["field"]))


def _twins(items: pl.DataFrame) -> dict[str, Any]:
    """How many items share a title with another, and the most frequent of such titles."""
    same = (
        items.filter(pl.col(c.TITLE).is_not_null() & (pl.col(c.TITLE) != ""))
        .group_by(pl.col(c.TITLE).str.to_lowercase().str.strip_chars().alias("same"))
        .agg(pl.col(c.TITLE).first(), pl.len().alias("items"), pl.col(c.ITEM_ID).head(5).alias("ids"))
        .filter(pl.col("items") > 1)
        .sort(["items", "same"], descending=[True, False])
    )
    rows = same.head(_SHOWN).iter_rows()
    shown = [{"title": row[1], "items": row[2], "ids": row[3]} for row in rows]
    return {"titles": len(same), "items": int(same["items"].sum()), "examples": shown}


def _counts(shop: Dataset) -> IntArray:
    """Events of each item, in catalogue order."""
    of = dict(shop.events[c.ITEM_ID].drop_nulls().value_counts().iter_rows())
    return np.array([of.get(item_id, 0) for item_id in shop.items[c.ITEM_ID]], dtype=np.int64)


def _spread(counts: IntArray) -> dict[str, Any]:
    """How uneven events lie, and which share the most popular tenth, fifth and half of the items has."""
    ranked = np.sort(counts)[::-1]
    total = int(ranked.sum())
    shares = [
        {"top": top, "share": round(float(ranked[: max(1, round(top * len(ranked)))].sum()) / total, 4)}
        for top in (0.01, 0.05, 0.1, 0.2, 0.5)
        if total
    ]
    return {
        "total": total,
        "cold": int((counts == 0).sum()),
        "gini": round(gini(counts), 4) if total else None,
        "shares": shares,
    }


def gini(counts: IntArray) -> float:
    """The Gini coefficient: 0 where all items have as many events, near 1 where one has all (Gini, 1912).

    >>> gini(np.array([2, 2, 2])), round(gini(np.array([0, 0, 0, 8])), 2)
    (0.0, 0.75)
    """
    ranked = np.sort(counts).astype(np.float64)
    n, total = len(ranked), float(ranked.sum())
    if not total:
        return 0.0
    return float((2 * np.arange(1, n + 1) - n - 1) @ ranked / (n * total))


def _examples(items: pl.DataFrame) -> list[dict[str, Any]]:
    rows = items.head(_SHOWN).select(c.ITEM_ID, c.TITLE, c.BRAND).iter_rows()
    return [
        {"id": item_id, "title": title or item_id, "brand": brand or ""} for item_id, title, brand in rows
    ]
