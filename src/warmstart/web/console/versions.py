"""The models on the disk, and how each came to be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from warmstart.core.artifact import current_version, read_json
from warmstart.core.errors import ArtifactError
from warmstart.evaluate.refit import VERDICT_FILE


def versions_of(folder: Path) -> list[dict[str, Any]]:
    """The versions of a model, the newest first, with the verdict on each where there was one."""
    try:
        running = current_version(folder).name
    except ArtifactError:
        return []
    found = sorted((path for path in folder.glob("v*") if path.is_dir()), reverse=True)
    return [
        {
            "version": path.name,
            "running": path.name == running,
            "saved_at": path.stat().st_mtime,
            "bytes": sum(file.stat().st_size for file in path.rglob("*") if file.is_file()),
            "verdict": _verdict(path),
        }
        for path in found
    ]


def _verdict(version: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = read_json(version / VERDICT_FILE)
    except ArtifactError:
        return None
    return found
