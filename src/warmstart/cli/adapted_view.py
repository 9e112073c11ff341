"""What `warmstart adapt` says when it is done: the gain, or why the old is to be kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from warmstart.cli.output import count, facts_table, show_value

if TYPE_CHECKING:
    from warmstart.adapt.pretrain import Adapted
    from warmstart.evaluate.encoder_change import EncoderChange
    from warmstart.search.weights import Change


def adapted_view(
    made: Adapted, shop: Path, source: str, *, exported: str | None, change: EncoderChange | None
) -> RenderableType:
    """The verdict, the facts, and what to do next."""
    parts: list[RenderableType] = [
        _verdict(made, shop),
        Padding(facts_table(_facts(made, change)), (0, 0, 0, 2), expand=False),
    ]
    best = exported or (str(made.static_folder) if made.static_folder else str(made.folder))
    if change and change.verdict != "better":
        said = f"○ search with it is {change.verdict}: keep the old one"
        parts.append(Text(said, style="bold yellow"))
        best = source
    parts.append(Text(f"Next: warmstart fit {shop} --out MODEL --encoder {best}", style="dim"))
    return Group(*parts)


def _verdict(made: Adapted, shop: Path) -> Text:
    if made.is_as_it_came:
        return Text.assemble(
            ("○ ", "bold yellow"),
            "kept the model as it came: no step of this training found more of what was held out. ",
            (str(made.folder), "bold"),
            " holds it.",
        )
    return Text.assemble(
        ("✓ ", "bold green"),
        "fitted to ",
        (str(shop), "bold"),
        "; the model is in ",
        (str(made.folder), "bold"),
    )


def _facts(made: Adapted, change: EncoderChange | None) -> dict[str, Any]:
    run = made.run
    found = {name: _pairs_change(made.before[name], after) for name, after in made.after.items()}
    if not found and run.best_quality is not None:
        found = {"loss held out": f"{-run.qualities[0][1]:.3f} → {-run.best_quality:.3f}"}
    took = f"{count(run.steps, 'step')} in {run.seconds / 60:.1f} minutes, best after {run.best_step:,}"
    trained = f"{run.trained_parameters:,} of {run.all_parameters:,} weights, by '{made.tuning.method}'"
    return {
        "learned": f"{made.objective}, from {show_value(made.learned_from)}",
        **found,
        **(_searched(change) if change else {}),
        "training": took,
        "trained": trained,
        "card": str(made.card),
    }


def _pairs_change(before: dict[str, float], after: dict[str, float]) -> str:
    """How much better the other half of the held-out pairs of a kind is found."""
    ranks = f"{before['MRR']:.3f} → {after['MRR']:.3f}"
    return f"{ranks} mean reciprocal rank of the right text, {int(after['pairs'])} pairs held out"


def _searched(change: EncoderChange) -> dict[str, str]:
    asked = f"{change.queries:,} judged queries among {count(change.items, 'item')}"
    named = {"e": "nDCG@10 (unjudged = 0)", "c": "nDCG@10 (judged only)"}
    found = {f"search {name}": f"{_moved(own)} {named[name]}" for name, own in change.changes.items()}
    return {**found, "asked": asked}


def _moved(change: Change) -> str:
    gain = f"gain {change.low:+.3f} to {change.high:+.3f}"
    return f"{change.before:.3f} → {change.after:.3f}, {gain}"
