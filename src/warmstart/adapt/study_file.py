"""The trials of a search on disk, as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from warmstart.core.artifact import read_json, write_json
from warmstart.core.errors import ArtifactError

FORMAT: Final = 1


def write_study(path: Path, identity: dict[str, Any], trials: Sequence[dict[str, Any]]) -> None:
    """Write all trials, in one step that a crash leaves done or undone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    write_json(unfinished, {"format": FORMAT, "identity": identity, "trials": list(trials)})
    unfinished.replace(path)


def read_study(path: Path, identity: dict[str, Any]) -> list[dict[str, Any]]:
    """The trials so far, none without a file. Errors: `ArtifactError` for those of another search."""
    if not path.exists():
        return []
    told = read_json(path)
    same = json.loads(json.dumps(identity))  # as it looks after a journey through JSON
    if not isinstance(told, dict) or told.get("format") != FORMAT or told.get("identity") != same:
        raise ArtifactError(
            expected=f"trials of this search in {path}",
            found="those of other parts, ranges or another seed",
            todo="Name another file, or remove this one to begin anew.",
        )
    trials: list[dict[str, Any]] = told["trials"]
    return trials
