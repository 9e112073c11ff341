"""Which texts to label next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from warmstart.cli import options as o
from warmstart.cli.output import console, note, print_json
from warmstart.core.errors import InputError

if TYPE_CHECKING:
    from warmstart.data.dataset import Dataset
    from warmstart.tasks.classify.next_labels import NextLabels

Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE", help="Also write a CSV with an empty column for labels."),
]
Strategy = Annotated[
    str | None,
    typer.Option(
        "--strategy", help="typical, margin, entropy, badge, coreset or random.", show_default=False
    ),
]
Seed = Annotated[int, typer.Option("--seed", help="Decides every draw by chance.")]
_STRATEGIES = ("typical", "margin", "entropy", "badge", "coreset", "random")


def label(
    shop: o.Shop,
    *,
    n: o.N = 20,
    encoder: o.Encoder = "auto",
    strategy: Strategy = None,
    out: Out = None,
    seed: Seed = 0,
    as_json: o.AsJson = False,
) -> None:
    """Name the texts whose labels would teach a classifier most.

    Reads the shop's 'unlabelled' texts, and its 'labels' if there are any.

    [bold]Examples[/bold]

      warmstart label my-shop -n 20
      warmstart label my-shop -n 50 --out next.csv
    """
    if strategy is not None and strategy not in _STRATEGIES:
        raise InputError(
            expected="a strategy: " + ", ".join(_STRATEGIES),
            found=repr(strategy),
            todo="Choose one of them.",
        )
    from warmstart.data.reader import read_shop

    note(f"Reading {shop} …")
    dataset, _ = read_shop(shop)
    found = _chosen(dataset, n, encoder, strategy, seed)
    if out is not None:
        _write(found, out)
    if as_json:
        print_json({"texts": found.texts, "strategy": found.strategy, "why": found.why})
        return
    view = console()
    view.print(Text(found.why, style="dim"))
    for number, text in enumerate(found.texts, start=1):
        view.print(Text.assemble((f"{number:>3}  ", "dim"), " ".join(text.split())))
    if out is not None:
        view.print(Text.assemble(("✓ ", "bold green"), f"written to {out}"))


def _chosen(dataset: Dataset, n: int, encoder: str, strategy: str | None, seed: int) -> NextLabels:
    """What to label, by an encoder fitted on all texts where it needs that."""
    from warmstart.core import columns as c
    from warmstart.encoders.auto import choose_encoder
    from warmstart.tasks.classify.encoder_logistic import EncoderLogisticClassifier
    from warmstart.tasks.classify.next_labels import next_to_label

    unlabelled = dataset.unlabelled[c.TEXT].to_list()
    known = dataset.labels.select(c.TEXT, c.LABEL).drop_nulls()
    if not unlabelled:
        raise InputError(
            expected="texts without labels: a file 'unlabelled' with a column 'text'",
            found="none in this shop",
            todo="Add one beside items.csv; see docs/how-to/labels.md.",
        )
    texts, labels = known[c.TEXT].to_list(), known[c.LABEL].to_list()
    chosen, why = choose_encoder(encoder)
    note(f"Encoding {len(unlabelled):,} texts ({why}) …")
    return next_to_label(
        unlabelled,
        n,
        encoder=chosen.fit([*texts, *unlabelled]),
        texts=texts,
        labels=labels,
        classifier=EncoderLogisticClassifier(),
        strategy=strategy,  # type: ignore[arg-type]  # checked at the door
        seed=seed,
    )


def _write(found: NextLabels, out: Path) -> None:
    """A CSV with the texts and an empty column."""
    import polars as pl

    pl.DataFrame({"text": found.texts, "label": [""] * len(found.texts)}).write_csv(out)
