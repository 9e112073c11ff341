"""Without an optional package each part says which extra brings it."""

import sys
from pathlib import Path

import pytest

from warmstart.core.errors import MissingExtraError
from warmstart.encoders.export import export_onnx
from warmstart.encoders.onnx import OnnxEncoder
from warmstart.encoders.segmenters import TokenSegmenter
from warmstart.encoders.transformer import TransformerEncoder


@pytest.mark.parametrize(
    ("package", "extra", "use"),
    [
        ("onnxruntime", "onnx", lambda folder: OnnxEncoder(model=folder).encode(["tea"])),
        ("torch", "lm", lambda folder: TransformerEncoder(model=folder).encode(["tea"])),
        ("sentence_transformers", "lm", lambda folder: TransformerEncoder(model=folder).encode(["tea"])),
        ("onnx", "lm", lambda folder: export_onnx(folder, Path(folder) / "out")),
        ("tokenizers", "onnx", lambda folder: TokenSegmenter("{}").count(["tea"])),
        ("huggingface_hub", "onnx", lambda folder: OnnxEncoder(model="some/model").fingerprint),
    ],
)
def test_a_missing_package_names_its_extra(monkeypatch, tmp_path, package, extra, use):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"warmstart\[{extra}\]"):
        use(str(tmp_path))


def test_a_tokenizer_that_is_missing_beside_the_runtime_is_named_too(monkeypatch, tiny_onnx):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(MissingExtraError, match="OnnxEncoder"):
        OnnxEncoder(model=str(tiny_onnx)).encode(["tea"])
