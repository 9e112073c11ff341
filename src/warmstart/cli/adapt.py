"""Fit a language model to a shop's own text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from warmstart.cli import options as o
from warmstart.cli.adapted_view import adapted_view
from warmstart.cli.output import console, count, note, print_json
from warmstart.core.errors import ConfigError, InputError

if TYPE_CHECKING:
    from warmstart.adapt.pretrain import Adapted
    from warmstart.adapt.source import Source
    from warmstart.data.dataset import Dataset
    from warmstart.encoders.tuning import Tuning
    from warmstart.evaluate.encoder_change import EncoderChange

_Objective = Literal["contrastive", "mlm", "clm", "tsdae", "simcse"]
_Tuning = Literal[
    "full", "top", "lora", "dora", "adalora", "ia3", "prefix", "prompt", "p-tuning", "bottleneck"
]

Out = Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="Folder to write the model into.")]
Named = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME_OR_FOLDER",
        help="The pretrained model, by folder or Hub name; without it what WARMSTART_MODEL names.",
    ),
]
Scratch = Annotated[
    bool, typer.Option("--scratch", help="A new network with a tokenizer of its own, for any language.")
]
AsObjective = Annotated[
    _Objective,
    typer.Option("--objective", help="What is learned: which texts belong together, words, or twins."),
]
AsTuning = Annotated[
    _Tuning | None,
    typer.Option(
        "--tuning", help="Which weights are trained; lora, or full for --scratch.", show_default=False
    ),
]
Minutes = Annotated[
    float, typer.Option("--minutes", min=0.01, help="How long to train, about; the rest comes on top.")
]
Seed = Annotated[int, typer.Option("--seed", help="Decides every draw by chance.")]
BatchSize = Annotated[int, typer.Option("--batch-size", min=2, help="Examples of a step.")]
Rate = Annotated[
    float | None,
    typer.Option("--learning-rate", help="Without it what suits the tuning.", show_default=False),
]
Judged = Annotated[
    bool, typer.Option("--judged", help="Learn from judgments, too; never measure by the same ones then.")
]
Static = Annotated[
    bool, typer.Option("--static", help="Also distil the result to a table of words, in FOLDER/static.")
]
Track = Annotated[
    list[str] | None,
    typer.Option(
        "--track",
        metavar="NAME",
        help="Who else keeps the run: mlflow, wandb (offline); TensorBoard always. May be repeated.",
    ),
]
Processes = Annotated[int, typer.Option("--processes", min=1, help="Train on so many at once here.")]
Choosing = Annotated[
    float | None,
    typer.Option(
        "--choose",
        metavar="MINUTES",
        min=0.01,
        help="First try learning rates, temperatures and, without --tuning, tunings for so long.",
        show_default=False,
    ),
]
Search = Annotated[
    bool,
    typer.Option(
        "--search/--no-search",
        help="Where queries are judged, ask them before and after; by itself not with --judged.",
    ),
]
Onnx = Annotated[bool, typer.Option("--onnx", help="Also export the result to ONNX int8, in FOLDER/onnx.")]


def adapt(
    shop: o.Shop,
    out: Out,
    *,
    model: Named = None,
    scratch: Scratch = False,
    objective: AsObjective = "contrastive",
    tuning: AsTuning = None,
    minutes: Minutes = 5.0,
    seed: Seed = 0,
    batch_size: BatchSize = 32,
    learning_rate: Rate = None,
    judged: Judged = False,
    choose: Choosing = None,
    processes: Processes = 1,
    track: Track = None,
    search: Search = True,
    static: Static = False,
    onnx: Onnx = False,
    as_json: o.AsJson = False,
) -> None:
    """Fit a language model to a shop's own text.

    No label is needed: titles belong to descriptions, attributes and queries.
    A tenth of the items is held out; the weights that find the most of their
    texts are kept, be it those that came. Stopped, it goes on when the same
    command is given again. Where queries are judged, they are asked before
    and after: keep the old model unless search is certainly better. What was
    learned from, how, and what came of it stands in the folder as card.html.

    [bold]Examples[/bold]

      warmstart adapt my-shop --out my-encoder --model /models/minilm
      warmstart adapt my-shop --out my-encoder --scratch --static
      warmstart adapt my-shop --out my-encoder --choose 30 --track mlflow
      warmstart fit my-shop --out my-model --encoder my-encoder
    """
    _check_out(out)
    source = _source(model, scratch=scratch)
    from warmstart.adapt.pairs import KINDS
    from warmstart.adapt.plan import learning_rate_for
    from warmstart.adapt.pretrain import adapt_encoder
    from warmstart.data.reader import read_shop
    from warmstart.encoders.tuning import Tuning
    from warmstart.training.trainer import Trainer

    chosen = Tuning(method=tuning or ("full" if scratch else "lora"))
    if onnx:
        _check_merges(chosen)
    note(f"Reading {shop} …")
    dataset, _ = read_shop(shop)
    trainer = Trainer(
        epochs=100.0,
        batch_size=batch_size,
        learning_rate=learning_rate or learning_rate_for(chosen, scratch=scratch),
        checkpoint_every=20,
        processes=processes,
        seed=seed,
    )
    given: dict[str, Any] = {"objective": objective, "pairs": (*KINDS, "judged") if judged else KINDS}
    how: dict[str, Any] = {"trainer": trainer, "tuning": chosen}
    if choose:
        own = chosen if tuning else None
        how = _selected(source, dataset, out, choose, trainer=trainer, tuning=own, **given)
    note(f"Learning from the texts of {count(len(dataset.items), 'item')}, for about {minutes:g} minutes …")
    made = adapt_encoder(
        source, dataset, out, minutes=minutes, static=static, trackers=track or (), **given, **how
    )
    exported = _export(made) if onnx else None
    asks = search and not judged and not made.is_as_it_came
    change = _search_change(source, made, dataset) if asks else None
    if not as_json:
        console().print(adapted_view(made, shop, _old(source), exported=exported, change=change))
        return
    told = {"search": change.as_dict()} if change else {}
    print_json({**made.as_dict(), "onnx_folder": exported, **told})


def _source(model: str | None, *, scratch: bool) -> Source:
    """What to begin with. Errors: `ConfigError` where nothing says it, or two things do."""
    from warmstart.encoders.pretrained import MODEL_VARIABLE, named_model
    from warmstart.encoders.scratch import ScratchNetwork

    if model and scratch:
        raise ConfigError(
            expected="either --model or --scratch", found="both", todo="Leave one of them out."
        )
    if scratch:
        return ScratchNetwork()
    named = model or named_model()[1]
    if not named:
        raise ConfigError(
            expected="a model to begin with",
            found=f"no --model, and {MODEL_VARIABLE} names none",
            todo="Name one by folder or Hub name, or begin from nothing with --scratch.",
        )
    return named


def _selected(source: Source, dataset: Dataset, out: Path, minutes: float, **given: Any) -> dict[str, Any]:
    """How to train, as chosen; the study stands beside the training's own unfinished work."""
    from warmstart.adapt.pretrain import WORK_FOLDER
    from warmstart.adapt.selection import select_settings

    note(f"Choosing settings for about {minutes:g} minutes …")
    folder = out / WORK_FOLDER / "choosing"
    found = select_settings(source, dataset, minutes=minutes, folder=folder, **given)
    return {"trainer": found.trainer, "tuning": found.tuning, "study": found.told(), **found.settings}


def _export(made: Adapted) -> str:
    from warmstart.encoders.export import export_onnx

    return str(export_onnx(str(made.folder), made.folder / "onnx", quantise=True))


def _check_merges(tuning: Tuning) -> None:
    """Before any work: only a plain network can be exported."""
    if not tuning.merges:
        raise ConfigError(
            expected="for --onnx a tuning that merges, such as lora",
            found=f"'{tuning.method}'",
            todo="Choose another tuning, or serve the adapter as it is.",
        )


def _search_change(source: Source, made: Adapted, dataset: Dataset) -> EncoderChange | None:
    """What the adapted model changes in search, noted in the card; against the closed form from scratch."""
    from warmstart.adapt.card import CardMetric, read_card, write_card
    from warmstart.encoders.auto import choose_encoder
    from warmstart.evaluate.encoder_change import compare_encoders

    note("Asking the judged queries before and after …")
    old, new = choose_encoder(_old(source))[0], choose_encoder(str(made.folder))[0]
    change = compare_encoders(old, new, dataset)
    if change:
        metrics = [
            CardMetric(
                name=f"search: nDCG@10 {name}",
                value=own.after,
                before=own.before,
                gain_low=own.low,
                gain_high=own.high,
            )
            for name, own in change.changes.items()
        ]
        card = read_card(made.folder)
        said = f"In search by {change.queries} judged queries it is {change.verdict}."
        card = replace(card, metrics=(*card.metrics, *metrics), notes=(*card.notes, said))
        write_card(made.folder, card)
    return change


def _old(source: Source) -> str:
    """The encoder that the adapted one is to replace, as --encoder takes it."""
    if not isinstance(source, str):
        return "catalogue"
    return source if Path(source).is_dir() else f"transformer:{source}"


def _check_out(out: Path) -> None:
    """Refuse to mix a model into a folder of something else, before any work is done."""
    from warmstart.adapt.pretrain import REPORT_FILE, WORK_FOLDER

    ours = (out / REPORT_FILE).is_file() or (out / WORK_FOLDER).is_dir()
    if out.is_file() or (out.is_dir() and any(out.iterdir()) and not ours):
        raise InputError(
            expected="an empty, new or adapted folder for --out",
            found=f"{out} with something else in it",
            todo="Name another folder.",
        )
