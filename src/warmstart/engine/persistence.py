"""An engine in a folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from warmstart.core import registry
from warmstart.core.artifact import (
    current_version,
    read_json,
    read_state,
    write_json,
    write_state,
    write_version,
)
from warmstart.core.errors import ArtifactError
from warmstart.data.dataset import Dataset
from warmstart.data.schema import TABLES
from warmstart.engine.packed_events import PackedEvents
from warmstart.engine.settings import EngineSettings
from warmstart.engine.stages import Stages
from warmstart.recommend.complement.scorer import ComplementScorer
from warmstart.roles.encoder import Encoder

MANIFEST = "manifest.json"
EVENTS = "events"


@dataclass(frozen=True)
class Saved:
    """What a folder holds; `log` are the events of `dataset` where it was read without them."""

    dataset: Dataset
    since: pl.DataFrame
    settings: EngineSettings
    stages: Stages
    notes: Mapping[str, Any] = field(default_factory=dict)
    log: PackedEvents | None = None

    def shop(self) -> Dataset:
        """The whole shop: with the events that it was learned from, and those that came since."""
        fitted = self.dataset.events if self.log is None else self.log.frame()
        return self.dataset.having(events=pl.concat([fitted, self.since]))


def save(folder: Path, saved: Saved) -> Path:
    """Write a new version and make it the current one; returns its folder."""
    return write_version(folder, lambda version_folder: _write(version_folder, saved))


def load(folder: Path) -> Saved:
    """Read the current version. Errors: `ArtifactError`."""
    here = current_version(folder)
    manifest = read_json(here / MANIFEST)
    try:
        return _read(here, manifest)
    except (KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(
            expected=f"a whole model in {here}",
            found=f"one in which something is missing ({error})",
            todo="Fit and save the model again, or go back to the version before it.",
        ) from error


def _read(here: Path, manifest: dict[str, Any]) -> Saved:
    settings = EngineSettings.from_settings(manifest["settings"])
    return Saved(
        dataset=_read_dataset(here / "data", manifest["shop"]),
        log=_read_log(here / "data" / f"{EVENTS}.parquet"),
        since=_read_table(here / "data" / "since.parquet"),
        settings=settings,
        stages=_read_stages(here, manifest["encoder"], settings),
        notes=manifest.get("notes", {}),
    )


def _read_stages(folder: Path, chosen: dict[str, Any], settings: EngineSettings) -> Stages:
    encoder = registry.get("encoder", chosen["name"]).from_settings(chosen["settings"])
    if not isinstance(encoder, Encoder):
        raise ArtifactError(
            expected="an encoder", found=chosen["name"], todo="Fit and save the model again."
        )
    encoder.set_state(read_state(folder / "encoder"))
    retriever, scorer = settings.retriever.unfitted(), settings.scorer.unfitted()
    retriever.set_state(read_state(folder / "retriever"))
    scorer.set_state(read_state(folder / "scorer"))
    retriever.use_encoder(encoder)
    scorer.use_encoder(encoder)
    complement = ComplementScorer()
    complement.set_state(read_state(folder / "complement"))
    complement.borrow(scorer)
    return Stages(encoder, chosen["why"], retriever, scorer, complement)


def _write(folder: Path, saved: Saved) -> None:
    for name in ("encoder", "retriever", "scorer", "complement"):
        write_state(folder / name, getattr(saved.stages, name).get_state())
    data = folder / "data"
    data.mkdir()
    for name in TABLES:
        getattr(saved.dataset, name).write_parquet(data / f"{name}.parquet")
    saved.since.write_parquet(data / "since.parquet")
    write_json(
        folder / MANIFEST,
        {
            "shop": saved.dataset.name,
            "warmstart": version("warmstart"),
            "saved_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "encoder": saved.stages.describe_encoder(),
            "settings": saved.settings.settings(),
            "notes": dict(saved.notes),
        },
    )


def _read_dataset(folder: Path, name: str) -> Dataset:
    tables = {field.name for field in dataclasses.fields(Dataset)} & TABLES.keys() - {EVENTS}
    return Dataset(name=name, **{table: _read_table(folder / f"{table}.parquet") for table in tables})


def _read_log(path: Path) -> PackedEvents:
    """The events, packed one column after the other: the whole table would take ten times the room."""
    return PackedEvents(lambda name: _read_table(path, [name])[name])


def _read_table(path: Path, columns: list[str] | None = None) -> pl.DataFrame:
    try:
        return pl.read_parquet(path, columns=columns)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ArtifactError(
            expected=f"the table {path.name} in {path.parent}",
            found=str(error).splitlines()[0],
            todo="Fit and save the model again, or go back to the version before it.",
        ) from error
