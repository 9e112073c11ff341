"""Whether a saved model is whole, and what is in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from warmstart.cli.output import facts_table, file_size, folder_size, timed
from warmstart.core.artifact import current_version, read_json
from warmstart.data.item_list import ItemList
from warmstart.engine.engine import Engine
from warmstart.engine.persistence import MANIFEST


def check(path: Path) -> tuple[dict[str, Any], RenderableType]:
    """Load the model at `path` and ask it one question of each kind.

    Errors: `ArtifactError` for the first thing that is missing or damaged.
    """
    here = current_version(path)
    manifest = read_json(here / MANIFEST)
    with timed() as loading:
        engine = Engine.load(path)
    facts = {
        "kind": "model",
        "version": here.name,
        "saved_at": manifest.get("saved_at"),
        "saved_by": manifest.get("warmstart"),
        "bytes": folder_size(here),
        "load_ms": loading.ms,
        **engine.describe(),
        "answers": _answers(engine),
    }
    return facts, _view(path, facts)


def _answers(engine: Engine) -> dict[str, float]:
    """Milliseconds for one question of each kind."""
    first = engine.dataset.item_ids[0]
    item = engine.item(first)
    text = (item.title if item else "") or first
    times = {}
    questions: dict[str, Callable[[], ItemList]] = {
        "search": lambda: engine.search(text, n=10),
        "recommend": lambda: engine.recommend(n=10),
        "similar": lambda: engine.similar(first, n=10),
    }
    for name, ask in questions.items():
        with timed() as clock:
            ask()
        times[name] = clock.ms
    return times


def _view(path: Path, facts: dict[str, Any]) -> RenderableType:
    encoder = facts["encoder"]
    shown = {
        "shop": facts["shop"],
        "saved": f"{facts['saved_at']} by warmstart {facts['saved_by']}, {facts['version']}",
        "size": f"{file_size(facts['bytes'])}, loaded in {facts['load_ms']:.0f} ms",
        "items": facts["items"],
        "users": facts["users"],
        "events": f"{facts['events']:,}, of which {facts['events_since_fit']:,} came after the fit",
        "encoder": f"{encoder['name']}, {encoder['dim']} numbers per text; {encoder['why']}",
        "first answers": " · ".join(f"{name} {ms:.1f} ms" for name, ms in facts["answers"].items()),
    }
    return Group(
        Text.assemble(("✓ ", "bold green"), (str(path), "bold"), " is whole and answers"),
        Padding(facts_table(shown), (0, 0, 0, 2), expand=False),
        Text("Settings of every part: --json", style="dim"),
    )
