"""Fewer attention heads.

A head is silenced by zeros in the matrix that reads it, which leaves an ordinary folder; `export_onnx`
then leaves silent heads out, so that they cost nothing when serving.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import numpy as np

from warmstart.adapt.compress.layers import copied
from warmstart.core.errors import ConfigError
from warmstart.core.extras import load_torch
from warmstart.core.linear import FloatArray
from warmstart.encoders.backbone import Backbone
from warmstart.encoders.bottleneck import transformer_layers

Measure = Literal["ablation", "gradient"]

_OUTPUTS: Final = (
    "attention.output.dense",
    "attention.attn.o",
    "attention.out_lin",
    "attn.Wo",
    "self_attn.o_proj",
    "self_attn.out_proj",
)
"""Where families of transformers keep the matrix that mixes the heads."""

_TEMPERATURE: Final = 0.1


def head_importance(backbone: Backbone, texts: Sequence[str], measure: Measure = "gradient") -> FloatArray:
    """How much the vectors of a few texts would miss each head, shape (layers, heads).

    "ablation" silences one after the other: 1 − cosine with the whole model's vector, the mean. It reads
    the texts once for each head; 32 to 64 texts are enough. "gradient" reads them once: the change of a
    loss to the first order, |gradient × output| of the head (Michel et al. 2019, arXiv 1905.10650,
    equation 2), where the loss is how evenly the texts spread (Wang and Isola 2020, arXiv 2005.10242).
    """
    torch = load_torch("head_importance")
    outputs = _output_matrices(backbone.model)
    heads = int(backbone.model.config.num_attention_heads)
    if measure == "gradient":
        return _by_gradient(torch, backbone, texts, outputs, heads)
    whole = _unit(torch, backbone, texts)
    found = np.zeros((len(outputs), heads), dtype=np.float32)
    for layer, matrix in enumerate(outputs):
        for head in range(heads):
            before = matrix.weight.detach().clone()
            _silence(torch, matrix, head, heads)
            found[layer, head] = 1 - float((_unit(torch, backbone, texts) * whole).sum(axis=1).mean())
            with torch.no_grad():
                matrix.weight.copy_(before)
    return found


def silence_heads(
    backbone: Backbone, share: float, texts: Sequence[str], measure: Measure = "gradient"
) -> Backbone:
    """A copy in which that share of all heads says nothing: the least important ones for these texts.

    Every layer keeps one at least. Silence heads after the last training: training wakes them.
    Errors: `ConfigError` for a share outside 0 to 1.
    """
    torch = load_torch("silence_heads")
    if not 0 <= share < 1:
        raise ConfigError(expected="a share of heads from 0 to below 1", found=str(share), todo="Try 0.25.")
    quiet = copied(backbone)
    importance = head_importance(quiet, texts, measure)
    silent = np.zeros(importance.shape, dtype=bool)
    for place in np.argsort(importance, axis=None, kind="stable"):
        layer, head = divmod(int(place), importance.shape[1])
        if silent.sum() < round(share * silent.size) and silent[layer].sum() < importance.shape[1] - 1:
            silent[layer, head] = True
    matrices = _output_matrices(quiet.model)
    for layer, head in np.argwhere(silent).tolist():
        _silence(torch, matrices[layer], head, importance.shape[1])
    return quiet


def _unit(torch: Any, backbone: Backbone, texts: Sequence[str]) -> FloatArray:
    vectors = torch.nn.functional.normalize(torch.from_numpy(backbone.encode(texts)), dim=1)
    found: FloatArray = vectors.numpy()
    return found


def _by_gradient(
    torch: Any, backbone: Backbone, texts: Sequence[str], outputs: Sequence[Any], heads: int
) -> FloatArray:
    seen: list[Any] = []
    hooks = [matrix.register_forward_pre_hook(lambda _m, args: seen.append(args[0])) for matrix in outputs]
    try:
        with torch.enable_grad():
            vectors = torch.nn.functional.normalize(backbone.vectors(backbone.tokens(texts)), dim=1)
            apart = (vectors @ vectors.T / _TEMPERATURE).fill_diagonal_(float("-inf"))
            loss = torch.logsumexp(apart, dim=1).mean()
            slopes = torch.autograd.grad(loss, seen)
    finally:
        for hook in hooks:
            hook.remove()
    parts = [(slope * value).unflatten(-1, (heads, -1)) for slope, value in zip(slopes, seen, strict=True)]
    found: FloatArray = (
        torch.stack([part.sum(dim=(1, 3)).abs().mean(dim=0) for part in parts]).detach().numpy()
    )
    return found


def _silence(torch: Any, matrix: Any, head: int, heads: int) -> None:
    size = matrix.weight.shape[1] // heads
    with torch.no_grad():
        matrix.weight[:, head * size : (head + 1) * size] = 0.0


def _output_matrices(model: Any) -> list[Any]:
    """The matrix of each layer that mixes its heads. Errors: `ConfigError` for an unknown family."""
    found = []
    for layer in transformer_layers(model):
        modules = dict(layer.named_modules())
        name = next((name for name in _OUTPUTS if name in modules), None)
        if name is None:
            raise ConfigError(
                expected="a transformer whose attention is laid out as BERT's or one of its kin",
                found=type(model).__name__,
                todo="Leave its heads alone; drop layers instead.",
            )
        found.append(modules[name])
    return found
