"""Metrics of labels given to texts, as one number per text.

Accuracy is a mean over texts. Macro-F1 and AUROC are not, but to first order they are: each comes as
parts whose plain mean is the exact value and whose weighted means follow it under small changes of the
weights (the influence function; for AUROC that of DeLong et al., 1988). That is what lets one bootstrap
over texts give every metric its interval, paired between methods.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from warmstart.core.linear import IntArray
from warmstart.evaluate.metrics import Values


def accuracy_parts(truth: IntArray, given: IntArray) -> Values:
    """1 where the label is right."""
    return np.asarray(truth == given, dtype=np.float64)


def macro_f1_parts(truth: IntArray, given: IntArray) -> Values:
    """Parts of the mean over labels of F1 = 2 TP / (texts that have it + texts that are given it).

    Labels that no text has are left out of the mean; a text wrongly given one of them still counts
    against the label it has.

    >>> float(macro_f1_parts(np.array([0, 0, 1]), np.array([0, 1, 1])).mean().round(4))
    0.6667
    """
    size = int(max(truth.max(), given.max())) + 1
    hit = truth == given
    having, getting = np.bincount(truth, minlength=size), np.bincount(given, minlength=size)
    asked = having > 0
    total = np.maximum(having + getting, 1)
    f1 = 2 * np.bincount(truth[hit], minlength=size) / total
    scale = len(truth) / asked.sum() / total * asked
    change = scale[truth] * (2 * hit - f1[truth]) - scale[given] * f1[given]
    return np.asarray(f1[asked].mean() + change)


def auroc(inside: npt.ArrayLike, outside: npt.ArrayLike) -> float:
    """Probability that a text from outside scores higher than one from inside, ties counted half.

    >>> auroc([0.1, 0.4], [0.4, 0.8])
    0.875
    """
    return float(auroc_parts(inside, outside).mean())


def auroc_parts(inside: npt.ArrayLike, outside: npt.ArrayLike) -> Values:
    """Parts of the AUROC, the texts from inside first; both groups must have one."""
    placed, n = placements(inside, outside), np.size(inside)
    sizes = np.repeat([n, len(placed) - n], [n, len(placed) - n])
    value = placed[n:].mean()
    return np.asarray(value + (placed - value) * len(placed) / sizes)


def placements(inside: npt.ArrayLike, outside: npt.ArrayLike) -> Values:
    """For each text the share of the other group that stands on the right side of it, ties half.

    What the AUROC says of single texts, those from inside first: the mean over either group is the AUROC.
    """
    low, high = np.asarray(inside, dtype=np.float64), np.asarray(outside, dtype=np.float64)
    together = rankdata(np.concatenate([low, high]))
    beating = 1.0 - (together[: len(low)] - rankdata(low)) / len(high)
    beaten = (together[len(low) :] - rankdata(high)) / len(low)
    return np.concatenate([beating, beaten])
