"""Ranked lists as tables and as JSON."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from warmstart.cli.output import Clock, console, print_json

if TYPE_CHECKING:
    from warmstart.data.item_list import ItemList, Reason, ScoredItem
    from warmstart.data.records import Item
    from warmstart.engine.engine import Engine

FindItem = Callable[[str], "Item | None"]
WIDE = 88
"""From this many columns on a table has room for prices and reasons."""


_WARNINGS = {
    "shop_without_events": "the shop has no events yet: the answer rests on item texts alone",
    "no_user": "nobody in particular was named: this is what a stranger gets",
    "user_without_events": "nothing is known of this user yet: this is what a stranger gets",
    "unknown_item": "item {} is not in the catalogue and could not be taken into account",
}


def give(engine: Engine, found: ItemList, clock: Clock, *, asked: dict[str, Any], as_json: bool) -> None:
    """Print an answer, for people or for programs."""
    if as_json:
        print_json(answer_dict(engine.item, found, clock, asked))
        return
    out = console()
    out.print(answer_view(engine.item, found, clock, width=out.width))


def answer_dict(item_of: FindItem, found: ItemList, clock: Clock, asked: dict[str, Any]) -> dict[str, Any]:
    """The answer as plain values, with what a page needs to show each item."""
    plain = found.to_dict()
    for entry in plain["items"]:
        entry.update(item_facts(item_of(entry["item_id"])))
    return {"asked": {k: v for k, v in asked.items() if v}, **plain, "took_ms": clock.ms}


def item_facts(item: Item | None) -> dict[str, Any]:
    """Title, brand and price, where they are known."""
    if item is None:
        return {}
    facts = {"title": item.title, "brand": item.brand, "price": item.price, "currency": item.currency}
    return {name: value for name, value in facts.items() if value not in ("", None)}


def answer_view(item_of: FindItem, found: ItemList, clock: Clock, *, width: int) -> RenderableType:
    """A table of the items with the time it took and what was missing below it."""
    parts: list[RenderableType] = [items_table(item_of, found, width=width) if len(found) else _nothing()]
    parts += [Text(f"! {warning_text(warning)}", style="yellow") for warning in found.warnings]
    parts.append(Text(f"{len(found)} items in {clock.ms:.1f} ms", style="dim"))
    return Group(*parts)


def warning_text(code: str) -> str:
    """What an answer had to do without, in words.

    >>> warning_text("unknown_item:42")
    'item 42 is not in the catalogue and could not be taken into account'
    """
    kind, _, detail = code.partition(":")
    return _WARNINGS.get(kind, code).format(detail)


def _nothing() -> RenderableType:
    return Text("Nothing found.", style="bold")


def items_table(item_of: FindItem, found: ItemList, *, width: int) -> Table:
    """Place, id, title, price, score and the reason; narrow terminals get fewer columns."""
    items = [item_of(entry.item_id) for entry in found]
    with_price = width >= WIDE // 2 and any(item and item.price is not None for item in items)
    with_reason = width >= WIDE and bool(found.reasons)
    table = Table(box=None, pad_edge=False, header_style="dim", expand=with_reason)
    table.add_column("", justify="right", style="dim")
    table.add_column("item", overflow="fold", style="cyan", max_width=max(10, width // 4))
    table.add_column("title", no_wrap=True, overflow="ellipsis", ratio=5 if with_reason else None)
    if with_price:
        table.add_column("price", justify="right", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    if with_reason:
        table.add_column("why", no_wrap=True, overflow="ellipsis", style="green", ratio=4)
    for place, (entry, item) in enumerate(zip(found, items, strict=True), start=1):
        cells = [str(place), entry.item_id, one_line(item.title if item else "")]
        cells += [price_text(item)] if with_price else []
        cells += [score_text(entry.score)]
        cells += [why(entry, item_of)] if with_reason else []
        table.add_row(*(Text(cell) for cell in cells))
    return table


def one_line(text: str) -> str:
    """Text without line breaks and doubled blanks, so that it fits a table cell."""
    return " ".join(text.split())


def price_text(item: Item | None) -> str:
    """A price with its currency, or nothing where it is unknown."""
    if item is None or item.price is None:
        return ""
    return f"{item.price:,.2f} {item.currency}".strip()


def score_text(score: float) -> str:
    """A score, or a dash for "no opinion"."""
    return "–" if math.isnan(score) else f"{score:.3f}"


def why(entry: ScoredItem, item_of: FindItem, n: int = 2) -> str:
    """The strongest reasons for an item, in words."""
    best = sorted((r for r in entry.reasons if r.value > 0), key=lambda r: -r.value)[:n]
    return " · ".join(reason_text(reason, item_of) for reason in best)


def reason_text(reason: Reason, item_of: FindItem) -> str:
    """One reason in words: what the engine says, and the title of the item it came from."""
    item = item_of(reason.item_id) if reason.item_id else None
    title = one_line(item.title) if item else reason.item_id
    return reason.text or (f"{reason.kind}: {title}" if title else reason.kind)


def reasons_table(entry: ScoredItem, item_of: FindItem) -> RenderableType:
    """Every piece of evidence with what it added; the column sums to the score."""
    table = Table(box=None, pad_edge=False, header_style="dim", show_footer=True, footer_style="bold")
    table.add_column("adds", Text(score_text(entry.score)), justify="right", no_wrap=True)
    table.add_column("kind", Text("score"), no_wrap=True, style="dim")
    table.add_column("because", no_wrap=True, overflow="ellipsis")
    for reason in sorted(entry.reasons, key=lambda r: -abs(r.value)):
        style = "green" if reason.value > 0 else "red"
        table.add_row(
            Text(f"{reason.value:+.3f}", style=style), reason.kind, Text(reason_text(reason, item_of))
        )
    return Padding(table, (0, 0, 0, 2))
