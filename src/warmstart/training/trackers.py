"""Trainings kept by TensorBoard, MLflow or Weights & Biases.

All three are watchers: give them to `Trainer.train`, after `begin` and before `close`. Nothing leaves the
machine unless the user's own environment says so: MLflow writes to a database in the folder until
MLFLOW_TRACKING_URI names a server, W&B works offline until WANDB_MODE says otherwise.
"""

from __future__ import annotations

import os
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Final

from warmstart.core.errors import ConfigError
from warmstart.core.extras import load_extra

PROJECT: Final = "warmstart"
LOSS, RATE, QUALITY = "loss", "learning_rate", "quality"
_BATCH: Final = 100
"""So many numbers are sent to MLflow at once."""


class Tracker(ABC):
    """A watcher that also takes in settings and results. A new one writes the methods with underscores.

    One that fails (a full disk, a server that is gone) warns once and is silent from then on: training
    goes on without it.
    """

    name: ClassVar[str]
    troubles: tuple[type[Exception], ...] = (OSError, ValueError, RuntimeError)
    """What may go wrong without harm."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.failed = False

    def begin(self, title: str, settings: Mapping[str, Any]) -> None:
        """Open a run of this title."""
        self._try(lambda: self._open(title, dict(flat(settings))))

    def on_step(self, step: int, loss: float, learning_rate: float) -> None:
        """Keep the loss and the learning rate."""
        self._try(lambda: self._numbers({LOSS: loss, RATE: learning_rate}, step))

    def on_quality(self, step: int, quality: float) -> None:
        """Keep the quality on what is held back."""
        self._try(lambda: self._numbers({QUALITY: quality}, step))

    def results(self, results: Mapping[str, float]) -> None:
        """Keep what came out."""
        self._try(lambda: self._results(dict(results)))

    def close(self) -> None:
        """Close the run, be it whole or not."""
        self._try(self._close)

    def _try(self, action: Callable[[], None]) -> None:
        if self.failed:
            return
        try:
            action()
        except self.troubles as error:
            self.failed = True
            warnings.warn(
                f"{self.name} keeps no more of this run: {type(error).__name__}: {error}", stacklevel=3
            )

    @abstractmethod
    def _open(self, title: str, settings: dict[str, Any]) -> None: ...

    @abstractmethod
    def _numbers(self, values: dict[str, float], step: int) -> None: ...

    @abstractmethod
    def _results(self, results: dict[str, float]) -> None: ...

    @abstractmethod
    def _close(self) -> None: ...


class TensorBoardTracker(Tracker):
    """Event files in `folder/tensorboard`, for `tensorboard --logdir`. Needs the extra `adapt`."""

    name = "TensorBoard"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        load_extra("tensorboard", what=self.name, extra="adapt")
        self._writer: Any = None

    def _open(self, title: str, settings: dict[str, Any]) -> None:
        module = load_extra("torch.utils.tensorboard", what=self.name, extra="adapt")
        self._writer = module.SummaryWriter(str(self.folder / "tensorboard"))
        table = "\n".join(f"| {name} | {value} |" for name, value in settings.items())
        self._writer.add_text("settings", f"{title}\n\n| setting | value |\n|---|---|\n{table}")

    def _numbers(self, values: dict[str, float], step: int) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def _results(self, results: dict[str, float]) -> None:
        for name, value in results.items():
            self._writer.add_scalar(f"result/{name}", value)

    def _close(self) -> None:
        self._writer.close()


class MlflowTracker(Tracker):
    """A run of the experiment "warmstart" in MLflow. Needs the extra `tracking`.

    Where MLFLOW_TRACKING_URI is not set, it is kept in `folder/mlflow.db`: look at it with
    `mlflow ui --backend-store-uri sqlite:///...` of the whole package mlflow.
    """

    name = "MLflow"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._mlflow = load_extra("mlflow", what=self.name, extra="tracking")
        self.troubles = (*Tracker.troubles, self._mlflow.exceptions.MlflowException)
        self._client: Any = None
        self._run = ""
        self._waiting: list[Any] = []

    def _open(self, title: str, settings: dict[str, Any]) -> None:
        place = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{self.folder.resolve()}/mlflow.db"
        self._client = self._mlflow.tracking.MlflowClient(tracking_uri=place)
        known = self._client.get_experiment_by_name(PROJECT)
        experiment = known.experiment_id if known else self._client.create_experiment(PROJECT)
        self._run = self._client.create_run(experiment, run_name=title).info.run_id
        entities = self._mlflow.entities
        params = [entities.Param(name, str(value)[:500]) for name, value in settings.items()]
        for start in range(0, len(params), _BATCH):
            self._client.log_batch(self._run, params=params[start : start + _BATCH])

    def _numbers(self, values: dict[str, float], step: int) -> None:
        now = self._mlflow.utils.time.get_current_time_millis()
        metric = self._mlflow.entities.Metric
        self._waiting += [metric(name, value, now, step) for name, value in values.items()]
        if len(self._waiting) >= _BATCH or QUALITY in values:
            self._send()

    def _results(self, results: dict[str, float]) -> None:
        self._numbers({_plain(name): value for name, value in results.items()}, 0)

    def _close(self) -> None:
        self._send()
        self._client.set_terminated(self._run)

    def _send(self) -> None:
        if self._waiting:
            self._client.log_batch(self._run, metrics=self._waiting)
            self._waiting = []


class WandbTracker(Tracker):
    """A run of the project "warmstart" in Weights & Biases. Needs the extra `tracking`.

    Offline, under `folder/wandb`, unless WANDB_MODE says otherwise; `wandb sync` sends it later.
    """

    name = "Weights & Biases"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._wandb = load_extra("wandb", what=self.name, extra="tracking")
        self.troubles = (*Tracker.troubles, self._wandb.Error)
        self._run: Any = None

    def _open(self, title: str, settings: dict[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._run = self._wandb.init(
            project=PROJECT,
            name=title,
            dir=str(self.folder),
            mode=os.environ.get("WANDB_MODE", "offline"),
            config=settings,
            settings=self._wandb.Settings(silent=True, console="off", disable_code=True, disable_git=True),
        )

    def _numbers(self, values: dict[str, float], step: int) -> None:
        self._run.log(values, step=step)

    def _results(self, results: dict[str, float]) -> None:
        self._run.summary.update(results)

    def _close(self) -> None:
        self._run.finish()


TRACKERS: Final[Mapping[str, type[Tracker]]] = {
    "tensorboard": TensorBoardTracker,
    "mlflow": MlflowTracker,
    "wandb": WandbTracker,
}


def make_trackers(names: Sequence[str], folder: Path) -> list[Tracker]:
    """The trackers of these names; TensorBoard also unasked, where it is installed.

    Errors: `ConfigError` for a name that is none, `MissingExtraError` for one that is not installed.
    """
    unknown = sorted(set(names) - set(TRACKERS))
    if unknown:
        raise ConfigError(
            expected=f"trackers out of {', '.join(TRACKERS)}",
            found=unknown[0],
            todo="Leave it out, or correct the name.",
        )
    always = [] if find_spec("tensorboard") is None else ["tensorboard"]
    return [TRACKERS[name](folder) for name in dict.fromkeys([*always, *names])]


def flat(settings: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """Settings inside settings, by one name each.

    >>> flat({"epochs": 2, "tuning": {"method": "lora"}})
    [('epochs', 2), ('tuning.method', 'lora')]
    """
    found: list[tuple[str, Any]] = []
    for name, value in settings.items():
        found += flat(value, f"{before}{name}.") if isinstance(value, Mapping) else [(before + name, value)]
    return found


def _plain(name: str) -> str:
    """A name of the letters that MLflow takes."""
    return "".join(letter if letter.isalnum() or letter in "_-. /" else "_" for letter in name)
