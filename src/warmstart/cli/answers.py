"""Ranked lists as tables and as JSON."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from warmstart.cli.output import Clock, console, count, print_json
from warmstart.core import columns as c

if TYPE_CHECKING:
    from rich.console import JustifyMethod

    from warmstart.data.item_list import ItemList, Reason, ScoredItem
    from warmstart.data.records import Item
    from warmstart.engine.engine import Engine

_SHORT = {"lexical": "words", "dense": "meaning", "popularity": "popular"}
"""Reasons that many items share, in a word."""

_LOUD = ("unknown_item", "not_understood", "shop_without_prices", "currency_not_converted")
_EXPECTED = "no_user"
"""Warnings that something asked for was not done, and the one that everybody who names no user expects."""

FindItem = Callable[[str], "Item | None"]
NARROW, WIDE = 48, 88
"""From so many columns on a table has room for prices, and for reasons beside the titles."""

_GAP = 2
"""Blanks between columns."""


_WARNINGS = {
    "shop_without_events": "the shop has no events yet, so item texts decide alone",
    "no_user": "nobody in particular asked: this is what a stranger gets",
    "user_without_events": "nothing is known of this user yet: this is what a stranger gets",
    "understood": "understood: {}",
    "not_understood": "'{}' could not be turned into a rule and was left out",
    "shop_without_prices": "the shop has no prices, so the bounds on the price could not be kept",
    "currency_not_converted": "{} was read as the shop's own currency",
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
        entry.update(item_facts(item_of(entry[c.ITEM_ID])))
    return {"asked": {k: v for k, v in asked.items() if v}, **plain, "took_ms": clock.ms}


def item_facts(item: Item | None) -> dict[str, Any]:
    """Title, brand and price, where they are known."""
    if item is None:
        return {}
    facts = {"title": item.title, "brand": item.brand, "price": item.price, "currency": item.currency}
    return {name: value for name, value in facts.items() if value not in ("", None)}


def answer_view(item_of: FindItem, found: ItemList, clock: Clock, *, width: int) -> RenderableType:
    """A table of the items, then what could not be taken into account, then the time it took."""
    parts: list[RenderableType] = [items_table(item_of, found, width=width) if len(found) else _nothing()]
    foot = [f"{count(len(found), 'item')} in {clock.ms:,.1f} ms"]
    for warning in found.warnings:
        if warning.startswith(_LOUD):
            parts.append(Text(f"! {warning_text(warning)}", style="yellow"))
        elif warning != _EXPECTED:
            foot.append(warning_text(warning))
    parts.append(Text(" · ".join(foot), style="dim"))
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
    """Place, id, title, price, score and the reason, which narrow terminals show below the title."""
    items = [item_of(entry.item_id) for entry in found]
    reasons = [why(entry, item_of) for entry in found]
    titles = [Text(one_line(item.title) if item else "") for item in items]
    if width < WIDE:
        titles = [_with_reason(*pair) for pair in zip(titles, reasons, strict=True)]
    columns = {
        "": [Text(str(place)) for place in range(1, len(found) + 1)],
        "item": [Text(item_id) for item_id in found.item_ids],
        "title": titles,
        "price": [Text(price_text(item)) if width >= NARROW else Text() for item in items],
        "score": [Text(score_text(entry.score)) for entry in found],
        "why": [Text(reason) if width >= WIDE else Text() for reason in reasons],
    }
    shown = {name: cells for name, cells in columns.items() if any(cells)}
    table = _table(shown, width)
    for row in zip(*shown.values(), strict=True):
        table.add_row(*row)
    return table


def _with_reason(title: Text, reason: str) -> Text:
    """A title with its reason on a line of its own, for narrow terminals."""
    return Text.assemble(title, (f"\n{reason}", _STYLES["why"])) if reason else title


_STYLES = {"": "dim", "item": "cyan", "why": "green"}


def _table(columns: dict[str, list[Text]], width: int) -> Table:
    """An empty table in which title and reason share what the other columns leave."""
    longest = {
        name: max(cell_len(name), *(cell_len(line) for cell in cells for line in cell.plain.split("\n")))
        for name, cells in columns.items()
    }
    taken = sum(longest[name] for name in longest if name not in {"title", "why"})
    free = width - taken - _GAP * (len(columns) - 1)
    reason = min(longest.get("why", 0), max(free - longest.get("title", 0), free * 2 // 5))
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in columns:
        limit = {"title": max(free - reason, 8), "why": max(reason, 8)}.get(name)
        side: JustifyMethod = "right" if name in {"", "price", "score"} else "left"
        table.add_column(
            name,
            justify=side,
            style=_STYLES.get(name, ""),
            no_wrap=True,
            max_width=limit,
            overflow="ellipsis",
        )
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
    return " · ".join(_SHORT.get(reason.kind) or reason_text(reason, item_of) for reason in best)


def reason_text(reason: Reason, item_of: FindItem) -> str:
    """One reason in words: what the engine says, or its kind and the title of its evidence."""
    item = item_of(reason.item_id) if reason.item_id else None
    title = one_line(item.title) if item else reason.item_id
    return reason.text or (f"{reason.kind}: {title}" if title else reason.kind)


def reasons_table(entry: ScoredItem, item_of: FindItem, *, width: int) -> RenderableType:
    """Every piece of evidence with what it added; the first column sums to the score."""
    reasons = sorted(entry.reasons, key=lambda r: -abs(r.value))
    kinds = max((cell_len(reason.kind) for reason in reasons), default=0)
    table = Table(box=None, pad_edge=False, header_style="dim", show_footer=True, footer_style="bold")
    table.add_column("adds", Text(score_text(entry.score)), justify="right", no_wrap=True)
    table.add_column("kind", Text("= score"), no_wrap=True, style="dim")
    room = max(width - kinds - 14, 12)
    table.add_column("because", no_wrap=True, overflow="ellipsis", max_width=room)
    for reason in reasons:
        style = "green" if reason.value > 0 else "red"
        added = Text(f"{reason.value:+.3f}", style=style)
        table.add_row(added, Text(reason.kind), Text(one_line(reason_text(reason, item_of))))
    return Padding(table, (0, 0, 0, 2), expand=False)
