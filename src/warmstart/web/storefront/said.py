"""What buyers said about an item, in sum."""

from __future__ import annotations

from typing import Any

import polars as pl

from warmstart.core import columns as c
from warmstart.engine.engine import Engine

_LONGEST = 300
_STARS = 5.0


def said_of(engine: Engine, item_id: str) -> dict[str, Any] | None:
    """How many reviews there are, their mean, how many of each grade, and some of their words.

    None where nobody said anything. The reviews are those that the shop was learned with. Grades are told
    as stars, 5 at most: those of a shop that grades up to 10 or to 100 are brought to that.
    """
    everything = engine.dataset.reviews
    reviews = everything.filter(pl.col(c.ITEM_ID) == item_id)
    if not len(reviews):
        return None
    stars_of = (pl.col(c.RATING) * (_STARS / _top(everything))).clip(0.0, _STARS)
    reviews = reviews.with_columns(stars_of.alias(c.RATING))
    graded = reviews.filter(pl.col(c.RATING).is_not_null()).sort(
        c.RATING, c.TIMESTAMP, descending=True, nulls_last=True
    )
    stars = [max(1, round(grade)) for grade in graded[c.RATING]]
    return {
        "count": len(reviews),
        "mean": round(sum(graded[c.RATING]) / len(graded), 2) if len(graded) else None,
        "stars": {str(star): stars.count(star) for star in range(5, 0, -1)},
        "quotes": _quotes(graded if len(graded) else reviews),
    }


def _top(reviews: pl.DataFrame) -> float:
    """The best grade that the shop knows."""
    best = reviews[c.RATING].max()
    highest = float(best) if isinstance(best, int | float) else _STARS
    return next((top for top in (_STARS, 10.0, 100.0) if highest <= top), highest)


def _quotes(reviews: pl.DataFrame) -> list[dict[str, Any]]:
    """The two most content, and the least content where there are more."""
    told = reviews.filter(pl.col(c.TEXT).is_not_null() & (pl.col(c.TEXT) != ""))
    places = sorted({0, 1, len(told) - 1} & set(range(len(told))))
    rows = (told.row(place, named=True) for place in places)
    return [{"text": _short(row[c.TEXT]), "rating": row[c.RATING]} for row in rows]


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()} …"
