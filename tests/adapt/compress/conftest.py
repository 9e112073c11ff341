"""A small network in which attention counts, with a tokenizer trained on a few texts."""

import pytest

pytest.importorskip("torch", reason="needs the extra 'lm'")
pytest.importorskip("sentence_transformers", reason="needs the extra 'lm'")
pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")

from warmstart.encoders.backbone import Backbone
from warmstart.encoders.scratch import ScratchNetwork

COLOURS, THINGS = ("red", "blue", "green", "黑色"), ("shoes", "garden hose", "kettle", "耳机", "usb cable")
TEXTS = [f"{colour} {thing} {n}" for colour in COLOURS for thing in THINGS for n in ("2 m", "x")]


@pytest.fixture(scope="session")
def whole(tmp_path_factory) -> Backbone:
    """The network, from a folder as a pretrained one would be."""
    network = ScratchNetwork(vocabulary=150, layers=4, dim=64, heads=4, max_length=32)
    backbone = network.build([*TEXTS, "unbelievable xylophones of copper"], "encoder")
    for name, weights in backbone.model.named_parameters():
        if weights.ndim > 1 and "position" not in name:
            weights.data *= 4
    return Backbone.load(str(backbone.save(tmp_path_factory.mktemp("whole"))))
