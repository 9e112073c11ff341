"""Weights in blocks of few bits, in the form of ONNX Runtime's own operators.

Each block of 32 numbers along the side that is summed over has a scale and a zero of its own, so that one
large weight spoils its block alone (as GGML and GPTQ group theirs; Frantar et al. 2023, arXiv 2210.17323).
Activations stay what they are. ONNX Runtime's own tool for this needs one more package (onnx-ir).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from warmstart.core.extras import load_extra
from warmstart.core.linear import FloatArray

BLOCK: Final = 32
_DOMAIN: Final = "com.microsoft"
_INTEGERS: Final = 4
"""ONNX Runtime's accuracy level at which it multiplies integers."""

Bytes = npt.NDArray[np.uint8]


def quantise_blocks(rows: FloatArray, bits: int) -> tuple[Bytes, FloatArray, Bytes]:
    """Numbers (n, blocks, 32) of so many bits, scales (n, blocks) and zeros (n, blocks).

    >>> numbers, scales, zeros = quantise_blocks(np.array([[0.0, 15.0, 5.0]], dtype=np.float32), 4)
    >>> numbers[0, 0, :3].tolist(), scales.tolist(), zeros.tolist()
    ([0, 15, 5], [[1.0]], [[0]])
    """
    n, columns = rows.shape
    blocks = -(-columns // BLOCK)
    wide = np.zeros((n, blocks * BLOCK), dtype=np.float32)
    wide[:, :columns] = rows
    parts = wide.reshape(n, blocks, BLOCK)
    top = (1 << bits) - 1
    low, high = np.minimum(parts.min(axis=2), 0), np.maximum(parts.max(axis=2), 0)
    scales = ((high - low) / top).astype(np.float32)
    scales[scales == 0] = 1.0
    zeros = np.clip(np.rint(-low / scales), 0, top)
    numbers = np.clip(np.rint(parts / scales[..., None]) + zeros[..., None], 0, top)
    return numbers.astype(np.uint8), scales, zeros.astype(np.uint8)


def packed(numbers: Bytes, bits: int) -> Bytes:
    """Two numbers of four bits to a byte along the last axis, the first in the low half.

    >>> packed(np.array([1, 2, 3], dtype=np.uint8), 4).tolist()
    [33, 3]
    """
    if bits == 8:
        return numbers
    even = np.concatenate(
        [numbers, np.zeros((*numbers.shape[:-1], numbers.shape[-1] % 2), np.uint8)], axis=-1
    )
    found: Bytes = even[..., 0::2] | (even[..., 1::2] << 4)
    return found


def quantise_products(model: Any, bits: int) -> None:
    """Replace the products with fixed matrices of an ONNX model by `MatMulNBits`, in place."""
    _replace(model, "MatMul", 1, lambda node, matrix: _product(node, matrix, bits))


def quantise_tables(model: Any, bits: int = 8) -> None:
    """Replace look-ups in fixed tables (the embeddings) by `GatherBlockQuantized`, in place."""
    _replace(model, "Gather", 0, lambda node, matrix: _look_up(node, matrix, bits))


def _replace(model: Any, kind: str, place: int, make: Any) -> None:
    onnx = load_extra("onnx", what="quantising", extra="lm")
    graph = model.graph
    fixed = {tensor.name: tensor for tensor in graph.initializer}
    nodes, gone = [], set()
    for node in graph.node:
        tensor = fixed.get(node.input[place]) if node.op_type == kind else None
        if tensor is None or len(tensor.dims) != 2 or min(tensor.dims) < BLOCK:
            nodes.append(node)
            continue
        made, tensors = make(node, onnx.numpy_helper.to_array(tensor))
        nodes.append(made)
        graph.initializer.extend(tensors)
        gone.add(tensor.name)
    used = {name for node in nodes for name in node.input}
    kept = [t for t in _first_of_each(graph.initializer) if t.name not in gone or t.name in used]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(kept)
    if not any(opset.domain == _DOMAIN for opset in model.opset_import):
        model.opset_import.append(onnx.helper.make_opsetid(_DOMAIN, 1))


def _first_of_each(tensors: Any) -> list[Any]:
    """A matrix that is used twice was replaced twice, by equal tensors."""
    return list({tensor.name: tensor for tensor in tensors}.values())


def _product(node: Any, matrix: FloatArray, bits: int) -> tuple[Any, list[Any]]:
    import onnx

    numbers, scales, zeros = quantise_blocks(np.ascontiguousarray(matrix.T), bits)
    tensors = _tensors(node.input[1], packed(numbers, bits), scales, packed(zeros, bits))
    facts = {"K": matrix.shape[0], "N": matrix.shape[1], "bits": bits, "block_size": BLOCK}
    inputs = [node.input[0], *(tensor.name for tensor in tensors)]
    made = onnx.helper.make_node(
        "MatMulNBits",
        inputs,
        list(node.output),
        name=node.name,
        domain=_DOMAIN,
        accuracy_level=_INTEGERS,
        **facts,
    )
    return made, tensors


def _look_up(node: Any, matrix: FloatArray, bits: int) -> tuple[Any, list[Any]]:
    import onnx

    numbers, scales, zeros = quantise_blocks(matrix, bits)
    flat = numbers.reshape(len(matrix), -1)[:, : matrix.shape[1]]
    tensors = _tensors(node.input[0], packed(flat, bits), scales, packed(zeros, bits))
    inputs = [tensors[0].name, node.input[1], tensors[1].name, tensors[2].name]
    facts = {"bits": bits, "block_size": BLOCK, "gather_axis": 0, "quantize_axis": 1}
    made = onnx.helper.make_node(
        "GatherBlockQuantized", inputs, list(node.output), name=node.name, domain=_DOMAIN, **facts
    )
    return made, tensors


def _tensors(name: str, numbers: Bytes, scales: FloatArray, zeros: Bytes) -> list[Any]:
    import onnx

    arrays = {"numbers": numbers, "scales": scales, "zeros": zeros}
    return [
        onnx.numpy_helper.from_array(np.ascontiguousarray(array), f"{name}_{what}")
        for what, array in arrays.items()
    ]
