"""Fit a shop and keep the model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from warmstart.cli import options as o
from warmstart.cli.models import is_model
from warmstart.cli.output import (
    console,
    count,
    facts_table,
    file_size,
    folder_size,
    note,
    print_json,
    timed,
)
from warmstart.core.errors import InputError

if TYPE_CHECKING:
    from warmstart.data.reader import ReadReport
    from warmstart.engine.engine import Engine
    from warmstart.search.weights import LearnedWeight

Out = Annotated[Path, typer.Option("--out", "-o", metavar="MODEL", help="Folder to write the model into.")]

LearnSearch = Annotated[
    bool,
    typer.Option(
        "--learn-search",
        help="Let judged queries, or clicks after queries, say what meaning weighs beside words.",
    ),
]


def fit(
    shop: o.Shop,
    out: Out,
    *,
    encoder: o.Encoder = "auto",
    learn_search: LearnSearch = False,
    as_json: o.AsJson = False,
) -> None:
    """Read a shop, learn from it, and save a model.

    Only item texts are needed; events make it better.
    Fitting again into the same folder replaces the model in one step.

    [bold]Examples[/bold]

      warmstart fit my-shop --out my-model
      warmstart fit my-shop --out my-model --encoder catalogue --json
      warmstart fit my-shop --out my-model --learn-search
    """
    _check_out(out)
    from warmstart.data.reader import read_shop
    from warmstart.engine.engine import Engine

    note(f"Reading {shop} …")
    with timed() as reading:
        dataset, report = read_shop(shop)
    note(f"Fitting {len(dataset.items):,} items and {len(dataset.events):,} events …")
    with timed() as fitting:
        engine = Engine().fit(dataset, encoder=encoder)
    learned = _learned(engine) if learn_search else None
    engine.save(out)
    seconds = {"reading": round(reading.seconds, 2), "fitting": round(fitting.seconds, 2)}
    if as_json:
        made = {"model": str(out), "seconds": seconds, **engine.describe(), "read": report.to_dict()}
        print_json(made | ({"search": learned.as_dict()} if learned else {}))
    else:
        console().print(_view(engine, report, shop, out, seconds, learned=learned))


def _learned(engine: Engine) -> LearnedWeight:
    from warmstart.engine.learned_search import learn_search

    note("Asking the shop's own queries …")
    return learn_search(engine)


def _search_fact(learned: LearnedWeight) -> str:
    """The weight that is used now, and what it changes on queries that it was not chosen by."""
    heard = f"{count(learned.queries, 'query', 'queries')} with {learned.kind}"
    changes = ", ".join(
        f"{name} {change.before:.3f} → {change.after:.3f}, gain {change.low:+.3f} to {change.high:+.3f}"
        for name, change in learned.changes.items()
    )
    said = f"kept at {learned.default:g}: {learned.reason}" if learned.reason else f"{learned.weight:g}"
    return f"{said} ({'; '.join(part for part in (heard, changes) if part)})"


def _view(
    engine: Engine,
    report: ReadReport,
    shop: Path,
    out: Path,
    seconds: dict[str, float],
    *,
    learned: LearnedWeight | None,
) -> RenderableType:
    made = engine.describe()
    encoder = made["encoder"]
    facts = {
        "items": made["items"],
        "users": made["users"],
        "events": made["events"],
        "encoder": f"{encoder['name']}, {encoder['dim']} numbers per text; {encoder['why']}",
        "time": f"{seconds['reading']:.1f} s to read, {seconds['fitting']:.1f} s to fit",
        "size": file_size(folder_size(out)),
    }
    if learned:
        facts["weight of meaning in search"] = _search_fact(learned)
    troubles = sum(report.issue_counts.values())
    parts: list[RenderableType] = [
        Text.assemble(
            ("✓ ", "bold green"), (str(shop), "bold"), " is fitted; the model is in ", (str(out), "bold")
        ),
        Padding(facts_table(facts), (0, 0, 0, 2), expand=False),
    ]
    if troubles:
        hint = f"! {troubles:,} rows or values were dropped, mended or doubtful: warmstart doctor {shop}"
        parts.append(Text(hint, style="yellow"))
    parts.append(Text(f"Next: warmstart search {out} WORDS   ·   warmstart recommend {out}", style="dim"))
    return Group(*parts)


def _check_out(out: Path) -> None:
    """Refuse to mix a model into a folder of something else, before any work is done."""
    if out.is_dir() and any(out.iterdir()) and not is_model(out):
        raise InputError(
            expected="an empty, new or model folder for --out",
            found=f"{out} with other files in it",
            todo="Name another folder.",
        )
    if out.is_file():
        raise InputError(expected="a folder for --out", found=f"a file, {out}", todo="Name another folder.")
