"""Several processes on this machine from one call, without a launcher."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import chain
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from warmstart.core.artifact import read_state, write_state
from warmstart.core.errors import InputError, WarmstartError
from warmstart.core.extras import load_torch
from warmstart.training.averaging import put, trained_tensors
from warmstart.training.checkpoints import arrays, like_own
from warmstart.training.job import TrainingJob
from warmstart.training.run import TrainingRun
from warmstart.training.watcher import Watcher

if TYPE_CHECKING:
    from warmstart.training.trainer import Trainer

Say = Callable[..., None]
Work = Callable[..., None]

_FAILED: Final = "failed"


def run_in_processes(
    work: Work, *given: Any, processes: int, heard: Callable[..., None], backend: str = "gloo"
) -> None:
    """Call `work(say, *given)` in so many processes at once, which are joined as torch's default group.

    What a process gives to `say` (plain values, arrays) comes to `heard` here, one call each. `work` and
    what it is given must be importable and sendable. When a process fails, or `heard` raises, all are
    ended and the error is raised here.
    """
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder, _surroundings(processes):
        meeting = (Path(folder) / "meeting").as_uri()
        members, lines = [], []
        try:
            for rank in range(processes):
                ear, mouth = context.Pipe(duplex=False)
                seat = _Seat(rank, processes, meeting, backend, mouth)
                member = context.Process(target=_member, args=(seat, work, given), daemon=True)
                _start(member, given)
                mouth.close()
                members.append(member)
                lines.append(ear)
            _listen(lines, heard)
        finally:
            for member in members:
                member.terminate()
                member.join()


def _start(member: Any, given: Sequence[Any]) -> None:
    try:
        member.start()
    except (AttributeError, TypeError) as error:
        kinds = ", ".join(type(value).__name__ for value in given)
        raise InputError(
            expected="what can be sent to another process",
            found=f"{kinds}: {error}",
            todo="Keep functions without a name, open files and the like out of it, or use torchrun.",
        ) from error


def _listen(lines: list[Connection], heard: Callable[..., None]) -> None:
    """Until every process has hung up. Errors: that of the first that failed."""
    open_lines = list(lines)
    while open_lines:
        for line in wait(open_lines):
            if not isinstance(line, Connection):  # wait may also watch sockets and handles
                continue
            try:
                kind, *values = line.recv()
            except EOFError:
                open_lines.remove(line)
                continue
            if kind == _FAILED:
                raise values[0] if isinstance(values[0], WarmstartError) else ChildProcessError(values[0])
            heard(kind, *values)


@dataclass(frozen=True)
class _Seat:
    """A process's place among the others, and how it speaks."""

    rank: int
    count: int
    meeting: str
    backend: str
    mouth: Connection


def _member(seat: _Seat, work: Work, given: Sequence[Any]) -> None:
    """The life of one process."""
    os.environ["LOCAL_RANK"] = str(seat.rank)
    try:
        dist = load_torch("several processes").distributed
        dist.init_process_group(
            seat.backend, init_method=seat.meeting, rank=seat.rank, world_size=seat.count
        )
        work(lambda *words: seat.mouth.send(words), *given)
        dist.barrier()  # none leaves while others still speak to it
        dist.destroy_process_group()
    except WarmstartError as error:
        seat.mouth.send((_FAILED, error))
    except BaseException:
        seat.mouth.send((_FAILED, f"process {seat.rank} of {seat.count}: {traceback.format_exc()}"))
        raise
    finally:
        seat.mouth.close()


@contextmanager
def _surroundings(processes: int) -> Iterator[None]:
    """For as long as this lasts new processes share the cores and do not chat, unless the user wants it."""
    wanted = {
        "OMP_NUM_THREADS": str(max((os.cpu_count() or 1) // processes, 1)),
        "TORCH_CPP_LOG_LEVEL": "ERROR",  # it warns that looking for weights without gradients costs time
    }
    added = {name: value for name, value in wanted.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def train_in_processes(
    trainer: Trainer, job: TrainingJob, checkpoints: Path | None, watchers: Sequence[Watcher]
) -> TrainingRun:
    """Train a job on the trainer's number of processes; its network here gets the weights."""
    torch = load_torch(type(trainer).__name__)
    told: dict[str, Any] = {}

    def heard(kind: str, *values: Any) -> None:
        if kind == "run":
            told.update(values[0])
        else:
            for watcher in watchers:
                getattr(watcher, kind)(*values)

    backend = "nccl" if job.device.type == "cuda" else "gloo"
    with tempfile.TemporaryDirectory() as folder:
        given = (trainer, job, checkpoints, Path(folder))
        run_in_processes(_train, *given, processes=trainer.processes, heard=heard, backend=backend)
        state = read_state(Path(folder))
        put(torch, job.model, like_own(torch, state["weights"], trained_tensors(job.model)))
    job.model.eval()
    return TrainingRun(**told)


def _train(say: Say, trainer: Trainer, job: TrainingJob, checkpoints: Path | None, folder: Path) -> None:
    """What each process does."""
    for weights in chain(job.model.parameters(), job.model.buffers()):
        weights.data = weights.data.clone()  # what was sent is shared with every other process
    dist = load_torch(type(trainer).__name__).distributed
    dist.barrier()
    run = trainer.train(job, checkpoints=checkpoints, watchers=[_Relay(say)])
    if dist.get_rank() == 0:
        write_state(folder, {"weights": arrays(trained_tensors(job.model))})
        say("run", asdict(run))


class _Relay:
    """Tells the process that began it all."""

    def __init__(self, say: Say) -> None:
        self._say = say

    def on_step(self, step: int, loss: float, learning_rate: float) -> None:
        self._say("on_step", step, loss, learning_rate)

    def on_quality(self, step: int, quality: float) -> None:
        self._say("on_quality", step, quality)
