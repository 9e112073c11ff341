"""Trainings in two processes."""

import multiprocessing
from typing import Any

import numpy as np
import pytest

from warmstart.core.errors import ConfigError, InputError
from warmstart.training.launch import _FAILED, _listen, run_in_processes
from warmstart.training.ranks import Ranks, joined
from warmstart.training.trainer import Trainer

torch = pytest.importorskip("torch", reason="needs the extra 'lm'")

from tests.training import processes  # noqa: E402
from tests.training.jobs import BagJob  # noqa: E402

NAMES = list(processes.SETTINGS)
LOOSE = {"bfloat16": 0.02}
"""Rounding differs with the size of a part."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("checkpoints")


@pytest.fixture(scope="module")
def told(folder) -> dict[str, list[Any]]:
    """What two processes said of all they did; at the end the plug is pulled on them."""
    found: dict[str, list[Any]] = {"trained": [], "resumed": [], "refused": [], "end": []}

    def heard(kind, *values):
        found[kind].append(values)
        if len(found["end"]) == 2:
            raise processes.StopHere

    with pytest.raises(processes.StopHere):
        run_in_processes(processes.all_of_it, folder, processes=2, heard=heard)
    assert multiprocessing.active_children() == []
    return found


def near(one, other, tolerance=2e-6) -> bool:
    return one.keys() == other.keys() and all(
        np.allclose(one[name], other[name], atol=tolerance) for name in one
    )


@pytest.mark.parametrize("name", NAMES)
def test_two_processes_end_with_the_weights_of_one(told, name):
    job = processes.job_for(name)
    before = job.weights()
    run = processes.trainer(name).train(job)
    both = [values[1:] for values in told["trained"] if values[0] == name]
    assert sorted(said["rank"] for said, *_ in both) == [0, 1]
    for _, other, weights, read in both:
        assert near(weights, job.weights(), LOOSE.get(name, 2e-6))
        assert np.allclose(other["losses"], run.losses, atol=LOOSE.get(name, 2e-6))
        assert (other["stopped"], other["best_step"]) == (run.stopped, run.best_step)
        assert (other["processes"], run.processes) == (2, 1)
        assert other["trained_parameters"] == run.trained_parameters
        assert read == len(job.drawn) or "in parts" in name
    assert near(before, job.weights()) == (run.best_step == 0)


def test_only_the_first_process_is_watched_and_the_network_comes_back_whole(told):
    for name, said, run, *_ in told["trained"]:
        expected = (run["steps"], len(run["qualities"])) if said["rank"] == 0 else (0, 0)
        assert (said["steps"], said["looks"]) == expected, name
        assert not any(kind.startswith("FSDP") for kind in said["kinds"])
        assert said["plain"]
        assert said["tied"]


def test_one_judge_decides_when_to_stop(told):
    runs = [run for name, _, run, *_ in told["trained"] if name == "patience"]
    assert [run["stopped"] for run in runs] == ["patience"] * 2
    assert runs[0]["qualities"] == runs[1]["qualities"]


@pytest.mark.parametrize("name", processes.CRASHED)
def test_two_processes_go_on_after_a_crash_as_if_nothing_had_been(told, name):
    whole = next(weights for known, _, _, weights, _ in told["trained"] if known == name)
    again = [values[1:] for values in told["resumed"] if values[0] == name]
    assert len(again) == 2
    for weights, steps, read in again:
        assert near(weights, whole, 0.0)
        assert read == steps - 6  # from the last checkpoint


def test_one_process_goes_on_where_two_have_stopped(told, folder):
    whole = next(weights for known, _, _, weights, _ in told["trained"] if known == "sharded")
    job = processes.job_for("sharded")
    processes.trainer("sharded").train(job, checkpoints=folder / "handed over")
    assert len(job.drawn) == len(job.steps_seen) - 6
    assert near(job.weights(), whole)


def test_processes_that_begin_differently_are_refused(told):
    assert ["the same training in every process" in text for (text,) in told["refused"]] == [True, True]


def test_a_trainer_starts_its_processes_itself(tmp_path):
    alone, job, seen = processes.job_for("plain"), processes.job_for("plain"), processes.Seen()
    trainer = processes.trainer("plain")
    trainer.train(alone)
    trainer.processes = 2
    run = trainer.train(job, checkpoints=tmp_path, watchers=[seen])
    assert near(job.weights(), alone.weights())
    assert (run.processes, run.device, job.model.training) == (2, "cpu", False)
    assert seen.steps == list(range(1, run.steps + 1))
    assert tuple(seen.qualities) == run.qualities
    assert multiprocessing.active_children() == []


def test_a_job_that_cannot_be_sent_is_an_error():
    with pytest.raises(InputError, match="sent to another process"):
        Trainer(processes=2).train(BagJob(judge=lambda model: 0.0))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((_FAILED, "it broke"), ChildProcessError),
        ((_FAILED, ConfigError(expected="a", found="b", todo="c")), ConfigError),
    ],
    ids=["a bug", "an error of ours"],
)
def test_what_fails_in_a_process_is_raised_here(words, expected):
    ear, mouth = multiprocessing.Pipe(duplex=False)
    mouth.send(("on_step", 1))
    mouth.send(words)
    heard: list[Any] = []
    with pytest.raises(expected):
        _listen([ear], lambda *told: heard.append(told))
    assert heard == [("on_step", 1)]


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("accumulate", [1, 2, 5])
@pytest.mark.parametrize("size", [1, 2, 7])
def test_processes_share_a_step_without_rest(size, accumulate, count):
    chosen = np.arange(size) * 3
    parts = [Ranks(torch, None, rank, count).parts(chosen, accumulate) for rank in range(count)]
    assert len({len(own) for own in parts}) == 1  # each waits for the others as often as they for it
    told = [(place, share / len(part)) for own in parts for part, share in own if share for place in part]
    assert [place for place, _ in told] == chosen.tolist()
    assert all(share == pytest.approx(1 / size) for _, share in told)


@pytest.mark.parametrize("wrong", [{"optimiser": "adafactor"}, {"precision": "float16"}], ids=str)
def test_what_cannot_be_divided_is_refused(wrong):
    with pytest.raises(ConfigError, match="divided"):
        Trainer(parallel="sharded", **wrong)


def test_a_process_that_a_launcher_started_joins_the_others(monkeypatch):
    dist = torch.distributed
    began: list[str] = []
    for name, value in {"RANK": "1", "WORLD_SIZE": "3", "MASTER_ADDR": "here", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(dist, "init_process_group", began.append)
    monkeypatch.setattr(dist, "get_rank", lambda: 1)
    monkeypatch.setattr(dist, "get_world_size", lambda: 3)
    monkeypatch.setattr(dist, "destroy_process_group", lambda: began.append("and left"))
    with joined(torch, BagJob().model) as ranks:
        assert (ranks.rank, ranks.count, ranks.first) == (1, 3, False)
    assert began == ["gloo", "and left"]


def test_a_process_alone_joins_nobody(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "4")  # a cluster says so without naming where to meet
    with joined(torch, BagJob().model) as ranks:
        assert (ranks.rank, ranks.count, ranks.first) == (0, 1, True)
