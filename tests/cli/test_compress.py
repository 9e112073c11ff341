"""From a model's folder to one that serves, without Python."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.tiny_models import transformer_folder
from warmstart.encoders.onnx import OnnxEncoder

pytest.importorskip("onnx", reason="needs the extra 'lm'")
pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")


def test_a_compressed_model_serves_a_shop(run: Run, run_json: Run, shop: Path, tmp_path: Path) -> None:
    source, small = transformer_folder(tmp_path / "torch"), tmp_path / "small"
    asked = ("--shop", shop, "--vocabulary", "--dim", 32, "--heads", 0.5, "--precision", "int8-weights")
    told = run_json("compress", source, "--out", small, *asked)
    assert told["megabytes"] < told["megabytes_before"]
    assert OnnxEncoder(model=str(small)).dim == told["dim"] == 32
    assert "already" in run("compress", source, "--out", small, code=2).stderr
    run("fit", shop, "--out", tmp_path / "m", "--encoder", f"onnx:{small}")


def test_without_options_only_bits_are_saved(run: Run, tmp_path: Path) -> None:
    shown = run("compress", transformer_folder(tmp_path / "torch"), "--out", tmp_path / "small").stdout
    assert "✓" in shown
    assert "Next: warmstart fit" in shown


def test_steps_that_need_texts_ask_for_the_shop(run: Run, tmp_path: Path) -> None:
    said = run("compress", tmp_path, "--out", tmp_path / "small", "--layers", 1, code=2).stderr
    assert "Name the shop" in " ".join(said.split())
