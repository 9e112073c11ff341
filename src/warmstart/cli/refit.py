"""Fit a model again under judgment, and go back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from warmstart.cli import options as o
from warmstart.cli.models import open_saved
from warmstart.cli.output import console, facts_table, note, print_json

ShopNow = Annotated[
    Path | None,
    typer.Argument(
        metavar="[SHOP]", help="The shop as it is now; without it, what the model has observed."
    ),
]
Tolerance = Annotated[
    float,
    typer.Option("--tolerance", min=0.0, max=1.0, help="The share of nDCG that a new model may lose."),
]
Force = Annotated[bool, typer.Option("--force", help="Put the new model in force whatever the verdict.")]
Seed = Annotated[int, typer.Option("--seed", help="For the choice of users who are asked for.")]


def refit(
    model: o.Model,
    shop: ShopNow = None,
    *,
    tolerance: Tolerance = 0.02,
    force: Force = False,
    seed: Seed = 0,
    as_json: o.AsJson = False,
) -> None:
    """Fit a model again; the new one counts only if it is not worse.

    Both are asked what users did last, which neither has learned from.
    A SHOP must hold what the model has observed since its fit.
    The version before stays: see 'warmstart rollback'.

    [bold]Examples[/bold]

      warmstart refit my-model
      warmstart refit my-model my-shop-today --json
    """
    open_saved(model)  # a clear error before anything is read
    from warmstart.data.reader import read_shop
    from warmstart.evaluate.refit import check_shop
    from warmstart.evaluate.refit import refit as run

    dataset = None
    if shop is not None:
        note(f"Reading {shop} …")
        dataset, _ = read_shop(shop)
        check_shop(dataset)
    note("Fitting, and asking both models …")
    verdict = run(model, dataset, tolerance=tolerance, force=force, seed=seed)
    if as_json:
        print_json({"model": str(model), **verdict.as_dict()})
        return
    view = console()
    mark, style = ("✓ ", "bold green") if verdict.promoted else ("– ", "bold yellow")
    said = "the new model is in force" if verdict.promoted else "the model stays as it was"
    view.print(Text.assemble((mark, style), f"{said}: {verdict.why}"))
    if verdict.gain is not None:
        view.print(facts_table(_facts(verdict.as_dict())))


def _facts(found: dict[str, float]) -> dict[str, str]:
    """The numbers in words."""
    return {
        "users asked": f"{found['cases']:,}",
        "nDCG@20 before": f"{found['running']:.4f}",
        "nDCG@20 after": f"{found['candidate']:.4f}",
        "gain": f"{found['gain']:+.4f} ({found['low']:+.4f} to {found['high']:+.4f})",
    }


def rollback(model: o.Model, *, as_json: o.AsJson = False) -> None:
    """Put the version before the current one in force again.

    Kept is the version before the last save; forgetting a user removes it.

    [bold]Example[/bold]

      warmstart rollback my-model
    """
    open_saved(model)
    from warmstart.core.artifact import roll_back

    version = roll_back(model)
    if as_json:
        print_json({"model": str(model), "version": version.name})
        return
    console().print(Text.assemble(("✓ ", "bold green"), f"{model} is {version.name} again"))
