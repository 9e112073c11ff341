"""What the tests run in several processes: importable, as it must be to be sent there."""

import contextlib
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.training.jobs import Bag, BagJob, torch
from warmstart.core.errors import WarmstartError
from warmstart.training.trainer import Trainer

BASE: dict[str, Any] = {"learning_rate": 0.05, "batch_size": 13, "epochs": 2, "checkpoint_every": 3}
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "in parts": {"accumulate": 4},
    "one at a time": {"batch_size": 1, "max_steps": 9},
    "adversary": {"adversary": "pgd", "radius": 0.3, "accumulate": 2},
    "averaged": {"average": "ema", "optimiser": "sgd", "learning_rate": 0.5},
    "adafactor": {"optimiser": "adafactor"},
    "bfloat16": {"precision": "bfloat16"},
    "patience": {"epochs": 30, "patience": 2},
    "sharded": {"parallel": "sharded"},
    "sharded in parts": {"parallel": "sharded", "accumulate": 4, "batch_size": 3, "max_steps": 12},
    "sharded averaged": {"parallel": "sharded", "average": "swa", "optimiser": "sgd", "learning_rate": 0.5},
    "sharded adversary": {"parallel": "sharded", "adversary": "fgm", "radius": 0.3, "consistency": 0.5},
    "sharded blocks": {"parallel": "sharded", "gradient_checkpointing": True},
}
CRASHED = ("plain", "averaged", "sharded", "sharded averaged")


class StopHere(Exception):
    """Stands for a crash."""


class CrashingJob(BagJob):
    """Every process stops after the same step."""

    def after_step(self, step):
        super().after_step(step)
        if step == 8:
            raise StopHere


def trainer(name: str) -> Trainer:
    return Trainer(**{**BASE, **SETTINGS[name]})


def job_for(name: str, kind: type[BagJob] = BagJob) -> BagJob:
    """Without chance inside the network, so that one process and several do the same sums."""
    job = kind(examples=121)
    if "blocks" in name:
        job.model = stack()
    job.model.dropout.p = 0.0
    if name == "patience":
        job.judge = judged_by_length
    job.model.spare = torch.nn.Parameter(torch.ones(3, 2))  # something that this job leaves aside
    return job


def judged_by_length(model):
    """Gets worse the longer it learns, and differs between processes unless one of them judges."""
    return -float(model.answer.weight.detach().norm()) - int(os.environ.get("LOCAL_RANK", "0"))


class Block(torch.nn.Module):  # type: ignore[misc]  # torch is not read by mypy here
    """A layer that a stack repeats."""

    def __init__(self) -> None:
        super().__init__()
        self.change = torch.nn.Linear(8, 8)

    def forward(self, x):
        return x + torch.tanh(self.change(x))


class Stack(Bag):
    """A bag with blocks between words and answer, and weights that are two layers' own."""

    def __init__(self) -> None:
        super().__init__(30, 3)
        self.blocks = torch.nn.ModuleList([Block(), Block()])
        self.words_again = torch.nn.Linear(8, 30, bias=False)
        self.words_again.weight = self.words.weight
        self.recomputes = False
        self.recomputed = 0
        self.own_hooks: list[str] = []  # a name that torch gives to others

    def gradient_checkpointing_enable(self, gradient_checkpointing_kwargs):
        self.recomputes = not gradient_checkpointing_kwargs["use_reentrant"]

    def gradient_checkpointing_disable(self):
        self.recomputes = False

    def forward(self, ids):
        x = self.words(ids)
        for block in self.blocks:
            if self.recomputes and self.training:
                self.recomputed += 1
                x = torch.utils.checkpoint.checkpoint(block, x, use_reentrant=False)
            else:
                x = block(x)
        return self.answer(x.mean(dim=1))


def stack() -> Stack:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Stack()


class Seen:
    """What a watcher was told."""

    def __init__(self) -> None:
        self.steps: list[int] = []
        self.qualities: list[tuple[int, float]] = []

    def on_step(self, step, loss, learning_rate):
        self.steps.append(step)

    def on_quality(self, step, quality):
        self.qualities.append((step, quality))


def all_of_it(say, folder: Path) -> None:
    """Every training of `SETTINGS`, some again after a crash, and what must be refused."""
    rank = int(os.environ["LOCAL_RANK"])
    for name in SETTINGS:
        seen, job = Seen(), job_for(name)
        run = trainer(name).train(job, checkpoints=folder / name, watchers=[seen])
        kinds = sorted({type(part).__name__ for part in job.model.modules()})
        tied = "blocks" not in name or job.model.words_again.weight is job.model.words.weight
        told = {"rank": rank, "steps": len(seen.steps), "looks": len(seen.qualities), "kinds": kinds}
        told |= {"tied": tied, "plain": all(type(p) is torch.nn.Parameter for p in job.model.parameters())}
        say("trained", name, told, asdict(run), job.weights(), len(job.drawn))
    for name in CRASHED:
        crash(name, folder / f"{name} crashed")
        job = job_for(name)
        trainer(name).train(job, checkpoints=folder / f"{name} crashed")
        say("resumed", name, job.weights(), len(job.steps_seen), len(job.drawn))
    crash("sharded", folder / "handed over")
    say("refused", refused())
    say("end")


def crash(name: str, folder: Path) -> None:
    """A training that stops in the middle."""
    with contextlib.suppress(StopHere):
        trainer(name).train(job_for(name, CrashingJob), checkpoints=folder)


def refused() -> str:
    """What is said when processes begin with different weights."""
    job = BagJob(seed=int(os.environ["LOCAL_RANK"]))
    try:
        trainer("plain").train(job)
    except WarmstartError as error:
        return str(error)
    return "nothing"
