"""How much training fits into the time that a shop gives, and what an interrupted one was about."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from warmstart.core.errors import ArtifactError
from warmstart.encoders.model_folder import read_json_file
from warmstart.encoders.tuning import Tuning
from warmstart.training.job import TrainingJob
from warmstart.training.trainer import Trainer

PLAN_FILE: Final = "plan.json"
_TRIAL_STEPS, _LOOKS, _MOST_FOR_LOOKS = 3, 5, 0.4


def learning_rate_for(tuning: Tuning, *, scratch: bool) -> float:
    """A rate that suits what is trained: small for what was learned, larger for what is new."""
    if scratch:
        return 1e-3
    return {"full": 3e-5, "top": 1e-4}.get(tuning.method, 5e-4)


def steps_within(trainer: Trainer, job: TrainingJob, minutes: float, look_seconds: float) -> int:
    """How many steps fit into so many minutes on this machine, looks at what is held back included.

    `job` is made for this and thrown away: three steps of it are timed. The learning rate falls over the
    steps that there will be, so they have to be known before; that they take the minutes is then a
    forecast, not a promise.
    """
    trial = replace(trainer, max_steps=_TRIAL_STEPS, max_seconds=None, epochs=1.0).train(job)
    seconds = 60 * minutes
    looks = min((_LOOKS + 1) * look_seconds, _MOST_FOR_LOOKS * seconds)
    steps = max(int((seconds - looks) / (trial.seconds / max(trial.steps, 1))), _LOOKS)
    return min(steps, trainer.total_steps(job.size))


def looking(trainer: Trainer, size: int) -> Trainer:
    """The trainer with five looks at what is held back."""
    steps = trainer.total_steps(size)
    return replace(trainer, look_every=max(steps // _LOOKS, 1) / trainer.steps_per_epoch(size))


def read_plan(folder: Path, about: dict[str, Any]) -> int | None:
    """How many steps an interrupted training was to have; None where there is none.

    Errors: `ArtifactError` where it was about something else.
    """
    plan = read_json_file(folder / PLAN_FILE)
    if not plan:
        return None
    other = sorted(name for name in about if plan["about"].get(name) != about[name])
    if other:
        raise ArtifactError(
            expected=f"in {folder} the same training, interrupted",
            found=f"another: {other[0]} was {plan['about'].get(other[0])}, is {about[other[0]]}",
            todo="Name another folder, give the old settings again, or remove that folder to begin anew.",
        )
    return int(plan["steps"])


def write_plan(folder: Path, about: dict[str, Any], steps: int) -> None:
    """Remember what is being trained, and for how long."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"about": about, "steps": steps}, ensure_ascii=False)
    (folder / PLAN_FILE).write_text(text, encoding="utf-8")
