import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from warmstart.core.errors import ArtifactError, InputError
from warmstart.encoders.export import compare, export_onnx, read_parity
from warmstart.encoders.onnx import OnnxEncoder
from warmstart.encoders.transformer import TransformerEncoder


@pytest.fixture(scope="module", autouse=True)
def _extras():
    pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")
    pytest.importorskip("onnx", reason="needs the extra 'lm'")


def test_a_plain_hugging_face_model_says_the_same_in_both_forms(tiny_bert, tmp_path):
    folder = export_onnx(str(tiny_bert), tmp_path / "onnx")
    parity = read_parity(folder)
    assert parity.lowest > 0.9999
    texts = ["tent", "stove camping tent " * 40, "帐篷", "no known word"]
    both = TransformerEncoder(model=str(tiny_bert)), OnnxEncoder(model=str(folder))
    np.testing.assert_allclose(both[0].encode(texts), both[1].encode(texts), atol=1e-4)


def with_settings(bert: Path, folder: Path, **files: Any) -> Path:
    """The model in a folder of its own, with these settings files beside it."""
    shutil.copytree(bert, folder)
    for name, value in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(exist_ok=True)
        path.with_suffix(".json").write_text(json.dumps(value))
    return folder


def test_the_pooling_of_the_model_goes_with_it(tiny_bert, tmp_path):
    kinds = {"": "Transformer", "1_Pooling": "Pooling"}
    modules = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(kinds.items())
    ]
    width = TransformerEncoder(model=str(tiny_bert)).dim
    pooling = {"word_embedding_dimension": width, "pooling_mode_cls_token": True}
    pooling["pooling_mode_mean_tokens"] = False
    source = with_settings(tiny_bert, tmp_path / "cls", modules=modules, **{"1_Pooling__config": pooling})
    folder = export_onnx(str(source), tmp_path / "onnx")
    assert json.loads((folder / "1_Pooling" / "config.json").read_text()) == {"pooling_mode": "cls"}
    assert read_parity(folder).lowest > 0.9999


def test_a_model_with_a_further_stage_is_refused_before_any_work(tiny_bert, tmp_path):
    source = with_settings(tiny_bert, tmp_path / "dense", modules=[{"type": "x.models.Dense"}])
    with pytest.raises(InputError, match="Dense"):
        export_onnx(str(source), tmp_path / "onnx")
    assert not (tmp_path / "onnx").exists()


def test_forms_that_disagree_are_an_error(tiny_bert, tmp_path, monkeypatch):
    monkeypatch.setattr("warmstart.encoders.export._FLOORS", {False: 1.1})
    with pytest.raises(ArtifactError, match="sample texts"):
        export_onnx(str(tiny_bert), tmp_path / "onnx")


def test_minilm_says_the_same_in_both_forms(minilm, tmp_path):
    folder = export_onnx(str(minilm), tmp_path / "onnx")
    assert read_parity(folder).lowest > 0.9999
    encoder = OnnxEncoder(model=str(folder))
    assert encoder.dim == 384
    mouse, related, other = encoder.encode(["wireless mouse", "cordless optical mice", "garden hose"])
    assert mouse @ related > mouse @ other + 0.2


def test_quantised_minilm_stays_close_and_smaller(minilm, tmp_path):
    folder = export_onnx(str(minilm), tmp_path / "int8", quantise=True)
    parity = read_parity(folder)
    assert parity.mean > 0.985
    assert (folder / "model.onnx").stat().st_size < 0.7 * (minilm / "model.safetensors").stat().st_size
    assert [path.name for path in folder.glob("*.onnx")] == ["model.onnx"]


def test_compare_gives_one_for_the_same_encoder(tiny_bert):
    encoder = TransformerEncoder(model=str(tiny_bert))
    parity = compare(encoder, encoder, ("tent", "stove"))
    assert (parity.texts, round(parity.mean, 5), round(parity.lowest, 5)) == (2, 1.0, 1.0)
