"""Pretrained models small enough for tests, made on the spot: random weights, real file formats."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from warmstart.encoders.adapted import BASE_FILE
from warmstart.encoders.backbone import Backbone
from warmstart.encoders.export import export_onnx
from warmstart.encoders.static import StaticEncoder
from warmstart.encoders.tuning import Tuning
from warmstart.testing import WordEncoder, checkerboard
from warmstart.testing.toys import LANGUAGES, WORDS


def toy_texts() -> list[str]:
    """The texts of the toy shop in every language."""
    return [text for language in LANGUAGES for text in checkerboard(language).texts]


def vocabulary() -> list[str]:
    """Word pieces for the toy shop: its English words whole, its Chinese ones as characters."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    english = [word for group in WORDS["en"] for word in group]
    chinese = sorted({character for group in WORDS["zh"] for word in group for character in word})
    return [*special, *english, *chinese]


def transformer_folder(folder: Path, pieces: Sequence[str] | None = None) -> Path:
    """A BERT of one layer and 128 dimensions with random weights, as Hugging Face saves it."""
    torch = pytest.importorskip("torch", reason="needs the extra 'lm'")
    transformers = pytest.importorskip("transformers", reason="needs the extra 'lm'")
    pytest.importorskip("sentence_transformers", reason="needs the extra 'lm'")
    tokens = list(pieces or vocabulary())
    transformers.set_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(tokens),
        hidden_size=128,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        initializer_range=0.5,
    )
    model = transformers.BertModel(config)
    for name, weights in model.named_parameters():
        # Words that share nothing, and that decide: as in a model that was trained.
        if "word_embeddings" in name:
            torch.nn.init.orthogonal_(weights, gain=5.0)
        elif "position_embeddings" in name or "token_type" in name or "output.dense" in name:
            weights.data *= 0.01
    model.save_pretrained(folder)
    words = {token: i for i, token in enumerate(tokens)}
    transformers.BertTokenizer(vocab=words).save_pretrained(folder)
    return folder


def onnx_folder(folder: Path) -> Path:
    """The same model in ONNX form."""
    pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")
    pytest.importorskip("onnx", reason="needs the extra 'lm'")
    return export_onnx(str(transformer_folder(folder / "torch")), folder / "onnx")


def static_folder(folder: Path) -> Path:
    """A table of word vectors for the toy shop; needs no extra."""
    texts = toy_texts()
    StaticEncoder().learn_from(WordEncoder().fit(texts), texts).write(folder)
    return folder


def adapter_folder(folder: Path, base: Path, method: Any = "bottleneck", seed: int = 0) -> Path:
    """An adapter that says something, beside the base that it names."""
    torch = pytest.importorskip("torch", reason="needs the extra 'lm'")
    backbone, tuning = Backbone.load(str(base)), Tuning(method=method, rank=2, prompt_tokens=2)
    tuning.apply(backbone, seed=seed)
    torch.manual_seed(seed)
    for weights in backbone.model.parameters():
        if weights.requires_grad:
            torch.nn.init.normal_(weights, std=0.3)
    tuning.save(backbone, folder)
    (folder / BASE_FILE).write_text(json.dumps({"model": str(base)}), encoding="utf-8")
    return folder
