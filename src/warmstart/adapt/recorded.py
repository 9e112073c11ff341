"""A training that leaves a folder: checkpoints to go on from, what trackers keep, and its card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from warmstart.adapt.card import Card, card_of, plain_settings, write_card
from warmstart.core.component import Component
from warmstart.training.job import TrainingJob
from warmstart.training.run import TrainingRun
from warmstart.training.trackers import Tracker, make_trackers
from warmstart.training.trainer import Trainer
from warmstart.training.watcher import Watcher

CHECKPOINTS: Final = "checkpoints"


def recorded_training(
    trainer: Trainer,
    job: TrainingJob,
    folder: Path,
    *,
    title: str,
    data: Mapping[str, Any],
    settings: Mapping[str, Component | Mapping[str, Any]] | None = None,
    trackers: Sequence[str] = (),
    watchers: Sequence[Watcher] = (),
    language: str = "en",
) -> Card:
    """Train a job and keep all of it in `folder`; a training that was interrupted there goes on.

    The folder gets `checkpoints/`, `tensorboard/` where TensorBoard is installed, what the `trackers`
    "mlflow" and "wandb" keep, `card.json` and `card.html`. `settings` are those of other parts (a
    `Tuning`, the objective), by name. The card has no metrics yet: put them in with
    `dataclasses.replace(card, metrics=...)` and `write_card` when they have been measured.
    """
    parts: dict[str, Component | Mapping[str, Any]] = {"trainer": trainer, **(settings or {})}
    folder.mkdir(parents=True, exist_ok=True)
    run = tracked_training(
        trainer,
        job,
        folder / CHECKPOINTS,
        make_trackers(trackers, folder),
        title=title,
        told={**plain_settings(parts), "data": data},
        watchers=watchers,
    )
    card = card_of(run, title=title, data=data, settings=parts)
    write_card(folder, card, language=language)
    return card


def tracked_training(
    trainer: Trainer,
    job: TrainingJob,
    checkpoints: Path,
    trackers: Sequence[Tracker],
    *,
    title: str,
    told: Mapping[str, Any],
    watchers: Sequence[Watcher] = (),
) -> TrainingRun:
    """Train while the trackers watch; they are told the settings first, and closed whatever happens."""
    try:
        for tracker in trackers:
            tracker.begin(title, told)
        run = trainer.train(job, checkpoints=checkpoints, watchers=[*watchers, *trackers])
        for tracker in trackers:
            tracker.results(outcome(run))
    finally:
        for tracker in trackers:
            tracker.close()
    return run


def outcome(run: TrainingRun) -> dict[str, float]:
    """What a tracker keeps of a training that has ended."""
    found = {
        "best_quality": run.best_quality,
        "best_step": run.best_step,
        "steps": run.steps,
        "seconds": run.seconds,
        "peak_rss_mb": run.peak_rss_mb,
        "cuda_mb": run.cuda_mb,
        "trained_parameters": run.trained_parameters,
        "all_parameters": run.all_parameters,
    }
    return {name: float(value) for name, value in found.items() if value is not None}
