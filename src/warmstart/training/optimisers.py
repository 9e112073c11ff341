"""Optimisers, and which parameters they may shrink."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Literal

Optimiser = Literal["adamw", "sgd", "adafactor"]

_MOMENTUM = 0.9


def make_optimiser(
    torch: ModuleType, model: Any, kind: Optimiser, learning_rate: float, weight_decay: float
) -> Any:
    """An optimiser over what of the model is trainable.

    Biases and the scales of norms (all that has one dimension) are not decayed, as in BERT. Adafactor
    (Shazeer and Stern 2018, arXiv 1804.04235) keeps a row and a column of its second moments instead of
    all of them: for models that just fit.
    """
    trained = [weights for weights in model.parameters() if weights.requires_grad]
    groups = [
        {"params": [weights for weights in trained if weights.ndim > 1], "weight_decay": weight_decay},
        {"params": [weights for weights in trained if weights.ndim <= 1], "weight_decay": 0.0},
    ]
    filled = [group for group in groups if group["params"]]
    if kind == "sgd":
        return torch.optim.SGD(filled, lr=learning_rate, momentum=_MOMENTUM)
    if kind == "adafactor":
        return torch.optim.Adafactor(filled, lr=learning_rate)
    return torch.optim.AdamW(filled, lr=learning_rate)


def set_rate(optimiser: Any, rate: float) -> None:
    """Give every group of parameters this learning rate."""
    for group in optimiser.param_groups:
        group["lr"] = rate
