"""Finished parts of a run, kept on disk until all are there: what a crash does not cost.

One folder per method and seed, named by a hash of everything that its answers depend on. Asking for
the same again finds them; a changed shop, setting or version does not.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from warmstart.core.artifact import read_state, write_state
from warmstart.core.errors import ArtifactError
from warmstart.data.dataset import Dataset
from warmstart.data.schema import TABLES
from warmstart.evaluate.evaluation import Tuning
from warmstart.evaluate.protocols.base import Answers, Times

_KEY = re.compile(r"\.?[0-9a-f]{24}")


@dataclass(kw_only=True)
class Part:
    """What came of one method on one seed."""

    method: str
    seed: int
    answers: Answers
    times: Times
    tunings: tuple[Tuning, ...]
    peak_rss_mb: float | None


@dataclass(frozen=True, kw_only=True)
class Parts:
    """A folder of finished parts; `folder` None keeps nothing."""

    folder: Path | None

    def read(self, key: str) -> Part | None:
        """The part of that key, None when there is none or a crash damaged it."""
        if self.folder is None or not (self.folder / key).exists():
            return None
        try:
            state = read_state(self.folder / key)
        except ArtifactError:
            return None
        times = {name: list(np.asarray(values)) for name, values in state["times"].items()}
        return Part(
            method=state["method"],
            seed=state["seed"],
            answers={name: np.array(values) for name, values in state["answers"].items()},
            times=Times(fit_s=state["fit_s"], query_ms=times["query_ms"], update_ms=times["update_ms"]),
            tunings=tuple(Tuning(**tuning) for tuning in state["tunings"]),
            peak_rss_mb=state["peak_rss_mb"],
        )

    def write(self, key: str, part: Part) -> None:
        """Keep a part; the name appears only when all of it is written."""
        if self.folder is None:
            return
        building = self.folder / f".{key}"
        shutil.rmtree(building, ignore_errors=True)
        shutil.rmtree(self.folder / key, ignore_errors=True)
        write_state(building, _state(part))
        building.rename(self.folder / key)

    def remove(self) -> None:
        """Throw the parts away: the result is safe. Anything else in the folder stays, and so does it."""
        if self.folder is None or not self.folder.is_dir():
            return
        for path in self.folder.iterdir():
            if path.is_dir() and _KEY.fullmatch(path.name):
                shutil.rmtree(path)
        if not any(self.folder.iterdir()):
            self.folder.rmdir()


def _state(part: Part) -> dict[str, Any]:
    times = {"query_ms": part.times.query_ms, "update_ms": part.times.update_ms}
    return {
        "method": part.method,
        "seed": part.seed,
        "answers": part.answers,
        "fit_s": part.times.fit_s,
        "times": {name: np.array(values, dtype=np.float64) for name, values in times.items()},
        "tunings": [asdict(tuning) for tuning in part.tunings],
        "peak_rss_mb": part.peak_rss_mb,
    }


def key_of(*facts: Any) -> str:
    """A folder name for these facts, which must be JSON values or have a telling `repr`."""
    text = json.dumps(facts, default=repr, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def code_fingerprint() -> str:
    """A short name of this package's source: another state of it must not take up old parts."""
    digest = hashlib.blake2b(digest_size=12)
    for path in sorted(Path(__file__).resolve().parents[1].rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def fingerprint(dataset: Dataset) -> str:
    """A short name of the content of a shop: equal for equal tables, whatever the shop is called."""
    digest = hashlib.blake2b(digest_size=12)
    for table in TABLES:
        frame: pl.DataFrame = getattr(dataset, table)
        digest.update(f"{table}:{frame.shape}".encode())
        if len(frame):
            digest.update(frame.hash_rows(seed=0).to_numpy().tobytes())
    return digest.hexdigest()
