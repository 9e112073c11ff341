"""Turn a torch encoder into a folder that `OnnxEncoder` reads, and check that both say the same."""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from warmstart.core.errors import ArtifactError, InputError, MissingExtraError
from warmstart.encoders import model_folder
from warmstart.encoders.onnx import OnnxEncoder
from warmstart.encoders.silent_heads import drop_silent_heads
from warmstart.encoders.transformer import TransformerEncoder, without_progress_bars
from warmstart.roles.encoder import Encoder

ONNX_FILE = "model.onnx"
PARITY_FILE = "parity.json"
OPSET = 17
SAMPLES = (
    "usb",
    "wireless noise cancelling headphones",
    'HP Pavilion dv7-1211ea Notebook Silver 43.2 cm (17") 1440 x 900 pixels',
    "降噪蓝牙耳机",
    "Anker 快充 USB-C cable, 2 m",
    "A sturdy stainless steel kettle that boils 1.7 litres in four minutes and switches itself off. " * 8,
)
"""Short, long, Chinese and mixed texts for the parity check."""

_FLOORS = {False: 0.999, True: 0.95}
_SETTINGS = (
    "config.json",
    "config_sentence_transformers.json",
    "sentence_bert_config.json",
    "modules.json",
)


@dataclass(frozen=True)
class Parity:
    """How alike the vectors of the two forms are on `SAMPLES`: cosine, over the texts."""

    mean: float
    lowest: float
    texts: int


def export_onnx(source: str, folder: Path, *, quantise: bool = False) -> Path:
    """Export a sentence-transformers or Hugging Face encoder to ONNX; returns the folder.

    `source` is a folder or a Hub name. The folder gets `model.onnx`, `tokenizer.json`, the pooling and
    the other settings, and `parity.json` with the result of comparing both forms (`read_parity`).

    `quantise` stores the weights of matrix products as 8-bit integers, one scale per output channel,
    which about doubles the speed on recent CPUs. The token embeddings stay as they are: quantising
    everything, as is the default elsewhere, costs noticeably more likeness. Activations get one scale
    per batch, so the vector of a text then depends a little on the texts beside it.

    Errors: `MissingExtraError` without the extra `lm`; `InputError` for a model with stages that
    `OnnxEncoder` does not have; `ArtifactError` when the two forms disagree.
    """
    torch_encoder = TransformerEncoder(model=source)
    _check_exportable(torch_encoder.folder)
    folder.mkdir(parents=True, exist_ok=True)
    _copy_settings(torch_encoder.folder, folder)
    _export_graph(torch_encoder.folder, folder / ONNX_FILE)
    if quantise:
        quantise_dynamic(folder / ONNX_FILE)
    likeness = compare(torch_encoder, OnnxEncoder(model=str(folder)))
    (folder / PARITY_FILE).write_text(json.dumps(asdict(likeness)), encoding="utf-8")
    if likeness.lowest < _FLOORS[quantise]:
        raise ArtifactError(
            expected=f"cosines of at least {_FLOORS[quantise]} between the model and its ONNX form",
            found=f"{likeness.lowest:.4f} for one of the {likeness.texts} sample texts",
            todo="Export without quantise, or use TransformerEncoder for this model.",
        )
    return folder


def compare(one: Encoder, other: Encoder, texts: tuple[str, ...] = SAMPLES) -> Parity:
    """How alike the vectors are that two encoders of equal `dim` give to the same texts."""
    cosines = (one.encode(texts) * other.encode(texts)).sum(axis=1)
    return Parity(mean=float(cosines.mean()), lowest=float(cosines.min()), texts=len(texts))


def read_parity(folder: Path) -> Parity:
    """What `export_onnx` found when it compared both forms."""
    return Parity(**model_folder.read_json_file(folder / PARITY_FILE))


def _check_exportable(folder: Path) -> None:
    mode, extra = model_folder.pooling_mode(folder), model_folder.extra_modules(folder)
    if extra or mode not in {"mean", "cls", "max"}:
        raise InputError(
            expected="a model of transformer and mean, cls or max pooling",
            found=f"pooling '{mode}' and {', '.join(extra) or 'no other stage'} in {folder}",
            todo="Use TransformerEncoder for this model.",
        )


def _copy_settings(source: Path, folder: Path) -> None:
    pooling = folder / model_folder.POOLING_CONFIG
    pooling.parent.mkdir(exist_ok=True)
    pooling.write_text(json.dumps({"pooling_mode": model_folder.pooling_mode(source)}), encoding="utf-8")
    for name in _SETTINGS:
        if (source / name).is_file():
            shutil.copyfile(source / name, folder / name)


def _export_graph(source: Path, target: Path) -> None:
    try:
        import onnx  # noqa: F401  # the exporter needs it
        import torch
        from transformers import AutoModel, AutoTokenizer
    except ImportError as error:
        raise MissingExtraError("export_onnx", "lm") from error

    tokenizer = AutoTokenizer.from_pretrained(source)
    tokenizer.backend_tokenizer.save(str(target.parent / "tokenizer.json"))
    # Fused attention kernels have no ONNX form; "eager" writes attention as plain matrix products.
    with without_progress_bars():
        model = AutoModel.from_pretrained(source, attn_implementation="eager", use_safetensors=True)
    drop_silent_heads(model)
    sample = dict(tokenizer(["one text", "another, longer text"], padding=True, return_tensors="pt"))
    names = list(sample)
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # the tracer warns of every Python branch it meets
        torch.onnx.export(
            _by_position(model.eval().float(), names),
            tuple(sample.values()),
            str(target),
            input_names=names,
            output_names=["last_hidden_state"],
            dynamic_axes={name: {0: "texts", 1: "tokens"} for name in (*names, "last_hidden_state")},
            opset_version=OPSET,
            dynamo=False,  # the newer exporter needs one more package, onnxscript
        )


def _by_position(model: Any, names: list[str]) -> Any:
    """The model as one that takes its inputs in the order of `names`: the tracer knows no keywords."""
    import torch

    class ByPosition(torch.nn.Module):  # type: ignore[misc]  # torch is not read by mypy here
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *inputs: Any) -> Any:
            return self.model(**dict(zip(names, inputs, strict=True))).last_hidden_state

    return ByPosition()


def quantise_dynamic(path: Path) -> None:
    """Write an ONNX file anew whose matrix products multiply 8-bit integers."""
    try:
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ImportError as error:
        raise MissingExtraError("export_onnx(quantise=True)", "lm") from error

    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        smaller = Path(scratch) / path.name
        level = logging.root.level
        logging.root.setLevel(logging.ERROR)  # it advises a step that changes nothing for matrix products
        try:
            quantize_dynamic(
                path,
                smaller,
                op_types_to_quantize=["MatMul"],
                per_channel=True,
                weight_type=QuantType.QInt8,
            )
        finally:
            logging.root.setLevel(level)
        smaller.replace(path)
