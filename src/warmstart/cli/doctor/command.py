"""The command `doctor`: look at a shop, a model, or this installation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from warmstart.cli import options as o
from warmstart.cli.models import is_model
from warmstart.cli.output import console, print_json

Target = Annotated[
    Path | None,
    typer.Argument(metavar="SHOP|MODEL", help="A shop or a fitted model; without it, this installation."),
]


def doctor(target: Target = None, as_json: o.AsJson = False) -> None:
    """Check a shop's files, a saved model, or this installation.

    For a shop: how each file and column was understood, which rows were
    dropped and why, and what the data can and cannot carry.

    [bold]Examples[/bold]

      warmstart doctor
      warmstart doctor my-shop
      warmstart doctor my-model --json
    """
    facts, view = _check(target)
    if as_json:
        print_json(facts)
    else:
        console().print(view)


def _check(target: Path | None) -> tuple[dict[str, Any], RenderableType]:
    if target is None:
        from warmstart.cli.doctor import installation

        return installation.check()
    if is_model(target):
        from warmstart.cli.doctor import model

        return model.check(target)
    from warmstart.cli.doctor import shop

    return shop.check(target)
