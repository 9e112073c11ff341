"""What a training did: curves, cost, and why it stopped."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Stopped = Literal["finished", "patience", "budget"]


@dataclass(frozen=True, kw_only=True)
class TrainingRun:
    """The report of one training.

    `losses` has the mean loss of every step, `qualities` pairs of step and quality on what was held back;
    step 0 is the network as it came. `best_step` is the step whose weights were kept: 0 means that
    training helped nothing and the network is as it was. `peak_rss_mb` is that of the process while it
    trained, `cuda_mb` that of the GPU; of several processes, their sum. `device` is "cpu" or "cuda".
    """

    steps: int
    epochs: float
    best_step: int
    best_quality: float | None
    stopped: Stopped
    losses: tuple[float, ...]
    qualities: tuple[tuple[int, float], ...]
    seconds: float
    peak_rss_mb: float | None
    cuda_mb: float | None
    trained_parameters: int
    all_parameters: int
    processes: int = 1
    device: str = "cpu"

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)
