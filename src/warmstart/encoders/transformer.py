"""Pretrained sentence encoders through torch: every model, every device."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from warmstart.core.errors import ConfigError, InputError, MissingExtraError
from warmstart.core.linear import FloatArray
from warmstart.encoders import model_folder
from warmstart.encoders.pretrained import PretrainedEncoder

Dtype = Literal["auto", "float32", "bfloat16"]

_WEIGHTS = "*.safetensors"
_OTHER_FORMS = ("onnx/", "openvino/")


@contextmanager
def without_progress_bars() -> Iterator[None]:
    """Keep transformers from drawing a bar for every model that is read."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


class _NoPooler(logging.Filter):
    """Leaves out the report that nothing but the pooler is new, which no vector here goes through.

    A model that was tuned as a masked one is written without it.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be shown."""
        told = record.getMessage()
        rows = [line.split("|") for line in told.splitlines() if line.count("|") >= 2]
        named = [row for row in rows if not row[0].strip().startswith("Key")]
        poolers = [row for row in named if "pooler." in row[0] and "MISSING" in row[1]]
        return "LOAD REPORT" not in told or not named or len(poolers) < len(named)


@contextmanager
def without_pooler_reports() -> Iterator[None]:
    """Keep transformers from reporting weights that only its own pooler lacks."""
    shown, told = logging.getLogger("transformers.modeling_utils"), _NoPooler()
    shown.addFilter(told)
    try:
        yield
    finally:
        shown.removeFilter(told)


@dataclass(kw_only=True)
class TransformerEncoder(PretrainedEncoder):
    """Any sentence-transformers or Hugging Face encoder with safetensors weights, run by torch.

    A plain Hugging Face model without pooling settings gets the mean over its tokens.

    *When to use*: on a GPU; for models with more stages than transformer and pooling; as the teacher of
    `distil` and the source of `export_onnx`. *When not*: to serve on a CPU; `OnnxEncoder` starts faster,
    needs no torch and answers a single query sooner.

    `device` is "auto" (CUDA, then Apple's MPS, then the CPU) or a torch device such as "cuda:1". `dtype`
    "auto" is bfloat16 on CUDA devices made for it and float32 elsewhere; "bfloat16" also pays on CPUs
    with AMX or AVX-512 BF16. Weights in pickle files (`.bin`) are refused, and code that comes with a
    model is never run.

    *Needs* the extra `lm`. *Cost*: see docs/how-to/encoders.md.
    """

    device: str = "auto"
    dtype: Dtype = "auto"

    _settings: ClassVar[tuple[str, ...]] = ("max_length", "dtype")

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        model = self._model
        # The old name is deprecated in sentence-transformers 6, the new one missing before 5.
        name = "get_embedding_dimension"
        old = "get_sentence_embedding_dimension"
        return int(getattr(model, name if hasattr(model, name) else old)())

    def _embed(self, texts: Sequence[str]) -> FloatArray:
        vectors = self._model.encode(
            list(texts),
            prompt="",  # the prefix is already in the text
            batch_size=self.batch_size,
            show_progress_bar=False,
            convert_to_numpy=True,
        )
        found: FloatArray = np.asarray(vectors, dtype=np.float32)
        return found

    def _files(self) -> Iterable[Path]:
        folder = self.folder
        files = (path for pattern in self._wanted() for path in folder.rglob(pattern) if path.is_file())
        return {path for path in files if not path.relative_to(folder).as_posix().startswith(_OTHER_FORMS)}

    def _wanted(self) -> tuple[str, ...]:
        return (*model_folder.FACTS, _WEIGHTS)

    def _complete(self, folder: Path) -> bool:
        return any(folder.glob(_WEIGHTS))

    @cached_property
    def _model(self) -> Any:
        try:
            import torch
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise MissingExtraError("TransformerEncoder", "lm") from error
        folder = self.folder
        if not any(folder.rglob(_WEIGHTS)):
            raise InputError(
                expected=f"weights in safetensors form in {folder}",
                found="none",
                todo="Convert the model's weights with safetensors, or choose another model.",
            )
        device = self._device(torch)
        with without_progress_bars(), without_pooler_reports():
            model = SentenceTransformer(str(folder), device=device, model_kwargs={"use_safetensors": True})
        limit = model_folder.longest_input(folder) or self.max_length
        model.max_seq_length = min(self.max_length, limit)
        return model.to(self._dtype(torch, device)).eval()

    def _device(self, torch: Any) -> str:
        if self.device == "auto":
            if torch.cuda.is_available():
                return "cuda"
            return "mps" if torch.backends.mps.is_available() else "cpu"
        try:
            torch.empty(0, device=self.device)
        except (RuntimeError, AssertionError) as error:  # AssertionError: torch built without CUDA
            raise ConfigError(
                expected="a torch device that this machine has, such as 'auto', 'cpu' or 'cuda:0'",
                found=repr(self.device),
                todo="Leave 'device' out to take the best there is.",
            ) from error
        return self.device

    def _dtype(self, torch: Any, device: str) -> Any:
        if self.dtype != "auto":
            return getattr(torch, self.dtype)
        native = device.startswith("cuda") and torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if native else torch.float32
