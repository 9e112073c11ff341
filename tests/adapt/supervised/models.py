"""A small model and a small world of texts for the tests of this room."""

from typing import Any

from warmstart.encoders.backbone import Backbone, Kind
from warmstart.encoders.scratch import ScratchNetwork

COLOURS = ("red", "blue", "green", "绿色")
THINGS = ("shoe", "hose", "lamp", "耳机", "tent")
TEXTS = [f"{colour} {thing}" for colour in COLOURS for thing in THINGS]
SMALL: dict[str, Any] = {"vocabulary": 200, "layers": 2, "dim": 32, "heads": 2, "max_length": 32}


def small_backbone(kind: Kind = "encoder") -> Backbone:
    """A network in which words count from the start, as in one that was trained."""
    backbone = ScratchNetwork(**SMALL).build([*TEXTS, "which of these is wanted"], kind)
    if kind == "encoder":
        for weights in backbone.model.parameters():
            if weights.ndim > 1:
                weights.data *= 10
    return backbone
