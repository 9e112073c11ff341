"""Accuracy against cost, and what was promised against what came true."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from warmstart.core.page.slots import CHANCE, FOCUS, REST, colour, ink
from warmstart.core.page.svg import (
    WIDE,
    Point,
    Series,
    draw,
    level_line,
    marker,
    named,
    text,
    text_width,
    told,
    upright,
    value_levels,
)

Box = tuple[float, float, float, float]
_TOP, _BOTTOM, _LEFT = 16.0, 48.0, 50.0
_FEW = 3


@dataclass(frozen=True, kw_only=True)
class Dot:
    """One method: what it costs (`point.x`) and how good it is (`point.y`)."""

    name: str
    slot: int
    point: Point


def scatter(
    dots: Sequence[Dot], *, axis: str, title: str, floor: float, lower: bool = False, width: float = WIDE
) -> str:
    """Values over a logarithmic cost; costs below `floor` stand at it.

    The stepped line joins the methods that no other beats in both. Names are placed where they do not
    overlap; a grey one without room is left out (pointing at its marker shows it).
    """
    height = 400.0 if width >= WIDE else 340.0
    right, bottom = width - 18, height - _BOTTOM
    levels = value_levels([dot.point for dot in dots])
    decades = _decades([max(dot.point.x, floor) for dot in dots])

    def x(value: float) -> float:
        part = (math.log10(max(value, floor)) - decades[0]) / (decades[-1] - decades[0])
        return _LEFT + 14 + part * (right - _LEFT - 28)

    def y(value: float) -> float:
        return _TOP + (levels[-1] - value) / (levels[-1] - levels[0]) * (bottom - _TOP)

    body = [level_line(_LEFT, right, y(level), name) for level, name in named(levels)]
    steps_of = (
        (1, 2, 5) if len(decades) <= (_FEW if width >= WIDE else _FEW - 1) else (1,)
    )  # a single decade needs more lines
    marks = [m * 10.0**d for d in decades for m in steps_of if m * 10.0**d <= 10.0 ** decades[-1]]
    body += [upright(x(mark), _TOP, bottom, f"{mark:g}") for mark in marks]
    body.append(text((_LEFT + right) / 2, height - 6, axis, "axis", "middle"))
    best = frontier(dots, lower=lower)
    steps = "".join(f"H{x(b.point.x):.1f}V{y(b.point.y):.1f}" for _, b in pairwise(best))
    if steps:
        begin = f"M{x(best[0].point.x):.1f} {y(best[0].point.y):.1f}"
        body.append(f'<path class="frontier" d="{begin}{steps}"/>')
    order = sorted(dots, key=lambda dot: (dot.slot < FOCUS, dot.slot if dot.slot >= FOCUS else -dot.slot))
    places = [(x(dot.point.x), y(dot.point.y)) for dot in order]
    body += [
        _dot(dot, *place, y(_low(dot)), y(_high(dot))) for dot, place in zip(order, places, strict=True)
    ]
    body += _names(order, places, (_LEFT, _TOP, right, bottom))
    return draw(width, height, title, body)


def frontier(dots: Sequence[Dot], *, lower: bool) -> list[Dot]:
    """The methods for which none is both cheaper and at least as good, from cheap to dear."""
    sign = -1.0 if lower else 1.0
    found: list[Dot] = []
    for dot in sorted(dots, key=lambda dot: (dot.point.x, -sign * dot.point.y)):
        if not found or sign * dot.point.y > sign * found[-1].point.y:
            found.append(dot)
    return found


def _decades(costs: Sequence[float]) -> list[int]:
    first = math.floor(math.log10(min(costs, default=1.0)) + 1e-9)
    last = math.ceil(math.log10(max(costs, default=10.0)) - 1e-9)
    return list(range(first, max(last, first + 1) + 1))


def _low(dot: Dot) -> float:
    return dot.point.y if dot.point.low is None else dot.point.low


def _high(dot: Dot) -> float:
    return dot.point.y if dot.point.high is None else dot.point.high


def _dot(dot: Dot, x: float, y: float, low: float, high: float) -> str:
    css = "bar quiet" if dot.slot in {REST, CHANCE} else "bar"
    path = f'<path class="{css}" d="M{x:.1f} {high:.1f}V{low:.1f}" style="stroke:{colour(dot.slot)}"/>'
    return f"<g>{path}{marker(dot.slot, x, y, told(dot.name, dot.point))}</g>"


def _names(dots: Sequence[Dot], places: Sequence[tuple[float, float]], frame: Box) -> list[str]:
    """Each name at the first free place around its marker, the important ones first."""
    taken: list[Box] = [(x - 6, y - 6, x + 6, y + 6) for x, y in places]
    drawn = []
    for dot, (x, y) in zip(dots, places, strict=True):
        size = 13.0 if dot.slot >= FOCUS else 12.0
        spot = _spot(x, y, text_width(dot.name, size * 1.06), frame, taken)
        if spot is None:
            continue
        box, leads = spot
        taken.append(box)
        css = Series(name=dot.name, slot=dot.slot, points=()).css
        if leads:
            near = min(max(x, box[0]), box[2]), (box[1] if box[1] > y else box[3])
            line = f'M{x:.1f} {y:.1f}L{near[0]:.1f} {near[1]:.1f}" style="stroke:{colour(dot.slot)}"'
            drawn.append(f'<path class="leader" d="{line}/>')
        drawn.append(text(box[0], box[3] - 3, dot.name, f"label halo {css}", fill=ink(dot.slot)))
    return drawn


def _spot(x: float, y: float, wide: float, frame: Box, taken: Sequence[Box]) -> tuple[Box, bool] | None:
    """A free box for a name near (x, y), and whether it is so far that a line must lead there."""
    for far in (0.0, 14.0, 28.0, 42.0, 58.0, 76.0):
        for left, middle in (
            (x + 9, y),
            (x - 9 - wide, y),
            (x - wide / 2, y - 15 - far),
            (x - wide / 2, y + 15 + far),
            (x + 9, y - 13 - far),
            (x + 9, y + 13 + far),
            (x - 9 - wide, y - 13 - far),
            (x - 9 - wide, y + 13 + far),
        ):
            box = (left, middle - 7, left + wide, middle + 7)
            inside = (
                box[0] > frame[0] and box[1] > frame[1] - 8 and box[2] < frame[2] + 14 and box[3] < frame[3]
            )
            if inside and not any(_overlap(box, other) for other in taken):
                return box, far > 0
    return None


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def reliability_chart(series: Sequence[Series], *, title: str) -> str:
    """What was said (x) against how often it was right (y), with the line where both agree."""
    side = 400.0
    left, right, top, bottom = _LEFT, side - 18, _TOP, side - _BOTTOM - 20
    height = side - 20

    def x(value: float) -> float:
        return left + value * (right - left)

    def y(value: float) -> float:
        return bottom - value * (bottom - top)

    levels = named([0.0, 0.25, 0.5, 0.75, 1.0])
    body = [level_line(left, right, y(level), name) for level, name in levels]
    body += [upright(x(level), top, bottom, name) for level, name in levels]
    body.append(f'<path class="wall" d="M{x(0):.1f} {y(0):.1f}L{x(1):.1f} {y(1):.1f}"/>')
    body.append(text((left + right) / 2, height - 6, "what the method said", "axis", "middle"))
    body.append(text(left + 6, top + 12, "how often it was right", "axis"))
    for one in sorted(series, key=lambda one: -one.slot):
        line = " ".join(f"{x(p.x):.1f},{y(p.y):.1f}" for p in one.points)
        body.append(f'<polyline class="line {one.css}" points="{line}" style="stroke:{one.colour}"/>')
        body += [
            marker(one.slot, x(p.x), y(p.y), f"{one.name}: said {p.x:.2f}, right {p.y:.2f}")
            for p in one.points
        ]
    return draw(side, height, title, body, css="square")
