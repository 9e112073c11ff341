"""Charts as inline SVG: no scripts, no files, colours from the page's style sheet."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

Scale = Callable[[float], float]
WIDTH = 760
_LABEL_GAP = 17.0
_SHAPES = ((24, 0), (4, 45), (3, -90), (4, 0), (3, 90), (5, -90), (6, 0))
"""Corners and turn of each method's marker; 24 corners make the circle of the method in focus."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """A value with its interval at a place on the x axis; `apart` breaks the line before it."""

    x: float
    y: float
    low: float | None
    high: float | None
    apart: bool = False


@dataclass(frozen=True, kw_only=True)
class Series:
    """One method: `slot` chooses its colour and marker (0 is the method in focus, -1 chance)."""

    name: str
    slot: int
    points: tuple[Point, ...]

    @property
    def colour(self) -> str:
        """The CSS variable of its colour."""
        return "var(--chance)" if self.slot < 0 else f"var(--c{self.slot % 8})"


def nice_ticks(top: float, count: int = 5) -> list[float]:
    """Round numbers from 0 to at least `top`.

    >>> nice_ticks(0.093)
    [0.0, 0.02, 0.04, 0.06, 0.08, 0.1]
    """
    if top <= 0:
        return [0.0, 1.0]
    raw = top / count
    scale = 10.0 ** math.floor(math.log10(raw))
    step = next(m * scale for m in (1, 2, 2.5, 5, 10) if m * scale >= raw * 0.999)
    return [round(i * step, 10) for i in range(math.ceil(top / step - 1e-9) + 1)]


def named(levels: Sequence[float]) -> list[tuple[float, str]]:
    """The levels with names of equally many decimals.

    >>> named([0.0, 0.05, 0.1])
    [(0.0, '0.00'), (0.05, '0.05'), (0.1, '0.10')]
    """
    decimals = max(len(f"{level:g}".partition(".")[2]) for level in levels)
    return [(level, f"{level:.{decimals}f}") for level in levels]


def line_chart(
    series: Sequence[Series], *, ticks: Sequence[tuple[float, str]], title: str, note: str = ""
) -> str:
    """Lines with interval bands over evidence, each labelled at its right end.

    `ticks` are the places and names on the x axis; `note` stands above the points set apart.
    """
    height, left, right, top, bottom = 380, 46, 130, 34, 44
    highest = max((point.high or point.y for one in series for point in one.points), default=1.0)
    levels = nice_ticks(highest)
    first, last = ticks[0][0], ticks[-1][0]

    def x(value: float) -> float:
        return left + 22 + (value - first) / ((last - first) or 1) * (WIDTH - left - right - 44)

    def y(value: float) -> float:
        return top + (1 - value / levels[-1]) * (height - top - bottom)

    body = [_grid_line(left, WIDTH - right, y(level), name) for level, name in named(levels)]
    body += [_text(x(place), height - bottom + 20, name, "tick", "middle") for place, name in ticks]
    body.append(_text((left + WIDTH - right) / 2, height - 6, "events revealed", "axis", "middle"))
    body.append(_apart(series, x, top, height - bottom, note))
    for one in sorted(series, key=lambda one: one.slot == 0):  # the method in focus on top
        body.append(_drawn_series(one, x, y))
    body += _end_labels(series, x, y, at=WIDTH - right + 8, top=top, bottom=height - bottom)
    return _svg(height, title, body)


def bar_chart(bars: Sequence[tuple[str, int, Point]], *, title: str) -> str:
    """Horizontal bars with interval whiskers, one per (name, slot, point), in the order given."""
    left, right, row, top = 150, 70, 30, 8
    height = top + row * len(bars) + 30
    levels = nice_ticks(max((point.high or point.y for _, _, point in bars), default=1.0))

    def x(value: float) -> float:
        return left + value / levels[-1] * (WIDTH - left - right)

    body = [
        f'<line class="grid" x1="{x(level):.1f}" x2="{x(level):.1f}" y1="{top}" y2="{height - 26}"/>'
        + _text(x(level), height - 8, name, "tick", "middle")
        for level, name in named(levels)
    ]
    for i, (name, slot, point) in enumerate(bars):
        middle = top + row * i + row / 2
        colour = Series(name=name, slot=slot, points=()).colour
        weight = "label focus" if slot == 0 else "label"
        body.append(_text(left - 10, middle + 4, name, weight, "end"))
        size = f'x="{left}" y="{middle - 9:.1f}" width="{max(x(point.y) - left, 1):.1f}" height="18"'
        body.append(f'<rect {size} rx="3" style="fill:{colour}"/>')
        end = x(point.y)
        if point.low is not None and point.high is not None:
            end = max(end, x(point.high))
            body.append(_whisker(x(point.low), x(point.high), middle))
        body.append(_text(end + 8, middle + 4, f"{point.y:.4f}", "value", "start"))
    return _svg(height, title, body)


def _svg(height: float, title: str, body: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(title, quote=True)}">'
        f"<title>{escape(title)}</title>{''.join(body)}</svg>"
    )


def _text(x: float, y: float, text: str, css: str, anchor: str, *, style: str = "") -> str:
    styled = f' style="{style}"' if style else ""
    return (
        f'<text class="{css}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{styled}>{escape(text)}</text>'
    )


def _grid_line(x1: float, x2: float, y: float, name: str) -> str:
    line = f'<line class="grid" x1="{x1:.1f}" x2="{x2:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
    return line + _text(x1 - 8, y + 4, name, "tick", "end")


def _whisker(x1: float, x2: float, y: float) -> str:
    path = f"M{x1:.1f} {y - 4:.1f}v8M{x2:.1f} {y - 4:.1f}v8M{x1:.1f} {y:.1f}H{x2:.1f}"
    return f'<path class="whisker" d="{path}"/>'


def _apart(series: Sequence[Series], x: Scale, top: float, bottom: float, note: str) -> str:
    """A dashed wall before the points that do not continue the curve, with its note."""
    places = sorted({(p.x, p.apart) for one in series for p in one.points})
    walls = [(before[0], after[0]) for before, after in pairwise(places) if after[1]]
    if not walls:
        return ""
    middle = (x(walls[0][0]) + x(walls[0][1])) / 2
    line = f'<line class="wall" x1="{middle:.1f}" x2="{middle:.1f}" y1="{top - 16}" y2="{bottom}"/>'
    return line + _text(middle + 8, top - 8, note, "tick", "start")


def _drawn_series(one: Series, x: Scale, y: Scale) -> str:
    drawn = []
    for run in _runs(one.points):
        upper = [(x(p.x), y(p.y if p.high is None else p.high)) for p in run]
        lower = [(x(p.x), y(p.y if p.low is None else p.low)) for p in reversed(run)]
        line = " ".join(f"{x(p.x):.1f},{y(p.y):.1f}" for p in run)
        if len(run) > 1:
            area = " ".join(f"{a:.1f},{b:.1f}" for a, b in upper + lower)
            drawn.append(f'<polygon class="band" points="{area}" style="fill:{one.colour}"/>')
        else:
            (place, high), (_, low) = upper[0], lower[0]
            path = f"M{place:.1f} {high:.1f}V{low:.1f}"
            drawn.append(f'<path class="bar" d="{path}" style="stroke:{one.colour}"/>')
        css = "line focus" if one.slot == 0 else "line chance" if one.slot < 0 else "line"
        drawn.append(f'<polyline class="{css}" points="{line}" style="stroke:{one.colour}"/>')
    drawn += [_marker(one, x(p.x), y(p.y), p) for p in one.points]
    return f"<g>{''.join(drawn)}</g>"


def _runs(points: Sequence[Point]) -> list[list[Point]]:
    runs: list[list[Point]] = []
    for point in points:
        if point.apart or not runs:
            runs.append([])
        runs[-1].append(point)
    return runs


def _marker(one: Series, x: float, y: float, point: Point) -> str:
    """A shape of its own for each method, so that colour is never the only difference."""
    radius = 5.0 if one.slot == 0 else 4.6
    corners, turn = _SHAPES[max(one.slot, 0) % len(_SHAPES)]
    angles = [math.radians(turn + 360 * i / corners) for i in range(corners)]
    places = " ".join(f"{x + radius * math.cos(a):.1f},{y + radius * math.sin(a):.1f}" for a in angles)
    bounds = "" if point.low is None else f" [{point.low:.4f}, {point.high:.4f}]"
    about = escape(f"{one.name}: {point.y:.4f}{bounds}")
    shape = f'<polygon class="marker" points="{places}" style="fill:{one.colour}">'
    return f"{shape}<title>{about}</title></polygon>"


def _end_labels(
    series: Sequence[Series], x: Scale, y: Scale, *, at: float, top: float, bottom: float
) -> list[str]:
    """Names beside the last points, pushed apart where they would overlap, with leader lines."""
    ends = sorted((y(one.points[-1].y), i) for i, one in enumerate(series) if one.points)
    placed: list[float] = []
    for height, _ in ends:
        placed.append(max(height, placed[-1] + _LABEL_GAP if placed else top))
    overflow = max(0.0, placed[-1] - bottom) if placed else 0.0
    for i in reversed(range(len(placed))):  # push back up from the bottom edge
        limit = bottom if i == len(placed) - 1 else placed[i + 1] - _LABEL_GAP
        placed[i] = min(placed[i], limit) if overflow else placed[i]
    drawn = []
    for (height, i), label in zip(ends, placed, strict=True):
        one = series[i]
        start = x(one.points[-1].x) + 7
        drawn.append(
            f'<path class="leader" d="M{start:.1f} {height:.1f}L{at - 2:.1f} {label:.1f}"'
            f' style="stroke:{one.colour}"/>'
        )
        css = "label focus" if one.slot == 0 else "label"
        drawn.append(_text(at + 2, label + 4, one.name, css, "start", style=f"fill:{one.colour}"))
    return drawn
