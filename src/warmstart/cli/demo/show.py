"""The demo's scenes on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from warmstart.cli.demo.story import Line, Scene
from warmstart.cli.demo.words import say

_NARROW = 76
_COMMANDS = (
    "warmstart doctor my-shop",
    "warmstart fit my-shop --out my-model",
    'warmstart search my-model "…"',
    "warmstart recommend my-model --event click:ITEM",
)


def show_title(console: Console, language: str) -> None:
    """The line above the first scene."""
    console.print()
    console.print(Text.assemble(("warmstart", "bold magenta"), "  ", (say(language, "title"), "bold")))


def show_scene(console: Console, scene: Scene, number: int, language: str) -> None:
    """One scene: numbered heading, sentences, list."""
    console.print()
    console.print(Rule(style="bright_black"))
    console.print(Text.assemble((f" {number} ", "reverse cyan"), " ", (scene.heading, "bold")))
    for text in scene.text:
        console.print(Padding(Text(text, style="dim"), (0, 0, 0, 4), expand=False))
    if scene.lines:
        moves = scene.key not in {"search", "stranger", "forget"}
        table = lines_table(scene.lines, language, console.width - 4, moves=moves)
        console.print(Padding(table, (0, 0, 0, 4)))
    if scene.key == "next":
        console.print(Padding(_commands(), (1, 0, 1, 4), expand=False))


def _commands() -> RenderableType:
    return Group(*(Text.assemble(("$ ", "dim"), (command, "green")) for command in _COMMANDS))


def lines_table(lines: Sequence[Line], language: str, width: int, *, moves: bool) -> Table:
    """Items with their movement, price and reason; on narrow terminals without the price."""
    wide = width >= _NARROW
    table = Table(box=None, pad_edge=False, header_style="bright_black", expand=True)
    if moves:
        table.add_column("", no_wrap=True, min_width=3)
    table.add_column("", justify="right", style="bright_black", no_wrap=True)
    table.add_column(say(language, "column.title"), no_wrap=True, overflow="ellipsis", ratio=5)
    if wide:
        table.add_column(say(language, "column.price"), justify="right", no_wrap=True)
    table.add_column(say(language, "column.why"), no_wrap=True, overflow="ellipsis", ratio=3, style="cyan")
    for line in lines:
        cells = [_mark(line, language)] if moves else []
        cells += [Text(str(line.place)), Text(line.title, style=_title_style(line))]
        cells += [Text(_price(line))] if wide else []
        table.add_row(*cells, Text(line.why))
    return table


def _title_style(line: Line) -> str:
    if line.arrived:
        return "bold magenta"
    return "bold green" if line.moved is None else ""


def _mark(line: Line, language: str) -> Text:
    if line.moved is None:
        return Text(say(language, "mark.new"), style="bold magenta" if line.arrived else "bold green")
    if line.moved == 0:
        return Text("=", style="bright_black")
    return (
        Text(f"↑{line.moved}", style="green") if line.moved > 0 else Text(f"↓{-line.moved}", style="yellow")
    )


def _price(line: Line) -> str:
    return "" if line.price is None else f"{line.price:,.2f}"
