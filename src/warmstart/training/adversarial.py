"""Training against small shifts of the word embeddings, chosen to do the most harm.

FGM (Miyato, Dai and Goodfellow 2017, arXiv 1605.07725) takes one step up the gradient of the loss, PGD
(Madry et al. 2018, arXiv 1706.06083) several inside a ball. The shift is laid on the output of the
embedding layer, one for each text, so that it also works where the embeddings themselves are frozen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import ModuleType
from typing import Any, Literal

Adversary = Literal["none", "fgm", "pgd"]

_PGD_STEPS = 3
_STRIDE = 0.5
"""Length of a step of PGD, as a share of the radius."""


class EmbeddingShift:
    """A shift on the output of an embedding layer, one for each text."""

    def __init__(self, torch: ModuleType, layer: Any) -> None:
        self._torch, self._layer = torch, layer
        self.seen: Any = None
        self.value: Any = None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """For as long as this lasts the layer's output carries the shift; `seen` is what it gave last."""
        handle = self._layer.register_forward_hook(self._hook)
        try:
            yield
        finally:
            handle.remove()
            self.seen = self.value = None

    def _hook(self, _layer: Any, _inputs: Any, output: Any) -> Any:
        shifted = output if self.value is None else output + self.value
        if not shifted.requires_grad:  # frozen embeddings
            shifted = shifted.detach().requires_grad_()
        shifted.retain_grad()
        self.seen = shifted
        return shifted

    def climb(self, slope: Any, stride: float, radius: float) -> None:
        """Move the shift by `stride` up the slope, and back into the ball."""
        step = stride * self._torch.nan_to_num(slope.detach() / _lengths(slope.detach()))
        moved = step if self.value is None else self.value + step
        self.value = moved * (radius / _lengths(moved)).clamp(max=1.0)


def backward_against(
    torch: ModuleType,
    layer: Any,
    loss: Callable[[], Any],
    kind: Adversary,
    radius: float,
    *,
    quiet: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> Any:
    """Gradients of the loss as it is and of the loss under the adversary's shift; returns the first loss.

    `loss` computes the loss of one batch anew at each call. The gradients of both add up in the parameters;
    those of PGD's steps in between do not reach them. All but the last pass are made inside `quiet()`.
    """
    shift = EmbeddingShift(torch, layer)
    with shift.listening():
        with quiet():
            clean = loss()
            clean.backward()
            slope, strides = shift.seen.grad, 1 if kind == "fgm" else _PGD_STEPS
            for stride in range(strides):
                if stride:
                    (slope,) = torch.autograd.grad(loss(), shift.seen)
                shift.climb(slope, radius if kind == "fgm" else radius * _STRIDE, radius)
        loss().backward()
    return clean.detach()


def _lengths(shifts: Any) -> Any:
    """The length of each text's shift over all its tokens, shaped to divide it."""
    flat = shifts.flatten(1).norm(dim=1).clamp_min(1e-12)
    return flat.view(-1, *([1] * (shifts.ndim - 1)))
