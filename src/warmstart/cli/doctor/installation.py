"""The state of this installation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from warmstart.cli.doctor.environment import environment
from warmstart.cli.output import facts_table, heading


def check() -> tuple[dict[str, Any], RenderableType]:
    """Gives plain values and the same for people."""
    facts = {"kind": "installation", **environment()}
    return facts, Group(*_view(facts))


def _view(facts: dict[str, Any]) -> Iterator[RenderableType]:
    names = ("warmstart", "python", "platform", "cpus", "encoding")
    yield heading("Here", first=True)
    yield Padding(facts_table({name: facts[name] for name in names}), (0, 0, 0, 2), expand=False)
    yield heading("Packages")
    yield Padding(_packages(facts["packages"]), (0, 0, 0, 2), expand=False)
    yield heading("Extras")
    yield Padding(_extras(facts["extras"]), (0, 0, 0, 2), expand=False)
    yield heading("Encoder that 'auto' takes")
    yield Padding(
        Text.assemble((facts["encoder"]["name"], "bold green"), "  ", facts["encoder"]["why"]), (0, 0, 0, 2)
    )


def _packages(packages: dict[str, str | None]) -> Text:
    parts = [f"{name} {found}" if found else f"{name} missing" for name, found in packages.items()]
    return Text(" · ".join(parts))


def _extras(extras: dict[str, dict[str, Any]]) -> Table:
    table = Table.grid(padding=(0, 2))
    for extra, state in extras.items():
        missing = [name for name, found in state["packages"].items() if not found]
        mark = Text("✓ whole", style="green") if state["whole"] else Text("– not whole", style="yellow")
        hint = f"missing {', '.join(missing)}: pip install 'warmstart[{extra}]'" if missing else ""
        table.add_row(Text(extra, style="bold"), mark, Text(hint or _packages(state["packages"]).plain))
    return table
