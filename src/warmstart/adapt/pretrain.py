"""Fit a language model to a shop's own text, and leave it as a folder that every encoder here reads."""

from __future__ import annotations

import copy
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from warmstart.adapt.adapted_card import About, Ranks
from warmstart.adapt.card import PAGE_FILE, write_card
from warmstart.adapt.job import BackboneJob
from warmstart.adapt.pairs import KINDS as PAIRS
from warmstart.adapt.pairs import PairKind
from warmstart.adapt.plan import learning_rate_for, looking, read_plan, steps_within, write_plan
from warmstart.adapt.recipe import Material, Objective, Recipe
from warmstart.adapt.recorded import tracked_training
from warmstart.adapt.source import Source, check_tuning, longest_text, open_source, source_settings
from warmstart.data.dataset import Dataset
from warmstart.encoders.adapted import BASE_FILE
from warmstart.encoders.backbone import Backbone
from warmstart.encoders.scratch import ScratchNetwork
from warmstart.encoders.static import distil
from warmstart.encoders.tuning import Tuning
from warmstart.training.run import TrainingRun
from warmstart.training.trackers import make_trackers
from warmstart.training.trainer import Trainer
from warmstart.training.watcher import Watcher

Measures = dict[str, dict[str, float]]

REPORT_FILE: Final = "adapted.json"
STATIC_FOLDER: Final = "static"
WORK_FOLDER: Final = ".training"


@dataclass(frozen=True, kw_only=True)
class Adapted:
    """What `adapt_encoder` made: the folder, the training, and what was found of the held-out pairs."""

    folder: Path
    objective: Objective
    tuning: Tuning
    learned_from: dict[str, int]
    """How many pairs of each kind, or texts."""
    before: Measures
    after: Measures
    run: TrainingRun
    static_folder: Path | None = None

    @property
    def card(self) -> Path:
        """The page about the training: data, settings, seeds, curves, results, cost."""
        return self.folder / PAGE_FILE

    @property
    def is_as_it_came(self) -> bool:
        """Whether training helped nothing on what was held out, so that the model was left as it came."""
        return self.run.best_step == 0

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        static = str(self.static_folder) if self.static_folder else None
        return {
            "folder": str(self.folder),
            "static_folder": static,
            "card": str(self.card),
            "objective": self.objective,
            "tuning": self.tuning.settings(),
            "is_as_it_came": self.is_as_it_came,
            "learned_from": self.learned_from,
            "before": self.before,
            "after": self.after,
            "run": self.run.as_dict(),
        }


def adapt_encoder(
    source: Source,
    data: Dataset | Sequence[str],
    out: Path,
    *,
    objective: Objective = "contrastive",
    tuning: Tuning | None = None,
    trainer: Trainer | None = None,
    minutes: float | None = None,
    max_length: int = 64,
    held_out: int = 150,
    pairs: Sequence[PairKind] = PAIRS,
    static: bool = False,
    device: str = "auto",
    watchers: Sequence[Watcher] = (),
    trackers: Sequence[str] = (),
    study: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Adapted:
    """Fit a model to a shop's own text, without labels, and write it into a folder.

    `source` is a folder, a Hub name, or a `ScratchNetwork`. `data` is a shop, or texts alone. A tenth of
    the items is held out, at most `held_out` pairs of a kind; the weights that find the most of them are
    kept, and those that came count as well: where nothing helps, the folder holds the model as it came.
    `pairs` are the kinds to learn from and to judge by (`adapt.pairs`); judgments are not among them
    unless named. Texts are cut at `max_length` tokens while training. `minutes` bounds the training,
    which then has as many steps as fit. Other `settings` go to the job (`temperature`, `keep`, `share`…).

    The folder is read by `TransformerEncoder`, `Backbone.load` and `export_onnx`; where the way of tuning
    does not merge, it holds the adapter alone, for `AdaptedEncoder`. With `static` a table distilled from
    the adapted model stands in `out/static`, for `StaticEncoder`. `out/adapted.json` is the report, and
    `out/card.json` and `card.html` are the card: data, settings, seeds, curves, results, cost, and the
    `study` by which settings were chosen (`adapt.selection`). TensorBoard's files stand in
    `out/tensorboard` where it is installed; `trackers` may name "mlflow" and "wandb" too.

    A training that was interrupted goes on when the same call is made again.

    *When to use*: the shop's words are strange to the model, or no model in its language can be had.
    *When not*: the model finds the shop's held-out pairs already; see docs/how-to/adapt.md.
    *Needs* the extra `lm`, most ways of tuning `adapt`. Errors: `InputError`, `ConfigError`,
    `ArtifactError` when `out` holds another training.
    """
    tuning, trainer = _fitting(source, tuning, trainer, minutes)
    out.mkdir(parents=True, exist_ok=True)
    kept = make_trackers(trackers, out)
    material = Material.of(data, held_out=held_out, seed=trainer.seed, kinds=pairs)
    learned_from = material.for_objective(objective)
    backbone = open_source(source, material, objective, device)
    served = longest_text(backbone, tuning)
    backbone.max_length = min(max_length, served)
    before, look_seconds = _first_look(material, backbone)
    recipe = Recipe(
        objective=objective, tuning=tuning, material=material, settings=settings, seed=trainer.seed
    )
    named = source_settings(source)
    planned = _planned(trainer, recipe, backbone, out, (named, minutes, look_seconds))
    job = recipe.job(backbone, total_steps=planned.total_steps(recipe.size))
    about = About(source=named, recipe=recipe, trainer=planned, study=study, learned_from=learned_from)
    work = out / WORK_FOLDER / "checkpoints"
    run = tracked_training(planned, job, work, kept, title=about.title, told=about.told, watchers=watchers)
    after = _ranks(material, job.backbone)
    job.backbone.max_length = served
    _write(job, out, source)
    table = _static(out, material) if static else None
    write_card(out, about.card(run, before, after))
    made = Adapted(
        folder=out,
        objective=objective,
        tuning=tuning,
        learned_from=learned_from,
        before=_measures(material, before),
        after=_measures(material, after),
        run=run,
        static_folder=table,
    )
    _finish(made)
    return made


def _fitting(
    source: Source, tuning: Tuning | None, trainer: Trainer | None, minutes: float | None
) -> tuple[Tuning, Trainer]:
    """What was not said, as it suits the source. Errors: `ConfigError` for a tuning that it cannot have."""
    scratch = isinstance(source, ScratchNetwork)
    tuning = tuning or Tuning(method="full" if scratch else "lora")
    check_tuning(source, tuning)
    rate = learning_rate_for(tuning, scratch=scratch)
    return tuning, trainer or Trainer(epochs=10.0 if minutes else 1.0, learning_rate=rate)


def _first_look(material: Material, backbone: Backbone) -> tuple[Ranks, float]:
    """What the model finds as it came, and the seconds that such a look takes."""
    begun = time.perf_counter()
    return _ranks(material, backbone.as_encoder()), time.perf_counter() - begun


def _finish(made: Adapted) -> None:
    """Write the report; what an interrupted training would need goes."""
    text = json.dumps(made.as_dict(), ensure_ascii=False, indent=1)
    (made.folder / REPORT_FILE).write_text(text + "\n", encoding="utf-8")
    shutil.rmtree(made.folder / WORK_FOLDER)


def _ranks(material: Material, backbone: Backbone) -> Ranks:
    if material.probe is None:
        return {}
    backbone.model.eval()
    return material.probe.ranks(backbone)


def _measures(material: Material, ranks: Ranks) -> Measures:
    return material.probe.summary(ranks) if material.probe else {}


def _planned(
    trainer: Trainer, recipe: Recipe, backbone: Backbone, out: Path, given: tuple[Any, float | None, float]
) -> Trainer:
    """The trainer with its steps counted: as an interrupted training had them, or as the time allows."""
    source, minutes, look_seconds = given
    about = {
        "objective": recipe.objective,
        "tuning": recipe.tuning.settings(),
        "settings": recipe.settings,
        "source": source,
    }
    steps = read_plan(out / WORK_FOLDER, about)
    if steps is None and minutes is not None:
        trial = recipe.job(copy.deepcopy(backbone), total_steps=1, judged=False)
        steps = steps_within(trainer, trial, minutes, look_seconds)
    steps = steps or trainer.total_steps(recipe.size)
    write_plan(out / WORK_FOLDER, about, steps)
    trainer = replace(trainer, max_steps=steps)
    return looking(trainer, recipe.size)


def _write(job: BackboneJob, out: Path, source: Source) -> None:
    backbone = job.finish()
    if job.tuning.merges:
        backbone.save(out)
        return
    job.tuning.save(backbone, out)
    base = {"model": str(backbone.source or source), "max_length": backbone.max_length}
    (out / BASE_FILE).write_text(json.dumps(base), encoding="utf-8")


def _static(out: Path, material: Material) -> Path:
    """The closed-form last step: a table of word vectors that says what the adapted model says."""
    from warmstart.encoders.auto import choose_encoder

    teacher, _ = choose_encoder(str(out))
    folder = out / STATIC_FOLDER
    distil(teacher, material.texts).write(folder)
    return folder
