"""A small transformer over sequences of item vectors: torch to train, numpy to ask."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from warmstart.core.linear import FloatArray
from warmstart.recommend.neural.layers import Weights, dense, exported

_EPSILON = 1e-5
_LINEAR = ("query", "key", "value", "out", "up", "down")


def network(
    torch: ModuleType, *, n_items: int, content_dim: int, dim: int, blocks: int, length: int, dropout: float
) -> Any:
    """Item vectors (`own`, `content`) and causal self-attention over sequences of them.

    Its forward pass turns arrays of shape (users, length, dim) into others of the same shape.
    """
    nn = torch.nn

    class Block(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            for name in _LINEAR:
                setattr(self, name, nn.Linear(dim, dim))
            self.before, self.between = nn.LayerNorm(dim), nn.LayerNorm(dim)
            self.drop = nn.Dropout(dropout)

        def forward(self, x: Any) -> Any:
            y = self.before(x)
            logits = self.query(y) @ self.key(y).transpose(1, 2) / dim**0.5
            future = torch.ones(logits.shape[1:], dtype=torch.bool).triu(1)
            attention = torch.softmax(logits.masked_fill(future, -torch.inf), dim=-1)
            x = x + self.drop(self.out(self.drop(attention) @ self.value(y)))
            return x + self.drop(self.down(torch.relu(self.up(self.between(x)))))

    class Network(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.own = nn.Parameter(0.1 * dim**-0.5 * torch.randn(n_items, dim))
            self.content = nn.Linear(content_dim, dim, bias=False)
            nn.init.normal_(self.content.weight, std=dim**-0.5)
            self.place = nn.Parameter(0.1 * dim**-0.5 * torch.randn(length, dim))
            self.blocks = nn.ModuleList([Block() for _ in range(blocks)])
            self.last = nn.LayerNorm(dim)
            self.drop = nn.Dropout(dropout)

        def forward(self, x: Any) -> Any:
            x = self.drop(x + self.place[: x.shape[1]])
            for block in self.blocks:
                x = block(x)
            return self.last(x)

    return Network()


def exported_network(model: Any) -> Weights:
    """All weights as arrays."""
    found: Weights = {
        "own": _array(model.own),
        "place": _array(model.place),
        "content.weight": np.ascontiguousarray(_array(model.content.weight).T),
        **_norm("last", model.last),
    }
    for number, block in enumerate(model.blocks):
        for name in _LINEAR:
            found |= exported(f"{number}.{name}", getattr(block, name))
        for name in ("before", "between"):
            found |= _norm(f"{number}.{name}", getattr(block, name))
    return found


def encode(weights: Weights, inputs: FloatArray) -> FloatArray:
    """States after each place, shape (users, length, dim), from item vectors of the same shape."""
    x = inputs + weights["place"][: inputs.shape[1]]
    number = 0
    while f"{number}.query.weight" in weights:
        x = _block(weights, f"{number}.", x)
        number += 1
    return _normalised(weights, "last", x)


def _block(weights: Weights, name: str, x: FloatArray) -> FloatArray:
    y = _normalised(weights, f"{name}before", x)
    query, key, value = (dense(weights, name + part, y) for part in ("query", "key", "value"))
    logits = query @ key.transpose(0, 2, 1) / np.float32(np.sqrt(x.shape[2]))
    logits[:, np.triu(np.ones(logits.shape[1:], dtype=np.bool_), 1)] = -np.inf
    attention = np.exp(logits - logits.max(axis=-1, keepdims=True))
    attention /= attention.sum(axis=-1, keepdims=True)
    x = x + dense(weights, f"{name}out", attention @ value)
    inner = np.maximum(dense(weights, f"{name}up", _normalised(weights, f"{name}between", x)), 0.0)
    states: FloatArray = x + dense(weights, f"{name}down", inner)
    return states


def _normalised(weights: Weights, name: str, x: FloatArray) -> FloatArray:
    centred = x - x.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + _EPSILON)
    states: FloatArray = scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]
    return states


def _norm(name: str, layer: Any) -> Weights:
    return {f"{name}.weight": _array(layer.weight), f"{name}.bias": _array(layer.bias)}


def _array(tensor: Any) -> FloatArray:
    array: FloatArray = tensor.detach().numpy().copy()
    return array
