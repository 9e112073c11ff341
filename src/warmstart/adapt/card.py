"""The card of a training: what it learned from, how, what came out and what it cost."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from warmstart.core.artifact import read_json, write_json
from warmstart.core.component import Component
from warmstart.core.errors import ArtifactError
from warmstart.training.run import TrainingRun
from warmstart.training.trackers import flat

CARD_FILE, PAGE_FILE = "card.json", "card.html"
FORMAT: Final = 1
_NAMED: Final = (
    "warmstart",
    "numpy",
    "torch",
    "transformers",
    "sentence-transformers",
    "peft",
    "tokenizers",
    "optuna",
    "onnxruntime",
)


@dataclass(frozen=True, kw_only=True)
class CardMetric:
    """A number of the report, with its interval; `before` is that of the network as it came.

    `gain_low` and `gain_high` hold the paired interval of what was gained, where it was measured.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    before: float | None = None
    gain_low: float | None = None
    gain_high: float | None = None


@dataclass(frozen=True, kw_only=True)
class Card:
    """All that must be known of a training to judge it and to do it again.

    `data` has the fingerprint and the sizes of what was learned from, `settings` those of every part by
    its name, `seeds` whatever among them is one, `run` the curves and the cost. `notes` are sentences for
    the reader, such as why a candidate was refused.
    """

    title: str
    made: str
    data: Mapping[str, Any]
    settings: Mapping[str, Mapping[str, Any]]
    seeds: Mapping[str, int]
    versions: Mapping[str, str]
    run: TrainingRun
    metrics: tuple[CardMetric, ...] = ()
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {"format": FORMAT, **asdict(self)}


def card_of(
    run: TrainingRun,
    *,
    title: str,
    data: Mapping[str, Any],
    settings: Mapping[str, Component | Mapping[str, Any]],
    metrics: Sequence[CardMetric] = (),
    notes: Sequence[str] = (),
) -> Card:
    """The card of a training that was done just now, in this environment."""
    plain = plain_settings(settings)
    return Card(
        title=title,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        data=dict(data),
        settings=plain,
        seeds={name: value for name, value in flat(plain) if name.rpartition(".")[2] == "seed"},
        versions=versions(),
        run=run,
        metrics=tuple(metrics),
        notes=tuple(notes),
    )


def plain_settings(parts: Mapping[str, Component | Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The settings of parts by their names, as plain values."""
    return {
        name: part.settings() if isinstance(part, Component) else dict(part) for name, part in parts.items()
    }


def write_card(folder: Path, card: Card, *, language: str = "en") -> None:
    """Write `card.json` and `card.html`, a page that needs no server, in English or Chinese ("zh")."""
    from warmstart.adapt.card_page import render_card

    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / CARD_FILE, card.as_dict())
    (folder / PAGE_FILE).write_text(render_card(card, language=language), encoding="utf-8")


def read_card(folder: Path) -> Card:
    """Read back what `write_card` wrote. Errors: `ArtifactError` when it is missing, damaged or too new."""
    told = read_json(folder / CARD_FILE)
    try:
        if told.pop("format") != FORMAT:
            raise ValueError("another format")
        run = told.pop("run")
        run["losses"] = tuple(run["losses"])
        run["qualities"] = tuple((step, quality) for step, quality in run["qualities"])
        metrics = tuple(CardMetric(**metric) for metric in told.pop("metrics"))
        notes = tuple(told.pop("notes"))
        return Card(**told, run=TrainingRun(**run), metrics=metrics, notes=notes)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ArtifactError(
            expected=f"the card of a training in {folder / CARD_FILE}",
            found=f"something else ({error})",
            todo="Train again, or upgrade warmstart if a newer one wrote it.",
        ) from error


def fingerprint(parts: Iterable[str]) -> str:
    """A name for texts in their order: the same texts have the same, any change another.

    >>> fingerprint(["lamp", "灯"]) == fingerprint(["lamp", "灯"]) != fingerprint(["lamp灯"])
    True
    """
    digest = hashlib.blake2b(digest_size=12)
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "little"))
        digest.update(encoded)
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """The versions of Python and of those libraries that a training depends on."""
    found = {"python": platform.python_version()}
    for name in _NAMED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
