"""Vectors whose first numbers carry most, so that they can be cut short.

Matryoshka representations (Kusupati et al. 2022, arXiv 2205.13147) are trained for it: the loss is asked
of several beginnings of the vector at once (`nested_loss`). Without training, a rotation onto the
principal axes gives the beginning of each length that loses least of the shop's own texts in the squared
sense (`Shortening`), and changes no cosine as long as nothing is cut.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from warmstart.core.errors import ConfigError, InputError
from warmstart.core.extras import load_extra
from warmstart.core.linear import FloatArray, principal_directions, unit_rows
from warmstart.encoders import model_folder
from warmstart.encoders.export import ONNX_FILE


def nested_loss(loss: Callable[[Any], Any], vectors: Any, dims: Sequence[int]) -> Any:
    """The mean of `loss` over the beginnings of the vectors of these lengths; all of them weigh alike.

    For the `loss` of a `TrainingJob`: `nested_loss(contrastive, vectors, (64, 384))`.
    """
    return sum(loss(vectors[..., :dim]) for dim in dims) / len(dims)


@dataclass(frozen=True)
class Shortening:
    """The principal axes of vectors, the strongest first: shape (dim, dim).

    *When to use*: the vectors of a large catalogue shall take half or a quarter of their memory and of
    the time of a scan. *When not*: in a small one.
    """

    axes: FloatArray

    @classmethod
    def fit(cls, vectors: FloatArray) -> Self:
        """Learn the axes from vectors of the shop's texts. Errors: `InputError` without any."""
        if not vectors.any():
            raise InputError(
                expected="vectors to learn from",
                found=f"{len(vectors)} that say nothing",
                todo="Give texts.",
            )
        return cls(principal_directions(unit_rows(vectors), vectors.shape[1]))

    def shorten(self, vectors: FloatArray, dim: int) -> FloatArray:
        """The vectors cut to `dim` numbers, of length one (or zero) again.

        >>> few = np.eye(3, dtype=np.float32)[[0, 0, 1]]
        >>> Shortening.fit(few).shorten(few, 1).round(3).tolist()
        [[1.0], [1.0], [0.0]]
        """
        return unit_rows(vectors @ self.axes[:, :dim])

    def kept(self, vectors: FloatArray, dim: int) -> float:
        """The share of the squared length of unit vectors that stays."""
        return float((np.linalg.norm(unit_rows(vectors) @ self.axes[:, :dim], axis=1) ** 2).mean())


def shorten_onnx(folder: Path, shortening: Shortening, dim: int) -> None:
    """Make the model in a folder of `export_onnx` give the short vectors; its file is written anew.

    One small matrix product at the end. Errors: `ConfigError` where pooling is "max", which a rotation
    does not pass through, and for a length that the vectors do not have.
    """
    onnx = load_extra("onnx", what="shorten_onnx", extra="lm")
    if model_folder.pooling_mode(folder) == "max":
        raise ConfigError(
            expected="pooling 'mean' or 'cls'", found=f"'max' in {folder}", todo="Leave its vectors long."
        )
    if not 1 <= dim <= len(shortening.axes):
        raise ConfigError(
            expected=f"vectors of 1 to {len(shortening.axes)} numbers",
            found=str(dim),
            todo="Ask for fewer than the model gives.",
        )
    model = onnx.load(folder / ONNX_FILE)
    graph, output = model.graph, model.graph.output[0]
    for node in graph.node:
        node.output[:] = ["long_vectors" if name == output.name else name for name in node.output]
        node.input[:] = ["long_vectors" if name == output.name else name for name in node.input]
    axes = np.ascontiguousarray(shortening.axes[:, :dim])
    graph.initializer.append(onnx.numpy_helper.from_array(axes, "shortening"))
    node = onnx.helper.make_node("MatMul", ["long_vectors", "shortening"], [output.name], name="shorten")
    graph.node.append(node)
    output.type.tensor_type.shape.dim[-1].Clear()
    output.type.tensor_type.shape.dim[-1].dim_value = dim
    onnx.save(model, folder / ONNX_FILE)
