"""Folders with a static table: model2vec's format, sentence-transformers' StaticEmbedding, and our own.

All hold `model.safetensors` and `config.json`. The first two have `tokenizer.json` beside them; ours has
`words.json`, a list with one word per row, where the table was made for whole words.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from warmstart.core.errors import InputError
from warmstart.core.linear import FloatArray
from warmstart.encoders.model_folder import read_json_file
from warmstart.encoders.segmenters import Segmenter, TokenSegmenter, WordSegmenter

TABLE_FILE = "model.safetensors"
WORDS_FILE = "words.json"
TOKENIZER_FILE = "tokenizer.json"
CONFIG_FILE = "config.json"
MODEL2VEC, OWN = "model2vec", "warmstart-words"
_PLACES = ("", "0_StaticEmbedding")
_TABLES = ("embeddings", "embedding.weight")
_MODULES = (("0", ".", "StaticEmbedding"), ("1", "1_Normalize", "Normalize"))


@dataclass(frozen=True)
class StaticTable:
    """A vector and a weight per unit, and the segmenter that finds the units in texts."""

    segmenter: Segmenter
    vectors: FloatArray
    weights: FloatArray


def find_table(folder: Path) -> Path | None:
    """The part of a model's folder that holds the table."""
    places = (folder / place for place in _PLACES)
    return next((place for place in places if (place / TABLE_FILE).is_file()), None)


def holds_table(folder: Path) -> bool:
    """Whether the folder is that of a static table, not of a transformer with weights of the same name."""
    kind = read_json_file(folder / CONFIG_FILE).get("model_type")
    return kind in (MODEL2VEC, OWN) or (folder / _PLACES[1] / TABLE_FILE).is_file()


def read_table(folder: Path) -> StaticTable:
    """Read a folder in any of the formats. Errors: `InputError` says what is missing or does not fit."""
    place = find_table(folder)
    if place is None:
        raise _unusable(folder, f"no {TABLE_FILE}")
    vectors, weights = _read_arrays(place)
    if (place / WORDS_FILE).is_file():
        words = read_json_file(place / WORDS_FILE)
        segmenter: Segmenter = WordSegmenter(words)
        n_units = len(words)
    elif (place / TOKENIZER_FILE).is_file():
        tokens = TokenSegmenter((place / TOKENIZER_FILE).read_text(encoding="utf-8"))
        segmenter, n_units = tokens, tokens.tokenizer.get_vocab_size()
    else:
        raise _unusable(place, f"neither {WORDS_FILE} nor {TOKENIZER_FILE}")
    if n_units != len(vectors):
        raise _unusable(place, f"{len(vectors)} vectors for {n_units} units")
    return StaticTable(segmenter, vectors, weights)


def write_table(folder: Path, table: StaticTable) -> None:
    """Write a folder that `read_table` reads; with a tokenizer, model2vec reads it too.

    model2vec knows no separate weights in its older versions, so they are multiplied in there.
    """
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    state = table.segmenter.state()
    config: dict[str, Any] = {
        "model_type": MODEL2VEC,
        "normalize": True,
        "hidden_dim": table.vectors.shape[1],
    }
    if "tokenizer" in state:
        (folder / TOKENIZER_FILE).write_text(state["tokenizer"], encoding="utf-8")
        arrays = {"embeddings": table.vectors * table.weights[:, None]}
        modules = [
            {"idx": i, "name": name, "path": path, "type": f"sentence_transformers.models.{kind}"}
            for i, (name, path, kind) in enumerate(_MODULES)
        ]
        _write_json(folder / "modules.json", modules)
    else:
        config["model_type"] = OWN
        _write_json(folder / WORDS_FILE, state["words"])
        arrays = {"embeddings": table.vectors, "weights": table.weights}
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / TABLE_FILE)
    _write_json(folder / CONFIG_FILE, config)


def _read_arrays(place: Path) -> tuple[FloatArray, FloatArray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        arrays: dict[str, npt.NDArray[Any]] = load_file(place / TABLE_FILE)
    except SafetensorError as error:
        raise _unusable(place, f"a damaged {TABLE_FILE} ({error})") from error
    name = next((name for name in _TABLES if name in arrays), None)
    if name is None:
        raise _unusable(place, f"{TABLE_FILE} with {', '.join(sorted(arrays)) or 'nothing'}")
    vectors = arrays[name].astype(np.float32)
    if "mapping" in arrays:  # units that share a vector, by vocabulary quantisation
        vectors = vectors[arrays["mapping"]]
    weights = arrays.get("weights", np.ones(len(vectors)))
    return vectors, weights.astype(np.float32).ravel()


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def _unusable(folder: Path, found: str) -> InputError:
    return InputError(
        expected=f"{TABLE_FILE} with 'embeddings', and {TOKENIZER_FILE} or {WORDS_FILE}, in {folder}",
        found=found,
        todo="Name a model2vec folder, or make a table with StaticEncoder(teacher=...).fit(texts).",
    )
