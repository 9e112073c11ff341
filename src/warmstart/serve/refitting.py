"""Learn a shop anew in a process of its own, so that nobody who asks has to wait.

    python -m warmstart.serve.refitting '{"store": "sqlite:///shop.db", "tenant": "default", …}'

prints one JSON object about what came of it.
"""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from warmstart.core.artifact import current_version
from warmstart.core.errors import ArtifactError
from warmstart.data.dataset import Dataset
from warmstart.engine import persistence
from warmstart.engine.engine import Engine
from warmstart.evaluate.refit import Verdict, refit
from warmstart.roles.store import Store
from warmstart.serve.changes import Change, tell
from warmstart.serve.facts import Seen, read_shop_of
from warmstart.serve.replica import Replica
from warmstart.store.opening import open_store

GROWN = 2.0
"""A model of a shop that has so many times more items by now is replaced also without a verdict."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is to be done for one tenant.

    `refit` fits a new model, asks it and the one that runs what users did last, and puts it in force when
    it is not worse (with `force`: in any case). `relearn` counts the tables of the model that runs again,
    for what was forgotten, and removes all older versions: nothing of who is gone stays on the disk.
    """

    kind: Literal["refit", "relearn"]
    store: str
    tenant: str
    folder: str
    encoder: str = "auto"
    force: bool = False

    def as_json(self) -> str:
        """As the one argument of this module's command."""
        return json.dumps(asdict(self))


def run(task: Task) -> dict[str, Any]:
    """Do it; what came of it, as plain values. Errors: those of the store and of the fit."""
    with open_store(task.store, tenant=task.tenant) as store:
        folder = Path(task.folder)
        found = _relearn(store, folder, task) if task.kind == "relearn" else _refit(store, folder, task)
        if found["promoted"]:
            found["version"] = current_version(folder).name
            tell(store, Change(model=found["version"]))
        return found


def _refit(store: Store, folder: Path, task: Task) -> dict[str, Any]:
    running = _running(folder)
    shop, seen = read_shop_of(store, task.tenant, running)
    if not len(shop.items):
        return {"promoted": False, "why": "the shop has no items"}
    if running is None or not _continues(folder, seen):
        Engine().fit(shop, encoder=task.encoder).save(folder, notes=seen.as_dict())
        return {"promoted": True, "why": "there was no model that could have gone on"}
    verdict: Verdict = refit(folder, shop, force=task.force, notes=seen.as_dict())
    if verdict.gain is None and not verdict.promoted and len(shop.items) >= GROWN * len(running.items):
        verdict = refit(folder, shop, force=True, notes=seen.as_dict())
    return verdict.as_dict()


def _running(folder: Path) -> Dataset | None:
    try:
        return persistence.load(folder).dataset
    except ArtifactError:
        return None


def _continues(folder: Path, seen: Seen) -> bool:
    """Whether the model has read no further than the store goes; else the store is an older backup."""
    read = Seen.of(persistence.load(folder).notes)
    return read.events <= seen.events and read.changes <= seen.changes


def _relearn(store: Store, folder: Path, task: Task) -> dict[str, Any]:
    replica = Replica(store, folder, encoder=task.encoder)
    replica.start()
    engine = replica.ready
    engine.refresh()
    version = engine.save(folder, notes=replica.seen.as_dict())
    for other in folder.glob("v*"):
        if other != version:
            shutil.rmtree(other)
    return {"promoted": True, "why": "somebody was forgotten; older versions are gone"}


if __name__ == "__main__":
    print(json.dumps(run(Task(**json.loads(sys.argv[1])))))  # noqa: T201  # the answer of a command
