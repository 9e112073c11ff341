"""Pretrained sentence encoders through ONNX Runtime: no torch, fast on a CPU."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from warmstart.core.errors import InputError, MissingExtraError
from warmstart.core.linear import FloatArray, IntArray
from warmstart.encoders import model_folder
from warmstart.encoders.pretrained import PretrainedEncoder

Pooling = Literal["auto", "mean", "cls", "max"]

ONNX_FILES = (
    "onnx/model.onnx",
    "model.onnx",
    "onnx/model_quantized.onnx",
    "model_quantized.onnx",
    "onnx/model_int8.onnx",
    "onnx/model_fp16.onnx",
)
"""Where an ONNX model is looked for when `file` is not given, in this order."""

_INPUTS = {"input_ids", "attention_mask", "token_type_ids", "position_ids"}


@dataclass(kw_only=True)
class OnnxEncoder(PretrainedEncoder):
    """A pretrained encoder in ONNX form: an ONNX file, `tokenizer.json` and the small settings files.

    *When to use*: on a CPU, when a language model is wanted and torch is not. `export_onnx` makes such
    a folder from any sentence-transformers or Hugging Face encoder. *When not*: on a GPU, or for models
    with more stages than transformer and pooling; take `TransformerEncoder`.

    `file` is the ONNX file within the folder (default: the first of `ONNX_FILES`). `pooling` "auto"
    follows the model's own settings, else the mean over tokens. `threads` 0 lets ONNX Runtime choose.

    *Needs* the extra `onnx`. *Cost*: see docs/how-to/encoders.md.
    """

    file: str | None = None
    pooling: Pooling = "auto"
    threads: int = 0

    _settings: ClassVar[tuple[str, ...]] = ("max_length", "pooling")

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        declared = self._output.shape[-1]
        return declared if isinstance(declared, int) else self._probed_dim

    def _embed(self, texts: Sequence[str]) -> FloatArray:
        tokens = [
            np.asarray(encoded.ids, dtype=np.int64) for encoded in self._tokenizer.encode_batch(texts)
        ]
        vectors = np.empty((len(texts), self.dim), dtype=np.float32)
        for rows in _batches([len(ids) for ids in tokens], self.batch_size):
            vectors[rows] = self._run([tokens[row] for row in rows])
        return vectors

    def _run(self, tokens: Sequence[IntArray]) -> FloatArray:
        """Vectors of one batch of token ids, padded to the longest."""
        offered, mask = self._offered(tokens)
        (output,) = self._session.run([self._output.name], {name: offered[name] for name in self._inputs})
        return pool(np.asarray(output, dtype=np.float32), mask, self._pooling)

    def feed(self, text: str) -> dict[str, IntArray]:
        """The tensors that the model is given for one text, for tools that run it themselves."""
        tokens = np.asarray(self._tokenizer.encode(text).ids, dtype=np.int64)
        offered, _ = self._offered([tokens])
        return {name: offered[name] for name in self._inputs}

    def _offered(self, tokens: Sequence[IntArray]) -> tuple[dict[str, IntArray], IntArray]:
        """Every tensor that a model may ask for, and the mask."""
        width = max(1, *(len(ids) for ids in tokens))
        ids = np.full((len(tokens), width), self._pad_id, dtype=np.int64)
        mask = np.zeros((len(tokens), width), dtype=np.int64)
        for row, known in enumerate(tokens):
            ids[row, : len(known)] = known
            mask[row, : len(known)] = 1
        offered = {
            "input_ids": ids,
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(ids),
            "position_ids": np.tile(np.arange(width), (len(ids), 1)),
        }
        return offered, mask

    def _files(self) -> Iterable[Path]:
        onnx_file = self._onnx_file
        beside = onnx_file.parent.glob(f"{onnx_file.name}[._]data*")  # weights of models above 2 GB
        settings = (self.folder / name for name in ("config.json", model_folder.POOLING_CONFIG))
        facts = (self._tokenizer_file, *settings)
        return [onnx_file, *beside, *(path for path in facts if path.is_file())]

    def _complete(self, folder: Path) -> bool:
        return find_onnx(folder, self.file) is not None

    def _wanted(self) -> tuple[str, ...]:
        wanted = (self.file,) if self.file else ONNX_FILES[:2]
        return (*model_folder.FACTS, *(pattern for name in wanted for pattern in (name, f"{name}?data*")))

    @cached_property
    def _onnx_file(self) -> Path:
        found = find_onnx(self.folder, self.file)
        if found is None:
            raise InputError(
                expected=f"an ONNX file in {self.folder} ({self.file or ', '.join(ONNX_FILES)})",
                found="none of these",
                todo="Name another one in 'file', or make one with warmstart.encoders.export.export_onnx.",
            )
        return found

    @property
    def _tokenizer_file(self) -> Path:
        places = (self.folder / "tokenizer.json", self._onnx_file.parent / "tokenizer.json")
        found = next((path for path in places if path.is_file()), None)
        if found is None:
            raise InputError(
                expected=f"tokenizer.json in {self.folder}",
                found="no such file",
                todo="Export the model with warmstart.encoders.export.export_onnx.",
            )
        return found

    @cached_property
    def _pooling(self) -> str:
        mode = model_folder.pooling_mode(self.folder) if self.pooling == "auto" else self.pooling
        unknown = [] if mode in {"mean", "cls", "max"} else [f"pooling '{mode}'"]
        unknown += model_folder.extra_modules(self.folder)
        if unknown:
            raise InputError(
                expected="a model of transformer and mean, cls or max pooling",
                found=", ".join(unknown),
                todo="Use TransformerEncoder for this model.",
            )
        return mode

    @cached_property
    def _tokenizer(self) -> Any:
        try:
            from tokenizers import Tokenizer
        except ImportError as error:
            raise MissingExtraError("OnnxEncoder", "onnx") from error
        model_folder.read_json_file(self._tokenizer_file)  # a damaged file is told apart here
        tokenizer = Tokenizer.from_file(str(self._tokenizer_file))
        limit = model_folder.longest_input(self.folder) or self.max_length
        tokenizer.enable_truncation(min(self.max_length, limit))
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _pad_id(self) -> int:
        return int(model_folder.read_json_file(self.folder / "config.json").get("pad_token_id") or 0)

    @cached_property
    def _session(self) -> Any:
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingExtraError("OnnxEncoder", "onnx") from error
        state = onnxruntime.capi.onnxruntime_pybind11_state
        damage = (state.Fail, state.InvalidProtobuf, state.InvalidGraph, state.NotImplemented, RuntimeError)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        path = str(self._onnx_file)
        try:
            return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except damage as error:
            raise InputError(
                expected=f"a model that ONNX Runtime {onnxruntime.__version__} can read in {path}",
                found=str(error).partition("\n")[0],
                todo="Copy or export the model again.",
            ) from error

    @cached_property
    def _inputs(self) -> list[str]:
        names = [known.name for known in self._session.get_inputs()]
        unknown = sorted(set(names) - _INPUTS)
        if unknown:
            raise InputError(
                expected=f"a model that takes {', '.join(sorted(_INPUTS))}",
                found=f"one that also takes {', '.join(unknown)}",
                todo="Use TransformerEncoder for this model.",
            )
        return names

    @cached_property
    def _output(self) -> Any:
        """The sentence vectors where the model gives them, else the token vectors."""
        outputs = {output.name: output for output in self._session.get_outputs()}
        if self.pooling == "auto" and "sentence_embedding" in outputs:
            return outputs["sentence_embedding"]
        return (
            outputs.get("last_hidden_state")
            or outputs.get("token_embeddings")
            or next(iter(outputs.values()))
        )

    @cached_property
    def _probed_dim(self) -> int:
        return int(self._run([np.array([self._pad_id], dtype=np.int64)]).shape[1])


def find_onnx(folder: Path, file: str | None = None) -> Path | None:
    """The ONNX file of a model's folder: `file`, or the first of `ONNX_FILES` that is there."""
    names = (file,) if file else ONNX_FILES
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _batches(lengths: Sequence[int], size: int) -> Iterator[list[int]]:
    """Positions in batches of like length, so that little is padded."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    return (order[start : start + size] for start in range(0, len(order), size))


def pool(tokens: FloatArray, mask: IntArray, mode: str) -> FloatArray:
    """One vector per text from token vectors (texts, tokens, dim); two-dimensional input passes through.

    >>> tokens = np.array([[[1.0, 0.0], [3.0, 2.0], [9.0, 9.0]]], dtype=np.float32)
    >>> mask = np.array([[1, 1, 0]])
    >>> [pool(tokens, mask, mode).tolist() for mode in ("mean", "cls", "max")]
    [[[2.0, 1.0]], [[1.0, 0.0]], [[3.0, 2.0]]]
    """
    if tokens.ndim == 2:
        return tokens
    if mode == "cls":
        first: FloatArray = tokens[:, 0]
        return first
    present = mask[:, :, None]
    if mode == "max":
        highest: FloatArray = np.where(present > 0, tokens, -np.inf).max(axis=1)
        return highest
    counts = np.maximum(present.sum(axis=1), 1)
    mean: FloatArray = ((tokens * present).sum(axis=1) / counts).astype(np.float32)
    return mean
