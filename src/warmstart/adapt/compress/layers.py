"""Fewer layers."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from warmstart.core.errors import ConfigError
from warmstart.core.extras import load_torch
from warmstart.core.linear import FloatArray
from warmstart.encoders.backbone import Backbone
from warmstart.encoders.bottleneck import transformer_layers

_BATCH = 32


def keep_layers(backbone: Backbone, keep: int | Sequence[int]) -> Backbone:
    """A copy of an encoder with some of its layers: a number, spread from first to last, or their places.

    Without training afterwards (`distil_into`) it has lost much; with it, little (Sanh et al. 2019,
    arXiv 1910.01108, take every other layer). Errors: `ConfigError` for layers that there are not.

    >>> spread(6, 3)
    [0, 2, 5]
    """
    kept = copied(backbone)
    layers = transformer_layers(kept.model)
    chosen = spread(len(layers), keep) if isinstance(keep, int) else sorted(set(keep))
    if not chosen or not 0 <= chosen[0] <= chosen[-1] < len(layers):
        raise ConfigError(
            expected=f"from 1 to {len(layers)} layers of those there are",
            found=str(keep),
            todo="Ask for fewer layers than the model has.",
        )
    for place in reversed(range(len(layers))):
        if place not in chosen:
            del layers[place]
    _tell(kept.model, layers, chosen)
    return kept


def spread(n: int, keep: int) -> list[int]:
    """`keep` of n places, as even as may be, with the first and the last."""
    if not 1 <= keep <= n:
        return []
    if keep == 1:
        return [0]
    return [place * (n - 1) // (keep - 1) for place in range(keep)]


def layer_influence(backbone: Backbone, texts: Sequence[str]) -> FloatArray:
    """How much each layer changes the token vectors: 1 − cosine of what goes in and comes out, the mean.

    Block influence (Men et al. 2024, arXiv 2403.03853, equation 1): a layer of little influence can go.
    """
    torch = load_torch("layer_influence")
    total, count = np.zeros(len(transformer_layers(backbone.model))), 0.0
    with torch.no_grad():
        for start in range(0, len(texts), _BATCH):
            tokens = backbone.tokens(texts[start : start + _BATCH])
            mask = tokens["attention_mask"].float()
            states = backbone.model(**tokens, output_hidden_states=True).hidden_states
            cosines = [torch.cosine_similarity(before, after, dim=-1) for before, after in pairwise(states)]
            total += np.array([float(((1 - found) * mask).sum()) for found in cosines])
            count += float(mask.sum())
    influence: FloatArray = (total / max(count, 1.0)).astype(np.float32)
    return influence


def most_influential(backbone: Backbone, texts: Sequence[str], keep: int) -> list[int]:
    """The places of the `keep` layers that change the token vectors of these texts most."""
    return sorted(np.argsort(-layer_influence(backbone, texts), kind="stable")[:keep].tolist())


def copied(backbone: Backbone) -> Backbone:
    """The encoder inside, with weights of its own."""
    own = backbone.as_encoder()
    model, tokenizer = copy.deepcopy(own.model), copy.deepcopy(own.tokenizer)
    return Backbone(model, tokenizer, "encoder", own.pooling, own.max_length, own.source)


def _tell(model: Any, layers: Any, chosen: Sequence[int]) -> None:
    """Write the new number of layers wherever the network remembers it."""
    model.config.num_hidden_layers = len(chosen)
    kinds = getattr(model.config, "layer_types", None)
    if kinds:
        model.config.layer_types = [kinds[place] for place in chosen]
    for place, layer in enumerate(layers):
        for module in layer.modules():
            if hasattr(module, "layer_idx"):
                module.layer_idx = place
