"""Bars: one per method, or what is shown beside what is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from warmstart.core.page.slots import FOCUS, colour
from warmstart.core.page.svg import (
    WIDE,
    Point,
    draw,
    label,
    named,
    nice_ticks,
    text,
    text_width,
    told,
    upright,
    whisker,
)

_ROW, _TOP, _BOTTOM = 26.0, 10.0, 30.0


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One method and its value."""

    name: str
    slot: int
    point: Point


def bar_chart(
    bars: Sequence[Bar], *, title: str, reference: tuple[float, str] | None = None, width: float = WIDE
) -> str:
    """Horizontal bars with interval whiskers in the order given; `reference` is a line across them."""
    top = _TOP + (16.0 if reference else 0.0)
    height = top + _ROW * len(bars) + _BOTTOM
    left, right = _left([bar.name for bar in bars], width), width - 62
    highest = max((bar.point.high or bar.point.y for bar in bars), default=0.0)
    levels = nice_ticks(0.0, max(highest, reference[0] if reference else 0.0) or 1.0, _count(width))

    def x(value: float) -> float:
        return left + value / levels[-1] * (right - left)

    body = [upright(x(level), top, height - 26, name) for level, name in named(levels)]
    for i, bar in enumerate(bars):
        middle = top + _ROW * i + _ROW / 2
        css = "label focus" if bar.slot == FOCUS else "label"
        body.append(label(left - 10, middle + 4, bar.name, left - 12, css, anchor="end"))
        body.append(
            _rect(
                left,
                middle - 8,
                width=x(bar.point.y) - left,
                height=16,
                slot=bar.slot,
                about=told(bar.name, bar.point),
            )
        )
        end = x(bar.point.y)
        if bar.point.low is not None and bar.point.high is not None:
            end = max(end, x(bar.point.high))
            body.append(whisker(x(bar.point.low), x(bar.point.high), middle))
        body.append(text(end + 8, middle + 4, f"{bar.point.y:.4f}", "value halo"))
    if reference:
        place = x(reference[0])
        body.append(
            f'<line class="mark" x1="{place:.1f}" x2="{place:.1f}" y1="{top - 6}" y2="{height - 26}"/>'
        )
        anchor = "end" if place > width / 2 else "start"
        body.append(text(place, 14, reference[1], "tick", anchor))
    return draw(width, height, title, body)


@dataclass(frozen=True, kw_only=True)
class Share:
    """One brand or category: the share of places it gets from each method, and the share it is due."""

    name: str
    wanted: float
    shown: tuple[tuple[str, int, float], ...]
    """Method, slot, share."""


def share_chart(shares: Sequence[Share], *, title: str, width: float = WIDE) -> str:
    """A thin bar for each method, and a mark where the share among the targets lies."""
    each = 11.0
    row = each * max((len(share.shown) for share in shares), default=1) + 12
    height = _TOP + row * len(shares) + _BOTTOM
    left, right = _left([share.name for share in shares], width, most=0.34), width - 24
    highest = max((max(share.wanted, *(s for *_, s in share.shown)) for share in shares), default=0.0)
    levels = nice_ticks(0.0, highest or 1.0, _count(width))

    def x(value: float) -> float:
        return left + value / levels[-1] * (right - left)

    body = [upright(x(level), _TOP, height - 26, f"{100 * level:.4g} %") for level in levels]
    for i, share in enumerate(shares):
        start = _TOP + row * i + 6
        middle = start + each * len(share.shown) / 2
        body.append(label(left - 10, middle + 4, share.name, left - 12, "label", anchor="end"))
        for j, (method, slot, value) in enumerate(share.shown):
            about = (
                f"{share.name}: {value:.1%} of the places by {method}, {share.wanted:.1%} of the targets"
            )
            body.append(
                _rect(
                    left, start + each * j, width=x(value) - left, height=each - 2, slot=slot, about=about
                )
            )
        place = x(share.wanted)
        body.append(
            f'<line class="mark" x1="{place:.1f}" x2="{place:.1f}" y1="{start - 3:.1f}"'
            f' y2="{start + each * len(share.shown) + 1:.1f}"/>'
        )
    return draw(width, height, title, body)


def _left(names: Sequence[str], width: float, most: float = 0.28) -> float:
    """Room for the longest name, at most a part of the width."""
    longest = max((text_width(name) for name in names), default=0.0) + 16
    return min(longest, width * most)


def _count(width: float) -> int:
    return 5 if width >= WIDE else 3


def _rect(x: float, y: float, *, width: float, height: float, slot: int, about: str) -> str:
    size = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" height="{height:.1f}"'
    return f'<rect {size} rx="2" style="fill:{colour(slot)}"><title>{escape(about)}</title></rect>'
