"""The command `demo`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from warmstart.cli import options as o
from warmstart.cli.output import console, note, print_json, timed

if TYPE_CHECKING:
    from rich.console import Console

    from warmstart.cli.demo.story import Scene, Teller

Language = Annotated[
    Literal["en", "zh", "mixed"],
    typer.Option("--language", "-l", help="Language of the shop and the story."),
]
Once = Annotated[bool, typer.Option("--once", help="Tell the story and end, without asking for input.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Another seed, another shop and another visitor.")]
Svg = Annotated[
    Path | None,
    typer.Option("--svg", metavar="FILE", help="Also save the heart of the story as a picture."),
]
Pages = Annotated[bool, typer.Option("--pages", help="Open the shop in a browser of this machine instead.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="For --pages; 0 takes a free one.")]
Items = Annotated[int, typer.Option("--items", min=50, max=20000, help="Products of the made-up shop.")]

WIDEST = 108
"""Columns beyond which tables only get harder to read."""


def demo(
    *,
    language: Language = "en",
    once: Once = False,
    seed: Seed = 0,
    items: Items = 600,
    svg: Svg = None,
    pages: Pages = False,
    port: Port = 0,
    as_json: o.AsJson = False,
) -> None:
    """See it work on a made-up shop.

    A stranger clicks three times, and every list moves.
    Needs no data, no network and no GPU.
    On a terminal you can go on and click yourself.

    [bold]Examples[/bold]

      warmstart demo
      warmstart demo --language zh --once
      warmstart demo --once --json
      warmstart demo --pages
    """
    teller = _prepare(language, seed, items)
    if pages:
        from warmstart.cli.demo.pages import serve_pages

        serve_pages(teller.engine, port)
        return
    view = None if as_json else console(WIDEST)
    scenes = _show(view, teller.tell(), language)
    if svg is not None:
        from warmstart.cli.demo.picture import save_picture

        save_picture(scenes, svg, language)
    if view is None:
        told = [scene.to_dict() for scene in scenes]
        print_json({"language": language, "seed": seed, "scenes": told})
    elif not once and sys.stdin.isatty() and sys.stdout.isatty():
        from warmstart.cli.demo.play import Play

        Play(teller, view).run()


def _prepare(language: Literal["en", "zh", "mixed"], seed: int, n_items: int) -> Teller:
    """Make up the shop and learn it, with the time that each took."""
    # Matrices of this size lose more to waiting threads than they gain; numpy is not loaded yet.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from warmstart.cli.demo.cast import Visitor
    from warmstart.cli.demo.story import Teller
    from warmstart.data.simulator import SimulatorSettings, simulate
    from warmstart.engine.engine import Engine

    note("Making up a shop …")
    settings = SimulatorSettings(language=language, seed=seed, n_items=n_items, n_users=n_items * 4 // 3)
    with timed() as making:
        shop = simulate(settings)
    note("Learning it …")
    with timed() as fitting:
        engine = Engine().fit(shop.dataset)
    return Teller(
        engine=engine, visitor=Visitor.of(shop, seed), made_s=making.seconds, fitted_s=fitting.seconds
    )


def _show(view: Console | None, scenes: Iterator[Scene], language: str) -> list[Scene]:
    """Show each scene as soon as it has been played; gives all of them."""
    if view is None:
        return list(scenes)
    from warmstart.cli.demo.show import show_scene, show_title

    show_title(view, language)
    told = []
    for number, scene in enumerate(scenes, start=1):
        show_scene(view, scene, number, language)
        told.append(scene)
    return told
