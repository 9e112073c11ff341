"""Attention heads that nobody listens to are left out when a model is exported."""

from __future__ import annotations

from typing import Any

from warmstart.core.extras import load_torch


def drop_silent_heads(model: Any) -> int:
    """Take out the heads whose columns in the output matrix are all zero; returns how many.

    What the network says stays the same; what such heads compute is saved. The first head of a layer in
    which all are silent stays. Works on the layout of BERT and its kin (`query`, `key` and `value` beside
    each other); others are left as they are. The network can no longer be saved as a folder.
    """
    dropped = 0
    for attention in list(model.modules()):
        own = getattr(attention, "self", None)
        matrix = getattr(getattr(attention, "output", None), "dense", None)
        if matrix is not None and all(hasattr(own, name) for name in ("query", "key", "value")):
            dropped += _drop(own, matrix)
    return dropped


def _drop(own: Any, matrix: Any) -> int:
    size = int(own.attention_head_size)
    loud = (matrix.weight.detach().unflatten(1, (-1, size)) != 0).any(dim=2).any(dim=0)
    if not loud.any():
        loud[0] = True
    if loud.all():
        return 0
    kept = loud.repeat_interleave(size)
    for name in ("query", "key", "value"):
        setattr(own, name, _cut(getattr(own, name), rows=kept))
    matrix_cut = _cut(matrix, columns=kept)
    matrix.weight, matrix.in_features = matrix_cut.weight, matrix_cut.in_features
    own.num_attention_heads = int(loud.sum())
    own.all_head_size = int(kept.sum())
    return int((~loud).sum())


def _cut(linear: Any, rows: Any = slice(None), columns: Any = slice(None)) -> Any:
    torch = load_torch("drop_silent_heads")
    weight = linear.weight.detach()[rows][:, columns]
    small = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=linear.bias is not None)
    with torch.no_grad():
        small.weight.copy_(weight)
        if linear.bias is not None:
            small.bias.copy_(linear.bias[rows])
    return small
