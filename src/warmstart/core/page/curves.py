"""Lines over the number of events, ratings or labels that were revealed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from warmstart.core.page.slots import CHANCE, FOCUS, ink
from warmstart.core.page.svg import (
    WIDE,
    Point,
    Scale,
    Series,
    draw,
    label,
    level_line,
    marker,
    named,
    text,
    text_width,
    told,
    value_levels,
)

_GAP = 16.0
BANDED = 4
"""Up to so many methods all have their intervals drawn."""
_TOP, _BOTTOM, _LEFT = 34.0, 46.0, 46.0


def line_chart(
    series: Sequence[Series],
    *,
    ticks: Sequence[tuple[float, str]],
    axis: str,
    title: str,
    note: str = "",
    width: float = WIDE,
) -> str:
    """Lines with interval bands, each labelled at its right end.

    `ticks` are the places and names on the x axis, called `axis`; `note` stands above points set apart.
    """
    height = max(380.0, _TOP + _BOTTOM + _GAP * (len(series) + 1))
    longest = max((text_width(one.name) for one in series), default=0.0)
    right = width - min(longest + 26, width * (0.27 if width >= WIDE else 0.3))
    floor = height - _BOTTOM
    banded = _banded(series)
    levels = value_levels([p if one in banded else _bare(p) for one in series for p in one.points])
    first, last = ticks[0][0], ticks[-1][0]

    def x(value: float) -> float:
        return _LEFT + 16 + (value - first) / ((last - first) or 1) * (right - _LEFT - 32)

    def y(value: float) -> float:
        return _TOP + (levels[-1] - value) / (levels[-1] - levels[0]) * (floor - _TOP)

    body = [level_line(_LEFT, right, y(level), name) for level, name in named(levels)]
    body += [text(x(place), floor + 20, name, "tick", "middle") for place, name in ticks]
    body.append(text((_LEFT + right) / 2, height - 6, axis, "axis", "middle"))
    body.append(_wall(series, x, floor, note))
    body += [_drawn(one, x, y, banded=one in banded) for one in sorted(series, key=_layer)]
    body += _end_labels(series, x, y, at=right + 8, room=width - right - 12, bottom=floor)
    return draw(width, height, title, body)


def _layer(one: Series) -> int:
    """Grey at the bottom, then chance, the others, the method in focus on top."""
    return one.slot if one.slot < 0 else 99 - one.slot


def _wall(series: Sequence[Series], x: Scale, bottom: float, note: str) -> str:
    """A dashed wall before the points that do not continue the curve, with its note."""
    places = sorted({(p.x, p.apart) for one in series for p in one.points})
    walls = [(before[0], after[0]) for before, after in pairwise(places) if after[1] and not before[1]]
    if not walls:
        return ""
    middle = (x(walls[0][0]) + x(walls[0][1])) / 2
    line = f'<line class="wall" x1="{middle:.1f}" x2="{middle:.1f}" y1="{_TOP - 16}" y2="{bottom}"/>'
    return line + text(middle + 8, _TOP - 10, note, "tick")


def _banded(series: Sequence[Series]) -> list[Series]:
    """Whose intervals are drawn: everybody's, or of many only the focus and the strongest other."""
    return [one for one in series if len(series) <= BANDED or one.slot in {FOCUS, FOCUS + 1}]


def _bare(point: Point) -> Point:
    return replace(point, low=None, high=None)


def _drawn(one: Series, x: Scale, y: Scale, *, banded: bool) -> str:
    drawn = []
    for run in _runs(one.points):
        if banded:
            drawn.append(_interval(one, run, x, y))
        line = " ".join(f"{x(p.x):.1f},{y(p.y):.1f}" for p in run)
        drawn.append(f'<polyline class="line {one.css}" points="{line}" style="stroke:{one.colour}"/>')
    if one.marked:
        drawn += [marker(one.slot, x(p.x), y(p.y), told(one.name, p)) for p in one.points]
    return f"<g>{''.join(drawn)}</g>"


def _interval(one: Series, run: Sequence[Point], x: Scale, y: Scale) -> str:
    """A band along a line, a bar at a single point."""
    upper = [(x(p.x), y(p.y if p.high is None else p.high)) for p in run]
    lower = [(x(p.x), y(p.y if p.low is None else p.low)) for p in reversed(run)]
    if len(run) > 1:
        area = " ".join(f"{a:.1f},{b:.1f}" for a, b in upper + lower)
        css = "band quiet" if one.slot == CHANCE else "band"
        return f'<polygon class="{css}" points="{area}" style="fill:{one.colour}"/>'
    (place, high), (_, low) = upper[0], lower[0]
    return f'<path class="bar" d="M{place:.1f} {high:.1f}V{low:.1f}" style="stroke:{one.colour}"/>'


def _runs(points: Sequence[Point]) -> list[list[Point]]:
    runs: list[list[Point]] = []
    for point in points:
        if point.apart or not runs:
            runs.append([])
        runs[-1].append(point)
    return runs


def _end_labels(
    series: Sequence[Series], x: Scale, y: Scale, *, at: float, room: float, bottom: float
) -> list[str]:
    """Names beside the last points, pushed apart where they would overlap, with leader lines."""
    ends = sorted((y(one.points[-1].y), i) for i, one in enumerate(series) if one.points)
    drawn = []
    for (height, i), place in zip(ends, spread([end for end, _ in ends], bottom), strict=True):
        one = series[i]
        start = x(one.points[-1].x) + 7
        drawn.append(
            f'<path class="leader" d="M{start:.1f} {height:.1f}L{at - 2:.1f} {place:.1f}"'
            f' style="stroke:{one.colour}"/>'
        )
        drawn.append(label(at + 2, place + 4, one.name, room, f"label {one.css}", fill=ink(one.slot)))
    return drawn


def spread(heights: Sequence[float], bottom: float) -> list[float]:
    """Places for labels that want these heights (sorted), far enough apart and above `bottom`.

    >>> spread([100.0, 100.0, 300.0], 300.0)
    [100.0, 116.0, 300.0]
    """
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + _GAP if placed else _TOP))
    limit = bottom
    for i in reversed(range(len(placed))):  # push back up from the bottom edge
        placed[i] = min(placed[i], limit)
        limit = placed[i] - _GAP
    return placed
