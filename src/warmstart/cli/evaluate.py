"""Measure how well methods answer a shop, by a fixed protocol."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from warmstart.cli import options as o
from warmstart.cli.output import console, note, write_json
from warmstart.core.errors import InputError

if TYPE_CHECKING:
    from warmstart.evaluate.evaluation import Evaluation

Protocol = Annotated[
    str,
    typer.Option(
        "--protocol",
        "-p",
        metavar="NAME",
        help="What to measure: new-items, new-users, new-both, warm or search.",
    ),
]
Seeds = Annotated[str, typer.Option("--seeds", metavar="0,1,2", help="Random seeds, one run each.")]
Methods = Annotated[
    str,
    typer.Option(
        "--methods", metavar="A,B", help="Only these methods; without it, all that the protocol knows."
    ),
]
JsonFile = Annotated[
    Path | None,
    typer.Option("--json", metavar="FILE", help="Write all rows as JSON; - is standard output."),
]
HtmlFile = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Write a report with charts, readable offline."),
]
Sample = Annotated[
    int | None,
    typer.Option(
        "--sample", min=1, metavar="N", help="Ask only N users (or queries) of each seed: a first look."
    ),
]
Workers = Annotated[
    int,
    typer.Option("--workers", min=1, help="Run methods and seeds in so many processes of one thread each."),
]


def evaluate(
    shop: o.Shop,
    *,
    protocol: Protocol,
    seeds: Seeds = "0,1,2",
    methods: Methods = "",
    encoder: o.Encoder = "auto",
    sample: Sample = None,
    workers: Workers = 1,
    json_file: JsonFile = None,
    html_file: HtmlFile = None,
) -> None:
    """Measure methods side by side on pretend cold starts.

    They are cut from the shop's own history; every method sees the same
    cases, and every number has an interval.

    [bold]Examples[/bold]

      warmstart evaluate my-shop --protocol new-users
      warmstart evaluate my-shop -p new-items --seeds 0 --html report.html
      warmstart evaluate my-shop -p search --json -
    """
    wanted = _seeds(seeds)
    from warmstart.data.reader import read_shop
    from warmstart.evaluate import report
    from warmstart.evaluate.run import evaluate as run

    note(f"Reading {shop} …")
    dataset, _ = read_shop(shop)
    done = run(
        dataset,
        protocol,
        seeds=wanted,
        methods=_names(methods),
        encoder=encoder,
        sample=sample,
        workers=workers,
        command=_command_line(),
    )
    if json_file is not None:
        write_json(json_file, done.to_dict())
    if html_file is not None:
        html_file.parent.mkdir(parents=True, exist_ok=True)
        report.write_html(done, html_file)
    if str(json_file) != "-":
        _show(done, json_file, html_file)


def _show(done: Evaluation, *files: Path | None) -> None:
    from warmstart.evaluate.report import render_text

    typer.echo(render_text(done))
    for file in files:
        if file is not None:
            console().print(Text(f"written: {file}", style="dim"))


def _seeds(text: str) -> tuple[int, ...]:
    try:
        seeds = tuple(int(part) for part in _names(text) or ())
    except ValueError:
        seeds = ()
    if not seeds or min(seeds) < 0:
        raise InputError(
            expected="seeds as whole numbers with commas, such as 0,1,2",
            found=repr(text),
            todo="Mend --seeds.",
        )
    return seeds


def _names(text: str) -> tuple[str, ...] | None:
    return tuple(part.strip() for part in text.split(",") if part.strip()) or None


def _command_line() -> str:
    return shlex.join(["warmstart", *sys.argv[1:]])
