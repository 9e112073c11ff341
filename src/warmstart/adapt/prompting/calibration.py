"""Take out of a model's scores what it would say of nothing at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from warmstart.adapt.prompting.quoting import quoted
from warmstart.core.linear import FloatArray
from warmstart.roles.language_model import Prompt

CONTENT_FREE: Final = ("N/A", "", "[MASK]")
"""The inputs without content of Zhao et al. (2021)."""


def content_free(prompt: Prompt) -> list[Prompt]:
    """The prompt with its examples, asking about nothing."""
    return [replace(prompt, question=quoted(text, len(text) or 1)) for text in CONTENT_FREE]


def calibrated(logs: npt.ArrayLike, neutral: npt.ArrayLike | None = None) -> FloatArray:
    """Probabilities of answers from their log-likelihoods, shape (answers,).

    With `neutral`, their log-likelihoods after content-free prompts, shape (prompts, answers): contextual
    calibration (Zhao et al. 2021, arXiv 2102.09690, section 5), q ∝ p / p_cf, p_cf being the mean of the
    normalised probabilities over the content-free prompts. It also takes out that long answers are
    unlikely.

    >>> calibrated(np.log([0.6, 0.3]), [np.log([0.8, 0.2])]).round(3).tolist()
    [0.333, 0.667]
    """
    shares = _normalised(np.asarray(logs, dtype=np.float64)[None])
    if neutral is not None:
        shares = shares - np.log(np.exp(_normalised(np.asarray(neutral, dtype=np.float64))).mean(axis=0))
    probabilities: FloatArray = np.exp(_normalised(shares))[0]
    return probabilities


def _normalised(logs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Logs of the shares of each row; what is beyond all numbers counts as very unlikely."""
    finite = np.maximum(np.nan_to_num(logs, neginf=-1e4), logs.max(axis=1, keepdims=True) - 500.0)
    shares: npt.NDArray[np.float64] = finite - np.logaddexp.reduce(finite, axis=1, keepdims=True)
    return shares
