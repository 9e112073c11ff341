"""The pieces of inline SVG charts: no scripts, no files, colours from the page's style sheet."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from warmstart.core.page.slots import CHANCE, FOCUS, REST, colour

Scale = Callable[[float], float]
WIDE = 760
NARROW = 372
_SHAPES = ((24, 0), (4, 45), (3, -90), (4, 0), (3, 90), (5, -90))
"""Corners and turn of each slot's marker; 24 corners make the circle of the method in focus."""


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
    """The points of one method; `slot` chooses colour and marker, `marked` whether points have markers."""

    name: str
    slot: int
    points: tuple[Point, ...]
    marked: bool = True

    @property
    def colour(self) -> str:
        """The CSS variable of its colour."""
        return colour(self.slot)

    @property
    def css(self) -> str:
        """The style class of its slot."""
        return {FOCUS: "focus", CHANCE: "chance", REST: "rest"}.get(self.slot, "strong")


def nice_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers that hold `low` and `high` between them.

    >>> nice_ticks(0.0, 0.093)
    [0.0, 0.02, 0.04, 0.06, 0.08, 0.1]
    >>> nice_ticks(0.71, 0.94)
    [0.7, 0.75, 0.8, 0.85, 0.9, 0.95]
    """
    raw = (high - low) / count
    if raw <= 0:
        return [low, low + 1.0]
    scale = 10.0 ** math.floor(math.log10(raw))
    step = next(m * scale for m in (1, 2, 2.5, 5, 10) if m * scale >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 10) for i in range(first, last + 1)]


def value_levels(points: Sequence[Point]) -> list[float]:
    """Levels of a value axis: from 0, unless all values keep to the upper half."""
    low = min((p.y if p.low is None else p.low for p in points), default=0.0)
    high = max((p.y if p.high is None else p.high for p in points), default=1.0)
    if high == low:
        return nice_ticks(min(low, 0.0), max(high, 0.0) or 1.0)
    return nice_ticks(low if low > high / 2 else min(low, 0.0), high)


def named(levels: Sequence[float]) -> list[tuple[float, str]]:
    """The levels with names of equally many decimals.

    >>> named([0.0, 0.05, 0.1])
    [(0.0, '0.00'), (0.05, '0.05'), (0.1, '0.10')]
    """
    decimals = max(len(f"{level:.10f}".rstrip("0").partition(".")[2]) for level in levels)
    return [(level, f"{level:.{decimals}f}") for level in levels]


def text_width(text: str, size: float = 13.0) -> float:
    """About how many pixels a text takes; Chinese characters are twice as wide."""
    units = sum(1.0 if unicodedata.east_asian_width(letter) in "WF" else 0.56 for letter in text)
    return units * size


def shortened(text: str, room: float, size: float = 13.0) -> str:
    """The text, its middle cut out where it is wider than `room` pixels: names differ at both ends.

    >>> shortened("popularity", 200), shortened("encoder-logistic+names", 100)
    ('popularity', 'encode…+names')
    """
    if text_width(text, size) <= room:
        return text
    for kept in reversed(range(len(text))):
        head = (kept + 1) // 2
        shown = f"{text[:head]}…{text[len(text) - kept + head :]}"
        if text_width(shown, size) <= room:
            return shown
    return "…"


def draw(width: float, height: float, title: str, body: Sequence[str], *, css: str = "") -> str:
    """One drawing with a name for those who cannot see it."""
    kind = css or ("wide" if width >= WIDE else "narrow")
    return (
        f'<svg class="{kind}" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'role="img" aria-label="{escape(title, quote=True)}">'
        f"<title>{escape(title)}</title>{''.join(body)}</svg>"
    )


def both(chart: Callable[[float], str]) -> str:
    """A chart drawn for a screen and for a phone; the style sheet shows one of them."""
    return chart(WIDE) + chart(NARROW)


def text(x: float, y: float, words: str, css: str, anchor: str = "start", *, fill: str = "") -> str:
    """A line of text."""
    styled = f' style="fill:{fill}"' if fill else ""
    return (
        f'<text class="{css}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{styled}>{escape(words)}</text>'
    )


def label(
    x: float, y: float, name: str, room: float, css: str, *, anchor: str = "start", fill: str = ""
) -> str:
    """A name in the room it has; where it is cut, pointing at it shows the whole."""
    shown = shortened(name, room)
    drawn = text(x, y, shown, css, anchor, fill=fill)
    return drawn if shown == name else f"<g>{drawn}<title>{escape(name)}</title></g>"


def level_line(x1: float, x2: float, y: float, name: str) -> str:
    """A horizontal line with its number on the left."""
    line = f'<line class="grid" x1="{x1:.1f}" x2="{x2:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
    return line + text(x1 - 8, y + 4, name, "tick", "end")


def upright(x: float, y1: float, y2: float, name: str, css: str = "grid") -> str:
    """A vertical line with its number below."""
    line = f'<line class="{css}" x1="{x:.1f}" x2="{x:.1f}" y1="{y1:.1f}" y2="{y2:.1f}"/>'
    return line + text(x, y2 + 18, name, "tick", "middle")


def whisker(x1: float, x2: float, y: float) -> str:
    """A horizontal interval."""
    path = f"M{x1:.1f} {y - 4:.1f}v8M{x2:.1f} {y - 4:.1f}v8M{x1:.1f} {y:.1f}H{x2:.1f}"
    return f'<path class="whisker" d="{path}"/>'


def marker(slot: int, x: float, y: float, about: str = "") -> str:
    """A shape of its own for each slot, so that colour is never the only difference."""
    radius = {FOCUS: 5.2, REST: 2.8, CHANCE: 3.4}.get(slot, 4.8)
    corners, turn = _SHAPES[max(slot, 0) % len(_SHAPES)]
    angles = [math.radians(turn + 360 * i / corners) for i in range(corners)]
    places = " ".join(f"{x + radius * math.cos(a):.1f},{y + radius * math.sin(a):.1f}" for a in angles)
    shape = f'<polygon class="marker" points="{places}" style="fill:{colour(slot)}"'
    return f"{shape}><title>{escape(about)}</title></polygon>" if about else f"{shape}/>"


def told(name: str, point: Point) -> str:
    """What pointing at a value shows."""
    bounds = "" if point.low is None else f" [{point.low:.4f}, {point.high:.4f}]"
    return f"{name}: {point.y:.4f}{bounds}"
