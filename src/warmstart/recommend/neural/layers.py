"""From torch layers to numpy arrays, and back through them without torch."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from warmstart.core.linear import FloatArray

Weights = dict[str, FloatArray]
"""Named arrays: all that a trained network knows."""


def exported(name: str, linear: Any, norm: Any = None) -> Weights:
    """The weights of a linear layer under a name, with the batch norm that follows it folded in."""
    weight = _numpy(linear.weight).T
    if norm is None:
        bias = _numpy(linear.bias)
    else:
        scale = _numpy(norm.weight) / np.sqrt(_numpy(norm.running_var) + norm.eps)
        weight, bias = weight * scale, _numpy(norm.bias) - _numpy(norm.running_mean) * scale
    return {f"{name}.weight": np.ascontiguousarray(weight), f"{name}.bias": bias}


def normalised_linear(torch: ModuleType, width: int, dim: int) -> tuple[Any, Any]:
    """A linear layer and its batch norm, which has the bias: one before it would have no gradient."""
    return torch.nn.Linear(width, dim, bias=False), torch.nn.BatchNorm1d(dim)


def dense(weights: Weights, name: str, inputs: FloatArray) -> FloatArray:
    """The linear layer `name` applied to rows."""
    outputs: FloatArray = inputs @ weights[f"{name}.weight"] + weights[f"{name}.bias"]
    return outputs


def _numpy(tensor: Any) -> FloatArray:
    array: FloatArray = tensor.detach().numpy().copy()
    return array
