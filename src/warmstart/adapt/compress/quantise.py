"""Fewer bits for the weights of an ONNX model."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal, get_args

from warmstart.adapt.compress.blocks import quantise_products, quantise_tables
from warmstart.core.errors import ConfigError, InputError
from warmstart.core.extras import load_extra
from warmstart.encoders.export import ONNX_FILE, quantise_dynamic
from warmstart.encoders.onnx import OnnxEncoder

Precision = Literal["float32", "int8", "int8-static", "int8-weights", "int4"]
PRECISIONS: Final[tuple[Precision, ...]] = get_args(Precision)

_CALIBRATION: Final = 128


def quantise_onnx(folder: Path, precision: Precision, texts: Sequence[str] = ()) -> None:
    """Write the model of a folder of `export_onnx` anew with fewer bits for its weights.

    | precision | matrix products | take it |
    |---|---|---|
    | `int8` | integers; activations get a scale for each batch | to serve: the fastest |
    | `int8-weights` | weights of 8 bits in blocks, numbers as before | to keep every digit that matters |
    | `int4` | weights of 4 bits in blocks | where the size on disk is everything |
    | `int8-static` | integers; activations get one scale from `texts` | for runtimes that know no other |

    The embeddings become 8 bits in blocks in all of them, which no measurement of ours could tell from
    float32. What each costs stands in docs/how-to/compress.md.

    Errors: `ConfigError` for another name; `InputError` for "int8-static" without texts;
    `MissingExtraError` without the extra `lm`.
    """
    if precision not in PRECISIONS:
        raise ConfigError(expected=", ".join(PRECISIONS), found=repr(precision), todo="Take 'int8'.")
    if precision == "float32":
        return
    path = folder / ONNX_FILE
    if precision == "int8":
        quantise_dynamic(path)
    elif precision == "int8-static":
        _quantise_static(folder, texts)
    onnx = load_extra("onnx", what="quantising", extra="lm")
    model = onnx.load(path)
    if precision in {"int8-weights", "int4"}:
        quantise_products(model, 4 if precision == "int4" else 8)
    quantise_tables(model)
    onnx.save(model, path)


def _quantise_static(folder: Path, texts: Sequence[str]) -> None:
    if not any(text.strip() for text in texts):
        raise InputError(
            expected="texts by which the activations are scaled",
            found="none",
            todo="Give some of the shop's texts, or take 'int8', which needs none.",
        )
    quantization = load_extra("onnxruntime.quantization", what="'int8-static'", extra="lm")
    path = folder / ONNX_FILE
    with tempfile.TemporaryDirectory(dir=folder) as scratch, quiet_root():
        smaller = Path(scratch) / ONNX_FILE
        quantization.quantize_static(
            path,
            smaller,
            _Calibration(folder, texts),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            op_types_to_quantize=["MatMul"],
            extra_options={"MatMulConstBOnly": True},
        )
        smaller.replace(path)


class _Calibration:
    """Gives ONNX Runtime one text after the other, as its `CalibrationDataReader` does."""

    def __init__(self, folder: Path, texts: Sequence[str]) -> None:
        encoder = OnnxEncoder(model=str(folder), threads=1)
        filled = [text for text in texts if text.strip()]
        step = max(len(filled) // _CALIBRATION, 1)
        self._feeds = iter([encoder.feed(text) for text in filled[::step][:_CALIBRATION]])

    def get_next(self) -> dict[str, Any] | None:
        """The next text's tensors."""
        return next(self._feeds, None)

    def __len__(self) -> int:
        return _CALIBRATION


@contextmanager
def quiet_root() -> Iterator[None]:
    """Keep the quantiser from advising steps that change nothing for matrix products."""
    level = logging.root.level
    logging.root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logging.root.setLevel(level)
