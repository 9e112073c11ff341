"""The result of an evaluation, as a value that goes to JSON and back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, Self

from warmstart.core.errors import InputError

ALL_SEEDS: Final = "all"
Verdict = Literal["better", "tie", "worse"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One number. `seed` "all" pools the cases of every seed; `low` and `high` bound 95 %, None without."""

    method: str
    seed: int | str
    shots: int | None
    candidates: str
    metric: str
    value: float
    low: float | None
    high: float | None
    cases: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What a method costs: seconds to fit (mean over seeds), milliseconds per question and per event.

    `update_ms` is None where a method keeps no state per user. `peak_rss_mb` is the peak of the process
    that ran the method; methods run in one process (workers=1) share it.
    """

    method: str
    fit_s: float
    query_ms_p50: float
    query_ms_p99: float
    update_ms_p50: float | None
    update_ms_p99: float | None
    peak_rss_mb: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Paired difference of a method and the best of the others, on the same cases, all seeds pooled.

    `p_holm` is adjusted for all comparisons of the run; the verdict is a tie unless it is below .05.
    """

    method: str
    against: str
    shots: int | None
    candidates: str
    metric: str
    difference: float
    relative: float | None
    low: float
    high: float
    p: float
    p_holm: float
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """All numbers of one run: tidy rows, costs, comparisons, and where and how it ran."""

    protocol: str
    dataset: str
    rows: tuple[Row, ...]
    cost: tuple[Cost, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    environment: dict[str, Any] = field(default_factory=dict)
    command: str = ""

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the methods, in the order in which they were asked for."""
        return tuple(dict.fromkeys(row.method for row in self.rows))

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics, the main one first."""
        return tuple(dict.fromkeys(row.metric for row in self.rows))

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, without the pooled "all"."""
        return tuple(dict.fromkeys(row.seed for row in self.rows if isinstance(row.seed, int)))

    def select(self, *, seed: int | str = ALL_SEEDS, **wanted: Any) -> tuple[Row, ...]:
        """The rows whose fields have these values, those of all seeds pooled unless told otherwise.

        `evaluation.select(metric="nDCG@20", candidates="cold", shots=1)`
        """
        return tuple(
            row
            for row in self.rows
            if row.seed == seed and all(getattr(row, name) == value for name, value in wanted.items())
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            "protocol": self.protocol,
            "dataset": self.dataset,
            "rows": [asdict(row) for row in self.rows],
            "cost": [asdict(cost) for cost in self.cost],
            "comparisons": [asdict(comparison) for comparison in self.comparisons],
            "environment": self.environment,
            "command": self.command,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Take back what `to_dict` gave."""
        try:
            return cls(
                protocol=values["protocol"],
                dataset=values["dataset"],
                rows=tuple(Row(**row) for row in values["rows"]),
                cost=tuple(Cost(**cost) for cost in values["cost"]),
                comparisons=tuple(Comparison(**row) for row in values.get("comparisons", ())),
                environment=values["environment"],
                command=values["command"],
            )
        except (KeyError, TypeError) as error:
            raise InputError(
                expected="an evaluation as written by 'warmstart evaluate --json'",
                found=f"a mismatch: {error}",
                todo="Run the evaluation again with this version.",
            ) from error

    def to_json(self, path: str | Path) -> None:
        """Write to a file."""
        text = json.dumps(self.to_dict(), ensure_ascii=False, indent=1, allow_nan=False)
        Path(path).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def from_json(cls, path: str | Path) -> Self:
        """Read from a file."""
        try:
            values = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(
                expected="a JSON file", found=f"'{path}': {error}", todo="Check the path."
            ) from error
        return cls.from_dict(values)
