"""Keep what was learned in a folder: JSON and memory-mapped safetensors, never pickle.

A *state* is a tree of JSON values, numpy arrays and scipy CSR matrices (`component.State`). It is
written as two files: `state.json`, the tree with arrays replaced by references, and
`arrays.safetensors`, which is mapped into memory on reading, so that loading a large model costs
nothing until its pages are touched and several processes share them.

A *versioned folder* holds whole versions side by side and a small pointer file, `current.json`, that is
replaced in one atomic step. A crash while saving leaves the old version in force.
"""

from __future__ import annotations

import json
import mmap
import os
import re
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from warmstart.core.component import State
from warmstart.core.errors import ArtifactError

FORMAT_VERSION = 1
STATE_FILE = "state.json"
ARRAYS_FILE = "arrays.safetensors"
POINTER_FILE = "current.json"
KEPT_VERSIONS = 2
_MAPPED_FROM: Final = 1 << 20
"""Smaller arrays are read: a file may only be mapped so many times."""
_VERSION = re.compile(r"v\d+")

_ARRAY, _CSR = "$array", "$csr"
_DTYPES = {
    "BOOL": np.bool_,
    "I8": np.int8,
    "I16": np.int16,
    "I32": np.int32,
    "I64": np.int64,
    "U8": np.uint8,
    "U16": np.uint16,
    "U32": np.uint32,
    "U64": np.uint64,
    "F16": np.float16,
    "F32": np.float32,
    "F64": np.float64,
}


def write_state(folder: Path, state: State) -> None:
    """Write a state into `folder`, which is made when missing."""
    from safetensors.numpy import save_file

    arrays: dict[str, npt.NDArray[Any]] = {}
    tree = _detach(state, "", arrays)
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: np.asarray(array, order="C") for name, array in arrays.items()}, folder / ARRAYS_FILE)
    write_json(folder / STATE_FILE, tree)


def read_state(folder: Path) -> State:
    """Read back what `write_state` wrote; arrays are read-only views of the mapped file.

    Errors: `ArtifactError` when a file is missing or damaged.
    """
    tree = read_json(folder / STATE_FILE)
    arrays = _map_arrays(folder / ARRAYS_FILE)
    try:
        state = _attach(tree, arrays)
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(folder / STATE_FILE, f"it does not fit {ARRAYS_FILE}: {error}") from error
    if not isinstance(state, dict):
        raise _damaged(folder / STATE_FILE, "something other than an object")
    return state


def write_json(path: Path, value: Any) -> None:
    """Write JSON and make sure that it has reached the disk."""
    with path.open("w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False, separators=(",", ":"))
        file.flush()
        os.fsync(file.fileno())


def read_json(path: Path) -> Any:
    """Read JSON; a missing or damaged file is an `ArtifactError`."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ArtifactError(
            expected=f"the file {path.name} of a saved model in {path.parent}",
            found=error.strerror or "something unreadable",
            todo="Check the path, or fit and save the model again.",
        ) from error
    except ValueError as error:
        raise _damaged(path, str(error)) from error


def write_version(folder: Path, write: Callable[[Path], None]) -> Path:
    """Call `write` on a new version folder, then make it the current one in a single step.

    The version before it is kept, for going back; older ones are removed. Returns the new folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    previous = _current_number(folder)
    version = folder / f"v{previous + 1:06d}"
    building = folder / f".building-{uuid.uuid4().hex}"
    building.mkdir()
    try:
        write(building)
        _sync(building)
        if version.exists():  # left by a save that crashed before it became current
            shutil.rmtree(version)
        building.rename(version)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    _point_to(folder, version)
    _remove_old(folder, keep=previous + 1)
    return version


def current_version(folder: Path) -> Path:
    """The version folder in force. Errors: `ArtifactError` when there is none, or it is too new."""
    pointer = read_json(folder / POINTER_FILE)
    if not _is_pointer(pointer):
        raise _damaged(folder / POINTER_FILE, "no version in it")
    if pointer["format"] > FORMAT_VERSION:
        raise ArtifactError(
            expected=f"a model of format {FORMAT_VERSION} or older",
            found=f"format {pointer['format']} in {folder}",
            todo="Upgrade warmstart, or fit and save the model again in another folder.",
        )
    return folder / str(pointer["version"])


def roll_back(folder: Path) -> Path:
    """Put the version before the current one in force again; returns its folder.

    Errors: `ArtifactError` when none is kept: after the first save, after rolling back already, or after a
    user was forgotten, which leaves nothing to go back to.
    """
    now = _current_number(folder)
    older = [number for number in _version_numbers(folder) if number < now]
    if not older:
        raise ArtifactError(
            expected=f"a version before the current one in {folder}",
            found="none",
            todo="Only the version before the last save is kept, and nothing from before a 'forget'.",
        )
    version = _version_numbers(folder)[max(older)]
    _point_to(folder, version)
    return version


def _point_to(folder: Path, version: Path) -> None:
    """Put a version in force, in a single step."""
    pointer = folder / f".{POINTER_FILE}-{uuid.uuid4().hex}"
    write_json(pointer, {"format": FORMAT_VERSION, "version": version.name})
    pointer.replace(folder / POINTER_FILE)


def _sync(folder: Path) -> None:
    """Make sure that the files have reached the disk before anything points to them."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def _is_pointer(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("format"), int)
        and _VERSION.fullmatch(str(value.get("version"))) is not None
    )


def _current_number(folder: Path) -> int:
    """Of the version in force, or of the newest one where the pointer is missing or damaged."""
    try:
        intact = _is_pointer(read_json(folder / POINTER_FILE))
    except ArtifactError:
        intact = False
    if not intact:
        return max(_version_numbers(folder), default=0)
    return int(current_version(folder).name.removeprefix("v"))


def _version_numbers(folder: Path) -> dict[int, Path]:
    found = (path for path in folder.glob("v*") if _VERSION.fullmatch(path.name))
    return {int(path.name.removeprefix("v")): path for path in found}


def _remove_old(folder: Path, keep: int) -> None:
    for number, version in _version_numbers(folder).items():
        if number <= keep - KEPT_VERSIONS:
            shutil.rmtree(version, ignore_errors=True)
    for leftover in folder.glob(".building-*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _detach(value: Any, path: str, arrays: dict[str, npt.NDArray[Any]]) -> Any:
    """Move arrays out of the tree, leaving references."""
    if isinstance(value, np.ndarray):
        arrays[path] = value
        return {_ARRAY: path}
    if isinstance(value, sparse.csr_matrix | sparse.csr_array):
        for part in ("data", "indices", "indptr"):
            arrays[f"{path}.{part}"] = getattr(value, part)
        return {_CSR: path, "shape": list(value.shape)}
    if isinstance(value, dict):
        return {key: _detach(inner, _join(path, key), arrays) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_detach(inner, f"{path}.{i}", arrays) for i, inner in enumerate(value)]
    if isinstance(value, np.generic):
        return value.item()
    return value


def _join(path: str, key: str) -> str:
    """The name of an array inside; no two places of a tree share one, even when keys hold dots."""
    own = key.replace("~", "~0").replace(".", "~1") or "~2"
    return f"{path}.{own}" if path else own


def _attach(value: Any, arrays: dict[str, npt.NDArray[Any]]) -> Any:
    if isinstance(value, dict):
        if _ARRAY in value:
            return arrays[value[_ARRAY]]
        if _CSR in value:
            parts = tuple(arrays[f"{value[_CSR]}.{part}"] for part in ("data", "indices", "indptr"))
            return sparse.csr_matrix(parts, shape=tuple(value["shape"]), copy=False)
        return {key: _attach(inner, arrays) for key, inner in value.items()}
    if isinstance(value, list):
        return [_attach(inner, arrays) for inner in value]
    return value


def _map_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Views of the arrays in a safetensors file: 8 bytes of header length, JSON header, data."""
    try:
        with path.open("rb") as file:
            start = 8 + int.from_bytes(file.read(8), "little")
            size = path.stat().st_size
            if start > size:
                raise ValueError(f"a header of {start} bytes in a file of {size}")
            header = json.loads(file.read(start - 8))
            header.pop("__metadata__", None)
            return {name: _view(file, start, size, entry) for name, entry in header.items()}
    except OSError as error:
        raise ArtifactError(
            expected=f"the file {path.name} in {path.parent}",
            found=error.strerror or "something unreadable",
            todo="Fit and save the model again.",
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(path, str(error)) from error


def _view(file: BinaryIO, start: int, size: int, entry: dict[str, Any]) -> npt.NDArray[Any]:
    """One array. Large ones are mapped each by itself: what is copied when it grows is let go of."""
    dtype = np.dtype(_DTYPES[entry["dtype"]])
    low, high = (start + int(offset) for offset in entry["data_offsets"])
    if not start <= low <= high <= size:
        raise ValueError(f"an array from {low} to {high} in a file of {size} bytes")
    if high - low < _MAPPED_FROM:
        file.seek(low)
        flat = np.frombuffer(file.read(high - low), dtype=dtype)
    else:
        skipped = low % mmap.ALLOCATIONGRANULARITY
        mapped = mmap.mmap(
            file.fileno(), high - low + skipped, access=mmap.ACCESS_READ, offset=low - skipped
        )
        flat = np.frombuffer(mapped, dtype=dtype, count=(high - low) // dtype.itemsize, offset=skipped)
    return flat.reshape(entry["shape"])


def _damaged(path: Path, what: str) -> ArtifactError:
    return ArtifactError(
        expected=f"a whole {path.name}",
        found=f"a damaged one in {path.parent} ({what})",
        todo="Fit and save the model again, or go back to the version before it.",
    )
