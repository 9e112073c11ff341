"""Who is drawn how: a slot chooses colour and marker, and the style sheet knows the colours."""

from __future__ import annotations

from typing import Final

FOCUS: Final = 0
CHANCE: Final = -1
REST: Final = -2


def colour(slot: int) -> str:
    """The CSS variable for a slot."""
    return {CHANCE: "var(--chance)", REST: "var(--rest)"}.get(slot, f"var(--c{slot})")


def ink(slot: int) -> str:
    """The colour for a name: near the slot's own, dark enough (or light enough) to read."""
    return "var(--soft)" if slot < FOCUS else f"color-mix(in srgb, {colour(slot)} 72%, var(--ink))"
