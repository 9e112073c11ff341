"""Measure how well methods answer a shop, by a fixed protocol."""

from __future__ import annotations

import re
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

_PART = re.compile(r"\.?[0-9a-f]{24}")
"""How `evaluate.parts` names what it keeps."""

Shop = Annotated[
    Path | None,
    typer.Argument(
        metavar="SHOP",
        help="Folder with an items file, or a shop.toml that names files; not needed with --compare.",
    ),
]
Protocol = Annotated[
    str,
    typer.Option(
        "--protocol",
        "-p",
        metavar="NAME",
        help="What to measure: new-items, new-users, new-both, warm, search, ratings or few-shot-text.",
    ),
]
Seeds = Annotated[
    str,
    typer.Option(
        "--seeds", metavar="0,1,2", help="Random seeds, one run each; three, and five for few-shot-text."
    ),
]
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
    typer.Option(
        "--workers",
        min=1,
        help="Run methods and seeds in so many processes of one thread each, each with the shop in memory.",
    ),
]
Trials = Annotated[
    int,
    typer.Option(
        "--trials",
        min=0,
        metavar="N",
        help="Tune each method by N trials on an inner split; 0 measures the defaults.",
    ),
]
Cut = Annotated[
    str,
    typer.Option(
        "--cut",
        metavar="random|temporal",
        help="Withhold users and items at random, or the newest ones (needs timestamps).",
    ),
]
PartsFolder = Annotated[
    Path | None,
    typer.Option(
        "--parts",
        metavar="DIR",
        help="Where finished methods are kept until all are done, so that the same command goes on after a "
        "crash; without it, FILE.parts beside the file of --json.",
    ),
]
Compare = Annotated[
    tuple[Path, Path] | None,
    typer.Option(
        "--compare",
        metavar="A.json B.json",
        help="Measure nothing: say what changed from run A to run B, and whether it is more than noise.",
    ),
]


def evaluate(
    shop: Shop = None,
    *,
    protocol: Protocol = "",
    seeds: Seeds = "",
    methods: Methods = "",
    encoder: o.Encoder = "auto",
    sample: Sample = None,
    workers: Workers = 2,
    trials: Trials = 0,
    cut: Cut = "random",
    parts: PartsFolder = None,
    json_file: JsonFile = None,
    html_file: HtmlFile = None,
    compare: Compare = None,
) -> None:
    """Measure methods side by side on pretend cold starts.

    They are cut from the shop's own history; every method sees the same
    cases, and every number has an interval.

    [bold]Examples[/bold]

      warmstart evaluate my-shop --protocol new-users
      warmstart evaluate my-shop -p new-items --seeds 0 --html report.html
      warmstart evaluate my-shop -p search --json -
      warmstart evaluate my-shop -p new-users --trials 20 --json b.json
      warmstart evaluate --compare a.json b.json
    """
    if compare is not None:
        _compare(*compare, shop, json_file, html_file)
        return
    shop, wanted = _asked(shop, protocol), _seeds(seeds)
    from warmstart.data.reader import read_shop
    from warmstart.evaluate import report
    from warmstart.evaluate.parts import Parts
    from warmstart.evaluate.run import evaluate as run

    note(f"Reading {shop} …")
    dataset, _ = read_shop(shop)
    kept = Parts(folder=_parts(parts, json_file))
    done = run(
        dataset,
        protocol,
        seeds=wanted,
        methods=_names(methods),
        encoder=encoder,
        sample=sample,
        workers=workers,
        trials=trials,
        cut=cut,
        parts=kept.folder,
        command=_command_line(),
    )
    if json_file is not None:
        write_json(json_file, done.to_dict())
    if html_file is not None:
        html_file.parent.mkdir(parents=True, exist_ok=True)
        report.write_html(done, html_file)
    kept.remove()
    if str(json_file) != "-":
        _show(done, json_file, html_file)


def _asked(shop: Path | None, protocol: str) -> Path:
    """The shop, once it is clear that there is something to measure."""
    if shop is not None and protocol:
        return shop
    raise InputError(
        expected="a shop and a protocol, or two finished runs",
        found="no shop" if shop is None else "no protocol",
        todo="Give SHOP and --protocol NAME, or --compare A.json B.json (see 'warmstart evaluate --help').",
    )


def _parts(folder: Path | None, json_file: Path | None) -> Path | None:
    """Where parts are kept. Errors: `InputError` for a folder that holds anything else."""
    if folder is None:
        if json_file is None or str(json_file) == "-":
            return None
        folder = json_file.with_name(json_file.name + ".parts")
    strange = (
        [path.name for path in folder.iterdir() if not _PART.fullmatch(path.name)]
        if folder.is_dir()
        else []
    )
    if strange or (folder.exists() and not folder.is_dir()):
        raise InputError(
            expected="a folder of its own for the parts of a run: it is removed at the end",
            found=f"'{folder}' with {', '.join(strange[:3])}" if strange else f"the file '{folder}'",
            todo="Name another folder with --parts.",
        )
    return folder


def _compare(
    before: Path, after: Path, shop: Path | None, json_file: Path | None, html_file: Path | None
) -> None:
    from dataclasses import asdict

    from warmstart.evaluate.compare import compare
    from warmstart.evaluate.evaluation import Evaluation
    from warmstart.evaluate.report import render_changes, write_changes_html

    if shop is not None:
        raise InputError(
            expected="--compare with two files and nothing to measure",
            found=f"the shop '{shop}' as well",
            todo="Leave the shop out, or measure first and compare afterwards.",
        )
    found = compare(Evaluation.from_json(before), Evaluation.from_json(after))
    if json_file is not None:
        write_json(json_file, asdict(found))
    if html_file is not None:
        html_file.parent.mkdir(parents=True, exist_ok=True)
        write_changes_html(found, html_file)
    if str(json_file) != "-":
        typer.echo(render_changes(found))
        _written(json_file, html_file)


def _show(done: Evaluation, *files: Path | None) -> None:
    from warmstart.evaluate.report import render_text

    typer.echo(render_text(done))
    _written(*files)


def _written(*files: Path | None) -> None:
    for file in files:
        if file is not None:
            console().print(Text(f"written: {file}", style="dim"))


def _seeds(text: str) -> tuple[int, ...] | None:
    if not text:
        return None
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
