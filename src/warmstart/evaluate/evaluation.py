"""The result of an evaluation, as a value that goes to JSON and back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
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

    `p_holm` is adjusted for its family: the comparisons with the strongest of the others (`strongest`),
    or those with all of them; the verdict is a tie unless it is below .05. `effect` is the mean
    difference of a case in units of its standard deviation over cases (Cohen's d for pairs), None when
    all differences are equal. `wins`, `ties` and `losses` count cases.
    """

    method: str
    against: str
    strongest: bool
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
    effect: float | None
    wins: int
    ties: int
    losses: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Replicates:
    """Bootstrap replicates of one pooled number, so that two runs can be compared later.

    Runs on the same cases (equal `Evaluation.fingerprint`) draw the same weights: the difference of
    their replicates is paired.
    """

    method: str
    shots: int | None
    candidates: str
    metric: str
    values: tuple[float, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tuning:
    """How a method came to its settings on one seed: trials on an inner split of the training data.

    `score` is the inner value of the chosen `settings` (only what was searched), `default_score` that of
    the defaults, which are always the first trial; `seconds` is what the search took.
    """

    method: str
    seed: int
    metric: str
    trials: int
    seconds: float
    default_score: float
    score: float
    settings: dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Exposure:
    """How often items of one brand or category are listed: share of all places, and of all targets."""

    method: str
    shots: int | None
    candidates: str
    facet: str
    value: str
    shown: float
    wanted: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Reliability:
    """One bin of a reliability curve: what the method said on average, and how often it was right."""

    method: str
    shots: int | None
    confidence: float
    accuracy: float
    cases: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """One place of a list in a `Story`: what it shows, and its gain (0 for a miss, None for unjudged)."""

    title: str
    gain: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """One case that can be read: what was asked, what was wanted, what each of two methods answered.

    `kind` says why it was chosen: "loss" and "win" of the method in focus against the strongest of the
    others, or "worst", where neither found much.
    """

    kind: Literal["loss", "win", "worst"]
    seed: int
    shots: int | None
    candidates: str
    metric: str
    name: str
    asked: tuple[str, ...]
    wanted: tuple[str, ...]
    values: dict[str, float]
    lists: dict[str, tuple[Listed, ...]]


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """All numbers of one run: tidy rows, costs, comparisons, and where and how it ran."""

    protocol: str
    dataset: str
    rows: tuple[Row, ...]
    cost: tuple[Cost, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    tunings: tuple[Tuning, ...] = ()
    replicates: tuple[Replicates, ...] = ()
    exposures: tuple[Exposure, ...] = ()
    reliability: tuple[Reliability, ...] = ()
    stories: tuple[Story, ...] = ()
    warnings: tuple[str, ...] = ()
    cut: str = "random"
    fingerprint: str = ""
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

    @property
    def verdicts(self) -> tuple[Comparison, ...]:
        """The comparisons with the strongest of the others."""
        return tuple(comparison for comparison in self.comparisons if comparison.strongest)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        from pydantic import TypeAdapter

        plain: dict[str, Any] = TypeAdapter(type(self)).dump_python(self, mode="json")
        return plain

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Take back what `to_dict` gave."""
        from pydantic import TypeAdapter, ValidationError

        try:
            return TypeAdapter(cls).validate_python(values)
        except ValidationError as error:
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
