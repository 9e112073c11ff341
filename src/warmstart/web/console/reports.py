"""Evaluation reports in a folder of the service's home, and as the console shows them."""

from __future__ import annotations

import os
import re
import time
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from warmstart.core.errors import InputError, UnknownIdError
from warmstart.evaluate.evaluation import ALL_SEEDS, Evaluation, Row
from warmstart.evaluate.report.conclusion import conclusion
from warmstart.evaluate.report.look import look_of
from warmstart.evaluate.wording import scope

_NAME: Final = re.compile(r"[\w][\w.-]{0,99}", re.ASCII)
_MOST: Final = 200
_LOCK: Final = ".running"
_TROUBLE: Final = ".trouble"
_STALE: Final = 120.0
"""Seconds after the last sign of life of a run until it is taken for dead."""


class Reports:
    """The files `*.json` in a folder, as `warmstart evaluate --json` and the console write them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def all(self) -> list[dict[str, Any]]:
        """What each report is about, the newest first; of a file that is none, what is wrong with it."""
        files = [path for path in self.folder.glob("*.json") if _NAME.fullmatch(path.stem)]
        newest = sorted(files, key=lambda path: -path.stat().st_mtime)[:_MOST]
        return [{"name": path.stem, "at": path.stat().st_mtime, **_about(path)} for path in newest]

    def read(self, name: str) -> Evaluation:
        """One of them. Errors: `UnknownIdError`, and `InputError` for a file that is no report."""
        path = self.folder / f"{name}.json"
        if not _NAME.fullmatch(name) or not path.is_file():
            raise UnknownIdError(
                expected="a report of this shop", found=f"{name!r:.80}", todo="Look at the list of reports."
            )
        return _read(path, path.stat().st_mtime)

    # -- runs -------------------------------------------------------------------------------------

    def begin(self) -> bool:
        """Claim the run that may be going on; False where there is one already, on whatever worker."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.is_running:
            (self.folder / _LOCK).unlink(missing_ok=True)
        try:
            os.close(os.open(self.folder / _LOCK, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return False
        (self.folder / _TROUBLE).unlink(missing_ok=True)
        return True

    def live(self) -> None:
        """Say that the run goes on; often enough."""
        (self.folder / _LOCK).touch()

    def end(self, trouble: str = "") -> None:
        """Let the next run begin, and say what went wrong with this one."""
        if trouble:
            (self.folder / _TROUBLE).write_text(trouble, "utf-8")
        (self.folder / _LOCK).unlink(missing_ok=True)

    @property
    def is_running(self) -> bool:
        """Whether a run is going on."""
        try:
            return time.time() - (self.folder / _LOCK).stat().st_mtime < _STALE
        except FileNotFoundError:
            return False

    @property
    def trouble(self) -> str:
        """What went wrong with the last run; empty where nothing did."""
        try:
            return (self.folder / _TROUBLE).read_text("utf-8")
        except FileNotFoundError:
            return ""


def shown(evaluation: Evaluation) -> dict[str, Any]:
    """A report as the page draws it: numbers of all seeds together, comparisons, costs, and how it ran."""
    rows = [row for row in evaluation.rows if row.seed == ALL_SEEDS]
    return {
        "protocol": evaluation.protocol,
        "dataset": evaluation.dataset,
        "scope": scope(evaluation),
        "metrics": list(evaluation.metrics),
        "candidates": list(dict.fromkeys(row.candidates for row in rows)),
        "conclusion": list(conclusion(evaluation, look_of(evaluation))),
        "warnings": list(evaluation.warnings),
        "command": evaluation.command,
        "rows": [_row(row) for row in rows],
        "comparisons": [asdict(one) for one in evaluation.comparisons if one.strongest],
        "cost": [asdict(one) for one in evaluation.cost],
    }


def _row(row: Row) -> dict[str, Any]:
    return {name: value for name, value in asdict(row).items() if name != "seed"}


def _about(path: Path) -> dict[str, Any]:
    try:
        found = _read(path, path.stat().st_mtime)
    except InputError as error:
        return {"trouble": f"not {error.expected}"}
    metric = found.metrics[0] if found.metrics else ""
    return {
        "protocol": found.protocol,
        "dataset": found.dataset,
        "metric": metric,
        "methods": len(found.methods),
        "seeds": len(found.seeds),
        "cases": max((row.cases for row in found.rows), default=0),
    }


@lru_cache(maxsize=64)
def _read(path: Path, _changed_at: float) -> Evaluation:
    return Evaluation.from_json(path)
