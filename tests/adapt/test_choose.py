"""Settings chosen by trying them."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from warmstart.adapt import choose as choosing
from warmstart.adapt.choose import Choice, by_training, choose
from warmstart.core.component import Component
from warmstart.core.errors import ArtifactError, ConfigError, InputError
from warmstart.core.tunable import tunable
from warmstart.training.trainer import Trainer

pytest.importorskip("optuna", reason="needs the extra 'adapt'")


@dataclass(kw_only=True)
class Hill(Component):
    """Has its top at 0.8, away from its default; refuses what is above 0.95."""

    place: float = tunable(0.1, low=0.0, high=1.0)
    shape: str = tunable("flat", choices=("flat", "steep"))
    colour: str = "green"

    @property
    def height(self) -> float:
        if self.place > 0.95:
            raise ConfigError(expected="a place", found="a cliff", todo="Go back.")
        return 1.0 - abs(self.place - 0.8) * (2.0 if self.shape == "steep" else 1.0)


class Climb:
    """A measure that climbs in four looks, and counts how often it was asked."""

    def __init__(self, crash_at: int | None = None) -> None:
        self.asked = 0
        self.crash_at = crash_at

    def __call__(self, parts, watcher) -> float:
        if self.asked == self.crash_at:
            raise KeyboardInterrupt
        self.asked += 1
        height: float = parts["hill"].height
        for look in range(5):
            watcher.on_step(look + 1, 0.0, 0.1)
            watcher.on_quality(look, height * look / 4)
        return height


def search(measure: Any = None, **more: Any) -> Choice:
    given = {"seconds": 60.0, "trials": 20, "seed": 3, **more}
    return choose({"hill": Hill()}, measure or Climb(), **given)


def plain(choice: Choice) -> list[Any]:
    return [(trial.settings, trial.state, trial.quality, trial.looks) for trial in choice.trials]


def test_better_settings_are_found_and_every_trial_is_told():
    found = search()
    first, best = found.trials[0], found.trials[found.best]
    assert first.settings == {"hill.place": 0.1, "hill.shape": "flat"}
    assert first.state == "finished"
    assert first.quality == pytest.approx(0.3)
    assert found.quality == best.quality == max(t.quality for t in found.trials if t.quality is not None)
    assert found.gain == pytest.approx(found.quality - 0.3)
    assert found.gain > 0.4
    hill = found.parts["hill"]
    assert isinstance(hill, Hill)
    assert (hill.height, hill.colour) == (found.quality, "green")
    assert (len(found.trials), found.stopped) == (20, "trials")
    told = json.loads(json.dumps(found.as_dict()))
    assert told["best"] == best.settings
    assert len(told["trials"]) == 20


def test_trials_worse_than_most_are_cut_short():
    found = search()
    pruned = [trial for trial in found.trials if trial.state == "pruned"]
    assert pruned
    assert all(2 < len(trial.looks) < 5 and trial.quality is None for trial in pruned)
    assert all(trial.state == "finished" for trial in found.trials[:1])


def test_the_same_seed_tries_the_same_and_another_seed_something_else():
    assert plain(search()) == plain(search())
    assert plain(search()) != plain(search(seed=4))


@pytest.mark.parametrize("crash_at", [0, 1, 7])
def test_a_search_that_was_interrupted_ends_as_it_would_have(tmp_path, crash_at):
    study = tmp_path / "deep" / "study.json"
    with pytest.raises(KeyboardInterrupt):
        search(Climb(crash_at), study=study)
    measure = Climb()
    found = search(measure, study=study)
    assert measure.asked == 20 - crash_at
    assert plain(found) == plain(search())
    assert [path.name for path in study.parent.iterdir()] == ["study.json"]
    measure = Climb()
    assert plain(search(measure, study=study)) == plain(found)
    assert measure.asked == 0


@pytest.mark.parametrize("more", [{"seed": 4}, {"only": ["hill.place"]}], ids=str)
def test_the_study_of_another_search_is_refused(tmp_path, more):
    search(study=tmp_path / "study.json", trials=1)
    with pytest.raises(ArtifactError, match="another"):
        search(study=tmp_path / "study.json", **more)


def test_only_what_is_named_is_searched():
    found = search(only=["hill.place"], trials=5)
    assert all(trial.settings.keys() == {"hill.place"} for trial in found.trials)
    hill = found.parts["hill"]
    assert isinstance(hill, Hill)
    assert hill.shape == "flat"


@pytest.mark.parametrize("only", [["hill.colour"], []], ids=str)
def test_what_has_no_range_cannot_be_searched(only):
    with pytest.raises(ConfigError, match=r"hill\.place"):
        search(only=only)


class Clock:
    """Ten seconds pass at every glance."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        self.now += 10.0
        return self.now


def test_the_time_ends_a_search_but_never_the_defaults(monkeypatch):
    monkeypatch.setattr(choosing, "time", Clock())
    found = search(seconds=100.0)
    assert [trial.state for trial in found.trials] == ["finished", "out of time"]
    assert (found.stopped, found.best) == ("budget", 0)
    assert found.gain == 0.0
    assert search(seconds=1e-9).stopped == "budget"


def test_settings_that_are_refused_are_trials_that_failed():
    found = search(trials=40, only=["hill.place"])
    failed = [trial for trial in found.trials if trial.state == "failed"]
    assert failed
    assert all("a cliff" in trial.reason and trial.settings["hill.place"] > 0.95 for trial in failed)


@pytest.mark.parametrize("quality", [float("nan"), float("inf")])
def test_defaults_that_fail_are_an_error(quality):
    with pytest.raises(InputError, match="quality of"):
        search(lambda parts, watcher: quality)


def test_of_equal_trials_the_defaults_win():
    assert search(lambda parts, watcher: 0.5, trials=3).best == 0


def test_a_bug_is_no_failed_trial():
    def broken(parts, watcher):
        raise IndexError

    with pytest.raises(IndexError):
        search(broken)


def test_trainings_are_chosen_by_the_quality_they_come_to():
    pytest.importorskip("torch", reason="needs the extra 'lm'")
    from tests.training.jobs import BagJob

    parts = {"trainer": Trainer(learning_rate=1e-5, batch_size=32, epochs=2, patience=9)}
    only = ["trainer.learning_rate"]
    found = choose(parts, by_training(lambda _: BagJob()), seconds=60, trials=4, only=only)
    assert found.trials[0].quality == found.trials[0].looks[0]  # the defaults hardly move
    assert len(found.trials[0].looks) == 3
    assert found.gain >= 0
    with pytest.raises(InputError, match="holds something back"):
        choose(parts, by_training(lambda _: BagJob(held=False)), seconds=60, trials=1)
    with pytest.raises(InputError, match="Hill"):
        choose({"trainer": Hill()}, by_training(lambda _: BagJob()), seconds=60)
