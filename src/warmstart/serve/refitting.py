"""Learn a shop anew in a process of its own, so that nobody who asks has to wait.

    python -m warmstart.serve.refitting '{"store": "sqlite:///shop.db", "tenant": "default", …}'

prints one JSON object about what came of it.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from warmstart.core.artifact import current_version, read_json
from warmstart.core.errors import ArtifactError
from warmstart.engine import persistence
from warmstart.engine.engine import Engine
from warmstart.evaluate.refit import Verdict, refit
from warmstart.roles.store import Store
from warmstart.serve.changes import Change, tell, was_forgotten_since
from warmstart.serve.facts import Seen, read_shop_of
from warmstart.serve.leases import Lease
from warmstart.serve.replica import LEARNING, Replica
from warmstart.serve.tables import with_unkept
from warmstart.store.opening import open_store

GROWN = 2.0
"""A model of a shop that has so many times more items by now is replaced also without a verdict."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is to be done for one tenant.

    `refit` fits a new model, asks it and the one that runs what users did last, and puts it in force when
    it is not worse (with `force`: in any case). `relearn` counts the tables of the model that runs again,
    for what was forgotten. Both remove the versions in which somebody who was forgotten is still known.
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
            _remove_who_is_gone(store, folder)
            tell(store, Change(model=found["version"]))
        return found


def _refit(store: Store, folder: Path, task: Task) -> dict[str, Any]:
    replica = _resumed(store, folder, task)
    shop, seen = read_shop_of(store, task.tenant)
    notes = seen.as_dict()
    if not len(shop.items):
        return {"promoted": False, "why": "the shop has no items"}
    if replica.engine is None:
        Engine().fit(shop, encoder=task.encoder).save(folder, notes=notes)
        return {"promoted": True, "why": "there was no model that could have gone on"}
    replica.catch_up()  # whoever was forgotten or merged by now is so in what its store never had, too
    running = replica.engine.dataset
    shop = with_unkept(store, shop, running)
    verdict: Verdict = refit(folder, shop, force=task.force, notes=notes)
    if verdict.gain is None and not verdict.promoted and len(shop.items) >= GROWN * len(running.items):
        verdict = refit(folder, shop, force=True, notes=notes)
    return verdict.as_dict()


def _resumed(store: Store, folder: Path, task: Task) -> Replica:
    replica = Replica(store, folder, encoder=task.encoder)
    replica.resume()
    return replica


def _relearn(store: Store, folder: Path, task: Task) -> dict[str, Any]:
    replica = _resumed(store, folder, task)
    replica.ready.refresh()
    replica.save()
    return {"promoted": True, "why": "somebody was forgotten; versions that knew them are gone"}


def _remove_who_is_gone(store: Store, folder: Path) -> None:
    """Nobody who was forgotten stays on the disk, in no older version. For who holds the lease to learn."""
    for version in _who_know_who_is_gone(store, folder):
        shutil.rmtree(version)


def tidy(store: Store, folder: Path) -> None:
    """Do what a process that died after it had saved a model did not come to: remove those before it."""
    lease = Lease(store, LEARNING)
    if not _who_know_who_is_gone(store, folder) or not lease.take():
        return  # whoever is learning does it afterwards
    try:
        _remove_who_is_gone(store, folder)
    finally:
        lease.release()


def _who_know_who_is_gone(store: Store, folder: Path) -> list[Path]:
    """The versions not in force that were made before somebody was forgotten."""
    try:
        now = current_version(folder)
    except ArtifactError:
        return []  # whoever learns the shop anew comes here again
    others = [version for version in folder.glob("v*") if version != now]
    return [version for version in others if was_forgotten_since(store, _read_changes(version))]


def _read_changes(version: Path) -> int:
    """How far the version had read; not at all, where it does not say."""
    try:
        return Seen.of(read_json(version / persistence.MANIFEST).get("notes", {})).changes
    except (ArtifactError, AttributeError):
        return 0


def live_with_parent() -> None:
    """End when whoever started this does: two that learn the same shop would write into one folder."""

    def wait() -> None:
        while os.read(0, 1024):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    live_with_parent()
    print(json.dumps(run(Task(**json.loads(sys.argv[1])))))  # noqa: T201  # the answer of a command
