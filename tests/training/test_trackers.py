"""Trainings kept by others' libraries."""

import json
import warnings
from types import SimpleNamespace
from typing import Any

import pytest

from tests.training.jobs import BagJob
from warmstart.core.errors import ConfigError, MissingExtraError
from warmstart.training import trackers
from warmstart.training.trackers import Tracker, make_trackers
from warmstart.training.trainer import Trainer

SETTINGS = {"trainer": {"epochs": 2, "learning_rate": 0.05}, "shop": "北方书店"}
RESULTS = {"seconds": 1.5, "nDCG@10": 0.25}


def train_with(tracker: Tracker, *others: Any) -> Any:
    tracker.begin("a run", SETTINGS)
    run = Trainer(learning_rate=0.05, batch_size=45, epochs=2).train(BagJob(), watchers=[*others, tracker])
    tracker.results(RESULTS)
    tracker.close()
    return run


def test_tensorboard_has_settings_curves_and_results(tmp_path):
    pytest.importorskip("tensorboard", reason="needs the extra 'adapt'")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = train_with(make_trackers([], tmp_path)[0])
    kept = EventAccumulator(str(tmp_path / "tensorboard"))
    kept.Reload()
    assert [(e.step, e.value) for e in kept.Scalars("loss")] == [
        (step + 1, pytest.approx(loss, rel=1e-6)) for step, loss in enumerate(run.losses)
    ]
    assert [(e.step, e.value) for e in kept.Scalars("quality")] == [
        (step, pytest.approx(quality, rel=1e-6)) for step, quality in run.qualities
    ]
    assert kept.Scalars("result/nDCG@10")[0].value == 0.25
    told = kept.Tensors("settings/text_summary")[0].tensor_proto.string_val[0].decode()
    assert "| trainer.epochs | 2 |" in told
    assert "北方书店" in told


def test_mlflow_has_settings_curves_and_results(tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow", reason="needs the extra 'tracking'")
    place = (tmp_path / "runs").as_uri()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", place)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # a database takes seconds to make
    run = train_with(make_trackers(["mlflow"], tmp_path)[-1])
    client = mlflow.tracking.MlflowClient(tracking_uri=place)
    experiment = client.get_experiment_by_name("warmstart")
    (kept,) = client.search_runs([experiment.experiment_id])
    assert (kept.info.run_name, kept.info.status) == ("a run", "FINISHED")
    assert kept.data.params == {"trainer.epochs": "2", "trainer.learning_rate": "0.05", "shop": "北方书店"}
    history = client.get_metric_history(kept.info.run_id, "loss")
    assert sorted((m.step, m.value) for m in history) == list(enumerate(run.losses, start=1))
    history = client.get_metric_history(kept.info.run_id, "quality")
    assert tuple(sorted((m.step, m.value) for m in history)) == run.qualities
    assert kept.data.metrics["nDCG_10"] == 0.25


def test_weights_and_biases_stays_offline_and_has_it_all(tmp_path, monkeypatch):
    wandb = pytest.importorskip("wandb", reason="needs the extra 'tracking'")
    monkeypatch.delenv("WANDB_MODE", raising=False)
    train_with(make_trackers(["wandb"], tmp_path)[-1])
    wandb.teardown()  # its own process writes the file, and has now ended
    (folder,) = (tmp_path / "wandb").glob("offline-run-*")
    (kept,) = folder.glob("run-*.wandb")
    written = kept.read_bytes()
    for word in ("learning_rate", "quality", "北方书店", "nDCG@10"):
        assert word.encode() in written or json.dumps(word).strip('"').encode() in written


class Fake:
    """A library of which every call is written down, and may fail."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.Error = self.MlflowException = type("Trouble", (Exception,), {})
        self.broken = False

    def noting(self, name: str, answer: Any = None) -> Any:
        def call(*given: Any, **named: Any) -> Any:
            if self.broken:
                raise self.Error("the server is gone")
            self.calls.append((name, given or named))
            return answer

        return call


class Breaking:
    """Breaks a library at the first step."""

    def __init__(self, fake: Fake) -> None:
        self.fake = fake

    def on_step(self, step, loss, learning_rate):
        self.fake.broken = True

    def on_quality(self, step, quality):
        """Nothing."""


def fake_wandb(fake: Fake) -> Any:
    run = SimpleNamespace(
        log=fake.noting("log"),
        finish=fake.noting("finish"),
        summary=SimpleNamespace(update=fake.noting("summary")),
    )
    return SimpleNamespace(init=fake.noting("init", run), Error=fake.Error, Settings=dict)


def fake_mlflow(fake: Fake) -> Any:
    started = SimpleNamespace(info=SimpleNamespace(run_id="r1"))
    client = SimpleNamespace(
        get_experiment_by_name=lambda name: None,
        create_experiment=fake.noting("experiment", "e1"),
        create_run=fake.noting("run", started),
        log_batch=fake.noting("batch"),
        set_terminated=fake.noting("end"),
    )
    return SimpleNamespace(
        exceptions=SimpleNamespace(MlflowException=fake.Error),
        tracking=SimpleNamespace(MlflowClient=lambda tracking_uri: client),
        entities=SimpleNamespace(Param=lambda *p: p, Metric=lambda *m: m),
        utils=SimpleNamespace(time=SimpleNamespace(get_current_time_millis=lambda: 7)),
    )


FAKES = {"wandb": fake_wandb, "mlflow": fake_mlflow}


def with_fake(name, fake, tmp_path, monkeypatch) -> Tracker:
    monkeypatch.setattr(trackers, "load_extra", lambda *_, **__: FAKES[name](fake))
    return trackers.TRACKERS[name](tmp_path)


def test_weights_and_biases_is_told_in_order(tmp_path, monkeypatch):
    monkeypatch.delenv("WANDB_MODE", raising=False)
    fake = Fake()
    run = train_with(with_fake("wandb", fake, tmp_path, monkeypatch))
    (_, first), *steps, (_, results), (last, _) = fake.calls
    assert (first["mode"], first["name"]) == ("offline", "a run")
    assert first["config"]["trainer.epochs"] == 2
    assert [given[0].keys() for _, given in steps if "loss" in given[0]] == [
        {"loss", "learning_rate"}
    ] * run.steps
    assert (results, last) == ((RESULTS,), "finish")


def test_mlflow_is_told_in_batches(tmp_path, monkeypatch):
    fake = Fake()
    run = train_with(with_fake("mlflow", fake, tmp_path, monkeypatch))
    assert [name for name, _ in fake.calls] == [
        "experiment",
        "run",
        "batch",
        *["batch"] * len(run.qualities),
        "batch",
        "end",
    ]


@pytest.mark.parametrize("name", FAKES)
@pytest.mark.parametrize("when", ["before", "within"])
def test_a_tracker_that_fails_warns_once_and_training_goes_on(tmp_path, monkeypatch, name, when):
    fake = Fake()
    tracker = with_fake(name, fake, tmp_path, monkeypatch)
    fake.broken = when == "before"
    breaking = Breaking(fake)
    with pytest.warns(UserWarning, match="the server is gone") as warned:
        run = train_with(tracker, breaking)
    assert (run.stopped, len(warned)) == ("finished", 1)


def test_a_bug_in_a_tracker_is_not_hidden(tmp_path, monkeypatch):
    tracker = with_fake("wandb", Fake(), tmp_path, monkeypatch)
    with pytest.raises(AttributeError):
        tracker.on_step(1, 0.5, 0.1)  # nothing was begun


def test_unknown_trackers_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="tensorbord"):
        make_trackers(["tensorbord"], tmp_path)


def test_a_tracker_that_is_not_installed_names_its_extra(tmp_path, monkeypatch):
    def missing(*_: Any, what: str, extra: str) -> None:
        raise MissingExtraError(what, extra)

    monkeypatch.setattr(trackers, "load_extra", missing)
    with pytest.raises(MissingExtraError, match=r"warmstart\[tracking\]"):
        trackers.MlflowTracker(tmp_path)


def test_nothing_is_tracked_where_nothing_is_asked_for_or_installed(tmp_path, monkeypatch):
    monkeypatch.setattr(trackers, "find_spec", lambda name: None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert make_trackers([], tmp_path) == []
