"""Reviews in words: praise and complaints of the category, as many of each as the stars allow."""

from __future__ import annotations

import polars as pl

from warmstart.core import columns as c
from warmstart.data.simulator.aftermath import Ratings
from warmstart.data.simulator.products import Goods
from warmstart.data.simulator.settings import SimulatorSettings
from warmstart.data.simulator.vocabulary import Leaf, vocabulary

_WRITES = 0.7
_OPENINGS = {
    5: (
        ("Love it.", "Great {noun}.", "Exactly what I was looking for."),
        ("非常满意，", "超出预期，", "这款{noun}真不错，"),
    ),
    4: (("Good {noun}.", "Happy with it.", ""), ("整体不错，", "挺好的，", "")),
    3: (
        ("Mixed feelings.", "It is all right.", "Decent, no more."),
        ("一般般，", "中规中矩，", "还行吧，"),
    ),
    2: (("Disappointed.", "Expected better.", "Not for me."), ("有点失望，", "不太行，", "不太推荐，")),
    1: (("Terrible.", "Waste of money.", "Avoid."), ("太差了，", "踩雷了，", "别买，")),
}
_ENDINGS = {
    5: (
        ("Would buy again.", "Worth the price.", "Recommended.", ""),
        ("会回购。", "物有所值。", "推荐购买。", "五星好评。"),
    ),
    4: (("Arrived quickly.", "Good value.", ""), ("物流也快。", "性价比可以。", "值得买。")),
    3: (("Fine for the price.", ""), ("这个价位也就这样。", "凑合用。")),
    2: (("Not worth the price.", "Will try another brand."), ("不值这个价。", "下次换一家。")),
    1: (
        ("Sent it back.", "Asked for a refund.", "Never again."),
        ("已退货。", "客服也不理人。", "再也不会买了。"),
    ),
}
_ASPECTS = {5: (2, 0), 4: (1, 0), 3: (1, 1), 2: (0, 1), 1: (0, 2)}
"""How many points of praise and of complaint a review of so many stars makes."""


def reviews_table(
    settings: SimulatorSettings, goods: Goods, user_ids: tuple[str, ...], ratings: Ratings
) -> pl.DataFrame:
    """The ratings that came with words, in the shop's language."""
    rng = settings.rng("reviews")
    n, at = len(ratings.user), 0 if settings.language == "en" else 1
    writes, dice = rng.random(n) < _WRITES, rng.random((n, 4))
    leaves = vocabulary().leaves
    rows = [
        (
            goods.item_ids[ratings.item[i]],
            user_ids[ratings.user[i]],
            review_text(leaves[goods.leaf[ratings.item[i]]], int(ratings.stars[i]), dice[i].tolist(), at),
            float(ratings.stars[i]),
            float(ratings.time[i]),
        )
        for i in range(n)
        if writes[i]
    ]
    names = [c.ITEM_ID, c.USER_ID, c.TEXT, c.RATING, c.TIMESTAMP]
    types = [pl.String, pl.String, pl.String, pl.Float64, pl.Float64]
    return pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row").sort(
        c.TIMESTAMP, maintain_order=True
    )


def review_text(leaf: Leaf, stars: int, dice: list[float], at: int) -> str:
    """A review; `dice` are four numbers in [0, 1), `at` is 0 for English and 1 for Chinese."""
    good, bad = _ASPECTS[stars]
    points = _some(leaf.praise[at], good, dice[1]) + _some(leaf.complaints[at], bad, dice[2])
    opening = _some(_OPENINGS[stars][at], 1, dice[0])[0].format(noun=leaf.noun[at])
    ending = _some(_ENDINGS[stars][at], 1, dice[3])[0]
    if at == 1:
        return f"{opening}{_link_zh(points, mixed=stars == 3)}。{ending}"
    if stars == 3:
        points[1] = f"but {points[1]}"
    parts = [opening, *(f"{point[0].upper()}{point[1:]}." for point in points), ending]
    return " ".join(part for part in parts if part)


def _link_zh(points: list[str], *, mixed: bool) -> str:
    return f"{points[0]}，就是{points[1]}" if mixed else "，".join(points)


def _some(choices: tuple[str, ...], n: int, die: float) -> list[str]:
    """`n` different ones, starting anywhere and going round."""
    start = int(die * len(choices))
    return [choices[(start + i) % len(choices)] for i in range(n)]
